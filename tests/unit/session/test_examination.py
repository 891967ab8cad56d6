"""What the doctor finds out about a broker, and what it says to do."""

import pytest

from sting import settings
from sting.engine import clock
from sting.model import errors
from sting.session import examination
from tests.unit.broker import plugins
from tests.unit.settings import rings

pytestmark = pytest.mark.unit

KEYS = {'STING_MINE_KEY': 'canary', 'STING_MINE_SECRET': 'canary'}


@pytest.fixture
def home(tmp_path, monkeypatch):
    rings.remove(monkeypatch)
    return settings.Home.find({'STING_HOME': str(tmp_path)})


@pytest.fixture
def module(home, tmp_path, monkeypatch):
    found = plugins.install(tmp_path, monkeypatch)()
    write(home)
    return found


def write(home, feed='demo', **more):
    """A profile `mine`, and a source of made-up bars."""
    fields = {'account': 'U1', 'symbols': '[SYNTH1]'} | more
    text = ', '.join(f'{key}: {value}' for key, value in fields.items())
    home.config.mkdir(parents=True, exist_ok=True)
    (home.config / 'sting.yaml').write_text(
        'feeds: {made_up: {kind: market, sources: [synthetic], '
        'timeframe: 1d}}\n'
        f'profiles: {{mine: {{mode: paper, broker: mine, feed: {feed}, '
        f'{text}}}}}\n'
    )


async def look(home, environ=None, **options):
    made = examination.Examination(
        settings.load(home),
        'mine',
        clock.LiveClock(),
        KEYS if environ is None else environ,
        **options,
    )
    found = [one async for one in made.run()]
    assert 'canary' not in repr(found)
    assert all('\n' not in one.detail + one.remedy for one in found)
    return found


def of(found, name):
    return [(one.status, one.detail) for one in found if one.name == name]


async def test_a_broker_that_works_is_all_right(home, module):
    write(home, feed='made_up')
    module.ACCOUNT['simulated'] = True
    found = await look(home)
    assert {one.status for one in found} == {'ok'}
    names = [one.name for one in found]
    assert names == [
        'profile', 'keys', 'keys', 'connection', 'account', 'permissions',
        'clock', 'symbols', 'book', 'limits', 'data',
    ]  # fmt: skip
    assert 'U1: play money' in of(found, 'account')[0][1]
    assert of(found, 'data') == [('ok', 'synthetic gives bars of SYNTH1')]
    assert module.VENUES[0].placed == {}


async def test_the_limits_of_a_broker_are_its_own_words(home, module):
    assert of(await look(home), 'limits') == [('ok', 'none is configured')]
    module.Mine.limits = '7 a second'
    assert of(await look(home), 'limits') == [('ok', '7 a second')]


async def test_missing_keys_are_named(home, module):
    assert of(await look(home, {}), 'keys') == [
        ('warn', f'{name} is neither in the environment nor the keyring')
        for name in KEYS
    ]


async def test_one_that_cannot_be_made_ends_it(home, module, monkeypatch):
    def refuse(setup):
        raise errors.ConfigError('its library is missing')

    monkeypatch.setattr(module, 'build', refuse)
    found = await look(home)
    assert of(found, 'broker') == [('fail', 'its library is missing')]
    assert found[-1].name == 'broker'


async def test_one_that_is_not_reached_is_told_and_bars_are_still_asked_for(
    home, module, monkeypatch
):
    write(home, feed='made_up')

    async def refuse(self, sink, halted):
        raise errors.BrokerUnknownError('nobody there')

    monkeypatch.setattr(module.Mine, 'connect', refuse)
    found = await look(home)
    assert of(found, 'connection') == [('fail', 'nobody there')]
    assert of(found, 'data')[0][0] == 'ok'
    assert of(found, 'account') == []


async def test_another_account_fails(home, module):
    module.ACCOUNT['account'] = 'U2'
    ((status, detail),) = of(await look(home), 'account')
    assert status == 'fail'
    assert 'answers for U2' in detail


