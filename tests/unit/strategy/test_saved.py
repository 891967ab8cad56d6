"""What a process may say of its state, and what no sound one says."""

import pytest

from sting.model import errors
from tests.unit.strategy import processes

pytestmark = pytest.mark.unit

SAY = """
def say(frame):
    import socket
    import sys
    from sting.strategy import wire
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        channel.sendall(wire.encode(frame))
        channel.detach()
"""


def file(tmp_path, statements, body='pass'):
    path = tmp_path / 'mine.py'
    path.write_text(
        'from sting import strategy\n'
        'from sting.strategy import wire\n'
        f'{SAY}\n{statements}\n\n'
        'class Mine(strategy.AbstractStrategy):\n'
        + ''.join(f'    {line}\n' for line in body.splitlines())
    )
    return path


async def test_an_answer_before_it_was_loaded_is_a_failure(tmp_path):
    path = file(tmp_path, 'say(wire.Answer(1, 0.0, [], []))')
    seen = processes.Seen(tmp_path, '', reference=path)
    with pytest.raises(errors.StrategyError, match='makes no sense'):
        await seen.start()
    assert 'makes no sense' in (await seen.failed()).detail


async def test_an_answer_in_the_place_of_a_state_is_a_failure(tmp_path):
    path = file(
        tmp_path,
        '',
        'def save_state(self):\n    say(wire.Answer(1, 0.0, [], []))\n'
        '    return {}',
    )
    seen = processes.Seen(tmp_path, '', reference=path)
    await seen.start()
    with pytest.raises(errors.StrategyError, match='makes no sense'):
        await seen.made.save()
    await seen.failed()


@pytest.mark.parametrize(
    'state', [b'{"a":NaN}', b'[1]', b'{', b'{"a":' * 900 + b'1' + b'}' * 900]
)
async def test_a_state_that_the_log_cannot_keep_is_a_failure(tmp_path, state):
    path = file(
        tmp_path,
        '',
        'def save_state(self):\n'
        f'    say(wire.Saved(1, {state!r}, 0.0, {{}}))\n'
        '    return {}',
    )
    seen = processes.Seen(tmp_path, '', reference=path)
    await seen.start()
    with pytest.raises(errors.StrategyError, match='makes no sense'):
        await seen.made.save()
    await seen.failed()


async def test_a_book_that_the_log_cannot_keep_is_a_failure(tmp_path):
    async with processes.running(
        tmp_path,
        """
        async def on_market_data(self, data):
            self.portfolio.cash = float('nan')

        def save_state(self):
            return {'a': 1}
        """,
    ) as seen:
        seen.bar()
        with pytest.raises(errors.StrategyError, match='makes no sense'):
            await seen.made.save()
        await seen.failed()


async def test_nobody_wants_anything_in_the_name_of_another(tmp_path):
    async with processes.running(
        tmp_path,
        """
        async def on_market_data(self, data):
            self._context.queue.append(
                strategy.Signal(symbol='X', strategy='other', quantity=1.0)
            )
        """,
    ) as seen:
        seen.bar()
        assert 'in the name of' in (await seen.failed()).detail
        assert len(seen.answers) == 1


async def test_a_line_of_an_unknown_level_is_a_failure(tmp_path):
    async with processes.running(
        tmp_path,
        """
        async def on_market_data(self, data):
            self.log._add('bind', 'structlog has that too')
        """,
    ) as seen:
        seen.bar()
        assert 'makes no sense' in (await seen.failed()).detail


@pytest.mark.parametrize(
    ('state', 'words'),
    [
        ("{'a': [1.0, float('nan')]}", r"state\['a'\]\[1\] is nan"),
        ("{'a': float('-inf')}", r"state\['a'\] is -inf"),
        ('nested', 'more than 100 levels'),
    ],
)
async def test_a_state_that_would_not_come_back_is_refused(
    tmp_path, state, words
):
    body = f"""
    def save_state(self):
        nested = {{}}
        for _ in range(300):
            nested = {{'a': nested}}
        return {state}
    """
    async with processes.running(tmp_path, body) as seen:
        with pytest.raises(errors.StrategyError, match=words):
            await seen.made.save()
        await seen.failed()
