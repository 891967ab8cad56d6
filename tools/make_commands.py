"""Writes docs/guides/COMMANDS.md from the help of the commands."""

import pathlib

import click

from sting.cli import main

PLACE = pathlib.Path(__file__).parents[1] / 'docs' / 'guides' / 'COMMANDS.md'

HEAD = """\
# The `sting` command

`sting` is the engine without a screen, for scripts and other shells. This page
is made from the commands' own help by `tools/make_commands.py`.

- Every command takes `-h`.
- An error is one line on stderr that names what to change. The exit status is 2
  for bad input, 3 when a command needs a running engine and there is none, 1
  for another failure.
- `--json` prints JSON on stdout and nothing else: one object; a list for
  `orders`, `positions`, `strategies`, `alerts`, `keys list`, `log why` and
  `log sql`; one object a line for `log show`.
- A command that needs a profile takes `--profile`. Without it the one running
  engine is meant, else `profile:` in sting.yaml, which ships as `demo`. `halt`
  without it stops every engine that runs.
- An option for several values can be repeated, or be followed by all of them:
  `--symbol AAPL IBM`.

Five minutes:

```sh
sting backtest sting.library.sma_cross --data sample --symbol GOOG
```

```sh title="in a shell of its own"
sting run --demo
```

or `sting-tui --demo`, the same with a screen. In another shell:

```sh
sting status
sting order buy IBM 10
sting positions
sting log show --type fill
sting halt
sting resume --confirm RESUME   # without it the word is asked for
```
"""


def render() -> str:
    """Gives the page."""
    parts = [HEAD]
    root = click.Context(main.group, info_name='sting')
    for name in main.COMMANDS:
        command = main.group.get_command(root, name)
        if command is not None:
            parts += _section(command, name, root)
    return '\n'.join(parts)


def _section(
    command: click.Command, name: str, parent: click.Context
) -> list[str]:
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=80,
        help_option_names=['-h', '--help'],
    )
    told = command.get_help(context)
    parts = [f'## {context.command_path}\n\n```text\n{told}\n```\n']
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            parts += _section(inner, inner.name or '', context)
    return parts


if __name__ == '__main__':
    PLACE.write_text(render())
