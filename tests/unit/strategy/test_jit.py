import pytest

from sting.model import errors
from sting.strategy import jit

pytestmark = pytest.mark.unit


def double(value):
    return value + value


def mixed(value):
    if value > 1.0:
        return 'text'
    return value


def calls_mixed(value):
    return mixed(value)


def unknown(value):
    return missing(value)  # noqa: F821


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    monkeypatch.setattr(jit, '_known', {})


def test_code_is_kept_in_the_users_cache(tmp_path):
    assert jit.compile(double, (1.0,))(2.0) == 4.0
    folder = tmp_path / 'cache' / 'compiled'
    assert [each.suffix for each in folder.iterdir()] == ['.code']
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_home_that_cannot_be_made_costs_only_time(tmp_path, monkeypatch):
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('STING_HOME', str(tmp_path / 'file'))
    assert jit.compile(double, (1.0,))(2.0) == 4.0


def test_what_is_compiled_is_known_from_then_on():
    assert jit.compile(double, (1.0,)) is jit.compile(double, (3.0,))
    assert jit.compile(double, (1,)) is not jit.compile(double, (1.0,))


def test_no_two_functions_have_the_same_symbol():
    def made(offset):
        def inner(value):
            return value + offset

        return inner

    names = []
    for offset in (1.0, 2.0):
        (result,) = jit.compile(made(offset), (1.0,)).overloads.values()
        # Numba's count of functions would differ in one process alone.
        name, _, key = result.fndesc.qualname.rpartition('_')
        assert name.endswith('inner')
        names.append(key)
    assert len(set(names)) == 2


def test_whole_numbers_given_for_others_are_not_compiled_for():
    made = jit.compile(double, (1.0,))
    assert made(2) == 4.0
    assert len(made.nopython_signatures) == 1


def test_the_type_of_a_result_is_known():
    assert jit.result_type(jit.compile(double, (1.0,))) == jit.type_of(1.0)


@pytest.mark.parametrize(
    ('function', 'name', 'words'),
    [
        (mixed, 'mixed', "Can't unify return type"),
        (calls_mixed, 'mixed', "Can't unify return type"),
        (unknown, 'unknown', "name 'missing' is not defined"),
    ],
)
def test_what_cannot_be_compiled_is_said_in_one_line(function, name, words):
    with pytest.raises(errors.StrategyError) as raised:
        jit.compile(function, (1.0,))
    text = str(raised.value)
    assert '\n' not in text
    assert words in text
    code = globals()[name].__code__
    assert str(raised.value.path) == code.co_filename
    first = code.co_firstlineno
    assert first <= raised.value.line <= first + 4


def test_a_number_too_large_is_said():
    with pytest.raises(errors.StrategyError, match='give numbers'):
        jit.compile(double, (2**80,))


def test_compiling_that_is_switched_off_is_said(monkeypatch):
    monkeypatch.setattr(jit.config, 'DISABLE_JIT', True)
    with pytest.raises(errors.StrategyError, match='NUMBA_DISABLE_JIT'):
        jit.compile(double, (1.0,))


def test_the_processor_and_the_versions_enter_the_key(monkeypatch):
    first = jit.compile(double, (1.0,))
    monkeypatch.setattr(jit, '_machine', lambda: ('another',))
    second = jit.compile(double, (1.0,))
    assert first is not second
    assert not second._cache.hit
    known = dict(zip(('name', 'features'), jit._machine(), strict=False))
    assert known
