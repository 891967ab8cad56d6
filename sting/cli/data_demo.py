"""`sting data demo`: made-up bars, as many as are wanted."""

import pathlib

import click

from sting.cli import common

MODELS = ('gbm', 'jumps', 'regimes', 'gaps')


@click.command()
@click.option(
    '--out',
    required=True,
    type=click.Path(path_type=pathlib.Path),
    metavar='FILE',
    help='CSV or Parquet, by its name; for --data.',
)
@click.option(
    '--bars',
    default=100_000,
    show_default=True,
    type=click.IntRange(1),
    metavar='N',
    help='Of each symbol.',
)
@click.option(
    '--symbols',
    default=1,
    show_default=True,
    type=click.IntRange(1, 10_000),
    metavar='N',
    help='SYNTH1, SYNTH2, ...',
)
@click.option(
    '--timeframe',
    default='1m',
    show_default=True,
    metavar='T',
    help='A day at most: 1s, 1m, 1h, 1d.',
)
@click.option(
    '--model',
    type=click.Choice(MODELS),
    default='gbm',
    show_default=True,
    help='How prices move.',
)
@click.option('--seed', default=0, show_default=True, metavar='N')
@click.option(
    '--start',
    default='2010-01-04',
    show_default=True,
    metavar='D',
    help='The first date or moment.',
)
@click.option(
    '--calendar',
    default='XNYS',
    show_default=True,
    metavar='NAME',
    help='The exchange whose sessions they follow, or `24/7`.',
)
@common.json_option
def demo(
    out: pathlib.Path,
    bars: int,
    symbols: int,
    timeframe: str,
    model: str,
    seed: int,
    start: str,
    calendar: str,
    as_json: bool,
) -> None:
    """Makes up bars, of any number, in any size.

    `gbm` moves at random with a drift; `jumps` jumps too, `regimes` is calm and
    stormy in turn, and `gaps` opens away from where it closed. The same options
    give the same bars. What a strategy earns on them means nothing.
    """
    # These need numpy and more, which no other command has to wait for.
    from sting.data import times  # noqa: PLC0415
    from sting.data import walks  # noqa: PLC0415
    from sting.data import writer  # noqa: PLC0415

    parts = walks.bars(
        walks.names(symbols),
        timeframe,
        bars,
        model=walks.Model(model),
        seed=seed,
        start=times.parse_moment(start),
        calendar=calendar,
    )
    with common.progress('bars', bars * symbols) as told:
        writer.write_parts(out, parts, calendar, told)
    size = out.stat().st_size
    if as_json:
        common.print_json(
            {
                'file': str(out),
                'symbols': symbols,
                'bars': bars * symbols,
                'bytes': size,
            }
        )
    else:
        click.echo(
            common.clean(
                f'{out}: {bars * symbols:,} bars of {timeframe}, symbols: '
                f'{symbols}, {size / 1e6:,.1f} MB, made up'
            )
        )