async def test_a_profile_without_an_account_is_told_to_name_it(home, module):
    write(home, account="''")
    module.ACCOUNT['simulated'] = True
    found = await look(home)
    assert next(one.remedy for one in found if one.status == 'warn') == (
        'write account: U1 into it'
    )


@pytest.mark.parametrize(
    ('changes', 'status', 'words'),
    [
        ({'blocked': 'trading is suspended'}, 'fail', 'suspended'),
        ({'shorting': False}, 'warn', 'may not sell short'),
        ({'shorting': True}, 'ok', 'may trade, and sell short'),
        ({}, 'ok', 'U1 may trade'),
    ],
)
async def test_permissions_are_looked_at(home, module, changes, status, words):
    module.ACCOUNT.update(changes)
    ((found, detail),) = of(await look(home), 'permissions')
    assert found == status
    assert words in detail


@pytest.mark.parametrize(
    ('off_s', 'status'), [(0, 'ok'), (-20, 'warn'), (7200, 'fail')]
)
async def test_clocks_are_compared(home, module, monkeypatch, off_s, status):
    async def get_time(self):
        return clock.LiveClock().now() + off_s * 1_000_000_000

    monkeypatch.setattr(module.Mine, 'get_time', get_time)
    ((found, _),) = of(await look(home), 'clock')
    assert found == status


async def test_symbols_are_looked_up(home, module, monkeypatch):
    write(home, symbols='[SYNTH1, A, B]')

    async def get_instruments(self, symbols):
        return [
            examination.market.Instrument('A', lot=0.001),
            examination.market.Instrument('B', currency='EUR'),
        ]

    monkeypatch.setattr(module.Mine, 'get_instruments', get_instruments)
    assert of(await look(home), 'symbols') == [
        ('fail', 'mine does not trade SYNTH1'),
        ('fail', 'not in USD: B (EUR)'),
    ]
    write(home, symbols='[A]')

    async def one(self, symbols):
        return [examination.market.Instrument('A', lot=0.001)]

    monkeypatch.setattr(module.Mine, 'get_instruments', one)
    assert of(await look(home), 'symbols') == [
        ('ok', '1 can be traded; in fractions: A')
    ]


async def test_a_question_without_an_answer_fails_and_the_rest_is_asked(
    home, module, monkeypatch
):
    async def hang(self):
        await examination.asyncio.Event().wait()

    monkeypatch.setattr(module.Mine, 'get_time', hang)
    found = await look(home, patience_s=2.0)
    assert of(found, 'clock') == [('fail', 'no answer within 2 s')]
    assert of(found, 'book')[0][0] == 'ok'


async def test_one_that_dies_is_not_asked_on_and_on(home, module, monkeypatch):
    async def silent(self, *asked):
        raise errors.BrokerUnknownError('nobody there')

    account = module.Mine.get_account_info

    async def dies(self):
        # The gate asks for the account once, and that is its last answer.
        for question in ('get_account_info', 'get_time'):
            monkeypatch.setattr(module.Mine, question, silent)
        return await account(self)

    monkeypatch.setattr(module.Mine, 'get_account_info', dies)
    found = await look(home)
    told = [('fail', 'nobody there')]
    assert of(found, 'account') == of(found, 'clock') == told
    for name in ('symbols', 'book'):
        assert of(found, name) == [
            ('fail', 'not asked: the two before had no answer')
        ]


async def test_bars_that_are_played_are_a_warning_for_a_broker_outside(
    home, module
):
    ((status, detail),) = of(await look(home), 'data')
    assert status == 'warn'
    assert 'is played' in detail


