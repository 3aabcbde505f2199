"""
Tidemark's companion for Python programs: where rounds are, how high memory went, and cleanups.

    tidemark.start()
    for number in range(1, 21):
        with tidemark.round(number):
            train()
    print(tidemark.peak())

Run the program with `tidemark run -- python3 train.py`, and each round has an exact peak. Without
Tidemark the marks have no effect. This file needs CPython 3.9 or later and nothing else: install the
folder `python/` with pip, or copy this file into a project. https://docs.python.org/3/library/os.html
has the system calls; docs/marks.md of Tidemark has the format of the marks.
"""

from __future__ import annotations

import ctypes
import gc
import json
import operator
import os
import re
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple, Type

try:
    import resource
except ImportError:  # Windows: marks have no effect there, and peaks are refused
    resource = None  # type: ignore[assignment]

# `round` is left out, so that `from tidemark import *` does not hide the built-in function.
__all__ = ['Cleanup', 'Peak', 'cleanup', 'is_recorded', 'mark_round', 'peak', 'reset_peak', 'start']
__version__ = '0.2.0'

_VARIABLE = 'TIDEMARK_MARKS'
_READ_TIMEOUT_S = 1.0
"""How long a mark about all processes waits until the recorder has read them. It needs a millisecond."""


def start(*, role: Optional[str] = None, name: Optional[str] = None) -> None:
    """Mark that the program is up and holds nothing yet: its memory now is the base line."""
    if is_recorded():
        memory = _read_memory(os.getpid())
        mark = {'mark': 'start', **_origin(role, name)}
        if memory is not None:
            mark.update(memory=memory.fields, allocator=_allocator(), exactPeaks=_can_reset())
        _append(mark)


def mark_round(
    number: int,
    *,
    role: Optional[str] = None,
    name: Optional[str] = None,
    cleanup_every: int = 0,
    all_processes: bool = False,
) -> None:
    """
    Mark the end of a round. Rounds count from 1.

    The peak since the end of the round before and the memory now are read in this process, and the
    kernel's peak is reset, so nothing is lost when the program ends right afterwards.

    role, name: what this process is called, for example role='server'. Default: what `--role` of
        `tidemark run` gives, and the name of the script.
    cleanup_every: collect garbage and return free memory to the system at the end of every N-th
        round, before memory is read. 0 (default) never does. It acts without a recorder, too.
    all_processes: have the recorder read every recorded process, as for a server of two processes,
        and wait until it has, at most 1 s. Default: this process alone, which it reads itself.

    Raises ValueError for a number below 1, TypeError for one that is not whole.
    """
    number = _round_number(number)
    work = _read_memory(os.getpid()) if is_recorded() else None
    done = cleanup() if cleanup_every > 0 and number % cleanup_every == 0 else None
    if not is_recorded():
        return
    if all_processes:
        _append_and_wait({'mark': 'round', 'round': number, **_named(role, name)}, number)
    else:
        _append(_rounds.end(number, role, name, work, done))


class round:  # noqa: A001, N801: it is called as tidemark.round(n)
    """
    Mark the start and the end of a round: `with tidemark.round(n):`. Options are those of mark_round.

    A round that ends with an exception is marked as failed, and the exception is raised again.
    """

    def __init__(
        self,
        number: int,
        *,
        role: Optional[str] = None,
        name: Optional[str] = None,
        cleanup_every: int = 0,
        all_processes: bool = False,
    ) -> None:
        self.number = _round_number(number)
        self._named = {'role': role, 'name': name}
        self._options = {'cleanup_every': cleanup_every, 'all_processes': all_processes}

    def __enter__(self) -> 'round':
        if is_recorded():
            if self._options['all_processes']:
                _append({'mark': 'round-start', 'round': self.number, **_named(**self._named)})
            else:
                _append(_rounds.begin(self.number, **self._named))
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if kind is None:
            mark_round(self.number, **self._named, **self._options)  # type: ignore[arg-type]
        elif is_recorded():
            origin = {'mark': 'round-failed', **_origin(**self._named)}
            _append({**origin, 'round': self.number, 'attempt': 0, 'reason': f'{kind.__name__}: {error}'[:500]})


def is_recorded() -> bool:
    """Whether a recorder reads the marks of this process."""
    return bool(os.environ.get(_VARIABLE))


@dataclass(frozen=True)
class Cleanup:
    """What a cleanup cost and gave back. `purge_ms` is None where the allocator has no such call."""

    gc_ms: float
    purge_ms: Optional[float]
    total_ms: float
    rss_before_bytes: Optional[int]
    rss_after_bytes: Optional[int]


