"""Tests of tidemark.py in real processes: `python3 -m unittest discover -s tests` in the folder python/."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from typing import Any, Dict, List

PYTHON = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MIB = 2**20


class Program:
    """A program that has imported the companion, run to its end."""

    def __init__(self, code: str, marks: Any = None) -> None:
        environment = {**os.environ, 'PYTHONPATH': PYTHON}
        environment.pop('TIDEMARK_MARKS', None)
        if marks is not None:
            environment['TIDEMARK_MARKS'] = marks
        text = 'import gc, os, subprocess, sys, threading, time, tidemark\nMIB = 2**20\n' + textwrap.dedent(code)
        ended = subprocess.run([sys.executable, '-c', text], env=environment, capture_output=True, text=True, timeout=120)
        self.status, self.output, self.errors = ended.returncode, ended.stdout, ended.stderr


class Marks(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = os.path.join(self.folder.name, 'marks.ndjson')

    def run_marked(self, code: str) -> List[Dict[str, Any]]:
        ended = Program(code, self.file)
        self.assertEqual((ended.status, ended.errors), (0, ''))
        with open(self.file) as file:
            return [json.loads(line) for line in file]

    def test_a_program_that_is_not_recorded_writes_nothing(self) -> None:
        ended = Program('''
            tidemark.start()
            with tidemark.round(1): pass
            tidemark.mark_round(2)
            print(tidemark.is_recorded(), os.listdir('.'))
        ''')
        self.assertEqual((ended.status, ended.errors), (0, ''))
        self.assertTrue(ended.output.startswith('False'))

    def test_rounds_have_their_own_exact_peak_and_the_memory_at_their_end(self) -> None:
        start, *marks = self.run_marked('''
            tidemark.start()
            for number, mib in ((1, 64), (2, 16)):
                with tidemark.round(number):
                    spike = bytearray(mib * MIB)
                    del spike
        ''')
        self.assertEqual((start['mark'], start['exactPeaks']), ('start', True))
        self.assertEqual([mark['mark'] for mark in marks], ['round-start', 'round'] * 2)
        first, second = marks[1], marks[3]
        base = start['memory']['rssBytes']
        self.assertAlmostEqual((first['peakBytes'] - base) / MIB, 64, delta=2)
        self.assertAlmostEqual((second['peakBytes'] - base) / MIB, 16, delta=2)
        self.assertLess((second['end']['rssBytes'] - base) / MIB, 4)
        self.assertEqual([first['round'], first['role'], first['name']], [1, 'process', '-c'])
        self.assertGreaterEqual(first['timeMs'], first['startedMs'])

    def test_a_round_that_raises_is_marked_as_failed_and_the_exception_goes_on(self) -> None:
        marks = self.run_marked('''
            try:
                with tidemark.round(3, role='server'): raise OSError('no space')
            except OSError: pass
        ''')
        self.assertEqual([mark['mark'] for mark in marks], ['round-start', 'round-failed'])
        self.assertEqual((marks[1]['round'], marks[1]['role'], marks[1]['reason']), (3, 'server', 'OSError: no space'))

    def test_a_cleanup_frees_garbage_in_cycles_and_the_mark_tells_its_cost(self) -> None:
        marks = self.run_marked('''
            gc.disable()
            for number in (1, 2):
                one = [bytearray(32 * MIB)]
                one.append(one)
                del one
                tidemark.mark_round(number, cleanup_every=2)
        ''')
        self.assertIsNone(marks[0]['cleanup'])
        freed = marks[1]['work']['rssBytes'] - marks[1]['end']['rssBytes']
        self.assertAlmostEqual(freed / MIB, 64, delta=2)
        cost = marks[1]['cleanup']
        self.assertAlmostEqual((cost['rssBeforeBytes'] - cost['rssAfterBytes']) / MIB, 64, delta=2)
        self.assertGreaterEqual(cost['totalMs'], cost['gcMs'])

    def test_threads_append_whole_lines_and_each_name_keeps_its_peak(self) -> None:
        marks = self.run_marked('''
            held = bytearray(48 * MIB)
            tidemark.mark_round(1, role='client', name='late')
            spike = bytearray(48 * MIB)
            del spike
            tidemark.mark_round(1, role='client', name='early')
            def work(name):
                for number in range(2, 52):
                    with tidemark.round(number, role='client', name=name): pass
            threads = [threading.Thread(target=work, args=(f'site-{i}',)) for i in range(8)]
            for one in threads: one.start()
            for one in threads: one.join()
            tidemark.mark_round(2, role='client', name='late')
        ''')
        rounds = [mark for mark in marks if mark['mark'] == 'round']
        self.assertEqual(len(rounds), 8 * 50 + 3)
        late = [mark['peakBytes'] for mark in rounds if mark['name'] == 'late']
        self.assertAlmostEqual((late[1] - late[0]) / MIB, 48, delta=2, msg='a reset by others must not take the peak')

    def test_forked_processes_append_whole_lines_under_their_own_pids(self) -> None:
        marks = self.run_marked('''
            import warnings
            warnings.simplefilter('ignore')  # since 3.12 a fork beside a thread of its own warns the program
            tidemark.mark_round(1)
            stop = threading.Event()
            def hold():
                while not stop.is_set(): tidemark.mark_round(1)
            holder = threading.Thread(target=hold)
            holder.start()  # its locks are held at many of the forks
            children = []
            for i in range(10):
                pid = os.fork()
                if pid == 0:
                    for number in range(2, 32): tidemark.mark_round(number)
                    os._exit(0)
                children.append(pid)
            statuses = [os.waitpid(pid, 0)[1] for pid in children]
            stop.set()
            holder.join()
            assert statuses == [0] * 10, statuses
        ''')
        by_pid: Dict[int, List[int]] = {}
        for mark in marks:
            by_pid.setdefault(mark['pid'], []).append(mark['round'])
        self.assertEqual(len(by_pid), 11)
        self.assertEqual(sum(rounds == list(range(2, 32)) for rounds in by_pid.values()), 10)

    def test_a_full_disk_is_said_once_and_the_program_goes_on(self) -> None:
        ended = Program('for n in range(1, 4): tidemark.mark_round(n)\nprint("done")', '/dev/full')
        self.assertEqual((ended.status, ended.output), (0, 'done\n'))
        self.assertEqual(ended.errors.count('\n'), 1)
        self.assertIn("cannot append a mark to '/dev/full': No space left on device", ended.errors)

    def test_a_number_that_is_no_round_is_refused_recorded_or_not(self) -> None:
        for marks in (None, self.file):
            for number, error in (('0', 'ValueError'), ('-1', 'ValueError'), ('1.5', 'TypeError'), ('"1"', 'TypeError')):
                with self.subTest(number=number, marks=marks):
                    self.assertIn(error, Program(f'tidemark.mark_round({number})', marks).errors)

    def test_a_mark_about_all_processes_waits_a_second_at_most_for_a_recorder_that_has_gone(self) -> None:
        ended = Program(
            '''
            began = time.monotonic()
            for number in range(1, 6): tidemark.mark_round(number, all_processes=True)
            print(time.monotonic() - began)
            ''',
            self.file,
        )
        self.assertLess(float(ended.output), 2)


class Peaks(unittest.TestCase):
    def run_code(self, code: str) -> List[str]:
        ended = Program(code)
        self.assertEqual((ended.status, ended.errors), (0, ''))
        return ended.output.split('\n')[:-1]

    def test_a_spike_is_exact_however_short(self) -> None:
        now, before, how, after = self.run_code('''
            now = tidemark.peak().bytes
            print(now // MIB)
            spike = bytearray(96 * MIB)
            del spike
            print((tidemark.peak().bytes - now) // MIB)
            tidemark.reset_peak()
            print(tidemark.peak().how)
            spike = bytearray(32 * MIB)
            del spike
            print((tidemark.peak().bytes - now) // MIB)
        ''')
        self.assertAlmostEqual(int(before), 96, delta=2)
        self.assertEqual(how, 'exact')
        self.assertAlmostEqual(int(after), 32, delta=2)

    def test_children_count_when_asked_for_also_those_that_have_ended(self) -> None:
        own, child, how = self.run_code('''
            tidemark.reset_peak(children=True)
            subprocess.run([sys.executable, '-c', 'import time; spike = bytearray(200 << 20); time.sleep(0.02)'])
            seen = tidemark.peak(children=True)
            print((seen.bytes - tidemark.peak().bytes) // MIB, seen.largest_child_bytes // MIB, seen.how, sep='\\n')
        ''')
        self.assertAlmostEqual(int(child), 208, delta=10)
        self.assertAlmostEqual(int(own), 208, delta=12)
        self.assertEqual(how, 'sampled')

    def test_without_children_the_peak_with_them_is_exact(self) -> None:
        (how,) = self.run_code('tidemark.reset_peak(children=True); print(tidemark.peak(children=True).how)')
        self.assertEqual(how, 'exact')

    def test_children_that_nobody_asked_for_before_are_refused_with_the_fix(self) -> None:
        errors = Program('tidemark.reset_peak(); tidemark.peak(children=True)').errors
        self.assertIn('counts from reset_peak(children=True) on: call that first', errors)

    def test_a_forked_child_has_a_peak_of_its_own(self) -> None:
        child, parent = self.run_code('''
            tidemark.reset_peak(children=True)
            if os.fork() == 0:
                tidemark.reset_peak(children=True)
                spike = bytearray(64 * MIB)
                print(tidemark.peak(children=True).how, flush=True)
                os._exit(0)
            os.wait()
            print(tidemark.peak(children=True).how)
        ''')
        self.assertEqual((child, parent), ('exact', 'sampled'))


if __name__ == '__main__':
    unittest.main()
