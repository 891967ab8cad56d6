"""Takes out of events what says whose they are, and keeps what they show.

Every field of every payload has its treatment in `FIELDS`; a test holds that
none is missing. What stays: times, quantities, the kinds of things, and the
relations between all amounts of money, since one factor scales them.
"""

from collections.abc import Callable
from collections.abc import Mapping
import enum
import math
import secrets
from typing import Any

import msgspec

from sting.model import errors
from sting.model import events
from sting.model import records

REMOVED = 'removed'
PROFILE = 'anonymous'

# Between a fifth and five times, no size likelier than another.
_WIDEST = 5.0


class Treatment(enum.Enum):
    """What becomes of a field."""

    KEEP = enum.auto()
    NUMBER = enum.auto()
    MONEY = enum.auto()
    TEXT = enum.auto()
    SYMBOL = enum.auto()
    ID = enum.auto()
    STRATEGY = enum.auto()
    SOURCE = enum.auto()
    EMPTY = enum.auto()
    LOG = enum.auto()
    PROFILE = enum.auto()
    COMMAND = enum.auto()
    LIMITS = enum.auto()
    FIGURES = enum.auto()
    SHARES = enum.auto()
    PARTS = enum.auto()
    IDS = enum.auto()


_BY_TREATMENT: Mapping[Treatment, str] = {
    Treatment.KEEP: (
        'type side quantity changing held filled weight volume size bid_size '
        'ask_size timestamp created updated opened expires timeframe closed '
        'time_in_force status resting triggered state decision failed '
        'kind issue severity mode currency names units '
        'tag gate policy rate ratio trigger took how accepted '
        'extended_hours broker began max_holding '
        'pull pulled took_ms first_ms last_ms tries share'
    ),
    # `trail` may also be a per cent, which stays.
    Treatment.MONEY: (
        'price stop_price take_profit stop_loss trail average_price realized '
        'fee fees cash open high low close bid ask changing_price '
        'changing_stop amount ours theirs'
    ),
    Treatment.NUMBER: 'cause seq judged rules up_to only',
    Treatment.TEXT: 'reason message detail error text sizing note',
    Treatment.SYMBOL: 'symbol',
    Treatment.ID: 'id order_id execution_id broker_id parent oco',
    Treatment.STRATEGY: 'strategy name',
    Treatment.SOURCE: 'source who component',
    # Indicators follow prices or do not, which nobody can tell; a digest is
    # of an image that does not go with the log; `code` is the hash of files
    # that others may have too; an account is nobody's business; `confirm` is
    # typed by hand; what a strategy saved is its own.
    Treatment.EMPTY: 'indicators digest code confirm saved positions account '
    'parameters',
    Treatment.LOG: 'log',
    Treatment.PROFILE: 'profile',
    Treatment.COMMAND: 'command signal order',
    Treatment.LIMITS: 'limits',
    Treatment.FIGURES: 'figures',
    Treatment.SHARES: 'shares',
    Treatment.PARTS: 'differences venues brokers bare',
    Treatment.IDS: 'cancelled unknown withheld exits left also kept',
}
FIELDS: Mapping[str, Treatment] = {
    name: treatment
    for treatment, names in _BY_TREATMENT.items()
    for name in names.split()
}

# Parts of the engine, which say nothing of anybody.
_PARTS = frozenset(
    [
        'engine',
        'operator',
        'risk',
        'signal',
        'journal',
        'orders',
        'stop',
        'strategies',
        'terminal',
        'data',
        'control',
        'protection',
    ]
)
# What a rule's unit is called when its figure is an amount of money.
_CASH = 'cash'


class Rewriter:
    """Rewrites payloads field by field."""

    def __init__(
        self, treatments: Mapping[Treatment, Callable[[Any], Any]]
    ) -> None:
        """Sets up the treatments.

        Args:
            treatments: What makes the new value of the old one; fields of
                other treatments stay as they are.
        """
        self._treatments = treatments
        self._plans: dict[type, list[tuple[str, Callable[[Any], Any]]]] = {}

    def payload(self, data: Any) -> Any:
        """Rewrites a payload, or a command in one.

        Args:
            data: The payload.

        Returns:
            The new one, of the same class.

        Raises:
            errors.JournalError: It has a field that has no treatment.
        """
        plan = self._plans.get(type(data))
        if plan is None:
            plan = self._plans[type(data)] = self._plan(type(data))
        return msgspec.structs.replace(
            data, **{name: treat(getattr(data, name)) for name, treat in plan}
        )

    def _plan(
        self, kind: type[msgspec.Struct]
    ) -> list[tuple[str, Callable[[Any], Any]]]:
        plan = []
        for field in kind.__struct_fields__:
            treatment = FIELDS.get(field)
            if treatment is None:
                raise errors.JournalError(
                    f'{kind.__name__}.{field} has no treatment: it cannot be '
                    'made anonymous'
                )
            if treatment in self._treatments:
                plan.append((field, self._treatments[treatment]))
        return plan


