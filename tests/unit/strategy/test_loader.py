import dataclasses
import inspect
import sys

import pytest

from sting import strategy
from sting.model import errors
from sting.strategy import loader
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

ONE = """\
from sting import strategy

class One(strategy.AbstractStrategy):
    parameters = {'n': strategy.Parameter(3, low=1, doc='how many')}
"""

TWO = (
    ONE
    + """
class Two(strategy.AbstractStrategy):
    pass

class _Hidden(strategy.AbstractStrategy):
    pass

Alias = Two
number = 1
"""
)


@pytest.fixture(autouse=True)
def _clean_path(monkeypatch):
    monkeypatch.setattr(sys, 'path', list(sys.path))


def message(reference):
    with pytest.raises(errors.StrategyError) as caught:
        loader.load(str(reference))
    return str(caught.value)


def test_a_module_with_one_strategy_needs_no_class():
    found = loader.load('sting.library.sma_cross')
    assert found.__name__ == 'SmaCross'


def test_a_class_of_a_module_is_named_after_a_colon():
    found = loader.load('sting.library.buy_and_hold:BuyAndHold')
    assert issubclass(found, strategy.AbstractStrategy)


def test_a_file_with_one_strategy_needs_no_class(tmp_path):
    path = samples.write(tmp_path, 'one.py', ONE)
    assert loader.load(str(path)).__name__ == 'One'


def test_a_class_of_a_file_is_named_after_a_colon(tmp_path):
    path = samples.write(tmp_path, 'two.py', TWO)
    assert loader.load(f'{path}:Two').__name__ == 'Two'


def test_files_of_one_name_are_two_modules(tmp_path):
    (tmp_path / 'a').mkdir()
    first = loader.load(str(samples.write(tmp_path, 'one.py', ONE)))
    second = loader.load(str(samples.write(tmp_path / 'a', 'one.py', ONE)))
    assert first.__module__ != second.__module__


def test_a_changed_file_is_read_anew(tmp_path):
    path = samples.write(tmp_path, 'one.py', ONE)
    loader.load(str(path))
    path.write_text(ONE.replace('One', 'Uno'))
    assert loader.load(str(path)).__name__ == 'Uno'


def test_a_file_may_import_its_neighbour(tmp_path):
    samples.write(tmp_path, 'neighbour_of_one.py', 'VALUE = 4\n')
    path = samples.write(
        tmp_path,
        'one.py',
        'import neighbour_of_one\n' + ONE + '    n = neighbour_of_one.VALUE\n',
    )
    assert loader.load(str(path)).n == 4


def test_a_file_may_define_dataclasses(tmp_path):
    path = samples.write(
        tmp_path,
        'one.py',
        'from __future__ import annotations\nimport dataclasses\n'
        + ONE
        + '@dataclasses.dataclass\nclass Note:\n    n: int = 1\n',
    )
    found = loader.load(str(path))
    assert dataclasses.is_dataclass(sys.modules[found.__module__].Note)


def test_a_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    samples.write(tmp_path, 'one.py', ONE)
    assert loader.load('~/one.py').__name__ == 'One'


def test_several_strategies_are_listed(tmp_path):
    path = samples.write(tmp_path, 'two.py', TWO)
    assert message(path) == (
        f'{path}: has several strategies: One, Two; name one, as {path}:One'
    )


def test_a_file_without_a_strategy_says_so(tmp_path):
    path = samples.write(tmp_path, 'none.py', 'from sting import strategy\n')
    assert message(path) == (
        f'{path}: has no strategy: no class derives from '
        'strategy.AbstractStrategy'
    )


def test_a_misspelt_class_is_answered_with_the_nearest(tmp_path):
    path = samples.write(tmp_path, 'two.py', TWO)
    assert message(f'{path}:Twoo') == (
        f'{path}: has no class Twoo; did you mean Two? '
        '(its strategies: One, Two)'
    )


def test_what_is_not_a_strategy_is_refused(tmp_path):
    path = samples.write(tmp_path, 'two.py', TWO)
    assert 'number does not derive from' in message(f'{path}:number')


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / 'gone.py'
    assert message(path) == (
        f'{path}: cannot be read: No such file or directory; check the path'
    )


def test_a_folder_is_no_strategy(tmp_path):
    assert 'Is a directory' in message(tmp_path)


def test_another_kind_of_file_is_refused(tmp_path):
    path = samples.write(tmp_path, 'notes.txt', ONE)
    assert message(path) == f'{path}: is not a Python file (.py)'


def test_a_syntax_error_is_named_with_its_line(tmp_path):
    path = samples.write(tmp_path, 'bad.py', 'x = 1\ndef f(:\n')
    assert message(path).startswith(f'{path}:2: SyntaxError: ')
    assert message(path).endswith('; mend this line, or the one before it')