@pytest.mark.parametrize(
    ('source', 'status', 'words'),
    [
        ('alphavantage', 'fail', 'needs a key'),
        ('ibkr', 'fail', '127.0.0.1:1'),
        ('synthetic', 'fail', 'NOBODY'),
    ],
)
async def test_a_source_of_bars_that_does_not_give_any_is_told(
    home, module, source, status, words
):
    write(home, feed='other', symbols='[NOBODY]')
    path = home.config / 'sting.yaml'
    path.write_text(
        path.read_text().replace(
            'feeds: {',
            f'feeds: {{other: {{kind: market, sources: [{source}]}}, ',
        )
    )
    (home.config / 'exchanges').mkdir()
    (home.config / 'exchanges' / 'ibkr.yaml').write_text('port: 1\n')
    ((found, detail),) = of(await look(home), 'data')
    assert found == status
    assert words in detail


def test_the_first_profile_of_a_broker_is_meant(home, module):
    config = settings.load(home)
    assert examination.profile_of(config, 'mine', None) == 'mine'
    assert examination.profile_of(config, None, 'demo') == 'demo'
    assert examination.profile_of(config, 'paper', 'demo') == 'demo'
    with pytest.raises(errors.ConfigError, match='for broker paper, not mine'):
        examination.profile_of(config, 'mine', 'demo')
    with pytest.raises(errors.ConfigError, match='no profile has broker: x'):
        examination.profile_of(config, 'x', None)


async def test_bars_are_asked_for_once_with_the_keys_of_the_profile(
    home, module, monkeypatch
):
    async def never(self, seconds):
        raise AssertionError(f'it waits for {seconds} s')

    monkeypatch.setattr(clock.LiveClock, 'sleep', never)
    write(home, feed='other')
    path = home.config / 'sting.yaml'
    path.write_text(
        path.read_text().replace(
            'feeds: {',
            'feeds: {other: {kind: market, sources: [alphavantage]}, ',
        )
    )
    (home.config / 'exchanges').mkdir()
    (home.config / 'exchanges' / 'alphavantage.yaml').write_text(
        'base_url: http://127.0.0.1:1\n'
    )
    own = {'STING_ALPHAVANTAGE_KEY__MINE': 'canary'}
    found = await look(home, KEYS | own)
    # It has a key, and nobody is there.
    ((status, detail),) = of(found, 'data')
    assert status == 'fail'
    assert 'Cannot connect to host 127.0.0.1:1' in detail


async def test_each_broker_of_several_is_looked_at(
    home, module, tmp_path, monkeypatch
):
    source = plugins.BROKER.replace("'mine'", "'second'").replace('U1', 'V2')
    second = plugins.install(tmp_path, monkeypatch, 'second', source)()
    asked = []

    async def instruments(self, symbols):
        asked.append((self.name, tuple(symbols)))
        return []

    for each in (module, second):
        monkeypatch.setattr(each.Mine, 'get_instruments', instruments)
    home.config.mkdir(parents=True, exist_ok=True)
    (home.config / 'sting.yaml').write_text(
        'profiles: {mine: {mode: paper, broker: mine, feed: demo, '
        'symbols: [AAPL, IBM], routes: {IBM: second}, '
        'accounts: {mine: U1, second: V2}}}\n'
    )
    found = await look(home)
    assert [detail for _, detail in of(found, 'profile')] == [
        'mine is PAPER at mine, account U1',
        'mine is PAPER at second, account V2',
    ]
    assert len(of(found, 'connection')) == 2
    assert asked == [('mine', ('AAPL',)), ('second', ('IBM',))]
    config = settings.load(home)
    assert examination.profile_of(config, 'second', None) == 'mine'
    assert examination.profile_of(config, 'second', 'mine') == 'mine'


async def test_a_broker_that_cannot_be_made_does_not_hide_the_next(
    home, module
):
    home.config.mkdir(parents=True, exist_ok=True)
    (home.config / 'sting.yaml').write_text(
        'profiles: {mine: {mode: paper, broker: alpaca, feed: demo, '
        'symbols: [AAPL, IBM], routes: {IBM: mine}, '
        'accounts: {alpaca: A1, mine: U1}}}\n'
    )
    found = await look(home)
    assert [status for status, _ in of(found, 'broker')] == ['fail']
    assert len(of(found, 'profile')) == 2
    assert len(of(found, 'connection')) == 1
