"""The guide to strategies is run from top to bottom, as a reader would."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import pytest

# A whole page of commands, each one a process.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

GUIDE = (
    pathlib.Path(__file__).parents[2]
    / 'docs'
    / 'guides'
    / 'WRITING_STRATEGIES.md'
)
BLOCK = re.compile(
    r'^```(?P<language>\w+)(?: (?P<note>\w+))?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
NAME = re.compile(r'# (\S+\.(?:py|yaml))\n')
PROFILE = 'dips'


class Block(NamedTuple):
    """A block of the guide, and where it begins."""

    line: int
    language: str
    note: str
    text: str


def blocks(guide=GUIDE):
    text = guide.read_text()
    return [
        Block(
            text.count('\n', 0, found.start()) + 1,
            found['language'],
            found['note'] or '',
            found['text'],
        )
        for found in BLOCK.finditer(text)
    ]


class Reader:
    """Does what the guide says, in a home of its own."""

    def __init__(self, home):
        self.home = home
        tools = pathlib.Path(sys.executable).parent
        self.environment = os.environ | {
            'STING_HOME': str(home),
            'PATH': f'{tools}:{os.environ["PATH"]}',
        }
        self.running = []

    def follow(self, block):
        if block.language != 'sh':
            path = self.home / NAME.match(block.text)[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
            return ''
        if block.note == 'background':
            self.start(block.text)
            return ''
        done = self.call(block.text)
        failed = done.returncode != 0
        assert failed == (block.note == 'fails'), (
            f'{GUIDE.name}:{block.line}: {done.stdout}{done.stderr}'
        )
        return done.stdout + done.stderr

    def call(self, text):
        return subprocess.run(
            ['bash', '-euo', 'pipefail', '-c', text],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=200,
        )

    def start(self, text):
        self.running.append(
            subprocess.Popen(
                ['bash', '-c', f'exec {text}'],
                cwd=self.home,
                env=self.environment,
            )
        )
        # The reader takes longer to open another shell than this.
        deadline = time.monotonic() + 30
        look = f'sting log show --profile {PROFILE} --type order_request'
        while not self.call(look).stdout:
            assert time.monotonic() < deadline, 'it has not traded'
            time.sleep(0.2)

    def close(self):
        for process in self.running:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0


@pytest.fixture(scope='module')
def said(tmp_path_factory):
    """What each block printed, by its first line."""
    reader = Reader(tmp_path_factory.mktemp('home'))
    try:
        return {block.text: reader.follow(block) for block in blocks()}
    finally:
        reader.close()


def output(said, part):
    """What the one block with these words in it printed."""
    (found,) = (text for block, text in said.items() if part in block)
    return found


def test_every_block_of_the_guide_does_what_it_should(said):
    assert len(said) == len(blocks()) > 15


def test_the_file_is_found_with_its_parameters(said):
    told = output(said, 'sting strategies\n')
    assert 'dip.py' in told
    assert 'weight=0.15' in told


def test_the_backtest_trades(said):
    assert output(said, 'head -3').count('\n') == 3


def test_the_wrong_parameter_is_named_in_one_line(said):
    told = output(said, '--set dip=5')
    assert told.count('\n') == 1
    assert "dip is '5'" in told


def test_the_strategy_runs_on_paper_and_its_order_leads_to_a_bar(said):
    assert 'running' in output(said, 'sting strategies --profile')
    assert 'market_data' in output(said, 'sting log why')


def test_the_readers_own_tests_pass(said):
    assert 'Ran 3 tests' in output(said, 'sting new dip')
    assert 'Ran 4 tests' in output(said, 'python -m unittest')


def test_what_the_strategy_did_is_told(said):
    told = output(said, 'sting strategies dip_tech')
    assert 'after fees' in told
    assert 'not traded' in told


def test_an_order_that_waits_and_an_indicator_of_ones_own_trade(said):
    shown = output(said, 'strategies/patient.py ').split()
    assert shown[shown.index('trips') + 1] == '7'
    figures = json.loads(output(said, 'strategies/breakout.py '))
    assert figures['trades'] > 5
