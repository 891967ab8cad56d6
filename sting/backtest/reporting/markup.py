"""Pieces of HTML, in which text from outside is escaped."""

from collections.abc import Iterable
from collections.abc import Sequence
import html
from typing import Any

import msgspec


def embedded(data: Any) -> str:
    """Writes data as JSON that cannot end the script that it stands in."""
    return msgspec.json.encode(data).decode().replace('<', '\\u003c')


def escaped(value: object) -> str:
    """Escapes a text from outside."""
    shown = ''.join(
        each
        if each.isprintable() or each in ' \n'
        else '\N{REPLACEMENT CHARACTER}'
        for each in str(value)
    )
    return html.escape(shown)


def section(title: str, inside: str, note: str = '') -> str:
    """Makes a section: a title of ours, its HTML, and what is to be noted."""
    said = f'<p class="note">{escaped(note)}</p>' if note else ''
    name = title.lower().replace(' ', '-')
    return f'<section id="s-{name}"><h2>{title}</h2>{inside}{said}</section>'


def card(inside: str) -> str:
    """Puts HTML on a card."""
    return f'<div class="card">{inside}</div>'


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = 'number'
) -> str:
    """Makes a table: the first column text, the others of a kind."""

    def line(tag: str, cells: Sequence[str]) -> str:
        return ''.join(
            f'<{tag}{f" class={kind}" if place else ""}>{escaped(cell)}</{tag}>'
            for place, cell in enumerate(cells)
        )

    body = ''.join(f'<tr>{line("td", row)}</tr>' for row in rows)
    return (
        f'<table><thead><tr>{line("th", head)}</tr></thead>'
        f'<tbody>{body}</tbody></table>'
    )


def pairs(rows: Iterable[tuple[str, str]], kind: str = 'number') -> str:
    """Makes a table of names and texts."""
    body = ''.join(
        f'<tr><th>{escaped(name)}</th>'
        f'<td class={kind}>{escaped(text)}</td></tr>'
        for name, text in rows
    )
    return f'<table>{body}</table>'