class Anonymizer:
    """Rewrites the events of one log, in order."""

    def __init__(self, log: str, factor: float) -> None:
        """Sets up for one log.

        Args:
            log: The id that the log gets.
            factor: What money is multiplied with, above 0.
        """
        self._log = log
        self._factor = factor
        self._old_log = ''
        self._names: dict[tuple[str, str], str] = {}
        self._parts = set(_PARTS)
        self._rules: dict[int, records.RuleSet] = {}
        self._rewriter = Rewriter(
            {
                Treatment.MONEY: self._money,
                Treatment.TEXT: _blank,
                Treatment.SYMBOL: self._symbol,
                Treatment.ID: self._id,
                Treatment.STRATEGY: self._strategy,
                Treatment.SOURCE: self._source,
                Treatment.EMPTY: _empty,
                Treatment.LOG: lambda _: self._log,
                Treatment.PROFILE: lambda _: PROFILE,
                Treatment.COMMAND: self._command,
                Treatment.SHARES: self._shares,
                Treatment.PARTS: lambda each: tuple(map(self._command, each)),
                Treatment.IDS: lambda each: tuple(map(self._id, each)),
            }
        )

    @classmethod
    def draw(cls) -> 'Anonymizer':
        """Gives one with a factor and an id that nobody knows."""
        share = secrets.randbits(53) / 2**53
        factor = math.exp((2 * share - 1) * math.log(_WIDEST))
        return cls(secrets.token_hex(4), factor)

    def event(self, event: events.Event) -> events.Event:
        """Rewrites the next event.

        Args:
            event: The event.

        Returns:
            It with the same number, time, type and cause.

        Raises:
            errors.JournalError: It has a field that has no treatment.
        """
        data = event.data
        if isinstance(data, records.LogCreated):
            self._old_log = data.log
        if isinstance(data, records.RuleSet):
            self._parts.update(name for name in data.names if '(' not in name)
            self._rules[event.seq] = data
            data = msgspec.structs.replace(
                data,
                names=tuple(map(self._rule, data.names)),
                limits=self._by_unit(data.limits, data),
            )
        elif isinstance(data, records.Verdict):
            rules = self._rules.get(data.rules)
            figures = self._by_unit(data.figures, rules)
            data = msgspec.structs.replace(data, figures=figures)
        return msgspec.structs.replace(
            event,
            data=self._rewriter.payload(data),
            source=self._source(event.source),
            symbol=self._symbol(event.symbol),
        )

    def _command(self, command: Any) -> Any:
        return None if command is None else self._rewriter.payload(command)

    def _shares(self, shares: dict[str, float]) -> dict[str, float]:
        """Renames strategies and scales what each of them got."""
        return {
            self._strategy(name): self._money(share)
            for name, share in shares.items()
        }

    def _money(self, value: Any) -> Any:
        return value * self._factor if isinstance(value, int | float) else value

    def _by_unit(
        self,
        values: tuple[float | None, ...],
        rules: records.RuleSet | None,
    ) -> tuple[float | None, ...]:
        """Scales what counts money; without the rules nothing is known."""
        if rules is None:
            return (None,) * len(values)
        return tuple(
            self._money(value) if _CASH in unit else value
            for value, unit in zip(values, rules.units, strict=True)
        )

    def _renamed(self, kind: str, text: str) -> str:
        """Gives the new name of a thing: the same one each time."""
        if not text:
            return text
        name = self._names.get((kind, text))
        if name is None:
            count = sum(known == kind for known, _ in self._names)
            name = self._names[kind, text] = f'{kind}{count + 1}'
        return name

    def _symbol(self, text: str | None) -> str | None:
        return None if text is None else self._renamed('S', text)

    def _strategy(self, text: str) -> str:
        return self._renamed('strategy', text)

    def _rule(self, name: str) -> str:
        """Renames the strategy that a rule is for: its_name(strategy)."""
        rule, bracket, strategy = name.partition('(')
        if not bracket:
            return name
        return f'{rule}({self._strategy(strategy.removesuffix(")"))})'

    def _id(self, text: str) -> str:
        """Keeps the numbers of ids made here; others are renamed."""
        rest = text.removeprefix(f'{self._old_log}-')
        if rest != text and set(rest) <= set('0123456789-'):
            return f'{self._log}-{rest}'
        return self._renamed('id', text)

    def _source(self, text: str) -> str:
        if text in self._parts:
            return text
        kind, colon, name = text.partition(':')
        if colon and kind in ('feed', 'broker'):
            return f'{kind}:{self._renamed(kind, name)}'
        return self._strategy(text)


def _blank(text: str) -> str:
    return REMOVED if text else ''


def _empty(value: Any) -> Any:
    return None if value is None else type(value)()
