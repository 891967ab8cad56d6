"""What Interactive Brokers' codes and words mean."""

from typing import Final

# The gateway lost its own connection to IB, and has it again.
CUT: Final = frozenset({1100, 2110})
BACK: Final = frozenset({1101, 1102})
# A farm of theirs is gone; each other notice says that all is well.
FARM: Final = frozenset({2103, 2105, 2157})
NOTICES: Final = range(2100, 2200)
# Too many messages a second.
FLOOD: Final = 100
USED: Final = 326
UNKNOWN_CONTRACT: Final = 200
REFUSED: Final = 201
CANCELLED: Final = 202
# A preset of the workstation changed how long an order works.
PRESET: Final = 10349
# Said of an order that goes on: of its price, its hours, shares to borrow, a
# warning.
REMARKS: Final = frozenset({165, 399, 404, 434, 492, 2109, 10167})
# Why a cancel is refused: it is not there, or not in a state for it.
NO_CANCEL: Final = frozenset({135, 136, 161, 10147, 10148})

# States of an order there.
WORKS: Final = frozenset({'PreSubmitted', 'Submitted'})
ENDS: Final = frozenset({'Cancelled', 'ApiCancelled'})
LEAVES: Final = 'PendingCancel'
FILLED: Final = 'Filled'
INACTIVE: Final = 'Inactive'
OVER: Final = ENDS | {FILLED}