def test_a_syntax_error_of_a_neighbour_is_found_there(tmp_path):
    neighbour = samples.write(tmp_path, 'bad_neighbour.py', 'x = 1\ny = (\n')
    path = samples.write(tmp_path, 'one.py', 'import bad_neighbour\n')
    assert message(path).startswith(f'{neighbour}:2: SyntaxError: ')


def test_a_failing_import_is_named_with_its_line(tmp_path):
    path = samples.write(tmp_path, 'one.py', '\nimport no_such_thing\n')
    assert message(path) == (
        f"{path}:2: ModuleNotFoundError: No module named 'no_such_thing'; "
        'install it, or correct the import'
    )


@pytest.mark.parametrize('code', ['1 / 0', 'raise SystemExit(3)'])
def test_a_file_that_raises_is_named_with_its_line(tmp_path, code):
    path = samples.write(tmp_path, 'raises_at_import.py', f'\n\n{code}\n')
    assert message(path).startswith(f'{path}:3: ')
    assert not any('raises_at_import' in name for name in sys.modules)


@pytest.mark.parametrize('name', ['no.such.module', 'sting.library.nothing'])
def test_a_missing_module_is_named(name):
    assert message(name) == (
        f'there is no module {name!r}; give a module or path/to/file.py'
    )


def test_a_name_without_a_dot_may_be_a_file():
    assert 'given as dip.py or path/to/dip.py' in message('dip')


def test_a_misspelt_module_is_corrected():
    name = 'sting.library.macd_trnd'
    assert message(name).endswith('did you mean sting.library.macd_trend?')


@pytest.mark.parametrize('name', ['', '..x'])
def test_what_is_no_module_is_refused(name):
    assert 'is not a module' in message(name)


def test_a_module_that_raises_is_named_with_its_line(tmp_path):
    sys.path.append(str(tmp_path))
    path = samples.write(tmp_path, 'raising_module.py', '\n1 / 0\n')
    assert message('raising_module').startswith(f'{path}:2: ZeroDivision')


def test_a_module_with_a_failing_import_is_named_with_its_line(tmp_path):
    sys.path.append(str(tmp_path))
    path = samples.write(tmp_path, 'importing_module.py', 'import nothing_x\n')
    assert message('importing_module').startswith(f'{path}:1: ModuleNotFound')


def test_timeframes_that_are_none_are_refused(tmp_path):
    path = samples.write(
        tmp_path,
        'one.py',
        """\
        from sting import strategy

        class One(strategy.AbstractStrategy):
            timeframes = '1h'
        """,
    )
    assert message(path) == (
        f"{path}: One.timeframes is '1h'; it must be a tuple such as "
        "('1h', '1d')"
    )


def test_a_parameter_that_is_a_bare_value_is_refused(tmp_path):
    path = samples.write(
        tmp_path,
        'one.py',
        """\
        from sting import strategy

        class One(strategy.AbstractStrategy):
            parameters = {'n': 3}
        """,
    )
    assert message(path) == (
        f"{path}: One.parameters['n'] is 3; make it strategy.Parameter(3)"
    )


def test_create_gives_an_instance_with_its_parameters(tmp_path):
    path = samples.write(tmp_path, 'one.py', ONE)
    made = loader.create(str(path), 'first', {'n': '7'})
    assert (made.name, made.parameters) == ('first', {'n': 7})


def test_create_refuses_a_bad_parameter():
    with pytest.raises(errors.StrategyError, match='fast is'):
        loader.create('sting.library.sma_cross', 's', {'fast': 'x'})


def test_create_names_the_line_of_a_failing_init(tmp_path):
    path = samples.write(
        tmp_path,
        'one.py',
        ONE + '    def __init__(self, name, parameters):\n        1 / 0\n',
    )
    with pytest.raises(errors.StrategyError) as caught:
        loader.create(str(path), 's', {})
    assert str(caught.value) == (
        f'{path}:6: ZeroDivisionError: division by zero'
    )


def test_create_asks_for_the_call_of_the_parent(tmp_path):
    path = samples.write(
        tmp_path,
        'one.py',
        ONE + '    def __init__(self, name, parameters):\n        pass\n',
    )
    with pytest.raises(errors.StrategyError) as caught:
        loader.create(str(path), 's', {})
    assert str(caught.value) == (
        f'{path}:3: One.__init__ must begin with '
        'super().__init__(name, parameters)'
    )


def test_a_description_has_a_row_for_each_parameter(tmp_path):
    path = samples.write(tmp_path, 'one.py', ONE)
    kind = loader.load(str(path))
    rows = [loader.describe(kind), loader.describe(kind, {'n': 5})]
    assert [(row.value, row.low, row.high) for (row,) in rows] == [
        (3, 1, None),
        (5, 1, None),
    ]
    for (row,) in rows:
        assert (row.name, row.default) == ('n', 3)
        assert (row.allowed, row.doc) == ('an int of at least 1', 'how many')


def test_source_of_a_loaded_class_can_be_read(tmp_path):
    path = samples.write(tmp_path, 'one.py', ONE)
    assert 'class One' in inspect.getsource(loader.load(str(path)))
