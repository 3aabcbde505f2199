"""Which round this process has completed, by the marks that the recorder and the programs append to one file."""

from __future__ import annotations

import json
import os
from typing import List, Optional, Tuple

# No line that matters is longer, and a program may write lines without end.
_LONGEST_READ = 1 << 20


class Rounds:
    """Reads the marks file from where it ended before.

    A process follows its own rounds where marks name it. Otherwise, as a worker of a server that writes the marks, it follows the
    first process that completes a round.

    Args:
        is_relative: count from the first round whose end is seen. It was under way before, so it does not count itself.
    """

    def __init__(self, path: str, pid: int, is_relative: bool = False) -> None:
        self._path = path
        self._pid = pid
        self._is_relative = is_relative
        self._position = 0
        self._partial = b""
        self._first: Optional[int] = None
        self._own = 0
        self._others = 0
        self._leader: Optional[int] = None
        self._last_round: Optional[int] = None
        self.history: List[Tuple[int, float]] = []
        """Rounds completed, and when that was seen in Unix ms."""

    def for_child(self, pid: int) -> "Rounds":
        """The same place in the file, as the process that was forked from this one reads it."""
        child = Rounds(self._path, pid, self._is_relative)
        child._position, child._partial, child._first = self._position, self._partial, self._first
        child._others = max(self._own, self._others)
        return child

    @property
    def completed(self) -> int:
        """Rounds completed so far. Rounds that count from 0 have completed one more than their number."""
        return self._own or self._others

    @property
    def has_own(self) -> bool:
        """Whether marks name this process, so that it follows no other."""
        return self._own > 0

    @property
    def offset(self) -> int:
        """What has to be added to the number of completed rounds to have the number of the last one."""
        if self._is_relative:
            return self._first or 0
        return -1 if self._first == 0 else 0

    def read(self, now_ms: float) -> int:
        """Read what was appended.

        Returns: `completed`.
        """
        try:
            with open(self._path, "rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                if size == self._position:
                    return self.completed
                file.seek(self._position)
                chunk = file.read(_LONGEST_READ)
        except OSError:
            return self.completed
        self._position += len(chunk)
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        self._partial = self._partial[-_LONGEST_READ:]
        for line in lines:
            before = self.completed
            at = self._take(line)
            if self.completed > before:
                self.history.append((self.completed, now_ms if at is None else at))
        del self.history[:-1000]
        return self.completed

    def _take(self, line: bytes) -> Optional[float]:
        """Take in one line.

        Returns: when the round ended, in Unix ms, if the line has it.
        """
        if b'"round"' not in line:
            return None
        try:
            mark = json.loads(line)
        except ValueError:
            return None
        if not isinstance(mark, dict) or type(mark.get("round")) is not int:
            return None
        if mark.get("mark") == "observed" and mark.get("of") == "round":
            pids = [one.get("pid") for one in mark.get("processes", ()) if isinstance(one, dict)]
        elif mark.get("mark") == "round":
            pids = [mark.get("pid")]
        else:
            return None
        if self._first is None:
            self._first = mark["round"]
        completed = mark["round"] - self.offset
        if self._pid in pids:
            self._own = max(self._own, completed)
        elif mark.get("role") != "client" and pids and pids[0] is not None:
            if self._leader is None:
                self._leader = pids[0]
            if self._leader in pids:
                self._others = max(self._others, completed)
        at = mark.get("timeMs")
        return float(at) if isinstance(at, (int, float)) else None
