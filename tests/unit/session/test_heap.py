"""Large blocks go back to the system."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

PROGRAM = """
import ctypes
import sys

from sting.session import heap

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in 'abcdefghij']

def mapped():
    return told().e

told = ctypes.CDLL(None).mallinfo2
told.restype = Info
if sys.argv[1] == 'settled':
    heap.settle()
first = bytearray(8 << 20)
del first
before = mapped()
second = bytearray(1 << 20)
print(mapped() - before)
heap.trim()
"""


@pytest.mark.parametrize(('how', 'own'), [('settled', True), ('not', False)])
def test_a_large_block_is_its_own_after_a_larger_one_was_freed(how, own):
    found = subprocess.run(
        [sys.executable, '-c', PROGRAM, how],
        check=True,
        capture_output=True,
        text=True,
    )
    assert (int(found.stdout) > 1 << 20) is own
