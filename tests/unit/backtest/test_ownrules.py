"""Risk rules of the user's own, of a file, a module or an entry point."""

import copy
import importlib.metadata
import pathlib
import pickle
import re

import pytest

from sting import settings
from sting.backtest import ownrules
from sting.model import errors
from sting.model import records
from sting.risk import manager
from sting.risk import rules
from tests.unit.risk import worlds
from tests.unit.session import stations

pytestmark = pytest.mark.unit

APPROVE, DENY = records.Decision.APPROVE, records.Decision.DENY
GUIDE = pathlib.Path(__file__).parents[3] / 'docs' / 'guides' / 'RISK.md'
PLAIN = """
from sting.risk import rules

class Odd(rules.AccountRule):
    name, unit = 'odd', 'units'

    def figure(self, order, account):
        return order.remaining % 2
"""


class Packaged(rules.AccountRule):
    name, unit = 'packaged', 'units'

    def figure(self, order, system):
        return order.remaining


def configured(tmp_path, entry, code=PLAIN):
    """Gives the settings of a profile with one rule of its own."""
    home = stations.home_in(tmp_path)
    (home.config / 'rules').mkdir(parents=True)
    (home.config / 'rules' / 'mine.py').write_text(code)
    (home.config / 'risk.yaml').write_text(f'own:\n  mine: {entry}\n')
    return settings.load(home)


def judged(made, **more):
    gate = manager.RiskManager(made)
    world = worlds.World(X=100.0, Y=100.0)
    return gate.evaluate_order(worlds.order(**more), world.system)


def test_none_is_shipped(tmp_path):
    assert ownrules.make(settings.load(stations.home_in(tmp_path))) == []


def test_a_file_is_found_from_the_folder_of_risk_yaml(tmp_path):
    config = configured(tmp_path, '{rule: rules/mine.py, limit: 0}')
    made = ownrules.make(config)
    assert [rule.name for rule in made] == ['odd(mine)']
    verdict = judged(made, quantity=3.0)
    assert verdict.decision is DENY
    assert verdict.message == 'odd(mine): 1 units is above the limit of 0'
    assert judged(made, quantity=4.0).decision is APPROVE


def test_it_is_for_what_it_is_said_to_be_for(tmp_path):
    config = configured(
        tmp_path,
        '{rule: "rules/mine.py:Odd", limit: 0, soft: true, '
        'for: {symbols: [Y]}}',
    )
    made = ownrules.make(config)
    assert judged(made, quantity=3.0).figures == (0.0, None)
    verdict = judged(made, quantity=3.0, symbol='Y')
    assert (verdict.decision, verdict.figures) == (APPROVE, (0.0, 1.0))
    assert verdict.message


def test_one_that_is_switched_off_is_not_loaded(tmp_path):
    entry = '{rule: rules/none.py, limit: 0, enabled: false}'
    assert ownrules.make(configured(tmp_path, entry)) == []


def test_a_module_is_found_by_its_name(tmp_path):
    entry = f'{{rule: "{__name__}:Packaged", limit: 1}}'
    made = ownrules.make(configured(tmp_path, entry))
    assert judged(made, quantity=2.0).decision is DENY


def points(value):
    point = importlib.metadata.EntryPoint('packaged', value, ownrules.GROUP)

    def found(*, group, name):
        assert group == ownrules.GROUP
        return [point] if name == point.name else []

    return found


def test_an_entry_point_is_found_by_its_name(tmp_path, monkeypatch):
    config = configured(tmp_path, '{rule: packaged, limit: 1}')
    monkeypatch.setattr(
        importlib.metadata, 'entry_points', points(f'{__name__}:Packaged')
    )
    made = ownrules.make(config)
    assert judged(made, quantity=2.0).decision is DENY
    for value, words in (
        (f'{__name__}:configured', 'no class of a rule'),
        ('nowhere.at.all:Rule', 'cannot be loaded: ModuleNotFoundError'),
    ):
        monkeypatch.setattr(importlib.metadata, 'entry_points', points(value))
        with pytest.raises(errors.ConfigError, match=words):
            ownrules.make(config)


TWO = PLAIN + PLAIN.replace('Odd', 'Other').split('\n\n', 1)[1]
BARE = PLAIN.replace('    name, unit = ', '    title = ')
LIMITLESS = PLAIN.replace(
    '    def figure',
    '    def __init__(self, limit):\n        super().__init__()\n\n'
    '    def figure',
)
FAILING = LIMITLESS.replace('super().__init__()', 'nothing(limit)')


