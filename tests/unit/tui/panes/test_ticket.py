"""The form that makes an order, and the review line that sends it."""

from concurrent import futures

import msgspec
import pytest
from textual import events
from textual import widgets

from sting.model import commands
from sting.model import orders
from sting.model import records
from sting.model import views
from sting.settings import presets
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui import sizing
from tui.panes import fields

pytestmark = pytest.mark.unit

ARMED = fields.ARM_S + 0.1
TO_REVIEW = ['b', '1', '0', 'enter', 'enter', 'enter']


def review_of(app):
    return app.screen.query_one(fields.Review)


def answer_of(app):
    return str(app.screen.query_one('#answer', widgets.Label).content)


async def test_b_opens_the_ticket_for_the_selected_symbol():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('down', 'b')
        draft = app.screen.ticket.draft
        assert (draft.side, draft.symbol) == ('buy', 'IBM')
        assert app.screen.focused.id == 'field-quantity'


async def test_enter_moves_on_and_stops_at_the_review():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW)
        assert review_of(app).has_focus
        assert 'BUY 10 AAPL market gtc' in review_of(app).text
        await pilot.press(*['enter'] * 20)
        await pilot.pause(ARMED)
        await pilot.press('enter')
        assert not station.given


async def test_y_sends_when_the_line_is_armed():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW)
        await pilot.pause(ARMED)
        assert review_of(app).armed
        await pilot.press('y')
        await pilot.pause()
        assert station.given == [
            commands.SubmitOrder(
                symbol='AAPL',
                side=orders.OrderSide.BUY,
                quantity=10.0,
                reason='ticket',
            )
        ]
        assert 'done' in answer_of(app)
        assert app.screen.focused.id == 'watchlist'


async def test_y_before_the_line_is_armed_sends_nothing(monkeypatch):
    # So long that no slow machine arms the line between two keys.
    monkeypatch.setattr(fields, 'ARM_S', 60.0)
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW, 'y', 'y', 'y')
        assert not station.given


async def test_a_key_disarms_the_line(monkeypatch):
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW)
        await pilot.pause(ARMED)
        monkeypatch.setattr(fields, 'ARM_S', 60.0)
        await pilot.press('x', 'y')
        assert not station.given


async def test_pasted_text_never_sends():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW)
        await pilot.pause(ARMED)
        review_of(app).post_message(events.Paste('y'))
        await pilot.pause()
        assert not station.given
        assert not review_of(app).armed
        await pilot.press('y')
        assert not station.given


async def test_letters_on_the_review_line_open_no_other_ticket():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW, 's', '4', 'question_mark')
        assert app.screen.ticket.draft.side == 'buy'
        assert review_of(app).has_focus


async def test_escape_goes_back_to_the_fields_and_then_out():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW, 'escape')
        assert app.screen.focused.id == 'field-time_in_force'
        assert review_of(app).text == ''
        await pilot.press('escape')
        assert app.screen.focused.id == 'watchlist'


async def test_leaving_the_review_ends_it():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW)
        await pilot.pause(ARMED)
        app.screen.watchlist.focus()
        await pilot.pause()
        assert review_of(app).text == ''
        await pilot.press('y')
        assert not station.given


async def test_a_wrong_number_stays_in_its_field_and_is_told():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b', '1', 'comma', '5', 'enter')
        said = app.screen.query_one('#said-quantity', widgets.Label)
        assert app.screen.focused.id == 'field-quantity'
        assert 'without commas' in str(said.content)
        await pilot.press('backspace', 'backspace')
        assert str(said.content) == ''


async def test_prices_count_by_type():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('s', '5', 'enter')
        price = app.screen.query_one('#field-price')
        stop = app.screen.query_one('#field-stop_price')
        assert price.disabled
        assert stop.disabled
        await pilot.press('l')
        assert not price.disabled
        await pilot.press('s', 's')
        assert app.screen.ticket.draft.type == 'stop_limit'
        assert not price.disabled
        assert not stop.disabled
        await pilot.press('space', 'left', 'left', 'left', 'left')
        assert app.screen.ticket.draft.type == 'market'


