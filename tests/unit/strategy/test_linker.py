import enum
import functools
import math
import types
from typing import NamedTuple

import numba
import numpy as np
import pytest

from sting.model import errors
from sting.strategy import linker

pytestmark = pytest.mark.unit


def load(text, **names):
    """Runs source and gives its function `f`."""
    space = {'__name__': 'tests.made', **names}
    exec(compile(text, 'made.py', 'exec'), space)
    return space['f']


def digest(function):
    links = linker.Linker()
    links.link(function)
    return links.digest()


def call(function, *arguments):
    return linker.Linker().link(function)(*arguments)


class Side(enum.IntEnum):
    BUY = 1
    SELL = 2


class Pair(NamedTuple):
    one: float
    two: float


SCALE = 3.0
WEIGHTS = (1.0, 2.5)


def scaled(value, by=SCALE):
    return value * by


def chosen(value):
    if int(value) == Side.SELL:
        return scaled(value) + WEIGHTS[1]
    return 0.0


TRIED = 'def f(x):\n    try:\n        y = x[3]\n'
CAUGHT = '    except Exception:\n        return -1.0\n'


def last_digit(value):
    if value < 10.0:
        return value
    return last_digit(value - 10.0)


def test_a_function_calls_what_it_calls():
    assert call(chosen, 2.0) == chosen(2.0) == 8.5


def test_functions_of_a_module_are_linked_through_it():
    inner = load('def f(x):\n    return x + offset', offset=0.25)
    module = types.ModuleType('tests.helper')
    module.f = inner
    outer = load('def f(x):\n    return helper.f(x)', helper=module)
    assert call(outer, 1.0) == 1.25


def test_closures_are_linked():
    def make(function, offset):
        def inner(value):
            return function(value) + offset

        return inner

    assert call(make(scaled, 0.5), 2.0) == 6.5
    assert digest(make(scaled, 0.5)) != digest(make(scaled, 0.25))
    assert digest(make(scaled, 0.5)) != digest(make(chosen, 0.5))


def test_functions_inside_a_function_are_linked():
    outer = load(
        'def f(x):\n    def g(y):\n        return scaled(y)\n    return g(x)',
        scaled=scaled,
    )
    assert call(outer, 2.0) == 6.0


def test_a_function_that_calls_itself_is_linked_once():
    assert call(last_digit, 12.5) == 2.5


def test_what_numba_has_wrapped_is_compiled_anew():
    wrapped = numba.njit(fastmath=True)(scaled)
    outer = load('def f(x):\n    return wrapped(x)', wrapped=wrapped)
    assert call(outer, 2.0) == 6.0
    plain = load('def f(x):\n    return wrapped(x)', wrapped=scaled)
    assert digest(outer) == digest(plain)


def test_what_numba_knows_is_left_alone():
    outer = load(
        'def f(x):\n    return root(x) + np.sign(x) + float(math.pi)',
        root=math.sqrt,
        np=np,
        math=math,
        float=float,
    )
    assert call(outer, 4.0) == 3.0 + math.pi


def test_a_named_tuple_can_be_made():
    outer = load('def f(x):\n    p = Pair(x, 2.0)\n    return p.two', Pair=Pair)
    assert call(outer, 1.0) == 2.0


def test_equal_functions_have_equal_digests():
    text = 'def f(x):\n    return x * 2.0'
    assert digest(load(text)) == digest(load(f'\n\n# a remark\n{text}'))


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        ('def f(x):\n    return x + 1', 'def f(x):\n    return x - 1'),
        ('def f(x):\n    return x + 1', 'def f(x):\n    return x + 1.0'),
        ('def f(x):\n    return x + 1', 'def f(x):\n    return x + True'),
        ('def f(x, y=1):\n    return y', 'def f(x, y=2):\n    return y'),
        ('def f(x, *, y=1):\n    return y', 'def f(x, *, y=2):\n    return y'),
        ('def f(x):\n    return min(x, 1)', 'def f(x):\n    return max(x, 1)'),
        (
            'def f(x):\n    def g(y): return y + 1\n    return g(x)',
            'def f(x):\n    def g(y): return y + 2\n    return g(x)',
        ),
        # The same instructions; what is raised where is caught differs.
        (
            f'{TRIED}        return y + x[4]\n{CAUGHT}',
            f'{TRIED}{CAUGHT}    else:\n        return y + x[4]\n',
        ),
    ],
)
def test_other_code_has_another_digest(one, other):
    assert digest(load(one)) != digest(load(other))


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        (1, 2),
        (1, 1.0),
        (0.1, math.nextafter(0.1, 1.0)),
        ((1, 2.0), (1, 3.0)),
        (np.float64(1.0), np.float64(2.0)),
        (Side.BUY, Side.SELL),
        (Pair, NamedTuple('Pair', [('one', float)])),
        (math.sin, math.cos),
        (scaled, chosen),
    ],
)
def test_another_value_of_a_global_has_another_digest(one, other):
    text = 'def f(x):\n    return x + used'
    found = {digest(load(text, used=value)) for value in (one, other)}
    assert len(found) == 2


def test_values_reached_through_modules_and_functions_count():
    def made(value, deep):
        inner = types.ModuleType('tests.i')
        inner.deep = deep
        module = types.ModuleType('tests.outer')
        module.inner, module.value, module.other = inner, value, object()
        step = load('def f(x):\n    return x + m.inner.deep', m=module)
        return digest(
            load('def f(x):\n    return g(m.value)', g=step, m=module)
        )

    assert made(1, 2) == made(1, 2)
    assert len({made(1, 2), made(1, 3), made(4, 2)}) == 3


def test_members_of_an_enumeration_count():
    text = 'def f(x):\n    return x + kinds.BUY'
    other = enum.IntEnum('Side', [('BUY', 3), ('SELL', 2)])
    assert digest(load(text, kinds=Side)) != digest(load(text, kinds=other))


@pytest.mark.parametrize(
    'value',
    [
        {'a': 1},
        [1.0],
        np.zeros(3),
        object(),
        (1.0, [2.0]),
        functools.partial(scaled, 1.0),
        pytest,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_compiled_is_named_with_its_line(value):
    if value is pytest:
        # A module by itself is no value, but its attributes may be.
        value = types.ModuleType('tests.module')
        value.value = object()
        text = 'def f(x):\n    y = x\n    return y + used.value'
        name = 'value'
    else:
        text = 'def f(x):\n    y = x\n    return y + used'
        name = 'used'
    with pytest.raises(errors.StrategyError) as raised:
        digest(load(text, used=value))
    assert f'f uses {name}, a' in str(raised.value)
    assert raised.value.line == 3
    assert str(raised.value.path) == 'made.py'


@pytest.mark.parametrize('file', ['one.py', 'other.py'])
@pytest.mark.parametrize('gap', [0, 2])
def test_equal_functions_are_each_named_where_they_are(file, gap):
    # Code is equal whatever file it is of, and whatever its later lines.
    text = 'def f(x):\n' + '\n' * gap + '    return x + used'
    space = {'__name__': 'tests.made', 'used': object()}
    exec(compile(text, file, 'exec'), space)
    with pytest.raises(errors.StrategyError) as raised:
        digest(space['f'])
    assert (str(raised.value.path), raised.value.line) == (file, 2 + gap)


def test_a_name_that_a_module_does_not_have_is_left_to_numba():
    module = types.ModuleType('tests.module')
    digest(load('def f(x):\n    return used.nothing', used=module))
