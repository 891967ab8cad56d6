"""The table of what can be done by key.

Bindings, the hint bar, the help screen, the command palette and
docs/guides/KEYS.md are made from it: `python -m tui.keymap` writes the last.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import sys

from textual import binding

from sting.model import errors


@dataclasses.dataclass(frozen=True)
class Action:
    """Something that a key does.

    Attributes:
        id: Its name, for users who change its keys.
        keys: The keys, the one that is shown first.
        scope: Where the keys work: a name in SCOPES.
        does: What is run: an action of the app, screen or pane of that scope.
        label: One or two words, for the hint bar.
        help: One sentence, for the help.
        hint: Place in the hint bar, lowest first; 0 leaves it out.
        first: Works before anything else, also in fields and dialogs.
        fixed: The keys cannot be changed.
        palette: Offered in the command palette.
    """

    id: str
    keys: tuple[str, ...]
    scope: str
    does: str
    label: str
    help: str
    hint: int = 0
    first: bool = False
    fixed: bool = False
    palette: bool = False


# What a scope is called in the help, and the scope around it, whose keys work
# in it too.
SCOPES: Mapping[str, tuple[str, str]] = {
    'app': ('Everywhere', ''),
    'trade': ('Trade screen', 'app'),
    'list': ('Lists', 'trade'),
    'watchlist': ('1 watchlist', 'list'),
    'chart': ('2 chart', 'trade'),
    'ticket': ('3 ticket', 'trade'),
    'review': ('3 ticket, review line', 'ticket'),
    'orders': ('4 orders', 'list'),
    'positions': ('5 positions', 'list'),
    'alerts': ('6 alerts', 'list'),
    'strategies': ('7 strategies', 'list'),
    'events': ('8 events', 'list'),
    'dialog': ('Questions', 'app'),
    'typed': ('Typed words', 'app'),
    'prompt': ('Command line', 'trade'),
    'help': ('F1 help', 'app'),
    'system': ('F5 system', 'app'),
    'backtest': ('F3 backtest', 'app'),
    'results': ('F3 backtest, results', 'backtest'),
    'trips': ('F3 backtest, trades', 'results'),
    'runs': ('F3 backtest, runs', 'results'),
    'map': ('F3 backtest, sweep', 'results'),
    'trip': ('Trade of a backtest', 'app'),
    'compared': ('Two backtests', 'app'),
    'why': ('Why', 'app'),
    'strategy': ('Strategy', 'app'),
    'signals': ('Strategy, signals', 'strategy'),
    'inbox': ('Inbox', 'app'),
    'event': ('Event', 'app'),
    'stopped': ('Report of a stop', 'app'),
    'welcome': ('Welcome', 'app'),
    'journal': ('F4 journal', 'app'),
    'logs': ('Logs', 'app'),
    'fork': ('Fork', 'app'),
    'jump': ('Jump', 'app'),
}

_PANES = (
    'watchlist',
    'chart',
    'ticket',
    'orders',
    'positions',
    'alerts',
    'strategies',
    'events',
)

# The pages of a backtest's result.
_PAGES = (
    'overview',
    'curve',
    'months',
    'trades',
    'spread',
    'fills',
    'runs',
    'sweep',
    'walk',
)

# The panes of a replay: no order can be written there.
_REPLAYED = tuple(name for name in _PANES if name != 'ticket')

ACTIONS: tuple[Action, ...] = (
    Action(
        'stop',
        ('ctrl+backslash', 'f9'),
        'app',
        'emergency_stop',
        'STOP',
        'Emergency stop, at once: no new orders, working orders cancelled, '
        'strategies stopped, HALTED until a typed resume.',
        hint=1,
        first=True,
        fixed=True,
        palette=True,
    ),
    Action(
        'help',
        ('question_mark', 'f1'),
        'app',
        'show_help',
        'help',
        'Shows the keys that work here and everywhere.',
        hint=90,
        palette=True,
    ),
    Action(
        'trade',
        ('f2',),
        'app',
        "show_screen('trade')",
        'trade',
        'Shows the trade screen.',
        palette=True,
    ),
    Action(
        'backtest',
        ('f3',),
        'app',
        "show_screen('backtest')",
        'backtest',
        'Shows the backtest screen.',
        hint=85,
        palette=True,
    ),
    Action(
        'journal',
        ('f4',),
        'app',
        "show_screen('journal')",
        'journal',
        'Shows the journal: any moment of this log, or of another one.',
        hint=86,
        palette=True,
    ),
    Action(
        'system',
        ('f5',),
        'app',
        "show_screen('system')",
        'system',
        'Shows latencies, queues, memory, disk, errors, feeds and brokers.',
        palette=True,
    ),
    Action(
        'palette',
        ('ctrl+p',),
        'app',
        'command_palette',
        'palette',
        'Finds any action or theme by typing a part of its name.',
        hint=80,
    ),
    Action(
        'command',
        ('colon',),
        'app',
        'command_line',
        'command',
        'Opens the command line: buy, sell, cancel, halt, resume, flatten, '
        'theme, quit.',
        hint=70,
    ),
    Action(
        'go_to',
        ('ctrl+g',),
        'app',
        'jump',
        'go to',
        'Lays a letter over each place that can take the keys: the letter goes '
        'there, any other key leaves.',
        hint=87,
        palette=True,
    ),
    Action(
        'reduce',
        (),
        'app',
        'reduce',
        'reduce only',
        'Lets through only orders that shrink a position, until a resume; '
        'asks first.',
        palette=True,
    ),
    Action(
        'stop_report',
        (),
        'app',
        'show_stop',
        'stop report',
        'Shows what came of the last emergency stop.',
        palette=True,
    ),
    Action(
        'resume',
        (),
        'app',
        'resume',
        'resume',
        'Lets trading go on after a halt or a reduce; asks for the word '
        'RESUME.',
        palette=True,
    ),
    Action(
        'flatten_all',
        (),
        'app',
        'flatten_all',
        'flatten all',
        'Closes every position at market; asks first.',
        palette=True,
    ),
    Action(
        'shutdown',
        (),
        'app',
        'shutdown',
        'emergency shutdown',
        'Stops, closes every position at market and ends the engine; asks for '
        'the word FLATTEN. `:shutdown 5 30` does so in 5 parts, 30 s apart.',
        palette=True,
    ),
    Action(
        'welcome',
        (),
        'app',
        'show_welcome',
        'welcome',
        'Shows what runs, the keys that matter and where files are, as at the '
        'first start.',
        palette=True,
    ),
    Action(
        'theme',
        (),
        'app',
        'next_theme',
        'theme',
        'Takes the next theme.',
        palette=True,
    ),
    Action(
        'quit',
        ('ctrl+q',),
        'app',
        'leave',
        'quit',
        'Quits; asks when orders or strategies are live.',
        hint=95,
        palette=True,
    ),
    Action(
        'how_to_quit',
        ('ctrl+c',),
        'app',
        'how_to_quit',
        'how to quit',
        'Only says how to quit.',
    ),
    *(
        Action(
            f'pane_{number}',
            (str(number),),
            'trade',
            f"focus_pane('{name}')",
            name,
            f'Goes to pane {number}, {name}.',
            palette=True,
        )
        for number, name in enumerate(_PANES, 1)
    ),
    Action(
        'next_pane',
        ('tab',),
        'trade',
        'next_pane(1)',
        'next pane',
        'Goes to the next pane; in the ticket to the next field.',
    ),
    Action(
        'previous_pane',
        ('shift+tab',),
        'trade',
        'next_pane(-1)',
        'previous pane',
        'Goes to the previous pane; in the ticket to the field before.',
    ),
    Action(
        'pane_left',
        ('left', 'h'),
        'trade',
        "focus_beside('left')",
        'left',
        'Goes to the pane at the left.',
    ),
    Action(
        'pane_right',
        ('right', 'l'),
        'trade',
        "focus_beside('right')",
        'right',
        'Goes to the pane at the right.',
    ),
    Action(
        'zoom',
        ('plus',),
        'trade',
        'zoom',
        'zoom',
        'Gives the pane the whole screen, and takes it back.',
        hint=60,
        palette=True,
    ),
    Action(
        'back',
        ('escape',),
        'trade',
        'back',
        'back',
        'Goes back: ends a filter, a zoom, a field.',
        hint=55,
    ),
    Action(
        'buy',
        ('b',),
        'trade',
        "open_ticket('buy')",
        'buy',
        'Opens the ticket to buy the selected symbol.',
        hint=10,
        palette=True,
    ),
    Action(
        'sell',
        ('s',),
        'trade',
        "open_ticket('sell')",
        'sell',
        'Opens the ticket to sell the selected symbol.',
        hint=11,
        palette=True,
    ),
    Action(
        'up',
        ('up', 'k'),
        'list',
        'cursor(-1)',
        'up',
        'Moves up a line.',
    ),
    Action(
        'down',
        ('down', 'j'),
        'list',
        'cursor(1)',
        'down',
        'Moves down a line.',
    ),
    Action(
        'page_up',
        ('pageup', 'ctrl+b'),
        'list',
        'page(-1)',
        'page up',
        'Moves up a page.',
    ),
    Action(
        'page_down',
        ('pagedown', 'ctrl+f'),
        'list',
        'page(1)',
        'page down',
        'Moves down a page.',
    ),
    Action(
        'top',
        ('home', 'g'),
        'list',
        'top',
        'top',
        'Goes to the first line, and stays there when new ones come.',
    ),
    Action(
        'bottom',
        ('end', 'G'),
        'list',
        'bottom',
        'bottom',
        'Goes to the last line.',
    ),
    Action(
        'filter',
        ('slash',),
        'list',
        'filter',
        'filter',
        'Shows only the lines that hold the words typed; symbol:IBM looks in '
        'one column.',
        hint=50,
    ),
    Action(
        'sort',
        ('z',),
        'list',
        'sort',
        'sort',
        'Sorts by the next column, at last as the lines came.',
        hint=51,
    ),
    Action(
        'turn_sort',
        ('Z',),
        'list',
        'turn_sort',
        'turn sort',
        'Sorts the other way round.',
    ),
    Action(
        'why',
        ('w',),
        'list',
        'why',
        'why',
        'Shows what led to this line, back to the first cause.',
        hint=40,
    ),
    Action(
        'chart_older',
        ('left_square_bracket', 'pageup'),
        'chart',
        'pan(1)',
        'older',
        'Moves the chart back in time.',
        hint=5,
    ),
    Action(
        'chart_newer',
        ('right_square_bracket', 'pagedown'),
        'chart',
        'pan(-1)',
        'newer',
        'Moves the chart forward in time.',
        hint=6,
    ),
    Action(
        'chart_newest',
        ('end', 'G'),
        'chart',
        'newest',
        'newest',
        'Goes to the newest bar.',
        hint=7,
    ),
    Action(
        'crosshair',
        ('c',),
        'chart',
        'cross',
        'crosshair',
        'Shows a crosshair, and its bar in figures; esc takes it away.',
        hint=8,
    ),
    Action(
        'crosshair_older',
        ('less_than_sign',),
        'chart',
        'move_cross(1)',
        'older bar',
        'Moves the crosshair to an older bar.',
    ),
    Action(
        'crosshair_newer',
        ('greater_than_sign',),
        'chart',
        'move_cross(-1)',
        'newer bar',
        'Moves the crosshair to a newer bar.',
    ),
    Action(
        'longer_bars',
        ('t',),
        'chart',
        'timeframe(1)',
        'timeframe',
        'Shows the next longer bars, made of those there are.',
        hint=9,
    ),
    Action(
        'shorter_bars',
        ('T',),
        'chart',
        'timeframe(-1)',
        'shorter',
        'Shows the next shorter bars.',
    ),
    Action(
        'zoom_in',
        ('z',),
        'chart',
        'zoom_bars(1)',
        'zoom in',
        'Gives each bar more room.',
        hint=10,
    ),
    Action(
        'zoom_out',
        ('Z',),
        'chart',
        'zoom_bars(-1)',
        'zoom out',
        'Gives each bar less room.',
    ),
    Action(
        'averages',
        ('m',),
        'chart',
        'averages',
        'averages',
        'Draws moving averages of 20, 50 and 200 bars, one more each time.',
        hint=11,
    ),
    Action(
        'indicators',
        ('i',),
        'chart',
        'indicators',
        'indicators',
        'Shows the next indicator of the strategies below the candles, then '
        'none there, then none at all.',
        hint=12,
    ),
    Action(
        'whose_indicators',
        ('I',),
        'chart',
        'whose',
        'whose',
        'Shows the indicators of the next strategy alone, then of all.',
    ),
    Action(
        'chart_why',
        ('w',),
        'chart',
        'why',
        'why',
        'Shows what led to the fill or the signal under the crosshair, without '
        'one to the last of the symbol.',
        hint=40,
    ),
    Action(
        'symbol_up',
        ('up', 'k'),
        'chart',
        'symbol(-1)',
        'symbol up',
        'Takes the symbol above in the watchlist.',
    ),
    Action(
        'symbol_down',
        ('down', 'j'),
        'chart',
        'symbol(1)',
        'symbol down',
        'Takes the symbol below in the watchlist.',
    ),
    Action(
        'show_chart',
        ('enter',),
        'watchlist',
        'show_chart',
        'chart',
        'Goes to the chart of the symbol; folds the group on its own line.',
        hint=5,
    ),
    Action(
        'add_symbol',
        ('a',),
        'watchlist',
        'add_symbol',
        'add',
        'Asks for one more symbol to follow.',
        hint=6,
    ),
    Action(
        'drop_symbol',
        ('delete',),
        'watchlist',
        'drop_symbol',
        'drop',
        'Follows the symbol no more, if it was added by hand.',
    ),
    Action(
        'fold',
        ('space',),
        'watchlist',
        'fold',
        'fold',
        'Folds the group of the symbol, or unfolds it.',
    ),
    Action(
        'cancel',
        ('c',),
        'orders',
        'cancel',
        'cancel',
        'Cancels the order.',
        hint=5,
    ),
    Action(
        'modify',
        ('m',),
        'orders',
        'modify',
        'modify',
        'Changes quantity and prices of the order in the ticket.',
        hint=6,
    ),
    Action(
        'cancel_all',
        ('C',),
        'orders',
        'cancel_all',
        'cancel all',
        'Cancels every working order; asks first.',
        hint=7,
    ),
    Action(
        'cancel_symbol',
        ('x',),
        'orders',
        'cancel_symbol',
        'cancel symbol',
        'Cancels what works in the symbol of the order; asks first.',
        hint=8,
    ),
    Action(
        'cancel_side',
        ('X',),
        'orders',
        'cancel_side',
        'cancel side',
        'Cancels all buys, or all sells, like the order; asks first.',
        hint=9,
    ),
    Action(
        'toggle_done',
        ('d',),
        'orders',
        'toggle_done',
        'done',
        'Hides the orders that are done, or shows them again.',
        hint=12,
    ),
    Action(
        'flatten',
        ('x',),
        'positions',
        'flatten',
        'flatten',
        'Closes the position at market; asks first.',
        hint=5,
    ),
    Action(
        'protect',
        ('p',),
        'positions',
        'protect',
        'stop/target',
        'Opens the command line to set stop and target of the position; asks '
        'first.',
        hint=6,
    ),
    Action(
        'reverse',
        ('X',),
        'positions',
        'reverse',
        'reverse',
        'Has the ticket review one order that closes the position and opens '
        'the other side.',
        hint=7,
    ),
    Action(
        'close_half',
        ('v',),
        'positions',
        'close_half',
        'close half',
        'Closes half of the position at market; asks first.',
        hint=8,
    ),
    Action(
        'jump',
        ('enter',),
        'alerts',
        'jump',
        'go there',
        'Goes to the order, strategy or symbol that the alert is about, else '
        'shows what led to it.',
        hint=4,
    ),
    Action(
        'acknowledge',
        ('a',),
        'alerts',
        'acknowledge',
        'seen',
        'Marks this alert as seen.',
        hint=5,
    ),
    Action(
        'acknowledge_all',
        ('A',),
        'alerts',
        'acknowledge_all',
        'all seen',
        'Marks every alert as seen.',
        hint=6,
    ),
    Action(
        'inbox',
        ('i',),
        'alerts',
        'app.show_inbox',
        'inbox',
        "Shows in what the broker's book and ours differ.",
        hint=6,
    ),
    Action(
        'toggle',
        ('enter',),
        'strategies',
        'start_stop',
        'start/stop',
        'Starts or stops the strategy; asks before it stops one.',
        hint=5,
    ),
    Action(
        'strategy_detail',
        ('d',),
        'strategies',
        'detail',
        'detail',
        'Shows how the strategy does, its signals and what became of them, '
        'and what it wrote.',
        hint=6,
    ),
    Action(
        'reload',
        ('r',),
        'strategies',
        'reload',
        'reload',
        'Has the strategy go on with its files as they are now.',
        hint=5,
    ),
    Action(
        'roll_back',
        ('R',),
        'strategies',
        'roll_back',
        'roll back',
        'Has the strategy go on with the version before.',
    ),
    Action(
        'event_detail',
        ('enter',),
        'events',
        'detail',
        'detail',
        'Shows all that is known of the event.',
        hint=5,
    ),
    Action(
        'pause',
        ('space',),
        'events',
        'pause',
        'pause',
        'Keeps the events as they are, or follows the log again.',
        hint=6,
    ),
    Action(
        'close_event',
        ('escape', 'enter'),
        'event',
        'dismiss',
        'close',
        'Closes the event.',
        hint=5,
    ),
    Action(
        'event_why',
        ('w',),
        'event',
        'why',
        'why',
        'Shows what led to the event.',
        hint=6,
    ),
    Action(
        'next_field',
        ('enter',),
        'ticket',
        'next_field',
        'next field',
        'Goes to the next field that is needed, after the last one to the '
        'review line.',
        hint=5,
    ),
    Action(
        'field_below',
        ('down',),
        'ticket',
        'field_below',
        'more fields',
        'Goes to the next field: attached exits and hours, too.',
        hint=6,
    ),
    Action(
        'preset',
        ('ctrl+t',),
        'ticket',
        'preset',
        'preset',
        'Takes the next preset of sting.yaml.',
        hint=8,
    ),
    Action(
        'previous_field',
        ('up',),
        'ticket',
        'previous_field',
        'previous field',
        'Goes to the field before.',
        hint=7,
    ),
    Action(
        'send',
        ('y',),
        'review',
        'send',
        'send',
        'Sends the order, once the line says that it is armed.',
        hint=2,
        fixed=True,
    ),
    Action(
        'run_backtest',
        ('ctrl+r',),
        'backtest',
        'run_backtest',
        'run',
        'Runs the backtest in a process of its own.',
        hint=5,
    ),
    Action(
        'cancel_backtest',
        ('ctrl+t',),
        'backtest',
        'cancel_backtest',
        'cancel',
        'Ends the backtest that runs.',
        hint=6,
    ),
    Action(
        'backtest_next',
        ('enter', 'down'),
        'backtest',
        'app.focus_next',
        'next field',
        'Goes to the next field.',
        hint=7,
    ),
    Action(
        'backtest_previous',
        ('up',),
        'backtest',
        'app.focus_previous',
        'previous field',
        'Goes to the field before.',
    ),
    Action(
        'leave_backtest',
        ('escape',),
        'backtest',
        "app.show_screen('trade')",
        'trade',
        'Goes back to the trade screen; a backtest that runs goes on.',
        hint=8,
    ),
    Action(
        'to_results',
        ('ctrl+o',),
        'backtest',
        'results',
        'results',
        'Goes to the results, and from them back to the form.',
        hint=7,
    ),
    Action(
        'next_page',
        ('right', 'l'),
        'results',
        'flip(1)',
        'next page',
        'Shows the next page of the results.',
        hint=2,
    ),
    Action(
        'previous_page',
        ('left', 'h'),
        'results',
        'flip(-1)',
        'page before',
        'Shows the page of the results before.',
    ),
    *(
        Action(
            f'page_{name}',
            (str(number),),
            'results',
            f"page('{name}')",
            name,
            f'Shows page {number} of the results, {name}.',
        )
        for number, name in enumerate(_PAGES, 1)
    ),
    Action(
        'results_up',
        ('up', 'k'),
        'results',
        'scroll(-1)',
        'up',
        'Scrolls the page up.',
    ),
    Action(
        'results_down',
        ('down', 'j'),
        'results',
        'scroll(1)',
        'down',
        'Scrolls the page down.',
    ),
    Action(
        'send_parameters',
        ('p',),
        'results',
        'send_parameters',
        'set live',
        'Has a strategy of the profile go on with these parameters, after a '
        'review.',
        hint=4,
    ),
    Action(
        'to_form',
        ('escape',),
        'results',
        'screen.form',
        'form',
        'Goes back to the form.',
        hint=3,
    ),
    Action(
        'trip_why',
        ('w', 'enter'),
        'trips',
        'why',
        'why',
        'Shows why the trade was begun and ended.',
        hint=1,
    ),
    Action(
        'open_run',
        ('enter',),
        'runs',
        'open_run',
        'open',
        'Shows the run again and fills in its form.',
        hint=1,
    ),
    Action(
        'mark_run',
        ('space',),
        'runs',
        'mark',
        'mark',
        'Marks the run to be compared, or takes the mark away.',
        hint=2,
    ),
    Action(
        'compare_runs',
        ('c',),
        'runs',
        'compare',
        'compare',
        'Shows the marked run beside the other marked one, or beside this.',
        hint=3,
    ),
    Action(
        'report_run',
        ('o',),
        'runs',
        'report',
        'report',
        'Writes the page of the run by running it again, and opens it.',
        hint=4,
    ),
    Action(
        'run_cell',
        ('enter',),
        'map',
        'run_cell',
        'run',
        'Runs these values as a backtest, which fills in the form.',
        hint=1,
    ),
    Action(
        'map_metric',
        ('m',),
        'map',
        'metric',
        'figure',
        'Draws the map of the next figure.',
        hint=2,
    ),
    Action(
        'map_axes',
        ('x',),
        'map',
        'axes',
        'axes',
        'Draws the map of the next two parameters.',
        hint=3,
    ),
    Action(
        'map_held_next',
        ('full_stop',),
        'map',
        'hold(1)',
        'held values',
        'Goes to the next values of the parameters that are held.',
        hint=4,
    ),
    Action(
        'map_held_before',
        ('comma',),
        'map',
        'hold(-1)',
        'held before',
        'Goes to the values before of the parameters that are held.',
    ),
    *(
        Action(
            f'map_{key}',
            (key,),
            'map',
            f"walk('{axis}', {steps})",
            key,
            f'Goes one value {key}.',
        )
        for key, axis, steps in (
            ('up', 'down', -1),
            ('down', 'down', 1),
            ('left', 'across', -1),
            ('right', 'across', 1),
        )
    ),
    Action(
        'close_compared',
        ('escape', 'c', 'enter'),
        'compared',
        'dismiss',
        'close',
        'Closes the comparison.',
        hint=5,
    ),
    Action(
        'close_trip',
        ('escape', 'w', 'enter'),
        'trip',
        'dismiss',
        'close',
        'Closes what led to the trade.',
        hint=5,
    ),
    Action(
        'close_why',
        ('escape',),
        'why',
        'dismiss',
        'close',
        'Closes the chain of causes.',
        hint=5,
    ),
    Action(
        'why_up',
        ('up', 'k'),
        'why',
        'scroll(-1)',
        'up',
        'Scrolls the chain up.',
    ),
    Action(
        'why_down',
        ('down', 'j'),
        'why',
        'scroll(1)',
        'down',
        'Scrolls the chain down.',
    ),
    Action(
        'why_chart',
        ('c',),
        'why',
        'chart',
        'chart',
        'Shows the chart where there is no room for it beside the chain.',
        hint=6,
    ),
    Action(
        'close_strategy',
        ('escape',),
        'strategy',
        'dismiss',
        'close',
        'Closes the strategy.',
        hint=5,
    ),
    Action(
        'next_strategy_page',
        ('right', 'l'),
        'strategy',
        'turn(1)',
        'next page',
        'Shows the next page: signals, what was not traded, output.',
        hint=6,
    ),
    Action(
        'previous_strategy_page',
        ('left', 'h'),
        'strategy',
        'turn(-1)',
        'page before',
        'Shows the page before.',
    ),
    Action(
        'strategy_up',
        ('up', 'k'),
        'strategy',
        'scroll(-1)',
        'up',
        'Scrolls the page up.',
    ),
    Action(
        'strategy_down',
        ('down', 'j'),
        'strategy',
        'scroll(1)',
        'down',
        'Scrolls the page down.',
    ),
    Action(
        'signal_why',
        ('w', 'enter'),
        'signals',
        'why',
        'why',
        'Shows what led to the signal and what became of it.',
        hint=4,
    ),
    Action(
        'accept',
        ('a',),
        'inbox',
        'accept',
        'accept',
        "Has our book take what the broker's says; an order placed elsewhere "
        'is left as it is. Asks first.',
        hint=5,
    ),
    Action(
        'adopt',
        ('o',),
        'inbox',
        'adopt',
        'adopt',
        'Makes an order or a position ours that came from elsewhere; asks '
        'first.',
        hint=6,
    ),
    Action(
        'flatten_there',
        ('x',),
        'inbox',
        'flatten',
        'flatten',
        'Cancels the order at the broker, or closes the position at market; '
        'asks first.',
        hint=7,
    ),
    Action(
        'close_inbox',
        ('escape',),
        'inbox',
        'dismiss',
        'close',
        'Closes the inbox.',
        hint=8,
    ),
    Action(
        'close_stopped',
        ('escape', 'enter'),
        'stopped',
        'dismiss',
        'close',
        'Closes the report; :stopped shows it again.',
        hint=5,
    ),
    Action(
        'next_card',
        ('enter', 'space', 'right', 'l'),
        'welcome',
        'turn(1)',
        'next',
        'Shows the next card, after the last one the workstation.',
        hint=5,
    ),
    Action(
        'card_before',
        ('left', 'h'),
        'welcome',
        'turn(-1)',
        'before',
        'Shows the card before.',
    ),
    Action(
        'skip_cards',
        ('escape', 'q'),
        'welcome',
        'dismiss',
        'skip',
        'Skips the cards; :welcome shows them again.',
        hint=6,
    ),
    Action(
        'yes',
        ('y',),
        'dialog',
        'yes',
        'yes',
        'Answers yes.',
        hint=5,
        fixed=True,
    ),
    Action(
        'no',
        ('n', 'escape'),
        'dialog',
        'no',
        'no',
        'Answers no; nothing happens.',
        hint=6,
    ),
    Action(
        'not_typed',
        ('escape',),
        'typed',
        'no',
        'back',
        'Goes back; nothing happens.',
    ),
    Action(
        'complete',
        ('tab',),
        'prompt',
        'complete',
        'complete',
        'Completes what is typed, as far as it is plain.',
    ),
    Action(
        'line_before',
        ('up',),
        'prompt',
        'recall(-1)',
        'line before',
        'Takes back the command before.',
    ),
    Action(
        'line_after',
        ('down',),
        'prompt',
        'recall(1)',
        'line after',
        'Takes the command after.',
    ),
    Action(
        'leave_help', ('escape', 'q'), 'help', 'dismiss', 'back', 'Goes back.'
    ),
    Action(
        'drill',
        ('d',),
        'system',
        'drill',
        'drill',
        'Drills the emergency stop on paper after a question, in another '
        'process: the profile is not touched.',
        hint=4,
    ),
    Action(
        'leave_system',
        ('escape',),
        'system',
        "app.show_screen('trade')",
        'back',
        'Goes back to the trade screen.',
        hint=5,
    ),
    Action(
        'journal_forward',
        ('right',),
        'journal',
        'step(1)',
        'step',
        'Goes one event forward.',
        hint=5,
        first=True,
    ),
    Action(
        'journal_back',
        ('left',),
        'journal',
        'step(-1)',
        'step back',
        'Goes one event back.',
        first=True,
    ),
    Action(
        'journal_far_forward',
        ('full_stop',),
        'journal',
        'step(100)',
        '100 on',
        'Goes 100 events forward.',
        hint=6,
        first=True,
    ),
    Action(
        'journal_far_back',
        ('comma',),
        'journal',
        'step(-100)',
        '100 back',
        'Goes 100 events back.',
        hint=7,
        first=True,
    ),
    Action(
        'next_mark',
        ('n',),
        'journal',
        'mark(True)',
        'next mark',
        'Goes to the next fill, alert, refusal, reload, halt or resume.',
        hint=8,
        first=True,
    ),
    Action(
        'previous_mark',
        ('N',),
        'journal',
        'mark(False)',
        'mark before',
        'Goes to the fill, alert, refusal, reload, halt or resume before.',
        first=True,
    ),
    Action(
        'journal_goto',
        ('g',),
        'journal',
        'goto',
        'go to',
        'Asks for an event or a time, in UTC, to go to.',
        hint=9,
        first=True,
    ),
    Action(
        'journal_play',
        ('space',),
        'journal',
        'play',
        'play',
        'Lets the log play on, or holds it.',
        hint=10,
        first=True,
    ),
    Action(
        'journal_faster',
        ('right_square_bracket',),
        'journal',
        'speed(1)',
        'faster',
        'Plays faster: 1, 10, 100 times as fast, or as fast as it can.',
        hint=11,
        first=True,
    ),
    Action(
        'journal_slower',
        ('left_square_bracket',),
        'journal',
        'speed(-1)',
        'slower',
        'Plays slower.',
        first=True,
    ),
    Action(
        'journal_logs',
        ('o',),
        'journal',
        'logs',
        'other log',
        'Chooses another log.',
        hint=12,
        first=True,
    ),
    *(
        Action(
            f'journal_pane_{_PANES.index(name) + 1}',
            (str(_PANES.index(name) + 1),),
            'journal',
            f"focus_pane('{name}')",
            name,
            f'Goes to {name}, as it was.',
        )
        for name in _REPLAYED
    ),
    Action(
        'journal_next_pane',
        ('tab',),
        'journal',
        'next_pane(1)',
        'next pane',
        'Goes to the next pane.',
    ),
    Action(
        'journal_previous_pane',
        ('shift+tab',),
        'journal',
        'next_pane(-1)',
        'previous pane',
        'Goes to the previous pane.',
    ),
    Action(
        'journal_zoom',
        ('plus',),
        'journal',
        'zoom',
        'zoom',
        'Gives the pane the whole screen, and takes it back.',
    ),
    Action(
        'leave_journal',
        ('escape',),
        'journal',
        'back',
        'now',
        'Goes back a step, and then to the trade screen and to now.',
        hint=4,
    ),
    Action(
        'journal_fork',
        ('f',),
        'journal',
        'fork',
        'fork',
        'Reruns the log from this moment on with other parameters or limits.',
        hint=13,
        first=True,
    ),
    Action(
        'run_fork',
        ('ctrl+r',),
        'fork',
        'run_fork',
        'run',
        'Reruns the log with what is filled in, in a process of its own.',
        hint=4,
    ),
    Action(
        'fork_next',
        ('enter', 'down'),
        'fork',
        'app.focus_next',
        'next field',
        'Goes to the next field.',
        hint=6,
    ),
    Action(
        'fork_previous',
        ('up',),
        'fork',
        'app.focus_previous',
        'previous field',
        'Goes to the field before.',
    ),
    Action(
        'fork_on',
        ('pagedown',),
        'fork',
        'scroll(1)',
        'scroll',
        'Shows what comes below.',
        hint=7,
    ),
    Action(
        'fork_up',
        ('pageup',),
        'fork',
        'scroll(-1)',
        'scroll up',
        'Shows what comes above.',
    ),
    Action(
        'close_fork',
        ('escape',),
        'fork',
        'dismiss',
        'close',
        'Closes the fork, and ends it if it runs.',
        hint=5,
    ),
    Action(
        'close_logs',
        ('escape',),
        'logs',
        'dismiss',
        'close',
        'Closes the list of logs.',
        hint=5,
    ),
    Action(
        'leave_jump',
        ('escape',),
        'jump',
        'leave',
        'leave',
        'Goes nowhere; so does every key that is no letter shown.',
        hint=5,
    ),
)


def around(scope: str) -> list[str]:
    """Gives a scope and those around it, inmost first."""
    found = []
    while scope:
        found.append(scope)
        scope = SCOPES[scope][1]
    return found


def check(actions: Iterable[Action]) -> None:
    """Finds keys that would do two things in one place.

    Args:
        actions: The table.

    Raises:
        errors.ConfigError: Naming the key and both actions.
    """
    found = clash(actions)
    if found is not None:
        raise errors.ConfigError(clash_text(*found))


def clash(actions: Iterable[Action]) -> tuple[str, Action, Action] | None:
    """Finds a key that would do two things in one place.

    An inner scope may not take a key of an outer one either, so that a key
    means the same wherever it works, but for keys that only move.

    Args:
        actions: The table.

    Returns:
        The key and both actions; None when there is none.
    """
    table = tuple(actions)
    by_key: dict[tuple[str, str], Action] = {}
    for action in table:
        for key in action.keys:
            other = by_key.setdefault((action.scope, key), action)
            if other is not action:
                return key, other, action
    for action in table:
        for outer in around(action.scope)[1:]:
            for key in action.keys:
                hit = by_key.get((outer, key))
                if hit is not None and key not in _MOVING:
                    return key, hit, action
    return None


# Keys whose meaning is a direction or a step, which each place has its own way
# to take.
_MOVING = frozenset({'up', 'down', 'left', 'right', 'enter', 'tab', 'escape'})


def clash_text(key: str, one: Action, other: Action) -> str:
    """Says which key does two things, and what to change."""
    return (
        f'the key {shown(key)} is both {one.id} ({one.scope}) and '
        f'{other.id} ({other.scope}); give one of them another key'
    )


# A key that nothing sends: what has no key of its own can be given one.
_UNBOUND = 'unbound'


def bindings(scope: str) -> list[binding.BindingType]:
    """Gives the Textual bindings of a scope.

    What is fixed gets no id, so that no keymap can move it away.
    """
    found: list[binding.BindingType] = []
    for action in ACTIONS:
        if action.scope == scope:
            found.append(
                binding.Binding(
                    ','.join(action.keys) or _UNBOUND,
                    action.does,
                    action.label,
                    show=False,
                    priority=action.first,
                    id=None if action.fixed else action.id,
                )
            )
    return found


def over(scope: str) -> list[binding.BindingType]:
    """Gives the bindings of a modal screen that hides none of the app's keys.

    Args:
        scope: The screen's own.
    """
    return [
        *bindings(scope),
        *(
            binding.Binding(
                ','.join(action.keys),
                f'app.{action.does}',
                show=False,
                id=action.id,
            )
            for action in ACTIONS
            if action.scope == 'app' and action.keys and not action.fixed
        ),
    ]


def hints(scope: str, actions: Iterable[Action] = ACTIONS) -> list[Action]:
    """Gives what the hint bar shows in a scope, most important first.

    Args:
        scope: Where the focus is.
        actions: The table, with the user's keys.

    Returns:
        The actions.
    """
    seen = around(scope)
    if scope in _ALONE:
        actions = [a for a in actions if a.scope == scope or a.first]
    typing = scope in _TYPED_IN
    shown_here = [
        action
        for action in actions
        if action.scope in seen
        and action.hint
        and (_works_in_fields(action) if typing else action.id != 'back')
    ]
    return sorted(shown_here, key=lambda action: action.hint)


# Where every other key but the stop only leaves.
_ALONE = frozenset({'jump'})
# Where letters go into a field.
_TYPED_IN = frozenset({'ticket', 'review', 'typed', 'backtest', 'fork'})


def _works_in_fields(action: Action) -> bool:
    return action.id == 'send' or any(map(_is_no_letter, action.keys))


def _is_no_letter(key: str) -> bool:
    is_function = key[0] == 'f' and key[1:].isdigit()
    return is_function or key.startswith('ctrl+') or key in _MOVING


def hint_key(action: Action, scope: str) -> str:
    """Writes the key of an action that works in a scope.

    Args:
        action: An action that has keys.
        scope: Where the focus is: in a field a letter would be typed.
    """
    works = [key for key in action.keys if _is_no_letter(key)]
    if scope in _TYPED_IN and works and action.id != 'send':
        return shown(works[0])
    return shown(action.keys[0])


def own_hints(scope: str, actions: Iterable[Action] = ACTIONS) -> list[Action]:
    """Gives the actions that are a pane's own, for its title."""
    own = [action for action in actions if action.scope == scope]
    own.sort(key=lambda action: action.hint)
    return [action for action in own if action.hint]


