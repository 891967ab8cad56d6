"""The shipped defaults with the user's YAML over them."""

import datetime
import pathlib
import re
import typing

import pytest

from sting import settings
from sting.model import costs
from sting.model import errors
from sting.model import market
from sting.model import protection
from sting.model import records
from sting.model import sizing
from sting.model import specs
from sting.risk import catalog
from sting.risk import rules
from sting.settings import brokers
from sting.settings import loader
from tests.unit.broker import plugins

pytestmark = pytest.mark.unit


@pytest.fixture
def home(tmp_path):
    return settings.Home.find({'STING_HOME': str(tmp_path)})


def _write(home, name, text):
    path = home.config / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _refused(home, name, text):
    """The error that this file leads to, after checking that it is one line."""
    path = _write(home, name, text)
    with pytest.raises(errors.ConfigError) as caught:
        settings.load(home)
    assert '\n' not in str(caught.value)
    assert caught.value.path == path
    return caught.value


def test_shipped_defaults_load_without_a_home(home):
    loaded = settings.load(home)
    assert loaded.default == 'demo'
    assert loaded.profile().mode is records.Mode.DEMO
    assert loaded.profile('paper').feed == 'sample'
    assert loaded.feeds['demo'] == settings.DemoFeed(
        interval_s=1.0, start=datetime.date(2012, 6, 1)
    )
    assert not home.config.exists()


def test_shipped_limits_let_a_hundred_shares_of_google_pass(home):
    rules = settings.load(home).risk.rules
    assert rules['max_order_notional'].limit >= 100 * 600.0
    assert rules['max_position_notional'].limit >= 100 * 600.0


def test_backtests_ship_with_buying_power_only(home):
    assert list(settings.load(home).risk.backtest) == ['buying_power']


def test_every_risk_rule_can_be_configured():
    assert set(typing.get_args(settings.RuleName)) == set(rules.RULES)
    assert set(typing.get_args(settings.ScopedName)) == {
        *catalog.OF_ACCOUNT,
        *catalog.OF_SCOPE,
    }


def test_a_rule_of_its_own_name_says_what_it_is_for(home):
    _write(
        home,
        'risk.yaml',
        'scoped:\n  slow:\n    {rule: order_rate, limit: 5, window_s: 10,'
        ' for: {strategy: a, symbols: [X]}, soft: true}\n',
    )
    assert settings.read_rules(home).scoped == {
        'slow': settings.ScopedRule(
            rule='order_rate',
            limit=5.0,
            window_s=10.0,
            scope=settings.Scope(strategy='a', symbols=('X',)),
            soft=True,
        )
    }


@pytest.mark.parametrize(
    ('entry', 'match'),
    [
        ('{rule: shortable, limit: 0}', r'risk\.yaml:2: .*needs a `list`'),
        ('{rule: shortable, limit: 0, list: []}', 'needs a `list`'),
        ('{rule: max_short, limit: 0, list: [X]}', 'max_short has no `list`'),
    ],
)
def test_a_list_belongs_to_what_may_be_sold_short(home, entry, match):
    _write(home, 'risk.yaml', f'scoped:\n  a: {entry}\n')
    with pytest.raises(errors.ConfigError, match=match):
        settings.read_rules(home)


def test_all_shipped_files_are_known():
    folder = settings.shipped()
    found = {
        path.relative_to(folder).as_posix() for path in folder.rglob('*.yaml')
    }
    assert found == set(loader.FILES)


def test_users_file_is_laid_over_key_by_key(home):
    _write(home, 'sting.yaml', 'profiles:\n  demo:\n    cash: 5000\n')
    demo = settings.load(home).profile('demo')
    assert demo.cash == 5000.0
    assert demo.symbols == ('AAPL', 'IBM', 'MSFT', 'GOOG', 'FB')


def test_users_list_replaces_the_list(home):
    _write(home, 'sting.yaml', 'profiles:\n  demo:\n    symbols: [IBM]\n')
    assert settings.load(home).profile('demo').symbols == ('IBM',)


def test_user_may_add_a_profile_and_a_strategy(home):
    _write(
        home,
        'sting.yaml',
        'profile: mine\n'
        'profiles:\n'
        '  mine: {mode: paper, broker: paper, feed: bars, symbols: [X],\n'
        '         strategies: [s]}\n'
        'feeds:\n'
        '  bars: {kind: file, path: x.csv}\n',
    )
    _write(home, 'strategy.yaml', 'strategies: {s: {strategy: "a/b.py:Mine"}}')
    loaded = settings.load(home)
    assert loaded.profile() == loaded.profile('mine')
    assert loaded.feeds['bars'].path == str(home.config / 'x.csv')
    strategy = loaded.strategies['s'].strategy
    assert strategy == f'{home.strategies}/a/b.py:Mine'