async def test_a_limit_order_by_keys():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('s', '5', 'enter', 'l', 'enter', *'99.5', 'enter')
        await pilot.press('d', 'enter')
        await pilot.pause(ARMED)
        await pilot.press('y')
        await pilot.pause()
        assert station.given == [
            commands.SubmitOrder(
                symbol='AAPL',
                side=orders.OrderSide.SELL,
                quantity=5.0,
                type=orders.OrderType.LIMIT,
                price=99.5,
                time_in_force=orders.TimeInForce.DAY,
                reason='ticket',
            )
        ]


async def test_a_refusal_stays_in_the_ticket():
    station = stations.Station()
    station.answer = commands.CommandResult(ok=False, message='too large')
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW)
        await pilot.pause(ARMED)
        await pilot.press('y')
        await pilot.pause()
        assert answer_of(app) == '✗ too large'
        assert app.screen.ticket.draft.quantity == '10'
        assert app.screen.focused.id == 'field-quantity'


async def test_modify_sends_a_replacement_with_what_changed():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'm')
        assert app.screen.query_one('#field-symbol').disabled
        await pilot.press('7', 'enter', 'enter')
        await pilot.pause(ARMED)
        await pilot.press('y')
        await pilot.pause()
        assert station.given == [
            commands.ReplaceOrder(
                order_id='log-101-0-1', quantity=7.0, price=99.5
            )
        ]


async def test_leaving_a_change_clears_the_form():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'm', 'escape')
        assert app.screen.ticket.draft.order_id == ''
        assert app.screen.focused.id == 'orders'


async def test_up_down_and_tab_move_between_fields():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b', '5', 'down')
        assert app.screen.focused.id == 'field-type'
        await pilot.press('up', 'up')
        assert app.screen.focused.id == 'field-symbol'
        await pilot.press('tab')
        assert app.screen.focused.id == 'field-quantity'
        await pilot.press('shift+tab', 'shift+tab')
        assert app.screen.focused.id == 'field-side'
        await pilot.press('shift+tab')
        assert app.screen.focused.id == 'chart'


async def test_down_does_not_leave_a_wrong_field_but_tab_does():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b', 'down')
        assert app.screen.focused.id == 'field-quantity'
        await pilot.press('tab')
        assert app.screen.focused.id == 'field-type'


async def test_a_command_goes_straight_to_the_review():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('colon', *'buy ibm 3 limit 150', 'enter')
        await pilot.pause()
        assert 'BUY 3 IBM limit 150' in review_of(app).text
        assert review_of(app).has_focus
        assert not station.given


async def test_live_orders_are_shown_as_such():
    app = apps.make(stations.Station(stations.snapshot(mode=records.Mode.LIVE)))
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW)
        assert review_of(app).urgent
        assert 'LIVE' in review_of(app).text


async def test_the_selected_symbol_fills_an_idle_ticket_only():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('down')
        await pilot.pause()
        assert app.screen.ticket.draft.symbol == 'IBM'
        await pilot.press('b', '1')
        app.screen.select('GOOG')
        assert app.screen.ticket.draft.symbol == 'IBM'


async def test_the_review_line_shows_whether_it_is_armed():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW)
        review_of(app).disarm()
        assert 'wait' in apps.text_of(review_of(app))[0]
        await pilot.pause(ARMED)
        assert 'y sends' in apps.text_of(review_of(app))[0]
        assert 'BUY 10 AAPL' in apps.text_of(review_of(app))[1]


async def test_a_symbol_outside_the_watchlist_is_told():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b', 'up', *'XYZ')
        app.tick()
        app.screen.ticket.show(app.snapshot)
        said = app.screen.query_one('#said-symbol', widgets.Label)
        assert str(said.content) == 'not in this profile'


