"""Emergency cancels from another process: small, with no library.

The guardian (`sting.risk.guardian`) loads what a broker names by
`BrokerInterface.emergency`. It starts in moments and needs little memory, so
these files import nothing that is large.
"""
