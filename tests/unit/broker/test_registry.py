"""Brokers by name, and what they are made of."""

import msgspec
import pytest

from sting import settings
from sting.broker import account
from sting.broker import drills
from sting.broker import paper
from sting.broker import registry
from sting.engine import clock
from sting.model import costs
from sting.model import errors
from sting.model import records
from sting.settings import brokers
from tests.unit.broker import plugins
from tests.unit.settings import rings

pytestmark = pytest.mark.unit


@pytest.fixture
def home(tmp_path):
    return settings.Home.find({'STING_HOME': str(tmp_path)})


def configured(home, **paper_settings):
    schedule = costs.CostModel(
        commission=costs.Commission(per_order=1.0),
        latency_ms=5.0,
        borrow=costs.Borrow(),
        margin=costs.Margin(),
    )
    return msgspec.structs.replace(
        settings.load(home),
        paper=settings.Paper(**paper_settings),
        costs={'mine': schedule},
    )


def write_profile(home, **options):
    """A profile `mine` whose broker is that of another package."""
    home.config.mkdir(parents=True, exist_ok=True)
    (home.config / 'sting.yaml').write_text(
        'profiles: {mine: {mode: paper, broker: mine, feed: demo, '
        'symbols: [AAPL], account: U1}}\n'
    )
    if options:
        (home.config / 'exchanges').mkdir()
        (home.config / 'exchanges' / 'mine.yaml').write_text(
            ''.join(f'{key}: {value}\n' for key, value in options.items())
        )


def build(home, environ=None, time_source=None):
    return registry.build(
        'mine',
        settings.load(home),
        'mine',
        time_source or clock.VirtualClock(),
        environ or {},
    )


def test_the_paper_broker_charges_its_two_figures(home):
    made = registry._costs(
        configured(home, commission_bps=2.0, slippage_bps=3.0)
    )
    assert made == costs.CostModel(commission_bps=2.0, slippage_bps=3.0)


def test_of_a_schedule_it_charges_what_fills_cost(home):
    made = registry._costs(configured(home, costs='mine', commission_bps=2.0))
    assert made == costs.CostModel(commission=costs.Commission(per_order=1.0))


def test_paper_is_built_in_and_has_its_account_at_once(home):
    made = registry.build(
        'paper', settings.load(home), 'demo', clock.VirtualClock(), {}
    )
    assert isinstance(made, paper.PaperBroker)
    assert made.account == 'paper'


async def test_a_broker_of_another_package_is_found_by_its_name(
    home, tmp_path, monkeypatch
):
    module = plugins.install(tmp_path, monkeypatch)
    write_profile(home, cash=7_000, venues='[A, B]')
    made = build(home, {'STING_MINE_KEY': 'canary'})
    (setup,) = module().SETUPS
    assert made.name == 'mine'
    assert (setup.name, setup.profile, setup.account) == ('mine', 'mine', 'U1')
    assert (setup.currency, setup.calendar) == ('USD', 'XNYS')
    assert setup.options == {'cash': 7_000, 'venues': ['A', 'B']}
    assert setup.environ['STING_MINE_KEY'] == 'canary'
    assert 'canary' not in repr(setup)


async def test_it_speaks_only_for_the_account_that_is_meant(
    home, tmp_path, monkeypatch
):
    plugins.install(tmp_path, monkeypatch)
    write_profile(home)
    assert isinstance(build(home), account.AccountGate)


async def test_where_bars_are_played_it_has_the_time_of_the_machine(
    home, tmp_path, monkeypatch
):
    module = plugins.install(tmp_path, monkeypatch)
    write_profile(home)
    build(home, time_source=clock.MarketClock())
    assert type(module().SETUPS[0].clock) is clock.LiveClock


def test_a_broker_that_nobody_has_is_refused(home):
    with pytest.raises(errors.ConfigError, match=r"no broker 'mine'.*paper"):
        registry.build(
            'mine', settings.load(home), 'demo', clock.VirtualClock(), {}
        )


def test_one_that_cannot_be_loaded_says_from_where(home, tmp_path, monkeypatch):
    plugins.install(tmp_path, monkeypatch, value='not_there_at_all:build')
    write_profile(home)
    with pytest.raises(
        errors.ConfigError,
        match=r'cannot be loaded from not_there_at_all:build',
    ):
        build(home)


def test_what_is_no_broker_is_refused(home, tmp_path, monkeypatch):
    plugins.install(
        tmp_path, monkeypatch, source='def build(setup):\n    return 7\n'
    )
    write_profile(home)
    with pytest.raises(errors.ConfigError, match='gave int, which is no '):
        build(home)


def test_no_other_package_can_be_paper(home, tmp_path, monkeypatch):
    plugins.install(tmp_path, monkeypatch, name='paper')
    made = registry.build(
        'paper', settings.load(home), 'demo', clock.VirtualClock(), {}
    )
    assert isinstance(made, paper.PaperBroker)


def test_interactive_brokers_is_reached_by_its_gateway(home):
    made = registry.build(
        'ibkr', settings.load(home), 'ibkr_paper', clock.VirtualClock(), {}
    )
    assert isinstance(made, account.AccountGate)
    assert made.name == 'ibkr'


@pytest.mark.parametrize(
    ('mode', 'url'),
    [('paper', 'https://paper-api.'), ('live', 'https://api.')],
)
def test_the_mode_says_to_which_account_of_alpaca_orders_go(home, mode, url):
    config = settings.load(home)
    chosen = msgspec.structs.replace(
        config.profile('alpaca_paper'),
        mode=records.Mode(mode),
        account='1',
    )
    config = msgspec.structs.replace(config, profiles={'p': chosen})
    keys = {'STING_ALPACA_KEY': 'k', 'STING_ALPACA_SECRET': 's'}
    made = registry.build('alpaca', config, 'p', clock.VirtualClock(), keys)
    assert isinstance(made, account.AccountGate)
    assert made.groups
    assert made._broker._access.url.startswith(url)


def test_alpaca_needs_its_keys(home):
    with pytest.raises(errors.ConfigError, match='STING_ALPACA_KEY'):
        registry.build(
            'alpaca',
            settings.load(home),
            'alpaca_paper',
            clock.VirtualClock(),
            {},
        )


def test_a_broker_has_keys_of_the_environment_or_the_keyring(monkeypatch):
    ring = rings.install(monkeypatch)
    setup = registry.Setup(
        name='mine',
        profile='real',
        account='',
        currency='USD',
        calendar='XNYS',
        options={},
        clock=clock.VirtualClock(),
        environ={'STING_MINE_KEY': 'k'},
    )
    ring['sting', 'STING_MINE_SECRET__REAL'] = 's'
    assert setup.key('STING_MINE_KEY') == 'k'
    assert setup.key('STING_MINE_SECRET') == 's'


def test_paper_has_the_troubles_of_its_drill(home):
    config = configured(home, drill=settings.Drill(reject=1.0))
    made = registry.build('paper', config, 'demo', clock.VirtualClock(), {})
    assert isinstance(made, drills.DrilledBroker)
    assert made.account == 'paper'


def test_brokers_are_named_with_ours_first(home, tmp_path, monkeypatch):
    plugins.install(tmp_path / 'a', monkeypatch, name='ibkr')
    plugins.install(tmp_path / 'b', monkeypatch)
    assert 'ibkr' not in brokers.others()
    assert brokers.names() == (*brokers.OWN, 'mine')
