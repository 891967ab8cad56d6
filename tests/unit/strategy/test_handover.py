"""What ran, and two versions compared."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.model import orders
from sting.model import specs
from sting.strategy import handover
from sting.strategy import wire

pytestmark = pytest.mark.unit

BUY, SELL = orders.OrderSide.BUY, orders.OrderSide.SELL
KIND = orders.SignalKind


def ran(code, parameters=None, **sources):
    return handover.Ran(
        specs.StrategySpec('mine', 'x.py', parameters=parameters or {}),
        code,
        {name: (f'/{name}', digest) for name, digest in sources.items()},
    )


def test_what_ran_is_the_same_with_its_code_and_its_parameters():
    one = ran('a', {'n': 1})
    assert one.same(ran('a', {'n': 1}))
    assert not one.same(ran('b', {'n': 1}))
    assert not one.same(ran('a', {'n': 2}))


def test_a_change_is_told_by_files_and_parameters():
    before = ran('a', {'n': 1, 'gone': 2}, x='1', y='1')
    after = ran('b', {'n': 3}, x='2', y='1')
    assert before.change_to(after) == (
        'x changed; n 3 (was 1); gone its default (was 2)'
    )
    assert before.change_to(before) == 'nothing changed'


def test_versions_go_back_one_by_one():
    kept = handover.Versions()
    first, second, third = ran('a'), ran('b'), ran('c')
    assert kept.take(first) == ''
    kept.take(second)
    kept.take(third)
    assert kept.past == [first, second]
    kept.take(second, back=True)
    assert (kept.past, kept.now, kept.stays) == ([first], second, 'b')
    kept.take(third)
    assert (kept.past, kept.stays) == ([first, second], '')


def test_what_runs_again_as_it_was_is_no_version_of_its_own():
    kept = handover.Versions()
    kept.take(ran('a'))
    assert kept.take(ran('a')) == 'nothing changed'
    assert kept.past == []


def test_as_many_versions_are_kept_as_there_are_copies():
    kept = handover.Versions()
    for number in range(50):
        kept.take(ran(str(number)))
    assert len(kept.past) == 20
    assert kept.past[-1].code == '48'


def answer(seq, *signals):
    return wire.Answer(seq, 0.0, list(signals), [])


def wish(side=BUY, quantity=1.0, **fields):
    return orders.Signal(symbol='X', side=side, quantity=quantity, **fields)


@pytest.fixture
def told():
    return []


@pytest.fixture
def shadow(told):
    return handover.Shadow(told.append)


def test_the_same_wishes_do_not_differ(shadow, told):
    shadow.hear(answer(7, wish(reason='a', code='1')), new=False)
    shadow.hear(answer(7, wish(reason='b', code='2')), new=True)
    assert told == []
    assert shadow.summary() == '0 of 1 answers differed'


@pytest.mark.parametrize(
    ('other', 'words'),
    [
        ([], 'nothing'),
        ([wish(SELL)], 'sell 1 X'),
        ([wish(), wish(quantity=2.5)], 'buy 1 X and buy 2.5 X'),
        ([wish(price=5.0)], 'buy 1 X limit 5'),
        ([wish(stop_price=6.0)], 'buy 1 X stop 6'),
        ([wish(None, None, weight=0.5)], 'order 0.5 X'),
        (
            [orders.Signal(symbol='', kind=KIND.CANCEL, order_id='o-1')],
            'cancel o-1',
        ),
    ],
)
def test_other_wishes_are_told(shadow, told, other, words):
    shadow.hear(answer(7, wish()), new=False)
    shadow.hear(answer(7, *other), new=True)
    assert told == [
        f'to event 7 the old version wants buy 1 X, the new one {words}'
    ]
    assert (shadow.answers, shadow.differ) == (1, 1)


def test_cancels_of_different_orders_differ(shadow, told):
    for new in (False, True):
        cancel = orders.Signal(symbol='', kind=KIND.CANCEL, order_id=f'{new}')
        shadow.hear(answer(7, cancel), new=new)
    assert len(told) == 1


@given(
    old=st.sets(st.integers(0, 30)),
    new=st.sets(st.integers(0, 30)),
    data=st.data(),
)
def test_only_answers_to_the_same_event_are_compared(old, new, data):
    shadow = handover.Shadow(lambda text: None)
    waiting = {False: sorted(old), True: sorted(new)}
    while any(waiting.values()):
        side = data.draw(st.sampled_from([s for s in waiting if waiting[s]]))
        seq = waiting[side].pop(0)
        shadow.hear(answer(seq, wish(quantity=seq + 1.0)), new=side)
    assert shadow.differ == 0
    assert shadow.answers == len(old & new)
