import hypothesis
from hypothesis import strategies as st
import msgspec
import pytest

from sting.backtest.reporting import markup

pytestmark = pytest.mark.unit


@hypothesis.given(st.text())
def test_escaped_text_has_no_markup_and_no_control_characters(text):
    found = markup.escaped(text)
    assert not set(found) & set('<>"\'\x00\x1b')


@hypothesis.given(st.text())
def test_embedded_data_cannot_end_its_script_and_is_what_it_was(text):
    found = markup.embedded({'text': text + '</script><!--'})
    assert '<' not in found
    assert msgspec.json.decode(found)['text'].endswith('</script><!--')


def test_what_is_no_number_is_null():
    assert markup.embedded([float('nan'), float('inf')]) == '[null,null]'


def test_a_section_is_named_after_its_title():
    found = markup.section('All figures', '<b>x</b>', 'a < b')
    assert found == (
        '<section id="s-all-figures"><h2>All figures</h2><b>x</b>'
        '<p class="note">a &lt; b</p></section>'
    )


def test_the_first_column_of_a_table_is_text_and_the_others_numbers():
    assert markup.table(('', 'n'), [('a<', '1')]) == (
        '<table><thead><tr><th></th><th class=number>n</th></tr></thead>'
        '<tbody><tr><td>a&lt;</td><td class=number>1</td></tr></tbody></table>'
    )


def test_pairs_are_a_table():
    assert markup.pairs([('a', '<b>')], 'wide') == (
        '<table><tr><th>a</th><td class=wide>&lt;b&gt;</td></tr></table>'
    )


def test_a_card_holds_what_it_is_given():
    assert markup.card('<b>x</b>') == '<div class="card"><b>x</b></div>'
