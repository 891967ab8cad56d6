"""Files that change have the strategies reloaded that run them."""

import asyncio

import pytest
import watchfiles

from sting import settings
from sting.model import specs
from sting.session import watch
from sting.strategy import handover
from tests.unit.session import stations

pytestmark = pytest.mark.unit

SOON = 30.0
MINE = """\
strategies:
  mine: {{strategy: mine.py, parameters: {{n: {n}}}, symbols: [{symbol}]}}
"""


class Desk:
    """A watch over one strategy that runs."""

    def __init__(self, folder):
        self.home = stations.home_in(folder)
        self.home.config.mkdir(parents=True)
        self.home.strategies.mkdir(parents=True)
        self.path = self.home.strategies / 'mine.py'
        self.path.write_text('1')
        self.configure(1)
        self.asked = []
        self.alerts = []
        self.failed = False
        self.tried = {}
        self.running = {}
        self.ran()
        self.watch = watch.Watch(
            self.home,
            lambda: self.running,
            lambda name: self.tried,
            failed=lambda name: self.failed,
            ask=self.asked.append,
            alert=self.alerts.append,
        )

    def configure(self, n, symbol='AAPL'):
        self.write(MINE.format(n=n, symbol=symbol))

    def write(self, text):
        (self.home.config / 'strategy.yaml').write_text(text)

    def ran(self):
        """The strategy runs its files as they are."""
        entry = settings.load(self.home).strategies['mine']
        ran = handover.Ran(
            entry.spec('mine', 1), 'c0de', {'mine': (str(self.path), '')}
        )
        now = watch.digests(ran)
        self.running['mine'] = ran._replace(
            sources={'mine': (str(self.path), now['mine'])}
        )

    @property
    def yaml(self):
        return str(self.home.config / 'strategy.yaml')

    async def until_asked(self, *names):
        async with asyncio.timeout(SOON):
            while self.asked != [*names]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_the_digest_of_a_file_that_is_gone_is_empty(desk):
    before = watch.digests(desk.running['mine'])
    assert len(before['mine']) == 16
    desk.path.unlink()
    assert watch.digests(desk.running['mine']) == {'mine': ''}


async def test_a_file_that_says_what_runs_asks_for_nothing(desk):
    await desk.watch.look([str(desk.path)])
    assert desk.asked == []


async def test_a_changed_file_asks_once(desk):
    desk.path.write_text('2')
    await desk.watch.look([str(desk.path)])
    await desk.watch.look([str(desk.path)])
    assert desk.asked == ['mine']
    desk.path.write_text('3')
    await desk.watch.look([str(desk.path)])
    assert desk.asked == ['mine', 'mine']


async def test_what_was_tried_already_asks_for_nothing(desk):
    # As after a rollback: the files are not what runs.
    desk.path.write_text('2')
    desk.tried = watch.digests(desk.running['mine'])
    await desk.watch.look([str(desk.path)])
    assert desk.asked == []


async def test_after_a_failure_any_source_asks_again(desk):
    desk.path.write_text('2')
    await desk.watch.look([str(desk.path)])
    desk.failed = True
    await desk.watch.look([str(desk.path.with_name('lacking.py'))])
    assert desk.asked == ['mine', 'mine']
    await desk.watch.look([])
    assert desk.asked == ['mine', 'mine']


async def test_changed_parameters_ask(desk):
    desk.configure(2)
    await desk.watch.look([desk.yaml])
    assert (desk.asked, desk.alerts) == (['mine'], [])


async def test_parameters_that_changed_unseen_ask(desk):
    desk.configure(2)
    await desk.watch.look([])
    assert desk.asked == ['mine']


async def test_parameters_that_are_as_before_again_ask_too(desk):
    # What was asked for in between may have failed, or be under way.
    for n in (2, 2, 1):
        desk.configure(n)
        await desk.watch.look([desk.yaml])
    assert desk.asked == ['mine', 'mine']