def test_absolute_paths_stay(home):
    _write(home, 'sting.yaml', 'feeds: {f: {kind: file, path: /d/x.csv}}\n')
    assert settings.load(home).feeds['f'].path == '/d/x.csv'


def test_sample_stays_the_sample(home):
    assert settings.load(home).feeds['sample'].path == 'sample'


def test_exchange_settings_are_laid_over(home):
    _write(home, 'exchanges/paper.yaml', 'commission_bps: 5\n')
    loaded = settings.load(home).paper
    assert (loaded.commission_bps, loaded.participation) == (5.0, 0.25)


@pytest.mark.parametrize(
    ('name', 'text', 'line', 'words'),
    [
        (
            'sting.yaml',
            'profiles:\n  demo:\n    symbls: [IBM]\n',
            3,
            "unknown key 'symbls'; did you mean 'symbols'?",
        ),
        ('sting.yaml', 'profil: demo\n', 1, "did you mean 'profile'?"),
        ('sting.yaml', 'profile: dmo\n', 1, "did you mean 'demo'?"),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    cash: lots\n',
            3,
            'profiles.demo.cash: expected a number, got text',
        ),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    cash: -1\n',
            3,
            'profiles.demo.cash: expected a number > 0',
        ),
        ('sting.yaml', 'profiles: {demo: {cash: .nan}}', 1, 'finite'),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    mode: lve\n',
            3,
            "'lve' is not one of: demo, paper, live, replay",
        ),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    symbols: [IBM,\n      ON]\n',
            4,
            'expected text, got true or false; put it in quotes',
        ),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    symbols: IBM\n',
            3,
            'profiles.demo.symbols: expected a list, got text',
        ),
        (
            'sting.yaml',
            'profiles: {demo: {symbols: []}}',
            1,
            'symbols is empty',
        ),
        ('sting.yaml', 'profiles: {demo: {symbols: [A, A]}}', 1, 'one twice'),
        ('sting.yaml', 'profiles:\n', 1, 'got nothing'),
        ('sting.yaml', 'profiles: [a]\n', 1, 'got a list'),
        ('sting.yaml', 'profiles: 2012-01-01\n', 1, 'got a date'),
        ('sting.yaml', 'profiles: text\n', 1, 'got text'),
        ('sting.yaml', 'feeds: {demo: {start: soon}}', 1, 'feeds.demo.start'),
        ('sting.yaml', 'profiles: !!binary aGk=\n', 1, 'something else'),
        ('sting.yaml', 'feeds: {sample: {stamp: a}}', 1, 'one of: open, close'),
        ('sting.yaml', 'profiles: {demo: {symbols: {a: 1}}}', 1, 'got keys'),
        (
            'sting.yaml',
            'profiles: {demo: {cash: [1]}}',
            1,
            'expected one value',
        ),
        ('sting.yaml', 'profiles: {demo: {cash: {a: 1}}}', 1, 'expected one'),
        (
            'sting.yaml',
            '\nprofiles:\n  mine: {broker: paper, feed: demo, symbols: [A]}\n',
            3,
            "profiles.mine: 'mode' is missing",
        ),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    feed: demos\n',
            3,
            "unknown feed 'demos'; did you mean 'demo'?",
        ),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    broker: nobody\n',
            3,
            "unknown broker 'nobody'; there are: ",
        ),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    strategies:\n    - sma_dmo\n',
            4,
            "unknown strategy 'sma_dmo'; did you mean 'sma_demo'?",
        ),
        ('sting.yaml', 'feeds: {f: {path: a}}', 1, "'kind' is missing"),
        ('sting.yaml', 'feeds: {f: {kind: fil}}', 1, "did you mean 'file'?"),
        (
            'sting.yaml',
            'feeds:\n  f: {kind: market, sources: []}',
            2,
            'feeds.f: sources: name at least one, and each once',
        ),
        (
            'sting.yaml',
            'feeds:\n  f:\n    kind: market\n    sources: [yahoo, binanc]',
            4,
            "unknown source 'binanc'; did you mean 'binance'?",
        ),
        (
            'sting.yaml',
            'feeds:\n  f: {kind: market, sources: [yahoo], timeframe: 60s}',
            2,
            "'60s' is written '1m'",
        ),
        (
            'sting.yaml',
            'feeds:\n  f: {kind: market, sources: [yahoo], timeframe: 1w}',
            2,
            'timeframe 1w is longer than a day; use 1d',
        ),
        (
            'sting.yaml',
            'feeds:\n  f:\n    kind: market\n    sources: [yahoo]\n'
            '    names: {binance: {A: B}}',
            2,
            "names: 'binance' is not one of its sources",
        ),
        ('sting.yaml', 'feeds: {f: {kind: 3}}', 1, 'unknown kind'),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    groups: {tech: [AAPL, XYZ]}',
            2,
            "groups: 'XYZ' of 'tech' is not in symbols",
        ),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    groups: {tech: [IBM], old: [IBM]}',
            2,
            "groups: 'IBM' is in 'tech' and in 'old'",
        ),
        ('sting.yaml', 'terminal:\n  theme: 3\n', 2, 'expected text'),
        ('sting.yaml', 'terminal: {frames_per_s: 99}\n', 1, '<= 10'),
        ('risk.yaml', 'rules: {max_ordr_notional: {limit: 1}}', 1, 'did you'),
        ('risk.yaml', 'rules:\n  price_collar:\n    limit: -1\n', 3, '>= 0'),
        ('risk.yaml', 'sizing: {fraction: 2}\n', 1, 'sizing.fraction'),
        (
            'risk.yaml',
            'scoped:\n  a: {rule: order_rate, limit: 1, for: {strategy: q}}',
            2,
            'strategy',
        ),
        ('risk.yaml', 'scoped:\n  a: {rule: order_rat, limit: 1}', 2, 'order_'),
        (
            'risk.yaml',
            'scoped:\n  a: {rule: max_position, limit: 1, backtest: true,'
            ' for: {sector: tech}}',
            2,
            'symbols',
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    protection:\n      stop_loss: two\n',
            3,
            "protection: stop_loss: 'two' is no per cent",
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    protection:\n'
            '      cooldown: {within: 1}\n',
            4,
            'cooldown.within',
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    sizing: {method: art}\n',
            3,
            'did you mean',
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    sizing: {method: atr, risk: 2}\n',
            3,
            'sizing.risk',
        ),
        ('exchanges/paper.yaml', 'participation: 0\n', 1, '> 0'),
        (
            'strategy.yaml',
            'strategies:\n  s:\n    symbols: [A]\n',
            2,
            "strategies.s: 'strategy' is missing",
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    parameters: {fast: [1]}\n',
            3,
            'strategies.sma_demo.parameters.fast',
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    on_failre: keep\n',
            3,
            "unknown key 'on_failre'; did you mean 'on_failure'?",
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    on_failure: panic\n',
            3,
            "'panic' is not one of: keep, cancel, flatten",
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    process:\n      memry_mb: 3\n',
            4,
            "unknown key 'memry_mb'; did you mean 'memory_mb'?",
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    process: {memory_mb: 3}\n',
            3,
            'strategies.sma_demo.process.memory_mb: expected a whole number '
            '>= 64 and <= 1,048,576, got 3',
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    process: {deadline_ms: soon}\n',
            3,
            'process.deadline_ms: expected a number, got text',
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    process: {deadline_ms: 20}\n',
            3,
            'deadline_ms 20 must not be less than late_ms 100',
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    symbols:\n    - GOGG\n',
            4,
            "unknown symbol 'GOGG'; did you mean 'GOOG'?",
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    timeframes: 1h\n',
            3,
            'strategies.sma_demo.timeframes: expected a list, got text',
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    timeframes:\n    - 1m\n    - 60m\n',
            5,
            "strategies.sma_demo.timeframes: '60m' is written '1h'",
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    timeframes: [1h, 1h]\n',
            3,
            "'1h' is there twice",
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    timeframes: [2d]\n',
            3,
            "'1d', a session, and '1w', a trading week",
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    capital: 0\n',
            3,
            'strategies.sma_demo.capital: expected a number > 0, got 0',
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    limits:\n      max_los: 3\n',
            4,
            "unknown key 'max_los'; did you mean 'max_loss'?",
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    limits: {max_loss: -1}\n',
            3,
            'limits.max_loss: expected a number >= 0, got -1',
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    limits: {max_loss: some}\n',
            3,
            'limits.max_loss: expected a number or nothing, got text',
        ),
        (
            'strategy.yaml',
            'strategies:\n  sma_demo:\n    shadow_s: -1\n',
            3,
            'shadow_s: expected a number >= 0 and <= 604,800, got -1',
        ),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    bus:\n      url: http://x\n',
            3,
            "profiles.demo.bus: url: 'http://x' is not like nats://host:4222",
        ),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    bus:\n      url: nats://me:pw@x\n',
            3,
            'url: no secrets here',
        ),
        (
            'sting.yaml',
            'profiles:\n  demo:\n    bus:\n      url: nats://x\n'
            '      nodes:\n        n1: [sma_dmo]\n',
            6,
            "did you mean 'sma_demo'?",
        ),
    ],
)
def test_mistake_names_file_line_and_remedy(home, name, text, line, words):
    error = _refused(home, name, text)
    assert words in str(error)
    assert error.line == line


