"""The other measured processes of a recording, by what they leave in its folder.

They follow the rounds of one of them, and take their looks while that one stands at the end of a round.
"""

from __future__ import annotations

import json
import os
import time
from typing import List

# Processes of one recording that are measured. A program that forks without end must not fill the disk.
MOST_PROCESSES = 32
# The file that says that more processes were started than are measured.
TOO_MANY = "too-many-processes"
# For the looks of the others.
LONGEST_WAIT_S = 5
_POLL_S = 0.01
# For so long a process has to do nothing to count as idle.
IDLE_S = 0.005


def are_too_many(folder: str) -> bool:
    """Whether as many processes are measured as may be; leaves a file there that says so, or one that takes a place."""
    try:
        names = os.listdir(folder)
        if "%d.process.json" % os.getpid() in names:  # it became another program by exec
            return False
        if sum(1 for name in names if name.endswith(".process.json")) < MOST_PROCESSES:
            for place in range(MOST_PROCESSES):
                try:
                    os.close(os.open(os.path.join(folder, "place-%d" % place), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                    return False
                except FileExistsError:
                    pass
        with open(os.path.join(folder, TOO_MANY), "w"):
            pass
    except OSError:
        pass
    return True


def living(folder: str) -> List[int]:
    """Pids of the other measured processes that live."""
    pids = [int(name.split(".")[0]) for name in os.listdir(folder) if name.endswith(".process.json")]
    return [pid for pid in pids if pid != os.getpid() and os.path.exists("/proc/%d" % pid)]


def call(folder: str, completed: int) -> None:
    """Ask them for a look after this many rounds."""
    with open(os.path.join(folder, "called"), "w") as file:
        file.write("%d\n" % completed)


def called(folder: str) -> int:
    """The number of rounds after which another process asks for a look now; 0 where none does."""
    try:
        with open(os.path.join(folder, "called")) as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def wait_for(folder: str, pids: List[int], completed: int) -> None:
    """Give them the time for their look, since the program may end with this round."""
    until = time.monotonic() + LONGEST_WAIT_S
    while pids and time.monotonic() < until:
        pids = [pid for pid in pids if os.path.exists("/proc/%d" % pid) and not _has_looked(folder, pid, completed)]
        time.sleep(_POLL_S)


def _has_looked(folder: str, pid: int, completed: int) -> bool:
    """Whether a process has taken its look, or takes none: it has stopped measuring, or has not lived to the end of a round."""
    try:
        with open(os.path.join(folder, "%d.process.json" % pid)) as file:
            other = json.load(file)
    except (OSError, ValueError):
        return False
    return str(completed) in other["takes"] or other["stoppedAfter"] is not None or other.get("isEarly", False)


def is_idle() -> bool:
    """Whether no thread of this process works."""
    began = time.process_time()
    time.sleep(IDLE_S)
    return time.process_time() - began < IDLE_S / 5
