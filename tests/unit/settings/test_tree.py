"""YAML that knows its lines."""

from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest
import yaml

from sting.model import errors
from sting.settings import tree

pytestmark = pytest.mark.unit


def _write(tmp_path, text, name='a.yaml'):
    path = tmp_path / name
    path.write_text(text)
    return path


def _plain(node):
    if isinstance(node.value, dict):
        return {key: _plain(item) for key, item in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(item) for item in node.value]
    return node.value


def test_values_know_their_lines(tmp_path):
    root = tree.parse(_write(tmp_path, '# why\na: 1\n\nb:\n  c: [x,\n   y]\n'))
    assert root.value['a'].line == 2
    assert root.value['b'].value['c'].line == 5
    assert [n.line for n in root.value['b'].value['c'].value] == [5, 6]


def test_empty_file_says_nothing(tmp_path):
    assert _plain(tree.parse(_write(tmp_path, '# only this\n'))) == {}


@pytest.mark.parametrize(
    ('text', 'line', 'words'),
    [
        ('a: 1\na: 2\n', 2, "key 'a' is given twice"),
        ('a: [1\nb: 2\n', 2, 'is not YAML'),
        ('- a\n', 1, 'expected keys with values'),
        ('a: 1\n? [b]\n: 2\n', 2, 'a key must be a word'),
        ('a: 2012-99-99\n', 1, 'put it in quotes'),
        ('a: 1\nb: &x\n  c: *x\n', 2, 'nested too deeply'),
        ('a: !!python/object:os.system x\n', 1, 'is not a value'),
    ],
)
def test_bad_yaml_names_file_and_line(tmp_path, text, line, words):
    path = _write(tmp_path, text)
    with pytest.raises(errors.ConfigError, match=words) as caught:
        tree.parse(path)
    assert caught.value.path == path
    assert caught.value.line == line
    assert '\n' not in str(caught.value)


def test_control_character_is_one_line(tmp_path):
    with pytest.raises(errors.ConfigError, match='is not YAML') as caught:
        tree.parse(_write(tmp_path, 'a: \x00\n'))
    assert '\n' not in str(caught.value)


def test_text_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / 'a.yaml'
    path.write_bytes(b'a: \xff\n')
    with pytest.raises(errors.ConfigError, match='UTF-8'):
        tree.parse(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(errors.ConfigError, match='cannot be read'):
        tree.parse(tmp_path / 'none.yaml')


def test_overlay_goes_key_by_key_and_keeps_places(tmp_path):
    base = tree.parse(_write(tmp_path, 'a: {x: 1, y: 2}\nb: [1, 2]\nc: 3\n'))
    own = tree.parse(_write(tmp_path, '\na: {y: 5}\nb: [9]\n', 'b.yaml'))
    both = tree.overlay(base, own)
    assert _plain(both) == {'a': {'x': 1, 'y': 5}, 'b': [9], 'c': 3}
    assert both.value['a'].value['x'].path.name == 'a.yaml'
    assert both.value['a'].value['y'].path.name == 'b.yaml'


def test_section_of_another_kind_replaces_the_whole(tmp_path):
    base = tree.parse(_write(tmp_path, 'f: {kind: a, x: 1}\n'))
    own = tree.parse(_write(tmp_path, 'f: {kind: b, y: 2}\n', 'b.yaml'))
    assert _plain(tree.overlay(base, own)) == {'f': {'kind': 'b', 'y': 2}}


def test_section_of_the_same_kind_is_laid_over(tmp_path):
    base = tree.parse(_write(tmp_path, 'f: {kind: a, x: 1}\n'))
    own = tree.parse(_write(tmp_path, 'f: {x: 2}\n', 'b.yaml'))
    assert _plain(tree.overlay(base, own)) == {'f': {'kind': 'a', 'x': 2}}


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    # Powers of ten are numbers here, and text to PyYAML.
    | st.text(
        st.characters(codec='utf-8', exclude_categories=['C', 'Z'])
    ).filter(lambda text: tree._POWER.fullmatch(text) is None),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text('abcxyz', min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text('abcxyz', min_size=1), _VALUES, max_size=4))
def test_reads_what_yaml_reads(tmp_path_factory, value):
    text = yaml.safe_dump(value)
    path = tmp_path_factory.mktemp('yaml') / 'a.yaml'
    path.write_text(text)
    assert _plain(tree.parse(path)) == yaml.safe_load(text)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_tree_or_a_config_error(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp('yaml') / 'a.yaml'
    path.write_bytes(raw)
    try:
        assert isinstance(tree.parse(path).value, dict)
    except errors.ConfigError as error:
        message = str(error)
    else:
        message = ''
    assert '\n' not in message


def test_unknown_name_gives_the_nearest():
    message = tree.unknown('key', 'symbls', ['symbols', 'cash'])
    assert message == "unknown key 'symbls'; did you mean 'symbols'?"


def test_unknown_name_far_from_all_lists_them():
    message = tree.unknown('feed', 'qqq', ['file', 'demo'])
    assert message == "unknown feed 'qqq'; there are: demo, file"


def test_unknown_name_among_none_says_so():
    assert tree.unknown('feed', 'x', []).endswith('there are none')


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('1e9', 1e9),
        ('-2E-3', -0.002),
        ('1.5e3', 1500.0),
        ("'1e9'", '1e9'),
        ('1e9x', '1e9x'),
        ('e9', 'e9'),
    ],
)
def test_a_power_of_ten_is_a_number_unless_quoted(tmp_path, text, value):
    path = tmp_path / 'a.yaml'
    path.write_text(f'a: {text}\n')
    assert tree.parse(path).value['a'].value == value