def cleanup() -> Cleanup:
    """Collect garbage, then have the allocator return its free memory to the system."""
    before, began = _read_memory(os.getpid()), time.perf_counter()
    gc.collect()
    collected = time.perf_counter()
    has_purged = _purge()
    ended, after = time.perf_counter(), _read_memory(os.getpid())
    return Cleanup(
        gc_ms=(collected - began) * 1000,
        purge_ms=(ended - collected) * 1000 if has_purged else None,
        total_ms=(ended - began) * 1000,
        rss_before_bytes=before.rss if before else None,
        rss_after_bytes=after.rss if after else None,
    )


@dataclass(frozen=True)
class Peak:
    """The highest resident memory (RSS) since the last reset; `str()` has it in MiB."""

    bytes: int
    how: str
    """
    'exact': the kernel's own high-water mark, reset by reset_peak.
    'since start': that mark, never reset: nothing in the life of the process was higher.
    'sampled': the highest of many readings, which a short spike between two of them may exceed.
    """
    largest_child_bytes: Optional[int] = None
    """With children: the highest that one child, or child of a child, held. None: there was none."""

    def __str__(self) -> str:
        return f'{self.bytes / 2**20:.1f} MiB ({self.how})'


def reset_peak(*, children: bool = False) -> None:
    """
    Begin to count the peak now.

    children: count the children of this process, and theirs, from now on: a thread reads them
        about every 2 ms until the next reset_peak without it.

    Where the kernel refuses the reset, as in some containers, that thread reads this process, too.
    """
    _peaks.reset(children)


def peak(*, children: bool = False) -> Peak:
    """
    Read the peak since the last reset_peak(), or since the start of the process without one.

    By the kernel's high-water mark (VmHWM in /proc/self/status) it is exact, however short the
    spike. A recorder that finds rounds resets that mark at their ends.

    children: the highest sum of this process and its descendants at one time. It takes
        reset_peak(children=True) before. Pages that forked processes share count in each.
    """
    return _peaks.read(children)


# Marks


def _round_number(number: int) -> int:
    whole = operator.index(number)
    if whole < 1:
        raise ValueError(f'tidemark: rounds count from 1, found {whole}. Where yours count from 0, pass n + 1.')
    return whole


def _named(role: Optional[str], name: Optional[str]) -> Dict[str, Any]:
    return {key: str(value) for key, value in (('role', role), ('name', name)) if value is not None}


def _origin(role: Optional[str], name: Optional[str]) -> Dict[str, Any]:
    if role is None and name is None:
        name = os.path.basename(getattr(sys, 'argv', [''])[0]) or 'python'
    return {'timeMs': time.time() * 1000, 'pid': os.getpid(), 'role': 'process', **_named(role, name)}


def _append(mark: Dict[str, Any]) -> Optional[int]:
    """
    Append one line in one write: with O_APPEND, lines of several processes do not mix (open(2)).

    Returns where the line ends in the file. A failure must not end the program: it is printed once.
    """
    path = os.environ.get(_VARIABLE, '')
    line = (json.dumps(mark, separators=(',', ':')) + '\n').encode()
    try:
        # A pipe without a reader would hold the program up: O_NONBLOCK.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
        try:
            if os.write(descriptor, line) != len(line):
                os.write(descriptor, b'\n')  # half a line stays one line
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
    except OSError as error:
        if not _rounds.has_warned:
            _rounds.has_warned = True
            print(
                f'tidemark: cannot append a mark to {path!r}: {error.strerror}. '
                'The program continues; rounds are missing in the recording.',
                file=sys.stderr,
            )
        return None


def _append_and_wait(mark: Dict[str, Any], number: int) -> None:
    """Memory shall stay as it is until the recorder has read it."""
    end = _append(mark)
    if end is None or _rounds.is_unread:
        return
    until = time.monotonic() + _READ_TIMEOUT_S
    while time.monotonic() < until:
        try:
            with open(os.environ[_VARIABLE], 'rb') as marks:
                marks.seek(end)
                if any(b'"observed"' in line and b'"round":%d,' % number in line for line in marks):
                    return
        except OSError:
            return
        time.sleep(0.001)
    _rounds.is_unread = True  # the recorder has gone: no later round waits for it


