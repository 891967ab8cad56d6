"""What an emergency stop did: the report of it."""

from sting.model import payload


class BrokerStop(payload.Payload, frozen=True, kw_only=True):
    """What a stop did at one broker.

    Times are milliseconds since the stop was pulled.

    Attributes:
        broker: The broker's name.
        cancelled: Orders that are known to work no more.
        unknown: Orders of which that is not known.
        first_ms: Until the first cancel had left; None where none did, or
            where that is not known.
        last_ms: Until the broker had told all that it told; None where it
            did not.
        error: Why it is not known what works there, for a person.
        note: What else the cancels did, for a person.
    """

    broker: str
    cancelled: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    first_ms: float | None = None
    last_ms: float | None = None
    error: str = ''
    note: str = ''


class BarePosition(payload.Payload, frozen=True, kw_only=True):
    """A position that a stop leaves behind.

    Attributes:
        symbol: The instrument.
        quantity: Units held, negative when short.
        exits: Orders that protected it and that the stop took out.
        kept: Orders that protect it and work on.
    """

    symbol: str
    quantity: float
    exits: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


class StopReport(payload.Payload, frozen=True, kw_only=True):
    """What came of one pull of the emergency stop.

    Attributes:
        who: operator, signal, a rule's name, ...
        reason: Why, for a person.
        pull: Which pull it was since the engine started, from 1.
        pulled: When, by the machine's clock, nanoseconds since the epoch, UTC.
        took_ms: Until every broker had answered or was given up,
            milliseconds.
        bare: Positions that are left, those that lost their exits first.
        withheld: Orders that were decided and kept from the brokers.
        brokers: What was done at each broker.
        left: Orders that no broker has named and that are not known to have
            ended: what they do is unknown, too.
        also: Orders that the cancels of the engine itself, or of its guardian,
            took out before those of the stop came to them.
        kept: Orders that protect positions and were left at the brokers, as
            `stop.keep_protective` wants it.
        tries: How often the brokers were told: where a doubt is left they are
            told again, with growing pauses, and what is learnt makes a new
            report of the same pull.
    """

    who: str
    reason: str = ''
    pull: int = 0
    pulled: int = 0
    took_ms: float = 0.0
    bare: tuple[BarePosition, ...] = ()
    withheld: tuple[str, ...] = ()
    brokers: tuple[BrokerStop, ...] = ()
    left: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    tries: int = 1

    @property
    def cancelled(self) -> tuple[str, ...]:
        """Orders that are known to work no more, of all brokers."""
        told = [one for each in self.brokers for one in each.cancelled]
        return tuple(dict.fromkeys((*told, *self.also)))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Orders of which that is not known, of all brokers, each once."""
        told = [one for each in self.brokers for one in each.unknown]
        return tuple(dict.fromkeys((*told, *self.left)))

    @property
    def is_certain(self) -> bool:
        """Whether it is known of every order that it works no more."""
        return not self.unknown and not any(one.error for one in self.brokers)


def in_words(report: StopReport) -> str:
    """Says in one sentence what a stop did, what matters most first.

    Args:
        report: The report.
    """
    bare = ', '.join(
        f'{one.symbol} {one.quantity:+g}'
        + (f' (lost {_count(len(one.exits), "exit")})' if one.exits else '')
        for one in report.bare
        if one.exits or not one.kept
    )
    kept = ', '.join(
        f'{one.symbol} {one.quantity:+g}'
        for one in report.bare
        if one.kept and not one.exits
    )
    parts = [f'{bare} left bare'] if bare else []
    parts += [f'{kept} left with exits'] if kept else []
    parts = parts or ['no positions']
    if report.unknown:
        parts.append(f'{_count(len(report.unknown), "order")} UNKNOWN')
    parts.append(f'{len(report.cancelled)} cancelled')
    if report.kept:
        parts.append(f'{len(report.kept)} kept')
    if report.withheld:
        parts.append(f'{len(report.withheld)} withheld')
    parts += [
        f'{one.broker}: {text}'
        for one in report.brokers
        for text in (one.error, one.note)
        if text
    ]
    return '; '.join(parts)


def lines(report: StopReport) -> list[str]:
    """Says what a stop did, a line for each thing, what matters most first.

    Args:
        report: The report.
    """
    said = [_bare_line(one) for one in report.bare]
    said += [f'UNKNOWN {one}: it may work' for one in report.unknown]
    for one in report.brokers:
        said.append(_broker_line(one, bool(report.also)))
        said += [
            f'{one.broker}: {text}' for text in (one.error, one.note) if text
        ]
    if report.also:
        count = _count(len(report.also), 'order')
        said.append(f'{count} cancelled by the engine itself or its guardian')
    if report.withheld:
        said.append(
            f'{_count(len(report.withheld), "order")} withheld, never sent: '
            + ', '.join(report.withheld)
        )
    if report.is_certain:
        said.append(
            f'nothing {"else " if report.kept else ""}works any more; '
            f'known after {report.took_ms:,.0f} ms'
        )
    else:
        said.append(
            'look at the broker what still works there; until that is known '
            'the cancels are repeated'
        )
    return said


def _bare_line(one: BarePosition) -> str:
    lost = f'lost {", ".join(one.exits)}' if one.exits else 'no exit was lost'
    if not one.kept:
        return f'BARE {one.symbol} {one.quantity:+g}: {lost}'
    word = 'PART' if one.exits else 'KEPT'
    exits = f'{", ".join(one.kept)} {"work" if one.kept[1:] else "works"} on'
    return f'{word} {one.symbol} {one.quantity:+g}: {exits}; {lost}'


def _broker_line(one: BrokerStop, others: bool) -> str:
    text = f'{one.broker}: {_count(len(one.cancelled), "order")} cancelled'
    if others and not (one.cancelled or one.unknown or one.error):
        # No order was missed: it came second.
        text = f'{one.broker}: nothing was left for the stop to cancel'
    if one.first_ms is not None:
        text += f', first cancel after {one.first_ms:,.1f} ms'
    if one.last_ms is not None:
        text += f', last answer after {one.last_ms:,.1f} ms'
    return text


def _count(number: int, noun: str) -> str:
    return f'{number} {noun}{"" if number == 1 else "s"}'