# How people know a key that has a longer name.
SHOWN: Mapping[str, str] = {
    'ctrl+backslash': '^\\',
    'question_mark': '?',
    'colon': ':',
    'slash': '/',
    'plus': '+',
    'full_stop': '.',
    'comma': ',',
    'less_than_sign': '<',
    'greater_than_sign': '>',
    'left_square_bracket': '[',
    'right_square_bracket': ']',
    'escape': 'esc',
    'up': '↑',
    'down': '↓',
    'left': '←',
    'right': '→',
    'pageup': 'pgup',
    'pagedown': 'pgdn',
    'shift+tab': 'shift+tab',
}


def shown(key: str) -> str:
    """Writes a key as people know it: ctrl+q as ^q, f9 as F9."""
    if key in SHOWN:
        return SHOWN[key]
    if key.startswith('ctrl+'):
        return '^' + key.removeprefix('ctrl+')
    if key[0] == 'f' and key[1:].isdigit():
        return key.upper()
    return key


def keys_text(action: Action) -> str:
    """Writes all keys of an action, or that it is in the palette."""
    if not action.keys:
        return '^p'
    return ' '.join(shown(key) for key in action.keys)


def by_scope(actions: Iterable[Action] = ACTIONS) -> dict[str, list[Action]]:
    """Gives the table by scope, in the order of SCOPES, without empty ones."""
    groups: dict[str, list[Action]] = {scope: [] for scope in SCOPES}
    for action in actions:
        groups[action.scope].append(action)
    return {scope: found for scope, found in groups.items() if found}


def to_markdown() -> str:
    """Writes the table as docs/guides/KEYS.md."""
    lines = [
        '# Keys',
        '',
        'Made from the table in `tui/keymap.py` by `python -m tui.keymap`. '
        '`^x` is ctrl and x; `^p` alone means that the action is found in the '
        'command palette.',
    ]
    for scope, actions in by_scope().items():
        lines += ['', f'## {SCOPES[scope][0]}', '', '| key | what it does |']
        lines.append('|---|---|')
        for action in actions:
            keys = ' '.join(f'`{key}`' for key in keys_text(action).split())
            lines.append(f'| {keys} | {action.help} |')
    return '\n'.join(lines) + '\n'


check(ACTIONS)

if __name__ == '__main__':
    sys.stdout.write(to_markdown())
