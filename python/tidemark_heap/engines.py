"""The two ways of finding out which lines hold the memory: memray, and tracemalloc of the standard library.

An engine is started once, is asked to `take` what is live after some rounds, and is stopped after the last of them. It writes
to the folder of the recording and keeps nothing in the memory of the program, whose growth is being measured.
"""

from __future__ import annotations

import marshal
import os
import signal
import time
from typing import Any, Dict, List, Optional, Tuple

# Between two readings of memray's own thread; a take lasts longer, so that one of them lies within it.
MEMRAY_INTERVAL_MS = 10
# Frames that are kept to find the line of the user's code beneath those of libraries: logging, asyncio and pandas
# have eight to twenty of their own.
CAPTURED_FRAMES = 25
# What tracemalloc may take for its records: some eight million blocks, which are a file of 200 MB and take a minute to read.
MOST_OWN = 512 << 20
# A copy of the process that takes longer has met a lock that another thread held.
LONGEST_WRITE_S = 120


def choose(folder: str, wanted: Optional[str] = None) -> "Tuple[Engine, Optional[str]]":
    """memray where it can be imported and is new enough, else tracemalloc.

    Returns: the engine, and why it is not memray (None where it is).
    """
    if wanted == "tracemalloc":
        return Tracemalloc(folder), None
    try:
        import memray
    except Exception as error:  # also a memray that was built for another system
        return Tracemalloc(folder), "memray cannot be imported: %s" % (str(error).splitlines() or [type(error).__name__])[0]
    if not hasattr(memray.FileReader, "get_temporal_allocation_records"):
        return Tracemalloc(folder), "memray %s is too old: 1.8 or later is needed" % getattr(memray, "__version__", "of an unknown release")
    return Memray(folder), None


class Engine:
    name = ""
    # Whether a look takes the program long.
    is_costly = False

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.lost: Dict[int, str] = {}
        """Looks that could not be written, by the rounds after which they were taken, and why. Known once it has stopped."""

    def start(self) -> None:
        raise NotImplementedError

    def take(self, completed: int) -> Dict[str, Any]:
        """Keep what is live after this many rounds.

        Returns: what the analysis has to know of it.
        """
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def own_bytes(self) -> int:
        """Memory of this process that the engine itself takes."""
        return 0

    def written_bytes(self) -> int:
        """Size of what it has written and keeps writing."""
        return 0

    def in_child(self) -> "Engine":
        """The engine for a process that was forked from the one where this runs."""
        raise NotImplementedError

    def leave_child(self) -> None:
        """End what a forked process has taken over of this engine, where it is not to be measured."""
        raise NotImplementedError


class Memray(Engine):
    """Every allocation and every release with its stack, in one file, read after the program's end."""

    name = "memray"

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._tracker: Any = None
        self._file = os.path.join(folder, "%d.memray" % os.getpid())

    def start(self) -> None:
        import memray

        if os.path.exists(self._file):  # a program that became another one by exec, under the same pid
            os.remove(self._file)
        self._tracker = memray.Tracker(
            self._file, trace_python_allocators=True, memory_interval_ms=MEMRAY_INTERVAL_MS, follow_fork=False
        )
        self._tracker.__enter__()

    def take(self, completed: int) -> Dict[str, Any]:
        at = time.time() * 1000
        time.sleep(2.5 * MEMRAY_INTERVAL_MS / 1000)
        return {"atMs": at}

    def stop(self) -> None:
        tracker, self._tracker = self._tracker, None
        if tracker is not None:
            tracker.__exit__(None, None, None)

    def written_bytes(self) -> int:
        try:
            return os.path.getsize(self._file)
        except OSError:
            return 0

    def in_child(self) -> "Engine":
        self.stop()  # the tracker of the parent, which writes no more in this process
        child = Memray(self.folder)
        child.start()
        return child

    def leave_child(self) -> None:
        self.stop()


class Tracemalloc(Engine):
    """The live blocks of Python's own allocators, and of libraries that report to it, as numpy does."""

    name = "tracemalloc"
    is_costly = True

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._was_tracing = False
        self._is_on = False
        # Copies of this process that write what was live after so many rounds, by pid.
        self._writers: Dict[int, int] = {}

    def start(self) -> None:
        import tracemalloc

        self._was_tracing = tracemalloc.is_tracing()
        if not self._was_tracing:
            tracemalloc.start(CAPTURED_FRAMES)
        self._is_on = True

    def take(self, completed: int) -> Dict[str, Any]:
        own = self.own_bytes()
        if own > MOST_OWN:
            raise RuntimeError(
                "the program has so many blocks that tracemalloc takes %d MiB to keep their stacks, and %d MiB is the most"
                " that is looked at. Install memray beside the program" % (own >> 20, MOST_OWN >> 20)
            )
        name = "%d.take-%d" % (os.getpid(), completed)
        pid = _write_apart(os.path.join(self.folder, name))
        if pid is not None:
            self._writers[pid] = completed
        return {"file": name}

    def stop(self) -> None:
        import tracemalloc

        for pid, completed in self._writers.items():
            why = _reap(pid)
            if why is not None:
                self.lost[completed] = why
        self._writers = {}
        if self._is_on and not self._was_tracing:
            tracemalloc.stop()
        self._is_on = False

    def own_bytes(self) -> int:
        import tracemalloc

        return tracemalloc.get_tracemalloc_memory()

    def in_child(self) -> "Engine":
        child = Tracemalloc(self.folder)
        child._was_tracing, child._is_on = self._was_tracing, self._is_on
        return child

    def leave_child(self) -> None:
        self._writers = {}  # they are children of the parent
        self.stop()


def _write_apart(path: str) -> Optional[int]:
    """Write all live blocks to a file from a copy of this process, which sees the memory of this moment and leaves none behind here.

    The copy is made by the C library, with the interpreter held: no fork handler of the program runs, and the copy does nothing but
    write and end, with the number of its error. Where that cannot be, this process writes.

    Returns: the pid of the copy; None where there is none.
    """
    try:
        import ctypes

        pid = ctypes.PyDLL(None).fork()
    except (ImportError, AttributeError, OSError):
        pid = -1
    if pid > 0:
        return pid
    if pid < 0:
        _write_traces(path)
        return None
    status = 255
    try:
        _write_traces(path)
        status = 0
    except OSError as error:
        status = error.errno or 255
    finally:
        os._exit(status)


def _write_traces(path: str) -> None:
    import _tracemalloc

    # While every allocation is traced, code in C that makes no objects is a hundred times as fast as any loop: marshal writes
    # the blocks as they are, with their frames once. The same interpreter adds them up after the program's end.
    try:
        with open(path + ".new", "wb") as out:
            marshal.dump(_tracemalloc._get_traces(), out)
    except OSError:
        os.unlink(path + ".new")  # the room it took is what the recording needs
        raise
    os.replace(path + ".new", path)


def _reap(pid: int) -> Optional[str]:
    """Wait for a copy to have written. The program may have asked after all its children already.

    Returns: why it has not; None where it has, or where that cannot be known.
    """
    until = time.monotonic() + LONGEST_WRITE_S
    while time.monotonic() < until:
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended == pid:
                code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 255
                return None if code == 0 else os.strerror(code) if code < 255 else "its writer ended early"
        except ChildProcessError:
            if not os.path.exists("/proc/%d" % pid):
                return None
        time.sleep(0.01)
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except OSError:
        pass
    return "its writer did not end within %d s" % LONGEST_WRITE_S