def test_strategy_cannot_want_what_the_profile_does_not_have(home):
    _write(home, 'sting.yaml', 'profiles: {demo: {strategies: [s]}}\n')
    _write(
        home,
        'strategy.yaml',
        'strategies: {s: {strategy: a, symbols: [TSLA]}}\n',
    )
    with pytest.raises(errors.ConfigError, match='wants TSLA') as caught:
        settings.load(home)
    assert str(caught.value.path).endswith('strategy.yaml')
    assert caught.value.line == 1


def test_strategy_may_name_some_of_the_profiles_symbols(home):
    _write(
        home, 'strategy.yaml', 'strategies: {sma_demo: {symbols: [IBM, FB]}}\n'
    )
    loaded = settings.load(home)
    assert loaded.strategies['sma_demo'].symbols == ('IBM', 'FB')


def test_strategy_that_says_little_has_the_usual_limits(home):
    _write(home, 'strategy.yaml', 'strategies: {s: {strategy: a}}\n')
    made = settings.load(home).strategies['s'].spec('s', 2)
    assert made == specs.StrategySpec('s', 'a', number=2)
    assert made.process == specs.Process(
        memory_mb=1024,
        late_ms=100.0,
        deadline_ms=1000.0,
        signals_per_s=100.0,
        state_every_s=60.0,
    )
    assert (made.on_failure, made.shadow_s) == ('cancel', 0.0)


