"""Connects to the broker of a profile: `python broker.py --profile alpaca_paper`.

Prints the account, what is held and what works there. With --order it sends
one order that cannot fill, looks it up, changes it and cancels it: only where
the account has play money. What can go wrong is told in one line.
"""

import argparse
import asyncio
import os
import secrets
import sys

from sting import settings
from sting.broker import registry
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.model import orders

PATIENCE_S = 10.0


async def show(broker, clock):
    """Prints what the broker says of the account."""
    account = await broker.get_account_info()
    kind = {True: 'play money', False: 'REAL money', None: 'not said'}
    print(f'account      {account.account} ({kind[account.simulated]})')
    print(f'equity       {account.equity:,.2f} {account.currency}')
    print(f'cash         {account.cash:,.2f} {account.currency}')
    if account.blocked:
        print(f'blocked      {account.blocked}')
    late = (clock.now() - await broker.get_time()) / market.NANOSECONDS
    print(f'clock        {late:+.1f} s from the broker\'s')
    for held in await broker.get_positions():
        print(f'position     {held.symbol} {held.quantity:g}')
    for order in await broker.get_orders():
        print(f'order        {order.id} {order.side} {order.quantity:g} '
              f'{order.symbol} {order.type} {order.status}')
    return account


async def trade(broker, account, clock, symbol, price):
    """Sends an order, finds, changes and cancels it."""
    if account.simulated is not True:
        raise errors.RefusedError(
            f'account {account.account} is not known to have play money alone'
        )
    order = orders.Order(
        # Ours for ever: sent again, it is the same order.
        id=f'{secrets.token_hex(4)}-1-0-1',
        symbol=symbol,
        side=orders.OrderSide.BUY,
        quantity=1.0,
        type=orders.OrderType.LIMIT,
        price=price,
        created=clock.now(),
        status=orders.OrderStatus.SUBMITTED,
    )
    try:
        answer = await broker.place_order(order)
    except errors.BrokerUnknownError:
        # Silence is not a no: it is asked before anything is sent again.
        found = await broker.get_order_by_client_id(order.id)
        print('placed       ' + ('no' if found is None else str(found.status)))
        if found is None:
            return
    else:
        print(f'placed       {answer.message or "accepted"}')
        if not answer.accepted:
            return
    changed = await broker.replace_order(order.id, price=round(price * 0.99, 2))
    print(f'changed      {changed.message or "accepted"}')
    gone = await broker.cancel_order(order.id)
    print(f'cancelled    {gone.message or "accepted"}')


async def connect(asked):
    """Makes the broker, and ends the connection whatever happens."""
    config = settings.load(settings.Home.find())
    chosen = config.profile(asked.profile)
    clock = clocks.LiveClock()
    broker = registry.build(
        chosen.broker, config, asked.profile, clock, os.environ
    )
    async with asyncio.timeout(asked.seconds):
        await broker.connect(
            lambda report: print(f'report       {report}'), lambda order: False
        )
        try:
            account = await show(broker, clock)
            if asked.order:
                symbol = asked.symbol or chosen.symbols[0]
                await trade(broker, account, clock, symbol, asked.price)
        finally:
            await broker.disconnect()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--profile', default='paper')
    parser.add_argument('--order', action='store_true')
    parser.add_argument('--symbol')
    parser.add_argument('--price', type=float, default=1.0)
    parser.add_argument('--seconds', type=float, default=60.0)
    asked = parser.parse_args()
    try:
        asyncio.run(connect(asked))
    except errors.InputError as error:
        sys.exit(f'not possible: {error}')
    except (errors.BrokerRejectedError, errors.RefusedError) as error:
        sys.exit(f'the broker, or its account, says no: {error}')
    except errors.BrokerError as error:
        sys.exit(f'no answer: {error}')
    except TimeoutError:
        sys.exit(f'not done within {asked.seconds:g} s')
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == '__main__':
    main()
