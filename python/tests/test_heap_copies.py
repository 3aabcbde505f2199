"""Copies of a process in which other threads compute, as tracemalloc's looks make them: `python3 -m unittest discover -s tests`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest

PYTHON = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COPIES = 10
PROGRAM = '''
import os, sys, threading
from tidemark_heap import copies

def compute():
    while True:
        sum(range(1000))

ballast = [bytearray(1 << 20) for _ in range(100)]  # a large process takes the kernel longer to copy
for _ in range(3):
    threading.Thread(target=compute, daemon=True).start()

def write():
    with open(path, "w") as file:
        file.write("x" * 100_000)

for number in range(int(sys.argv[2])):
    path = os.path.join(sys.argv[1], str(number))
    pid = copies.start(write)
    assert pid is None or copies.reap(pid) is None, "the copy did not write"
'''


class Copies(unittest.TestCase):
    def test_every_copy_writes_while_other_threads_ask_for_the_interpreter(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            ended = subprocess.run(
                [sys.executable, '-c', PROGRAM, folder, str(COPIES)],
                env={**os.environ, 'PYTHONPATH': PYTHON},
                capture_output=True,
                text=True,
                timeout=100,
            )
            self.assertEqual((ended.returncode, ended.stderr), (0, ''))
            for number in range(COPIES):
                self.assertEqual(os.path.getsize(os.path.join(folder, str(number))), 100_000)


if __name__ == '__main__':
    unittest.main()