class _Rounds:
    """When rounds began and ended, by role and name, and what was said already."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.has_warned = False
        self.is_unread = False
        self.began_ms: Dict[Any, float] = {}
        self.ended_ms: Dict[Any, float] = {}

    def begin(self, number: int, role: Optional[str], name: Optional[str]) -> Dict[str, Any]:
        origin = _origin(role, name)
        with self.lock:
            self.began_ms[role, name] = origin['timeMs']
        return {'mark': 'round-start', **origin, 'round': number, 'attempt': 0}

    def end(
        self,
        number: int,
        role: Optional[str],
        name: Optional[str],
        work: Optional[_Memory],
        done: Optional[Cleanup],
    ) -> Dict[str, Any]:
        key = (role, name)
        with self.lock:
            memory, peak_bytes, was_reset = _high_water.take(key)
            origin = _origin(role, name)
            began_ms = self.began_ms.pop(key, self.ended_ms.get(key, _IMPORTED_MS))
            self.ended_ms[key] = origin['timeMs']
        mark = {'mark': 'round', **origin, 'round': number}
        if memory is None:
            return mark  # there is no /proc: the recorder reads what it can
        return {
            **mark,
            'attempt': 0,
            'startedMs': min(began_ms, origin['timeMs']),
            'peakBytes': peak_bytes if was_reset else None,
            'work': work.fields if work and done else memory.fields,
            'end': memory.fields,
            'cleanup': done
            and {
                'gcMs': done.gc_ms,
                'purgeMs': done.purge_ms,
                'totalMs': done.total_ms,
                'rssBeforeBytes': done.rss_before_bytes,
                'rssAfterBytes': done.rss_after_bytes,
            },
        }


# Memory of a process, by Linux: proc_pid_status(5)

_FIELDS = (
    (b'VmRSS:', 'rssBytes'),
    (b'RssAnon:', 'rssAnonBytes'),
    (b'RssFile:', 'rssFileBytes'),
    (b'RssShmem:', 'rssShmemBytes'),
    (b'VmSwap:', 'swapBytes'),
)


@dataclass(frozen=True)
class _Memory:
    peak: int
    rss: int
    fields: Dict[str, int]


def _read_memory(pid: int) -> Optional[_Memory]:
    """Read RSS, its parts and the high-water mark. None: the process has ended, or there is no /proc."""
    try:
        with open(f'/proc/{pid}/status', 'rb', buffering=0) as file:
            text = file.read(8192)
    except OSError:
        return None
    found = {}
    for label, field in ((b'VmHWM:', 'peak'), *_FIELDS):
        at = text.find(label)
        if at >= 0:
            found[field] = int(text[at + len(label) : text.index(b' kB', at)]) * 1024
    peak_bytes, rss = found.pop('peak', None), found.get('rssBytes')
    if peak_bytes is None or rss is None:
        return None  # a zombie holds no memory
    if found.get('swapBytes') == 0:
        del found['swapBytes']
    return _Memory(peak_bytes, rss, found)


def _can_reset(pid: int = 0) -> bool:
    return os.access(f'/proc/{pid or os.getpid()}/clear_refs', os.W_OK)


def _reset_high_water(pid: int = 0) -> bool:
    """Set the kernel's peak of a process to its present RSS: `5` in clear_refs, some microseconds."""
    try:
        descriptor = os.open(f'/proc/{pid or os.getpid()}/clear_refs', os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, b'5')
        finally:
            os.close(descriptor)
        return True
    except OSError:
        return False


class _Resetter:
    """Resets the mark of this process by a file that stays open, which takes a tenth of the time."""

    def __init__(self) -> None:
        self.descriptor = -1
        self.identity: Optional[Tuple[int, int]] = None

    def reset(self) -> bool:
        try:
            if self.identity is None or self.identity != self._identity():
                self.descriptor = os.open(f'/proc/{os.getpid()}/clear_refs', os.O_WRONLY | os.O_CLOEXEC)
                self.identity = self._identity()
            os.write(self.descriptor, b'5')
            return True
        except OSError:
            self.identity = None
            return False

    def _identity(self) -> Optional[Tuple[int, int]]:
        """A program that closes all its files may have another one under this number by now."""
        try:
            status = os.fstat(self.descriptor)
        except OSError:
            return None
        return status.st_dev, status.st_ino


def _descendants(pid: int, known: Set[int]) -> Iterator[int]:
    """List the children of a process and theirs, by the threads that started them."""
    try:
        threads = os.listdir(f'/proc/{pid}/task')
    except OSError:
        return
    for thread in threads:
        try:
            with open(f'/proc/{pid}/task/{thread}/children', 'rb', buffering=0) as file:
                children = [int(child) for child in file.read(65536).split()]
        except OSError:
            continue
        for child in children:
            if child not in known:
                known.add(child)
                yield child
                yield from _descendants(child, known)


