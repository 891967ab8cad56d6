import inspect
import pathlib
import re

import pytest

from sting.strategy import indicators

pytestmark = pytest.mark.unit

GUIDE = pathlib.Path(__file__).parents[4] / 'docs' / 'guides' / 'INDICATORS.md'


def described():
    """By name, the options and the lines that the guide tells of."""
    found = {}
    for row in re.findall(r'^\| `.*\|$', GUIDE.read_text(), re.MULTILINE):
        names, options, lines, _ = row.strip('|').split('|')
        for name in re.findall(r'`(\w+)`', names):
            found[name] = options.strip(' `'), re.findall(r'`(\w+)`', lines)
    return found


def test_the_guide_describes_every_indicator_with_its_options_and_lines():
    expected = {}
    for name, kind in vars(indicators).items():
        if isinstance(kind, type) and issubclass(kind, indicators.Indicator):
            options = [
                str(option.replace(annotation=option.empty))
                for option in inspect.signature(kind).parameters.values()
            ]
            expected[name] = ', '.join(options), list(kind.lines)
    del expected['Indicator']
    assert described() == expected