def test_strategys_process_is_laid_over_key_by_key(home):
    _write(
        home,
        'strategy.yaml',
        'strategies:\n  sma_demo:\n    process: {memory_mb: 512}\n'
        '    on_failure: flatten\n    shadow_s: 30\n',
    )
    made = settings.load(home).strategies['sma_demo'].spec('sma_demo', 1)
    assert (made.process.memory_mb, made.process.deadline_ms) == (512, 1000.0)
    assert (made.on_failure, made.shadow_s) == ('flatten', 30.0)


def test_strategys_sizing_is_read_by_its_method(home):
    _write(
        home,
        'strategy.yaml',
        'strategies:\n  sma_demo:\n    sizing: {method: atr, period: 5}\n',
    )
    made = settings.load(home).strategies['sma_demo'].spec('sma_demo', 1)
    assert made.sizing == sizing.AverageRange(period=5)


def test_strategys_protection_is_read(home):
    _write(
        home,
        'strategy.yaml',
        'strategies:\n  sma_demo:\n'
        '    protection: {stop_loss: 2%, cooldown: {losses: 2, pause: 4h}}\n',
    )
    made = settings.load(home).strategies['sma_demo'].spec('sma_demo', 1)
    assert made.protection == protection.Protection(
        stop_loss='2%', cooldown=protection.Cooldown(losses=2, pause='4h')
    )


def test_file_that_nothing_reads_is_refused(home):
    error = _refused(home, 'strategies.yaml', 'a: 1\n')
    assert "did you mean 'strategy.yaml'?" in str(error)


def test_unknown_profile_lists_those_there_are(home):
    with pytest.raises(errors.ConfigError, match=r'are: .*crypto, demo, '):
        settings.load(home).profile('nope')


def test_rules_are_read_by_themselves_too(home):
    _write(home, 'risk.yaml', 'rules: {max_position: {limit: 3}}\n')
    risk = settings.read_rules(home)
    assert risk.rules['max_position'].limit == 3.0
    assert risk == settings.load(home).risk


def test_rules_do_not_need_the_other_files(home):
    _write(home, 'data.yaml', 'rules: 7\n')
    assert 'buying_power' in settings.read_rules(home).backtest


