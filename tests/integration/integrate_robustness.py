"""The guide to robustness is run from top to bottom, as a reader would."""

import csv
import json

import pytest

from tests.integration import integrate_guides as guides
from tests.integration import readers

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

GUIDE = guides.GUIDE.with_name('ROBUSTNESS.md')


@pytest.fixture(scope='module')
def home(tmp_path_factory):
    return tmp_path_factory.mktemp('home')


@pytest.fixture(scope='module')
def said(home):
    """What each block printed, by its text."""
    return readers.Reader(home).read(GUIDE)


def test_the_second_run_is_the_second_trial(said):
    last = guides.output(said, '--set fast=10').splitlines()[-1]
    assert json.loads(last)['trials'] == 2


def test_all_five_tests_have_a_verdict(said):
    told = guides.output(said, '--runs 50')
    for name in ('lookahead', 'permutation', 'bootstrap', 'costs'):
        assert f'\n{name}' in told


def test_who_peeks_is_told_where(said):
    told = guides.output(said, 'peeks.py --data')
    assert 'fail' in told
    assert 'ibm.csv itself' in told


def test_the_walk_is_joined(said, home):
    assert 'probability of overfitting' in guides.output(said, 'walkforward')
    with (home / 'tested.csv').open() as file:
        stamps = [row['timestamp'] for row in csv.DictReader(file)]
    assert stamps == sorted(set(stamps))
