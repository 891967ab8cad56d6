"""The broker of the guide passes the suite, as a package of its own would."""

import pathlib
import shutil
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ROOT = pathlib.Path(__file__).parents[2]
EXAMPLE = ROOT / 'docs' / 'examples' / 'acme_broker'


def test_the_broker_of_the_guide_is_a_broker(tmp_path):
    folder = shutil.copytree(EXAMPLE, tmp_path / 'acme_broker')
    done = subprocess.run(
        [
            sys.executable,
            *('-m', 'pytest', '-q', '-W', 'error', '--rootdir', str(folder)),
            str(folder),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_guide_quotes_what_runs():
    guide = (ROOT / 'docs' / 'guides' / 'WRITING_A_BROKER.md').read_text()
    for name in ('pyproject.toml', 'test_acme_broker.py'):
        source = (EXAMPLE / name).read_text()
        kind = {'.toml': 'toml', '.py': 'python'}[pathlib.Path(name).suffix]
        block = guide.split(f'```{kind}\n')[1].split('```')[0]
        assert block in source