def test_rules_in_a_file_of_another_name_are_refused(home):
    _write(home, 'rusk.yaml', 'rules: {}\n')
    with pytest.raises(errors.ConfigError, match=r"mean 'risk\.yaml'"):
        settings.read_rules(home)


def test_risk_file_replaces_the_rules(tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text('backtest: {max_position: {limit: 10}}\n')
    risk = settings.read_risk(path)
    assert risk.backtest == {'max_position': settings.Rule(limit=10.0)}
    assert risk.sizing.fraction == 0.1


def test_risk_file_with_rules_only_means_backtests_too(tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text('rules: {price_collar: {limit: 0.1, enabled: false}}\n')
    risk = settings.read_risk(path)
    assert list(risk.backtest) == ['price_collar']
    assert not risk.backtest['price_collar'].enabled


def test_risk_file_with_a_mistake_names_its_line(tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text('rules:\n  max_position: {limt: 1}\n')
    with pytest.raises(errors.ConfigError, match="'limit'") as caught:
        settings.read_risk(path)
    assert (caught.value.path, caught.value.line) == (path, 2)


def test_missing_shipped_files_say_what_to_do(monkeypatch, tmp_path):
    nowhere = tmp_path / 'sting' / 'settings' / 'loader.py'
    monkeypatch.setattr(loader, '__file__', str(nowhere))
    with pytest.raises(errors.ConfigError, match='install sting again'):
        settings.shipped()


def test_installed_package_uses_the_files_inside_it(monkeypatch, tmp_path):
    inside = tmp_path / 'sting' / 'config'
    inside.mkdir(parents=True)
    (inside / 'sting.yaml').write_text('a: 1\n')
    place = pathlib.Path(tmp_path, 'sting', 'settings', 'loader.py')
    monkeypatch.setattr(loader, '__file__', str(place))
    assert settings.shipped() == inside


# --- costs.yaml


def test_the_shipped_schedules_of_costs(home):
    schedules = settings.load(home).costs
    assert list(schedules) == [
        'none',
        'alpaca',
        'ibkr_fixed',
        'ibkr_tiered',
        'binance_spot',
    ]
    assert schedules['none'] == costs.CostModel()
    assert schedules['ibkr_fixed'].commission.minimum == 1.0
    assert schedules['ibkr_tiered'].commission.tiers[-1].per_unit == 0.0005


def test_ones_own_schedule_lies_over_the_shipped_ones(home):
    _write(
        home,
        'costs.yaml',
        'schedules:\n'
        '  ibkr_fixed: {commission: {minimum: 2}}\n'
        '  mine:\n'
        '    slippage: {kind: spread, bps: 4}\n'
        '    borrow: {rate: 0.01, symbols: {GME: 0.3}}\n',
    )
    schedules = settings.load(home).costs
    fixed = schedules['ibkr_fixed'].commission
    assert (fixed.minimum, fixed.per_unit) == (2.0, 0.005)
    assert schedules['mine'] == costs.CostModel(
        slippage=costs.Spread(bps=4.0),
        borrow=costs.Borrow(rate=0.01, symbols={'GME': 0.3}),
    )


@pytest.mark.parametrize(
    ('text', 'line', 'words'),
    [
        ('{mine: {commission: {bps: -1}}}', 2, '>= 0'),
        ('{mine: {comission: {}}}', 2, "did you mean 'commission'"),
        ('{mine: {slippage: {kind: spred}}}', 2, "did you mean 'spread'"),
        ('{mine: {slippage: 3}}', 2, 'expected keys'),
        ('{mine: {commission_bps: 1, commission: {}}}', 2, 'both given'),
        ('\n  mine:\n    margin: {maintenance: 0.9}', 4, 'called at once'),
    ],
)
def test_a_wrong_schedule_is_refused_at_its_line(home, text, line, words):
    error = _refused(home, 'costs.yaml', f'# mine\nschedules: {text}\n')
    assert error.line == line
    assert words in str(error)


def test_the_paper_broker_takes_a_schedule_by_name(home):
    _write(home, 'exchanges/paper.yaml', 'costs: ibkr_fixed\n')
    assert settings.load(home).paper.costs == 'ibkr_fixed'


def test_a_schedule_that_is_not_there_is_refused(home):
    error = _refused(home, 'exchanges/paper.yaml', 'costs: ibkr_fixd\n')
    assert error.line == 1
    assert "did you mean 'ibkr_fixed'" in str(error)


def test_costs_are_read_by_name_or_from_a_file_of_one_schedule(home, tmp_path):
    assert settings.read_costs('none', home) == costs.CostModel()
    path = tmp_path / 'mine.yaml'
    path.write_text('commission: {per_order: 5}\nlatency_ms: 20\n')
    assert settings.read_costs(str(path), home) == costs.CostModel(
        commission=costs.Commission(per_order=5.0), latency_ms=20.0
    )


def test_a_wrong_file_of_costs_names_its_line(home, tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text('impact: {}\ncommission: {per_order: -5}\n')
    with pytest.raises(
        errors.ConfigError, match=r'mine.yaml:2: commission.per'
    ):
        settings.read_costs(str(path), home)
    path.write_text('impact: {}\nslippage_bps: 5\nslippage: {kind: volume}\n')
    with pytest.raises(errors.ConfigError, match=r'mine.yaml:1: slippage_bps'):
        settings.read_costs(str(path), home)


def test_a_file_of_several_schedules_says_what_to_do(home, tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text('# Ours.\nschedules:\n  mine: {latency_ms: 20}\n')
    with pytest.raises(errors.ConfigError, match=r'mine.yaml:2: --costs takes'):
        settings.read_costs(str(path), home)


def test_a_name_that_is_no_schedule_says_which_there_are(home):
    with pytest.raises(errors.ConfigError, match="did you mean 'alpaca'"):
        settings.read_costs('alpacca', home)


def test_databases_are_sources(home):
    _write(
        home,
        'data.yaml',
        'databases:\n'
        '  prices: {url: "sqlite:///x.db", tables: {1d: bars, 1m: s.minutes},'
        ' columns: {date: day}}\n',
    )
    found = settings.load(home).services['prices']
    assert found.columns.named() == {
        'date': 'day',
        **{
            name: name
            for name in ('symbol', 'open', 'high', 'low', 'close', 'volume')
        },
    }
    assert settings.Columns().named()['timestamp'] == 'timestamp'


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('yahoo: {url: x, tables: {1d: bars}}', 'that is a service'),
        ('mine: {url: x, tables: {}}', 'tables is empty'),
        ('mine: {url: x, tables: {1x: bars}}', "'1x'"),
        ('mine: {tables: {1d: bars}}', "'url' is missing"),
        (
            'mine: {url: x, tables: {1d: b}, columns: {timestamp: a, date: b}}',
            'not both',
        ),
    ],
)
def test_a_database_that_makes_no_sense_names_its_line(home, text, words):
    error = _refused(home, 'data.yaml', f'databases:\n  {text}\n')
    assert error.line == 2
    assert words in str(error)


def test_instruments_are_read_by_themselves_too(home):
    _write(
        home,
        'instruments.yaml',
        'instruments:\n'
        '  AAPL: {tick: 0.01, lot: 1, currency: USD, sector: it}\n',
    )
    known = settings.load(home).instruments
    assert known == settings.read_instruments(home)
    assert known['AAPL'] == market.Instrument(
        'AAPL', tick=0.01, lot=1.0, currency='USD', sector='it'
    )


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('AAPL: {tick: -1}', 'tick'),
        ('AAPL: {size: 1}', "unknown key 'size'"),
    ],
)
def test_an_instrument_that_makes_no_sense_names_its_line(home, text, words):
    error = _refused(home, 'instruments.yaml', f'instruments:\n  {text}\n')
    assert error.line == 2
    assert words in str(error)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('AAPL: {currency: EUR}', "profile 'demo': AAPL is in EUR and the"),
        ('AAPL: {calendar: 24/7}', 'AAPL has the hours of 24/7, not of XNYS'),
        ('AAPL: {multiplier: 100}', 'AAPL has the multiplier 100'),
    ],
)
def test_a_profile_that_an_instrument_does_not_fit_is_not_opened(
    home, text, words
):
    path = _write(home, 'instruments.yaml', f'instruments:\n  {text}\n')
    loaded = settings.load(home)
    with pytest.raises(errors.ConfigError, match=re.escape(words)) as caught:
        loaded.profile('demo')
    assert (caught.value.path, caught.value.line) == (path, 2)
    # One that has not got it is in order.
    assert loaded.profile('crypto').symbols


