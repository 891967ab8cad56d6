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


def main():
    arguments = sys.argv[1:]
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
    pathlib.Path(options['equity']).write_text(EQUITY, encoding='utf-8')
    pathlib.Path(options['trades']).write_text(TRADES, encoding='utf-8')
    figures = FIGURES | {'arguments': arguments}
    sys.stdout.write('no' if how == 'garbled' else json.dumps(figures))
    return 0


if __name__ == '__main__':
    sys.exit(main())