async def test_a_symbol_without_a_price_yet_is_not_called_unknown():
    snapshot = stations.snapshot(watch=(views.WatchRow('AAPL'),))
    app = apps.make(stations.Station(snapshot))
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b')
        said = app.screen.query_one('#said-symbol', widgets.Label)
        assert str(said.content) == 'no price yet'


async def test_a_symbol_that_the_profile_has_not_gets_no_review():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('colon', *'buy NOPE 5', 'enter')
        await pilot.pause()
        said = app.screen.query_one('#said-symbol', widgets.Label)
        assert str(said.content) == 'not in this profile'
        assert review_of(app).text == ''


def said(app, name):
    return str(app.screen.query_one(f'#said-{name}', widgets.Label).content)


async def test_the_units_are_shown_as_they_are_typed_and_kept_when_reviewed():
    station = stations.Station(stations.snapshot(equity=100_000.0))
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b')
        assert said(app, 'quantity') == '5000$ 10% 1%r'
        await pilot.press(*'10%')
        units = int(100_000 * 0.1 / station.now.watch[0].last)
        assert said(app, 'quantity') == f'= {units}'
        await pilot.press('enter', 'enter', 'enter')
        assert f'BUY {units} AAPL' in review_of(app).text
        assert '(10%)' in review_of(app).text
        station.now = stations.snapshot(equity=1.0)
        app.tick()
        await pilot.pause(ARMED)
        await pilot.press('y')
        await pilot.pause()
        assert station.given[0].quantity == units


async def test_a_bracket_with_a_trail_and_a_moment_by_keys():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('s', '5', 'enter', 't', 'enter', *'2%', 'enter')
        await pilot.press('g', 'enter', *'2031-12-01', 'down')
        await pilot.press(*'90', 'down', *'10', 'down', 'e', 'enter')
        await pilot.pause(ARMED)
        text = review_of(app).text
        assert 'trailing stop 2% gtd 2031-12-01T23:59:59Z' in text
        painted = ' '.join(apps.text_of(review_of(app)))
        assert 'DEMO paper' in painted
        await pilot.press('y')
        await pilot.pause()
        (sent,) = station.given
        assert (sent.trail, sent.stop_loss, sent.take_profit) == (
            '2%',
            90.0,
            10.0,
        )
        assert sent.extended_hours


async def test_fields_that_do_not_count_are_not_seen():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b')
        row = app.screen.query_one('#row-trail')
        assert not row.display
        await pilot.press('enter', '5', 'enter', 't')
        assert row.display
        await pilot.press('escape', '4', 'm')
        assert not app.screen.query_one('#row-stop_loss').display


async def test_presets_are_taken_one_after_the_other_and_by_name():
    app = apps.make(
        terms=sizing.Terms(
            presets={
                'bracket': presets.Preset(quantity='1%r', stop_loss='2%'),
                'tenth': presets.Preset(quantity='10%'),
            }
        )
    )
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b', 'ctrl+t')
        draft = app.screen.ticket.draft
        assert (draft.symbol, draft.quantity) == ('AAPL', '1%r')
        assert said(app, 'stop_loss').startswith('= ')
        await pilot.press('ctrl+t')
        draft = app.screen.ticket.draft
        assert (draft.quantity, draft.stop_loss) == ('10%', '')
        assert app.screen.ticket.note == 'preset tenth'
        await pilot.press('escape', 'colon', *'preset bracket', 'enter')
        await pilot.pause()
        assert app.screen.ticket.draft.quantity == '1%r'
        await pilot.press('escape', 'colon', *'preset other', 'enter')
        await pilot.pause()
        messages = [notice.message for notice in app._notifications]
        assert messages == ["no preset 'other'; there are bracket, tenth"]


async def test_without_presets_it_is_said_where_they_are_kept():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b', 'ctrl+t', 'escape', '4', 'm', 'ctrl+t')
        first, second = [n.message for n in app._notifications]
        assert 'sting.yaml' in first
        assert 'takes no preset' in second