def test_an_instrument_that_no_profile_has_may_be_in_any_currency(home):
    _write(home, 'instruments.yaml', 'instruments: {VOD: {currency: GBP}}\n')
    assert settings.load(home).instruments['VOD'].currency == 'GBP'


def test_archives_lie_where_the_configuration_is(home):
    text = 'archives:\n  a: {path: bars}\n  b: {path: /data, calendar: 24/7}\n'
    _write(home, 'data.yaml', text)
    found = settings.load(home).services
    assert found['a'].path == str(home.config / 'bars')
    assert (found['b'].path, found['b'].calendar) == ('/data', '24/7')


def test_made_up_bars_are_a_source_that_ships(home):
    found = settings.load(home).services['synthetic']
    assert found == settings.Generator()


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('generators: {binance: {}}', 'that is a service; rename it'),
        ('archives: {synthetic: {path: x}}', 'that is another source'),
        ('generators: {mine: {symbols: 0}}', 'symbols'),
        ('generators: {mine: {model: brown}}', 'brown'),
    ],
)
def test_a_source_that_makes_no_sense_names_its_line(home, text, words):
    error = _refused(home, 'data.yaml', f'{text}\n')
    assert words in str(error)


def test_a_feed_may_have_sources_of_data_yaml(home):
    _write(home, 'data.yaml', 'archives: {mine: {path: bars}}\n')
    _write(
        home,
        'sting.yaml',
        'feeds: {f: {kind: market, sources: [mine, synthetic, yahoo]}}\n',
    )
    assert settings.load(home).feeds['f'].sources[0] == 'mine'
    error = _refused(
        home, 'sting.yaml', 'feeds: {f: {kind: market, sources: [mein]}}\n'
    )
    assert "unknown source 'mein'; did you mean 'mine'" in str(error)