class _HighWater:
    """
    The kernel's mark of this process, which several read and reset, each for peaks of its own.

    What a reset takes from the kernel is kept for the others: by role and name of rounds, and for peak().
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: Dict[Any, int] = {}
        self.highest = 0
        """The highest that any reset took: the peak of a reader that never reset the mark."""
        self.inherited = _maximum()
        """Up to this, getrusage may report what was before an exec: the process may never have held it."""
        self.was_reset = False
        self.resetter = _Resetter()

    def read(self, key: Any) -> Tuple[Optional[_Memory], int]:
        """Read memory, and the peak since the last time that this key took it."""
        memory = _read_memory(os.getpid())
        return memory, max(memory.peak if memory else 0, self.kept.get(key, self.highest))

    def take(self, key: Any) -> Tuple[Optional[_Memory], int, bool]:
        """Read both, and begin again for this key; False where the kernel refuses that."""
        with self.lock:
            memory, peak_bytes = self.read(key)
            return memory, peak_bytes, memory is not None and self._reset(key, memory.peak)

    def reset(self, key: Any) -> bool:
        """Begin again for this key, without the memory now: getrusage takes 1 us where /proc takes 50."""
        with self.lock:
            top = _maximum()
            if top <= self.inherited:
                memory = _read_memory(os.getpid())
                if memory is None:
                    return False
                top = memory.peak
            was_reset = self._reset(key, top)
        # The end of a round says its peak itself. Any other reset is reported to the recorder, which reads this mark too.
        if was_reset and is_recorded():
            _append({'mark': 'peak', **_origin(None, None), 'peakBytes': top})
        return was_reset

    def _reset(self, key: Any, peak_bytes: int) -> bool:
        self.was_reset = self.resetter.reset()
        if self.was_reset:
            self.highest = max(self.highest, peak_bytes)
            for other, before in self.kept.items():
                self.kept[other] = max(before, peak_bytes)
            self.kept[key] = 0
        return self.was_reset


class _Peaks:
    """The peak of this process since a reset; a thread reads what the kernel's mark does not have."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.has_reset = False
        self.mark_at_reset: Optional[int] = None
        """The kernel's mark at a reset that it refused: what is higher now is a peak since then."""
        self.watch: Optional[_Watch] = None

    def reset(self, children: bool) -> None:
        with self.lock:
            self.has_reset = _high_water.reset('peak')
            self.mark_at_reset = None
            if not self.has_reset:
                memory = _read_memory(os.getpid())
                if memory is None:
                    raise OSError(_NO_PROC)
                self.mark_at_reset = memory.peak
            is_needed = children or not self.has_reset
            if self.watch is None and is_needed:
                self.watch = _Watch()
            if self.watch is not None:
                self.watch.begin(children, self.has_reset) if is_needed else self.watch.pause()

    def read(self, children: bool) -> Peak:
        with self.lock:
            memory, peak_bytes = _high_water.read('peak')
            if memory is None:
                raise OSError(_NO_PROC)
            watch, how = self.watch, 'exact'
            if not self.has_reset and self.mark_at_reset is None:
                how = 'since start'
            elif not self.has_reset and memory.peak == self.mark_at_reset:  # else it rose since then
                peak_bytes, how = max(memory.rss, watch.read()[0] if watch else 0), 'sampled'
            if not children:
                return Peak(peak_bytes, how)
            if watch is None or not (watch.is_on and watch.has_children):
                raise ValueError('tidemark: peak(children=True) counts from reset_peak(children=True) on: call that first')
            highest, largest_child = watch.read()
            return Peak(max(highest, peak_bytes), how if largest_child is None else 'sampled', largest_child)


