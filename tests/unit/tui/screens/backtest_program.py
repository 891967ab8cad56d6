"""Speaks as `sting backtest --json` does, as slowly or badly as it is told.

The strategy's name says how: 'good', 'slow', 'stubborn' (goes on when asked to
end), 'wrong' (bad input), 'mute' (fails without a word), 'garbled'.
"""

import json
import pathlib
import signal
import sys
import time

FIGURES = {
    'strategy': 'good',
    'final_equity': 112345.678,
    'total_return': 0.12345678,
    'sharpe': 1.2345,
    'sortino': None,
    'max_drawdown': 0.25,
    'trades': 2,
    'bars': 3,
    'log_hash': 'abc',
    'parameters': {'fast': 10},
    'monthly': {'2012-05': 0.004, '2012-06': -0.061, '2012-07': 0.03},
    'yearly': {'2012': -0.03},
    'mean_win': 975.0,
    'mean_loss': -250.0,
    'most_wins': 1,
    'most_losses': 1,
}
RANGE = {
    'next_open': {'final_equity': 112345.678},
    'pessimistic': {'final_equity': 98000.0},
    'ambiguous_fills': {'count': 1, 'share': 0.125},
}
EQUITY = """timestamp,equity,cash,drawdown
2012-06-01T20:00:00Z,100000.0,100000.0,0.0
2012-06-04T20:00:00Z,90000.0,50000.0,-0.1
2012-06-05T20:00:00Z,112345.678,112345.678,0.0
"""
TRADES = (
    'symbol,side,quantity,entry_time,entry_price,exit_time,exit_price,pnl,'
    'fees,mae,mfe\n'
    'GOOG,buy,100,2012-06-01T20:00:00Z,570.5,2012-06-04T20:00:00Z,580.25,'
    '975.0,11.5,-0.01,0.02\n'
    'GOOG,sell,50,2012-06-04T20:00:00Z,580.0,2012-06-05T20:00:00Z,585.0,'
    '-250.0,5.8,-0.045,0.01\n'
)
FILLS = (
    'order_id,symbol,side,quantity,price,fee,timestamp,tag\n'
    'b-1,GOOG,buy,100,570.5,5.0,2012-06-01T20:00:00Z,open\n'
    'b-2,GOOG,sell,150,580.25,6.5,2012-06-04T20:00:00Z,touch\n'
    ',GOOG,buy,50,585.0,5.8,2012-06-05T20:00:00Z,delisted\n'
)
ORDERS = (
    'order_id,timestamp,symbol,side,quantity,type,price,stop_price,parent,'
    'reason,indicators\n'
    'b-1,2012-05-31T20:00:00Z,GOOG,buy,100,market,,,,fast above slow,'
    'fast=3 slow=2\n'
    'b-2,2012-06-01T20:00:00Z,GOOG,sell,150,limit,580.25,,b-1,,\n'
)


SETTINGS = [
    {
        'name': 'fast',
        'default': 12,
        'allowed': 'an int from 2 to 500',
        'doc': 'bars of the fast mean',
        'low': 2,
        'high': 500,
    },
    {'name': 'slow', 'default': 26, 'allowed': 'an int'},
]


def settings(name):
    """What a strategy can be set to."""
    if name not in ('good', 'slow', 'sting.library.sma_cross'):
        sys.stderr.write(f'sting: there is no module {name}\n')
        return 2
    sys.stdout.write(json.dumps(SETTINGS))
    return 0


