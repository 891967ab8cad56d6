"""The guide to the commands says what their help says."""

import pathlib
import runpy

import pytest

pytestmark = pytest.mark.unit

ROOT = pathlib.Path(__file__).parents[3]


def test_guide_is_made_from_the_help_of_today():
    tool = runpy.run_path(str(ROOT / 'tools' / 'make_commands.py'))
    guide = ROOT / 'docs' / 'guides' / 'COMMANDS.md'
    assert guide.read_text() == tool['render'](), (
        'run tools/make_commands.py and commit what it wrote'
    )