class _Watch:
    """A thread that reads this process, and its descendants where asked, about every 2 ms."""

    INTERVAL_S = 0.002

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_on = False
        self.has_children = False
        self.wakes = threading.Condition(self.lock)
        threading.Thread(target=self.run, name='tidemark-peak', daemon=True).start()

    def begin(self, has_children: bool, is_own_exact: bool) -> None:
        with self.lock:
            self.has_children = has_children
            self.is_own_exact = is_own_exact
            self.highest = 0
            self.largest_child: Optional[int] = None
            self.last: Dict[int, _Memory] = {}
            self.ended_children = _maximum(of_children=True)
            if has_children and _has_children() and not is_recorded():
                for pid in _descendants(os.getpid(), set()):
                    _reset_high_water(pid)
            self.is_on = True
            self.wakes.notify()

    def pause(self) -> None:
        with self.lock:
            self.is_on = False

    def run(self) -> None:
        with self.lock:
            while True:
                if self.is_on:
                    self.look()
                self.wakes.wait(self.INTERVAL_S if self.is_on else None)

    def look(self) -> None:
        """
        Add up the peaks of this interval.

        Where the kernel's mark of a process has risen since the reading before, the mark is its peak
        in between, else the higher of both readings. So a spike between two readings is seen, too.
        """
        if self.is_own_exact and not _has_children():
            self.last = {}  # the kernel's mark of this process has everything
            return
        pid, total, now = os.getpid(), 0, {}
        for one in (pid, *(_descendants(pid, set()) if self.has_children else ())):
            memory = _read_memory(one)
            if memory is None:
                continue
            now[one], before = memory, self.last.get(one)
            if before is None:
                top = memory.rss if one == pid else memory.peak
            else:
                top = memory.peak if memory.peak > before.peak else max(memory.rss, before.rss)
            total += top
            if one != pid:
                self.largest_child = max(self.largest_child or 0, top)
        self.last = now
        self.highest = max(self.highest, total)

    def read(self) -> Tuple[int, Optional[int]]:
        with self.lock:
            self.look()
            own, ended = _read_memory(os.getpid()), _maximum(of_children=True)
            # What the kernel kept of children that were waited for. A child begins as a copy of its
            # parent, so that up to the own peak it may be the parent's memory.
            if self.has_children and own is not None and ended > max(self.ended_children, own.peak):
                self.largest_child = max(self.largest_child or 0, ended)
                self.highest = max(self.highest, ended + own.rss)
            return self.highest, self.largest_child


def _maximum(of_children: bool = False) -> int:
    """The highest RSS of this process, or of one child that was waited for, as getrusage(2) has it."""
    if resource is None:
        return 0
    whose = resource.RUSAGE_CHILDREN if of_children else resource.RUSAGE_SELF
    return int(resource.getrusage(whose).ru_maxrss) * 1024


def _has_children() -> bool:
    """Whether there is a child, running or not waited for yet: one call of 1 us."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return True
    except (ChildProcessError, AttributeError):
        return False


# Allocators

_LIBRARY = re.compile(rb'/lib(jemalloc|mimalloc|tcmalloc)[^/]*\.so')


def _allocator() -> str:
    try:
        with open('/proc/self/maps', 'rb') as maps:
            text = maps.read()
    except OSError:
        return 'unknown'
    found = _LIBRARY.search(text)
    return found[1].decode() if found else 'glibc' if b'/libc.so.6' in text else 'unknown'


def _purge() -> bool:
    """Return free memory to the system by the call of the allocator that is loaded."""
    try:
        loaded = ctypes.CDLL(None)
    except OSError:
        return False
    calls: List[Tuple[str, Tuple[Any, ...]]] = [
        ('mallctl', (b'arena.4096.purge', None, None, None, ctypes.c_size_t(0))),  # jemalloc: all arenas
        ('mi_collect', (True,)),
        ('MallocExtension_ReleaseFreeMemory', ()),  # tcmalloc
        ('malloc_trim', (ctypes.c_size_t(0),)),  # glibc
    ]
    for name, arguments in calls:
        call = getattr(loaded, name, None)
        if call is not None:
            call(*arguments)
            return True
    return False


_IMPORTED_MS = time.time() * 1000
_NO_PROC = 'tidemark: cannot read memory: there is no /proc/self/status. Peaks need Linux.'


def _before_fork() -> None:
    """
    Since CPython 3.12 a fork beside other threads warns the program of their locks.

    Those of the thread that reads children are made again in the child. Where it is the only other
    one, the warning says nothing of the program.
    """
    if _peaks.watch is not None and sys.version_info >= (3, 12) and len(os.listdir('/proc/self/task')) == 2:
        warnings.filterwarnings('ignore', r'This process \(pid=\d+\) is multi-threaded', DeprecationWarning)


def _begin_again() -> None:
    """In a forked child: a thread of the parent may hold a lock, and the peaks are the parent's."""
    global _rounds, _high_water, _peaks
    _rounds, _high_water, _peaks = _Rounds(), _HighWater(), _Peaks()


_rounds, _high_water, _peaks = _Rounds(), _HighWater(), _Peaks()
if hasattr(os, 'register_at_fork'):
    os.register_at_fork(before=_before_fork, after_in_child=_begin_again)