LIVE = (
    'profiles: {{real: {{mode: live, broker: {broker}, feed: {feed}, '
    'symbols: [AAPL]{more}}}}}\n'
)


def test_live_needs_the_number_of_its_account(home, tmp_path, monkeypatch):
    plugins.install(tmp_path, monkeypatch)
    error = _refused(
        home,
        'sting.yaml',
        LIVE.format(broker='mine', feed='binance', more=''),
    )
    assert 'live needs account' in str(error)
    assert error.line == 1


def test_live_is_not_played(home, tmp_path, monkeypatch):
    error = _refused(
        home,
        'sting.yaml',
        LIVE.format(broker='paper', feed='binance', more=', account: U1'),
    )
    assert 'write mode: paper' in str(error)


@pytest.mark.parametrize('feed', ['demo', 'sample', 'made_up'])
def test_live_trades_on_prices_of_a_market(home, tmp_path, monkeypatch, feed):
    plugins.install(tmp_path, monkeypatch)
    error = _refused(
        home,
        'sting.yaml',
        'feeds: {made_up: {kind: market, sources: [synthetic]}}\n'
        + LIVE.format(broker='mine', feed=feed, more=', account: U1'),
    )
    assert 'name a feed of kind: market' in str(error)
    assert error.line == 2


def test_a_live_profile_of_a_market_is_taken(home, tmp_path, monkeypatch):
    plugins.install(tmp_path, monkeypatch)
    _write(
        home,
        'sting.yaml',
        LIVE.format(broker='mine', feed='binance', more=', account: U1'),
    )
    assert settings.load(home).profile('real').account == 'U1'


SEVERAL = """profiles:
  both:
    mode: {mode}
    broker: mine
    feed: {feed}
    symbols: [AAPL, TSLA, ESZ4]
    {more}
"""


@pytest.fixture
def several(home, tmp_path, monkeypatch):
    """Writes a profile of brokers `mine` and `second`."""
    plugins.install(tmp_path, monkeypatch)
    plugins.install(tmp_path, monkeypatch, 'second')

    def write(more, mode='paper', feed='demo'):
        return SEVERAL.format(mode=mode, feed=feed, more=more)

    return write


def test_a_profile_of_several_brokers_routes_by_symbol_and_pattern(
    home, several
):
    routes = "routes: {TSLA: second, 'ES*': second}"
    accounts = 'accounts: {mine: U1, second: V2}'
    text = several(f'{routes}\n    {accounts}\n    backup: second')
    _write(home, 'sting.yaml', text)
    found = settings.load(home).profile('both')
    assert found.venues == ('mine', 'second')
    assert found.typed == 'U1,V2'
    part = found.at('second')
    assert (part.broker, part.account, part.venues) == (
        'second',
        'V2',
        ('second',),
    )


def test_a_symbols_own_name_counts_before_a_pattern(home, several):
    text = several("routes: {TSLA: second, 'T*': mine}")
    _write(home, 'sting.yaml', text)
    found = settings.load(home).profile('both')
    assert [found.route(each) for each in found.symbols] == [
        'mine',
        'second',
        'mine',
    ]