async def test_a_file_with_a_mistake_is_told_and_changes_nothing(desk):
    desk.write('strategies: [\n')
    await desk.watch.look([desk.yaml])
    assert desk.asked == []
    (alert,) = desk.alerts
    assert alert.startswith(f'{desk.yaml}:2: ')
    assert alert.endswith('strategies keep what they have')


async def test_what_a_reload_does_not_take_is_told(desk):
    desk.configure(1, symbol='IBM')
    await desk.watch.look([desk.yaml])
    assert desk.asked == []
    assert desk.alerts == [
        'strategy.yaml: symbols of mine count from the next start of the '
        'engine on'
    ]


async def test_a_strategy_that_is_not_in_the_file_keeps_what_it_has(desk):
    desk.running = {
        'other': handover.Ran(specs.StrategySpec('other', 'x'), 'c', {})
    }
    desk.configure(2)
    await desk.watch.look([desk.yaml])
    assert (desk.asked, desk.alerts) == ([], [])


async def test_folders_are_those_of_the_files_and_the_configuration(desk):
    assert desk.watch.folders() == {
        str(desk.home.strategies),
        str(desk.home.config),
    }


async def test_it_sees_files_change_by_itself(desk):
    await desk.watch.start()
    try:
        desk.path.write_text('2')
        await desk.until_asked('mine')
        desk.ran()
        desk.configure(2)
        await desk.until_asked('mine', 'mine')
        # A strategy that starts later brings a folder of its own.
        desk.ran()
        other = desk.home.cache / 'deeper' / 'theirs.py'
        other.parent.mkdir(parents=True)
        desk.path = other
        other.write_text('1')
        desk.ran()
        await asyncio.sleep(0)
        other.write_text('3')
        await desk.until_asked('mine', 'mine', 'mine')
    finally:
        await desk.watch.stop()


async def test_a_file_that_is_a_link_is_seen_where_it_is_written(desk):
    kept = desk.home.cache / 'kept'
    kept.mkdir(parents=True)
    real = desk.path.rename(kept / 'real.py')
    desk.path.symlink_to(real)
    desk.ran()
    await desk.watch.start()
    try:
        for count, text in enumerate('23', start=1):
            real.write_text(text)
            await desk.until_asked(*['mine'] * count)
    finally:
        await desk.watch.stop()


async def test_a_folder_that_another_takes_the_place_of_is_followed(desk):
    await desk.watch.start()
    try:
        desk.path.write_text('2')
        await desk.until_asked('mine')
        other = desk.home.strategies.with_name('other')
        other.mkdir()
        (other / 'mine.py').write_text('3')
        desk.home.strategies.rename(desk.home.cache)
        other.rename(desk.home.strategies)
        await desk.until_asked('mine', 'mine')
        desk.path.write_text('4')
        await desk.until_asked('mine', 'mine', 'mine')
    finally:
        await desk.watch.stop()


@pytest.mark.parametrize('kind', [OSError, RuntimeError])
async def test_what_cannot_be_watched_is_told_and_looked_at(
    desk, monkeypatch, kind
):
    def awatch(*folders, **options):
        raise kind('limit reached')

    monkeypatch.setattr(watchfiles, 'awatch', awatch)
    monkeypatch.setattr(watch, '_AGAIN_S', 0.01)
    await desk.watch.start()
    try:
        desk.path.write_text('2')
        await desk.until_asked('mine')
        desk.path.write_text('3')
        await desk.until_asked('mine', 'mine')
    finally:
        await desk.watch.stop()
    (alert,) = desk.alerts
    assert 'cannot be watched: limit reached' in alert


async def test_without_any_folder_it_waits(tmp_path):
    home = stations.home_in(tmp_path / 'none')
    looked = watch.Watch(
        home,
        dict,
        lambda name: {},
        failed=lambda name: False,
        ask=lambda name: None,
        alert=lambda text: None,
    )
    assert looked.folders() == frozenset()
    await looked.stop()
    await looked.start()
    await asyncio.sleep(0)
    await looked.stop()
