"""Services that alerts are sent to, for each test its own."""

import pytest

from tests.unit.monitor import servers


@pytest.fixture
def webhook():
    made = servers.Webhook()
    yield made
    made.close()


@pytest.fixture
def mailbox():
    # Only this needs the library.
    from tests.unit.monitor import mailboxes

    made = mailboxes.Mailbox()
    yield made
    made.close()