def test_one_broker_is_typed_and_is_its_own_part(home):
    found = settings.load(home).profile('paper')
    assert found.venues == ('paper',)
    assert found.at('paper') == found
    assert found.typed == ''


@pytest.mark.parametrize(
    ('more', 'line', 'words'),
    [
        ('routes: {TSLA: secnd}', 7, "unknown broker 'secnd'; did you mean"),
        ('backup: secnd', 7, "unknown broker 'secnd'; did you mean"),
        ('routes: {NVDA: second}', 7, "'NVDA' is none of the symbols"),
        (
            "routes: {'T*': second, '*A': mine}",
            7,
            "TSLA is 'T*', which goes to second, and '*A', which goes to mine",
        ),
        ('routes: {TSLA: mine}', 2, 'routes: there is one broker, mine'),
        ('backup: mine', 2, 'backup: there is one broker, mine'),
        ('accounts: {mine: U1}', 2, 'write account:'),
        ('routes: {TSLA: paper}', 2, 'paper is played here'),
        ('backup: second\n    account: U1', 2, 'write accounts:'),
        (
            'backup: second\n    accounts: {mine: U1}',
            2,
            'one of each broker, and no other: mine, second',
        ),
        (
            'backup: second\n    accounts: {mine: U1, second: V2, third: W3}',
            2,
            'one of each broker, and no other: mine, second',
        ),
    ],
)
def test_several_brokers_that_make_no_sense_are_refused(
    home, several, more, line, words
):
    error = _refused(home, 'sting.yaml', several(more))
    assert words in str(error)
    assert error.line == line


def test_live_needs_the_account_of_each_broker(home, several):
    error = _refused(
        home, 'sting.yaml', several('backup: second', 'live', 'binance')
    )
    assert 'one of each broker' in str(error)


def test_a_broker_that_nobody_has_is_refused_with_those_there_are(home):
    error = _refused(
        home, 'sting.yaml', 'profiles: {demo: {broker: nowhere}}\n'
    )
    assert "unknown broker 'nowhere'; there are: " in str(error)


def test_a_file_of_a_broker_of_another_package_is_its_own(
    home, tmp_path, monkeypatch
):
    plugins.install(tmp_path, monkeypatch)
    _write(home, 'exchanges/mine.yaml', 'where: [a, {b: 1}]\nfast: true\n')
    assert settings.load(home).plugins == {
        'mine': {'where': ['a', {'b': 1}], 'fast': True}
    }


def test_keys_and_themes_are_left_to_the_terminal(home):
    _write(home, 'keymap.yaml', 'buy: B\n')
    _write(home, 'themes/mine.yaml', 'name: mine\n')
    assert settings.load(home).default == 'demo'


def test_a_file_of_a_broker_that_is_not_installed_is_refused(home):
    assert 'unknown file' in str(
        _refused(home, 'exchanges/mine.yaml', 'where: here\n')
    )


@pytest.mark.parametrize(
    ('file', 'text'),
    [
        ('exchanges/alpaca.yaml', 'api_key: canary\n'),
        ('exchanges/alpaca.yaml', 'SECRET: canary\n'),
        ('exchanges/ibkr.yaml', 'host: h\npassword: canary\n'),
        ('exchanges/mine.yaml', 'login: {access_token: canary}\n'),
        ('sting.yaml', 'profiles: {demo: {secret_key: canary}}\n'),
    ],
)
def test_keys_in_a_file_are_refused_and_not_repeated(
    home, tmp_path, monkeypatch, file, text
):
    plugins.install(tmp_path, monkeypatch)
    error = _refused(home, file, text)
    assert 'put it into the environment or the keyring' in str(error)
    assert 'canary' not in str(error)
    assert error.line == text.count('\n')


def test_a_bus_names_the_files_of_its_keys_and_no_token(home):
    text = 'profiles: {demo: {bus: {url: "tls://x", certificate: c, %s}}}\n'
    _write(home, 'sting.yaml', text % 'key: k, token: true')
    assert settings.load(home).profile('demo').bus.key == 'k'
    error = _refused(home, 'sting.yaml', text % 'key: k, token: canary')
    assert 'canary' not in str(error)


def test_two_packages_with_one_broker_are_refused(home, tmp_path, monkeypatch):
    plugins.install(tmp_path / 'a', monkeypatch)
    plugins.install(tmp_path / 'b', monkeypatch, package='another')
    with pytest.raises(errors.ConfigError, match='two packages'):
        brokers.known('mine')