CELLS = {
    'parameters': {
        'fast': [5, 5, 5, 5, 10, 10, 10, 10],
        'slow': [20, 20, 30, 30, 20, 20, 30, 30],
        'days': [1, 2, 1, 2, 1, 2, 1, 2],
    },
    'figures': dict.fromkeys(
        (
            *('final_equity', 'total_return', 'cagr', 'max_drawdown'),
            *('volatility', 'sortino', 'calmar', 'trades', 'win_rate'),
            *('profit_factor', 'expectancy', 'turnover'),
        ),
        [0.25] * 8,
    )
    | {'sharpe': [0.11, 0.22, 0.33, 0.44, None, None, 0.77, -0.88]},
    'errors': {'4': 'fast must be below slow'},
}
SWEPT = {
    'metric': 'sharpe',
    'trials': 19,
    'deflated_sharpe': 0.75,
    'cells': CELLS,
}
WINDOWS = {
    'metric': 'sharpe',
    'combinations': 4,
    'efficiency': 0.5,
    'overfitting_probability': 0.25,
    'windows': [
        {
            'test_start': f'20{year}-01-03T21:00:00Z',
            'test_end': f'20{year}-12-30T21:00:00Z',
            'parameters': {'fast': year},
            'in_sample': 1.5,
            'out_of_sample': tested,
            'total_return': tested / 10,
            'trades': 4,
        }
        for year, tested in ((10, 0.75), (11, -0.5))
    ],
}


def _life(pnl, orders, denied=0):
    return {
        'pnl': pnl, 'drawdown': 812.5, 'fees': orders * 1.25,
        'orders': orders, 'denied': denied, 'fills': orders - denied,
    }  # fmt: skip


OFFERED = {
    'strategies': {'cross': SETTINGS},
    'limits': [
        {
            'name': name,
            'default': limit,
            'allowed': 'a number of 0 or more',
            'low': 0.0,
            'value': value,
        }
        for name, limit, value in (
            ('max_order_notional', 75000.0, 75000.0),
            ('max_position', 2000.0, 2000.0),
            ('price_collar', 0.05, 'off'),
        )
    ],
}
FORKED = {
    'changes': [['cross.fast', '12', '5'], ['max_position', '2000', '60']],
    'then': _life(-310.25, 14),
    'base': _life(-295.5, 14),
    'fork': _life(1204.75, 22, 3),
    'difference': 1500.25,
    'curves': {
        'then': [100000.0, 100420.0, 99800.0, 99689.75],
        'base': [100000.0, 100425.0, 99810.0, 99704.5],
        'fork': [100000.0, 100610.0, 100900.0, 101204.75],
    },
    'notes': [
        'fills of base and fork are simulated; compare these two, `then` has '
        'what really happened',
        'settings are those of today',
    ],
}


def main():
    arguments = sys.argv[1:]
    if arguments[0] == 'fork':
        found = OFFERED if '--offer' in arguments else FORKED
        sys.stdout.write(json.dumps(found))
        return 0
    if arguments[0] == 'strategies':
        return settings(arguments[-1])
    if arguments[0] == 'sweep' and arguments[-1] == 'good':
        sys.stdout.write(json.dumps(SWEPT))
        return 0
    options = dict(
        argument[2:].split('=', 1)
        for argument in arguments
        if argument.startswith('--') and '=' in argument
    )
    how = arguments[-1]
    if how == 'wrong':
        sys.stderr.write('{"done": 1, "total": 3}\n')
        sys.stderr.write('sting: prices.csv:7: high is below low\n')
        return 2
    if how == 'mute':
        return 1
    if how == 'stubborn':
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for done in range(1, 4):
        sys.stderr.write(json.dumps({'done': done, 'total': 3}) + '\n')
        sys.stderr.flush()
        if how in ('slow', 'stubborn'):
            time.sleep(30)
    for name, written in (
        ('equity', EQUITY),
        ('trades', TRADES),
        ('fills', FILLS),
        ('orders', ORDERS),
        ('report', 'page'),
    ):
        if name in options:
            pathlib.Path(options[name]).write_text(written, encoding='utf-8')
    figures = FIGURES | {'arguments': arguments}
    if arguments[0] == 'walkforward':
        figures |= WINDOWS
    if '--fill-range' in arguments:
        figures['range'] = RANGE
    sys.stdout.write('no' if how == 'garbled' else json.dumps(figures))
    return 0


if __name__ == '__main__':
    sys.exit(main())