@pytest.mark.parametrize(
    ('rule', 'code', 'words'),
    [
        ('rules/none.py', PLAIN, r'none\.py: cannot be read'),
        ('rules/mine.py', 'import x y\n', r'mine\.py:1: SyntaxError'),
        ('rules/mine.py', 'x = 1\n', r'mine\.py: no class derives from'),
        ('rules/mine.py:Od', PLAIN, r'has no rule Od; name one of Odd'),
        ('rules/mine.py', TWO, r'has several rules; name one of Odd, Other'),
        ('rules/mine.py', BARE, r'AttributeError: .*name.*; Odd has `name`'),
        ('rules/mine.py', LIMITLESS, r'TypeError: it has no limit'),
        ('rules/mine.py', FAILING, r'mine\.py:8: NameError'),
        ('no_such_rule', PLAIN, r'no module .no_such_rule'),
    ],
)
def test_what_cannot_be_made_is_told_with_its_line(tmp_path, rule, code, words):
    entry = f'{{rule: "{rule}", limit: 0}}'
    config = configured(tmp_path, entry, code)
    with pytest.raises(errors.ConfigError, match=words) as told:
        ownrules.make(config)
    assert told.value.line == 2
    assert str(told.value.path).endswith('risk.yaml')


def test_a_parameter_that_it_does_not_take_is_told(tmp_path):
    entry = '{rule: rules/mine.py, limit: 0, parameters: {lot: 5}}'
    with pytest.raises(errors.ConfigError, match=r'rule mine: .*lot.*; Odd'):
        ownrules.make(configured(tmp_path, entry))


def test_a_file_that_anybody_may_write_is_refused(tmp_path):
    config = configured(tmp_path, '{rule: rules/mine.py, limit: 0}')
    path = tmp_path / 'config' / 'rules' / 'mine.py'
    path.chmod(0o666)
    with pytest.raises(errors.ConfigError, match=r'chmod o-w .*mine\.py'):
        ownrules.make(config)


def test_a_sector_without_instruments_is_told(tmp_path):
    entry = '{rule: rules/mine.py, limit: 0, for: {sector: none}}'
    with pytest.raises(errors.ConfigError, match='has the sector') as told:
        ownrules.make(configured(tmp_path, entry))
    assert told.value.line == 2


def test_a_strategy_that_is_not_there_is_told(tmp_path):
    entry = '{rule: rules/mine.py, limit: 0, for: {strategy: q}}'
    with pytest.raises(errors.ConfigError, match=r'risk\.yaml:2: .*q'):
        configured(tmp_path, entry)


def test_the_example_of_the_guide_works(tmp_path):
    text = GUIDE.read_text().split('### Rules of your own')[1]
    yaml, code = re.findall(r'```(?:yaml|python)\n(.*?)```', text, re.S)[:2]
    home = stations.home_in(tmp_path)
    (home.config / 'rules').mkdir(parents=True)
    (home.config / 'risk.yaml').write_text(yaml)
    (home.config / 'rules' / 'lots.py').write_text(code)
    made = ownrules.make(settings.load(home))
    assert judged(made, quantity=20.0).decision is APPROVE
    assert judged(made, quantity=15.0).figures == (0.0, 5.0)


def test_a_profile_has_it_among_its_rules(tmp_path):
    config = configured(tmp_path, '{rule: rules/mine.py, limit: 0}')
    home = stations.home_in(tmp_path)
    with stations.running(home):
        pass
    (logged,) = stations.log_of(home, stations.T.RULE_SET)
    assert 'odd(mine)' in logged.data.names
    assert len(config.risk.own) == 1


COUNTING = """
from sting.risk import rules

class Odd(rules.AccountRule):
    name, unit = 'odd', 'orders'
    seen = 0

    def figure(self, order, account):
        self.seen += 1
        return float(self.seen)
"""


def test_each_run_has_a_rule_of_its_own(tmp_path):
    entry = '{rule: rules/mine.py, limit: 9, backtest: true}'
    gate = ownrules.gate_of(configured(tmp_path, entry, COUNTING).risk)
    for other in (copy.deepcopy(gate), pickle.loads(pickle.dumps(gate))):
        world = worlds.World(X=100.0, Y=100.0)
        verdict = other.evaluate_order(worlds.order(quantity=1), world.system)
        assert verdict.figures[-1] == 1.0
        assert other.rules[-1].limit == 9.0


def test_one_that_is_changed_meanwhile_ends_the_runs(tmp_path):
    entry = '{rule: rules/mine.py, limit: 9, backtest: true}'
    config = configured(tmp_path, entry)
    gate = ownrules.gate_of(config.risk)
    path = pathlib.Path(config.risk.own['mine'].rule)
    path.write_text(COUNTING)
    with pytest.raises(errors.ConfigError, match='was changed while this ran'):
        copy.deepcopy(gate)
