"""Measures this process as the order in the folder says: starts an engine, takes what is live at rounds, stops after the last.

Two things notice the end of a round. An audit hook sees the program open the marks file, in the program's own thread and before
the mark is written, so what is live then is what the round has left. For rounds that logs report, and programs that keep
the file open, a thread reads the marks file 50 times a second.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
import threading
import time
import warnings
from typing import Any, Dict, List, Optional

from . import engines, memory, neighbours, process
from .rounds import Rounds

POLL_S = 0.02
# Other marks may be written in the round that is waited for; each open could be the one that ends it.
MOST_RETAKES = 8
_MIB = 1 << 20
# What memray may write for a process, and what it must leave free on the disk.
MOST_WRITTEN = 2048 * _MIB
LEAST_FREE = 256 * _MIB
# Growth that counts as none, as in src/recording/heap/heap-growth.ts.
LEAST_GROWTH = _MIB // 2
# With fewer rounds before the first look a costly engine starts with the program: what it has not seen allocated, it does not
# see freed either, so it has to have watched a few rounds.
LEAST_WARM_UP = 3

_current: Optional["Session"] = None


def start(folder: str, order: Optional[Dict[str, Any]] = None) -> "Optional[Session]":
    """Start measuring, by the order in `folder`, or the one given.

    Returns: None where it cannot be: then the reason is in the folder, if that can be written.
    """
    global _current
    if order is None:
        try:
            with open(os.path.join(folder, "order.json"), encoding="utf-8") as file:
                order = json.load(file)
        except (OSError, ValueError):
            return None  # a process that outlived its recording, or one that was started with an old environment
    if neighbours.are_too_many(folder):
        return None
    _current = Session(folder, order)
    _current.begin()
    return _current


def current() -> "Optional[Session]":
    return _current


class Session:
    def __init__(self, folder: str, order: Dict[str, Any]) -> None:
        self.folder = folder
        self.order = order
        self.wanted: List[int] = order["wanted"]
        self.marks: str = order["marksFile"]
        self.rounds = Rounds(self.marks, os.getpid(), bool(order.get("isRelative")))
        self.engine: Optional[engines.Engine] = None
        self.takes: Dict[int, Dict[str, Any]] = {}
        self.notes: List[str] = []
        self.stopped_after: Optional[int] = None
        self._lock = threading.RLock()
        self._looking: Optional[int] = None
        """The thread that looks. Files that it opens are no marks of the program; another thread waits for it, at the end of its round."""
        self._is_early = False
        self._begun_after = 0
        self._retakes = 0
        self._floor = sys.maxsize
        # The first look, by the rounds completed. Rounds that a log reports may pass faster than they are seen.
        self.first = self.wanted[0]
        self._is_from_start = False
        # In a PID namespace of its own the program does not see it, and then it does not look for its end.
        self._recorder = "/proc/%d" % order["recorderPid"]
        self._saw_recorder: Optional[bool] = None

    def begin(self) -> None:
        self.engine, note = engines.choose(self.folder, self.order.get("engine"))
        self.engine_note = note
        # What grows between two rounds is allocated between them. The program starts, and runs its first round, at its own speed,
        # and so does a later process of it: one that lives for a part of a round, as Flower's clients do, is never slowed down.
        self._begun_after = self.rounds.read(_now_ms())
        self._is_early = self.engine.is_costly and self.wanted[0] >= LEAST_WARM_UP and not self.order.get("isRelative")
        memory.remember_allocator()
        try:
            if not self._is_early:
                self.engine.start()
        except Exception as error:
            self.notes.append("%s could not start: %s" % (self.engine.name, error))
            if not isinstance(self.engine, engines.Memray):
                self.engine = None
            else:
                self.engine = engines.Tracemalloc(self.folder)
                self.engine.start()
        self._write()
        if self.engine is None:
            return
        # Python 3.12 and later warn of a fork where another thread runs: here it would be ours, and the warning would tell the program nothing new.
        warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
        sys.addaudithook(self._on_audit)
        os.register_at_fork(after_in_child=self._after_fork)
        atexit.register(self._at_exit)
        self._watch()

    # A hook cannot be taken away again, so it has to be cheap when there is nothing left to do.
    def _on_audit(self, event: str, arguments: Any) -> None:
        if event != "open" or self.engine is None or arguments[0] != self.marks or self._looking == threading.get_ident():
            return
        flags = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], int) else 0
        mode = arguments[1] if isinstance(arguments[1], str) else ""
        if not flags & (os.O_WRONLY | os.O_RDWR) and not any(letter in mode for letter in "aw+"):
            return
        self._look(is_before_mark=True)

    def _look(self, is_before_mark: bool = False) -> None:
        with self._lock:
            if self._looking is not None or self.engine is None:
                return
            self._looking = threading.get_ident()
            try:
                before = self.rounds.completed
                completed = self.rounds.read(_now_ms())
                self._is_from_start |= completed < self.wanted[0]
                if completed > before:
                    self._retakes = 0
                if self._is_early and completed > self._begun_after:
                    self._is_early = False
                    self.engine.start()
                    self._write()
                if self._is_early:
                    pass  # it has not lived to the end of a round
                elif is_before_mark:
                    self._take_before_mark(completed + 1)
                else:
                    self._take_late(completed if self.rounds.has_own else max(completed, neighbours.called(self.folder)))
                if completed > before:
                    self._floor = sys.maxsize
            except Exception as error:  # a full disk, or the interpreter is ending: let the program continue
                self.notes.append("measuring stopped after round %d: %s" % (self.rounds.completed, error))
                self._stop()
            finally:
                self._looking = None

    def _take_before_mark(self, ending: int) -> None:
        self._take_late(ending - 1)
        if self.engine is None or ending not in self.wanted or self._retakes >= MOST_RETAKES:
            return
        self._retakes += 1
        others = neighbours.living(self.folder)
        if others:
            neighbours.call(self.folder, ending)
        self._take(ending, "at its end")
        neighbours.wait_for(self.folder, others, ending)

    def _take_late(self, completed: int) -> None:
        newest = max(self.takes, default=0)
        due = [number for number in self._numbers() if newest < number <= completed]
        if due:
            # Of several that have passed unseen the last is taken; those before it are gone.
            if self.first in due and self._is_from_start and due[-1] != self.wanted[-1]:
                self.first = due[-1]
            # A worker that has nothing to do while the process that it follows stands at the end of its round is at its own end.
            is_asked = not self.rounds.has_own and due[-1] <= neighbours.called(self.folder)
            self._take(due[-1], "at its end" if is_asked and neighbours.is_idle() else "a moment later")
        if self.engine is not None and self.wanted[-1] <= completed and self.wanted[-1] in self.takes:
            self._stop()

    def _take(self, completed: int, when: str) -> None:
        assert self.engine is not None
        began = time.monotonic()
        resident, shared = memory.resident(), memory.shared()
        own = self.engine.own_bytes()
        if gc.isenabled():
            gc.collect()
        # Trimming changes what the program is given next, so it is for the two takes that are compared.
        is_end = completed in (self.first, self.wanted[-1])
        in_use = memory.malloc_in_use() if is_end else None
        if is_end:
            memory.trim()
        trimmed = memory.resident()
        floor = min(self._floor, resident)
        taken = {} if self._has_not_grown(completed, resident - own, trimmed - own) else self.engine.take(completed, is_end)
        self.takes[completed] = {
            **taken,
            "when": when,
            "residentBytes": resident,
            "sharedBytes": shared,
            "floorBytes": floor,
            "trimmedBytes": trimmed if is_end else None,
            "mallocBytes": in_use,
            "ownBytes": own,
            "stoodMs": round((time.monotonic() - began) * 1000, 3),
        }
        if completed == self.wanted[-1] and when != "at its end":
            self._stop()
        self._write()

    def _numbers(self) -> List[int]:
        """Rounds after which to look. A worker that follows another process is one of many, so that it leaves out a costly one."""
        if self.rounds.has_own or self.engine is None or not self.engine.is_costly or len(self.wanted) < 4:
            return self.wanted
        return [self.wanted[0], *self.wanted[2:]]

    def _has_not_grown(self, completed: int, resident: int, trimmed: int) -> bool:
        """Whether the last look would have nothing to explain, so that a costly engine need not take it."""
        first = self.takes.get(self.first)
        if first is None or completed != self.wanted[-1] or not self.engine or not self.engine.is_costly:
            return False
        own = first["ownBytes"]
        grown = max(resident - (first["floorBytes"] - own), trimmed - (first["trimmedBytes"] - own))
        return bool(grown < LEAST_GROWTH)

    def _stop(self) -> None:
        engine, self.engine = self.engine, None
        self.stopped_after = self.rounds.completed
        if engine is None:
            return
        self.engine_name = engine.name
        before = memory.resident()
        try:
            engine.stop()
            self.freed_by_stop = max(0, before - memory.resident())
        except Exception as error:
            self.notes.append("%s did not stop: %s" % (engine.name, error))
        for number, why in sorted(engine.lost.items()):
            self.takes.pop(number, None)
            self.notes.append("what was live after round %d could not be written: %s" % (number, why))
        self._write()

    def _watch(self) -> None:
        thread = threading.Thread(target=self._poll, name="tidemark-heap", daemon=True)
        thread.start()

    def _poll(self) -> None:
        ticks = 0
        while self.engine is not None:
            time.sleep(POLL_S)
            ticks += 1
            self._floor = min(self._floor, memory.resident())
            self._look()
            if ticks % 10 == 0:
                self._mind_the_disk()
                self._mind_the_recorder()

    def _mind_the_disk(self) -> None:
        engine = self.engine
        if engine is None or engine.written_bytes() == 0:
            return
        try:
            disk = os.statvfs(self.folder)
        except OSError:
            return
        free = disk.f_bavail * disk.f_frsize
        limit = int(self.order.get("mostBytes", MOST_WRITTEN))
        written = engine.written_bytes()
        if written <= limit and free >= LEAST_FREE:
            return
        why = "had written %d MiB" % (written // _MIB) if written > limit else "left %d MiB free on the disk" % (free // _MIB)
        with self._lock:
            self.notes.append("measuring stopped after round %d: %s %s" % (self.rounds.completed, engine.name, why))
            self._stop()

    def _mind_the_recorder(self) -> None:
        """A program that outlives its recording, as one does that was attached to, is measured no longer."""
        if not os.path.exists(os.path.join(self.folder, "ended")):
            if self._saw_recorder is None:
                self._saw_recorder = os.path.exists(self._recorder)
            if not self._saw_recorder or os.path.exists(self._recorder):
                return
        with self._lock:
            self._stop()

    def _after_fork(self) -> None:
        """In a child that continues without exec, as workers of multiprocessing and gunicorn do."""
        engine = self.engine
        if engine is None:
            return
        self._lock = threading.RLock()
        self._looking = None
        self.takes, self.notes = {}, []
        self._retakes, self._floor = 0, sys.maxsize
        self.rounds = self.rounds.for_child(os.getpid())
        self.first, self._is_from_start = self.wanted[0], False
        self.engine = None
        if neighbours.are_too_many(self.folder):
            engine.leave_child()
            return
        try:
            self.engine = engine.in_child()
        except Exception as error:
            self.notes.append("%s could not start after a fork: %s" % (engine.name, error))
        self._write()
        if self.engine is not None:
            self._watch()

    def _at_exit(self) -> None:
        self._look()
        with self._lock:
            self._stop()

    def _write(self) -> None:
        path = os.path.join(self.folder, "%d.process.json" % os.getpid())
        name = self.engine.name if self.engine is not None else getattr(self, "engine_name", None)
        known = {
            "pid": os.getpid(),
            "parentPid": os.getppid(),
            "executable": sys.executable,
            "version": "%d.%d.%d" % sys.version_info[:3],
            "arguments": getattr(sys, "orig_argv", sys.argv),
            "folder": process.folder(),
            "engine": name,
            "engineNote": self.engine_note,
            "offset": self.rounds.offset,
            "completed": self.rounds.completed,
            "wanted": self.wanted,
            "first": self.first,
            "isEarly": self._is_early,
            "takes": self.takes,
            "history": self.rounds.history,
            "stoppedAfter": self.stopped_after,
            "freedByStopBytes": getattr(self, "freed_by_stop", None),
            "libraries": process.libraries(),
            "notes": self.notes,
        }
        try:
            with open(path + ".new", "w", encoding="utf-8", errors="surrogateescape") as file:
                json.dump(known, file)
            os.replace(path + ".new", path)
        except OSError as error:
            if not any("cannot be written" in note for note in self.notes):
                self.notes.append("%s cannot be written: %s" % (path, error))


def _now_ms() -> float:
    return time.time() * 1000
