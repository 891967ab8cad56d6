"""What the tests of a strategy came to, as one HTML file without a script."""

import pathlib

from sting.backtest.reporting import markup
from sting.backtest.reporting import report
from sting.backtest.robust import parts
from sting.backtest.robust import robustness
from sting.model import errors
from sting.model import market

_STYLE = (
    pathlib.Path(__file__).parents[1] / 'reporting' / 'assets' / 'report.css'
)
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)


def write(
    path: pathlib.Path, found: robustness.Robustness, command: str = ''
) -> None:
    """Writes what the tests came to.

    Args:
        path: The file; one that is there is replaced.
        found: Of `robustness.run`.
        command: What made it; empty if nothing is to be said.

    Raises:
        errors.InputError: It cannot be written.
    """
    try:
        pathlib.Path(path).write_text(render(found, command), encoding='utf-8')
    except OSError as error:
        raise errors.InputError(
            f'cannot be written: {error.strerror}', path=path
        ) from None


def render(found: robustness.Robustness, command: str = '') -> str:
    """Makes the page; as `write`.

    Returns:
        The page, which opens offline and loads nothing.
    """
    result = found.result
    period = ' to '.join(
        market.to_iso(moment)[:10] for moment in (result.start, result.end)
    )
    given = ' '.join(f'{n}={v}' for n, v in result.parameters.items())
    made = [
        ('verdict', str(found.verdict)),
        *(
            (part.name, f'{part.verdict}: {part.reason}')
            for part in found.tests
        ),
    ]
    if result.trials is not None:
        deflated = report.shown(result.deflated_sharpe, report.plain)
        made.append(
            (
                'tried on these data',
                f'{result.trials:,}; deflated Sharpe {deflated}',
            )
        )
    origin = [
        ('seed', str(found.seed)),
        ('data hash', result.data_hash or '-'),
        ('code hash', result.code_hash or '-'),
        *((w, 'warning') for w in result.warnings),
        *([('command', command)] if command else []),
    ]
    body = [
        f'<header><h1>{markup.escaped(result.strategy)}</h1>',
        f'<p>{markup.escaped(given)}</p>',
        f'<p>{markup.escaped(", ".join(result.symbols))}, {period}</p>',
        '</header>',
        markup.section('Verdicts', markup.card(markup.pairs(made, 'text'))),
        *(_part(part) for part in found.tests),
        markup.section('Origin', markup.card(markup.pairs(origin, 'text'))),
    ]
    style = _STYLE.read_text(encoding='utf-8')
    return '\n'.join(
        (
            '<!DOCTYPE html>',
            '<html lang="en">',
            '<head>',
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            f'<title>{markup.escaped(result.strategy)} - sting</title>',
            f'<style>{style}</style>',
            '</head>',
            f'<body><main>{"".join(body)}</main></body>',
            '</html>\n',
        )
    )


def _part(part: parts.Part) -> str:
    """Makes the section of one test; nothing where it has no figures."""
    neighbours = [
        (
            f'{each["name"]}={each["value"]:g}',
            report.shown(each['metric'], report.plain),
            report.percent(each['total_return']),
        )
        for each in part.figures.get('neighbours', ())
    ]
    inside = markup.card(markup.pairs(part.rows)) if part.rows else ''
    if neighbours:
        head = ('with', str(part.figures['metric']), 'return')
        inside += markup.card(markup.table(head, neighbours))
    if not inside:
        return ''
    return markup.section(part.name.capitalize(), inside, part.reason)