async def test_enter_goes_to_the_stop_that_a_risk_needs():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('b', *'1%r', 'enter', 'enter', 'enter')
        assert app.screen.focused.id == 'field-stop_loss'
        await pilot.press(*'2%', 'enter')
        assert review_of(app).has_focus
        assert '(1%r)' in review_of(app).text


async def test_a_new_price_does_not_lay_out_the_screen_again(monkeypatch):
    app = apps.make()
    laid_out = []
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        monkeypatch.setattr(
            app.screen, '_refresh_layout', lambda *_: laid_out.append(1)
        )
        before = stations.snapshot()
        watch = tuple(
            msgspec.structs.replace(row, last=123.45) for row in before.watch
        )
        app.workstation.now = stations.snapshot(watch=watch)
        app.tick()
        await pilot.pause()

        said = app.screen.ticket.query_one('#said-symbol')
        assert apps.text_of(said) == ['last 123.45']
    assert not laid_out


class Slow(stations.Station):
    """Answers commands only when it is told to."""

    def __init__(self):
        super().__init__()
        self.waiting = futures.Future()

    def submit(self, command):
        self.given.append(command)
        return self.waiting


@pytest.mark.parametrize('ok', [True, False])
async def test_a_late_answer_takes_nothing_from_the_next_order(ok):
    station = Slow()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW)
        await pilot.pause(ARMED)
        await pilot.press('y', 's', '7')
        station.waiting.set_result(commands.CommandResult(ok=ok, message='it'))
        await pilot.pause()
        await pilot.press('5')
        draft = app.screen.ticket.draft
        assert (draft.side, draft.quantity) == ('sell', '75')
        assert app.screen.focused.id == 'field-quantity'


async def test_a_late_refusal_takes_no_keys_from_another_pane():
    station = Slow()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW)
        await pilot.pause(ARMED)
        await pilot.press('y', '4')
        station.waiting.set_result(
            commands.CommandResult(ok=False, message='too large')
        )
        await pilot.pause()
        assert app.screen.focused.id == 'orders'
        assert answer_of(app) == '✗ too large'


async def test_prices_typed_for_one_symbol_are_not_taken_to_another():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('colon', *'buy aapl 3 limit 50 sl 49 tp 4%', 'enter')
        await pilot.press('escape', 'escape', '1', 'down')
        await pilot.pause()
        draft = app.screen.ticket.draft
        assert (draft.symbol, draft.quantity) == ('IBM', '3')
        assert (draft.price, draft.stop_loss, draft.take_profit) == (
            '', '', '4%',
        )  # fmt: skip


async def test_a_halt_takes_the_review_back():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press(*TO_REVIEW)
        await pilot.pause(ARMED)
        await pilot.press('f9')
        await pilot.pause()
        assert review_of(app).text == ''
        assert 'review it again' in answer_of(app)
        # A resume brings no old order back.
        station.now = stations.snapshot()
        app.tick()
        await pilot.press('y')
        assert not station.given


async def test_in_the_review_risk_judges_what_would_be_sent():
    station = stations.Station(stations.snapshot(equity=100_000.0))
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('colon', *'buy aapl 10%', 'enter')
        await pilot.pause()
        sent = app.screen.ticket._reviewed.quantity
        station.now = stations.snapshot(equity=50_000.0)
        app.tick()
        app.screen.ticket._weigh()
        await pilot.pause()
        assert station.weighed[-1].quantity == float(sent)


async def test_a_price_by_the_market_is_a_number_in_the_review():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('colon', *'buy aapl 3 limit last-1% tp 4%', 'enter')
        await pilot.pause()
        shown = review_of(app).text
        assert 'last' not in shown
        last = next(
            row.last for row in station.now.watch if row.symbol == 'AAPL'
        )
        price = round(last * 0.99, 2)
        assert f'limit {price:g}' in shown
        # What it was when it was read is sent, wherever the price is now.
        await pilot.pause(ARMED)
        await pilot.press('y')
        (given,) = station.given
        assert given.price == pytest.approx(price)
