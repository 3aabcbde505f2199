"""The two ways of finding out which lines hold the memory: memray, and tracemalloc of the standard library.

An engine is started once, is asked to `take` what is live after some rounds, and is stopped after the last of them. It writes
to the folder of the recording and keeps nothing in the memory of the program, whose growth is being measured.
"""

from __future__ import annotations

import marshal
import os
import time
from typing import Any, Dict, List, Optional, Tuple

from . import copies, memory

# Between two readings of memray's own thread; a take lasts longer, so that one of them lies within it.
MEMRAY_INTERVAL_MS = 10
# Frames that are kept to find the line of the user's code beneath those of libraries: logging, asyncio and pandas
# have eight to twenty of their own.
CAPTURED_FRAMES = 25
# What tracemalloc may take for its records: some eight million blocks, which are a file of 200 MB and take a minute to read.
MOST_OWN = 512 << 20


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

    def take(self, completed: int, is_end: bool) -> Dict[str, Any]:
        """Keep what is live after this many rounds. `is_end` says that it is one of the two looks whose RSS is split.

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
        self._writers: List[Optional[int]] = []
        self._file = os.path.join(folder, "%d.memray" % os.getpid())

    def start(self) -> None:
        import memray

        if os.path.exists(self._file):  # a program that became another one by exec, under the same pid
            os.remove(self._file)
        self._tracker = memray.Tracker(
            self._file, trace_python_allocators=True, memory_interval_ms=MEMRAY_INTERVAL_MS, follow_fork=False
        )
        self._tracker.__enter__()

    def take(self, completed: int, is_end: bool) -> Dict[str, Any]:
        at = time.time() * 1000
        time.sleep(2.5 * MEMRAY_INTERVAL_MS / 1000)
        if not is_end:
            return {"atMs": at}
        name = "%d.take-%d" % (os.getpid(), completed)
        path = os.path.join(self.folder, name)
        self._writers.append(copies.start(lambda: _write(path, [], memory.free_of_python(path))))
        return {"atMs": at, "file": name}

    def stop(self) -> None:
        for pid in self._writers:
            if pid is not None:
                copies.reap(pid)  # what it writes makes the answer better, and can be missing
        self._writers = []
        tracker, self._tracker = self._tracker, None
        if tracker is not None:
            tracker.__exit__(None, None, None)

    def written_bytes(self) -> int:
        try:
            return os.path.getsize(self._file)
        except OSError:
            return 0

    def in_child(self) -> "Engine":
        self._writers = []  # they are children of the parent
        self.stop()  # the tracker of the parent, which writes no more in this process
        child = Memray(self.folder)
        child.start()
        return child

    def leave_child(self) -> None:
        self._writers = []
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

    def take(self, completed: int, is_end: bool) -> Dict[str, Any]:
        own = self.own_bytes()
        if own > MOST_OWN:
            raise RuntimeError(
                "the program has so many blocks that tracemalloc takes %d MiB to keep their stacks, and %d MiB is the most"
                " that is looked at. Install memray beside the program" % (own >> 20, MOST_OWN >> 20)
            )
        name = "%d.take-%d" % (os.getpid(), completed)
        pid = copies.start(lambda: _write_traces(os.path.join(self.folder, name)))
        if pid is not None:
            self._writers[pid] = completed
        return {"file": name}

    def stop(self) -> None:
        import tracemalloc

        for pid, completed in self._writers.items():
            why = copies.reap(pid)
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


def _write_traces(path: str) -> None:
    import _tracemalloc

    # While every allocation is traced, code in C that makes no objects is a hundred times as fast as any loop: marshal writes
    # the blocks as they are, with their frames once. The same interpreter adds them up after the program's end.
    free = memory.free_of_python(path)
    _write(path, _tracemalloc._get_traces(), free)


def _write(path: str, traces: Any, free: Optional[int] = None) -> None:
    try:
        with open(path + ".new", "wb") as out:
            marshal.dump(free, out)
            marshal.dump(traces, out)
    except OSError:
        os.unlink(path + ".new")  # the room it took is what the recording needs
        raise
    os.replace(path + ".new", path)
