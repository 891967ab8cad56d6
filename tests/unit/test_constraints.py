"""The pinned versions suit each Python that sting is promised for."""

from importlib import metadata
import pathlib
import re

from packaging import specifiers

_PINS = pathlib.Path(__file__).parents[2] / 'constraints.txt'
# The first of the oldest minor version; some systems stay at such a one.
_OLDEST = '3.11.0'


def test_every_pin_installs_on_the_oldest_python():
    wrong = []
    seen = 0
    for line in _PINS.read_text(encoding='utf-8').splitlines():
        found = re.match(r'([\w.-]+)==([\w.]+)', line)
        if found is None:
            continue
        try:
            there = metadata.metadata(found[1])
        except metadata.PackageNotFoundError:
            # Of another system, or of an environment of its own.
            continue
        if there['Version'] == found[2]:
            # Some message classes raise where others give None.
            wanted = there.get('Requires-Python') or ''
            seen += 1
            if not specifiers.SpecifierSet(wanted).contains(_OLDEST):
                wrong.append(f'{line} wants Python {wanted}')
    assert seen > 50
    assert wrong == []
