"""Texts without credentials."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.session import redaction

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('crossed at 12.5', 'crossed at 12.5'),
        ('password=abc def', 'password=*** def'),
        ("{'api_key': 'abc', 'n': 1}", "{'api_key': '***', 'n': 1}"),
        ('{"secret": "abc"}', '{"secret": "***"}'),
        ('Authorization: Bearer abc.def', 'Authorization: Bearer ***'),
        ('GET /x?token=abc&n=1', 'GET /x?token=***&n=1'),
        ('postgres://me:abc@host/db', 'postgres://me:***@host/db'),
        ('the token is gone', 'the token is gone'),
        ('key=AAPL', 'key=AAPL'),
    ],
)
def test_what_stands_behind_such_words_is_hidden(text, shown):
    assert redaction.redact(text, ()) == shown


def test_secrets_are_those_of_variables_so_called_and_what_is_known():
    environ = {
        'STING_ALPACA_KEY': 'a-long-key',
        'STING_ALPACA_SECRET__DEMO': 'a-long-key-and-more',
        'STING_X_KEY': 'abc',
        'KEYBOARD_LAYOUT': 'a-layout',
        'HOME': '/home/somebody',
    }
    found = redaction.secrets_of(environ, ['from-the-keyring'])
    assert found == ('a-long-key-and-more', 'from-the-keyring', 'a-long-key')


def test_a_key_that_is_found_later_is_hidden_from_then_on():
    known = set()
    redact = redaction.Redactor(
        {'A_TOKEN': 'of-the-environment'}, lambda: known
    )
    assert redact('much-later, of-the-environment') == 'much-later, ***'
    known.add('much-later')
    assert redact('much-later, of-the-environment') == '***, ***'


@given(st.text(), st.text(min_size=6), st.text())
def test_a_secret_is_nowhere(before, secret, after):
    told = redaction.redact(f'{before}{secret}{after}', (secret,))
    pieces = told.split(redaction.HIDDEN)
    assert not [each for each in pieces if secret in each]
