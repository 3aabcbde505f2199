"""Copies of this process that write what it holds at one moment, while the program continues."""

from __future__ import annotations

import os
import select
import signal
import time
from typing import Callable, Optional

# For a copy to write.
LONGEST_WRITE_S = 120
# Copies that are made until one of them runs. With three threads that compute one in eight does not.
MOST_COPIES = 20
LONGEST_START_S = 10
# How often a copy lets go of the interpreter's lock before it reports. Each time may wake one of the threads that waited for it,
# which are not in the copy, and the C library waits for those it has woken before it wakes any later ones.
RELEASES = 256


def start(write: Callable[[], None]) -> Optional[int]:
    """Call `write` in a copy of this process, which sees the memory of this moment and leaves none behind here.

    The copy is made by the C library: no fork handler of the program runs, and the copy does nothing but write and end, with the number
    of its error. So nothing resets the interpreter's lock either, and a copy that was made while another thread asked for that lock
    waits for ever for a thread that it does not have. It reports when it has let go of the lock and taken it again, which shows that it
    can; one that cannot is replaced. Where no copy can be made, this process writes.

    Returns: the pid of the copy; None where there is none.
    """
    for _ in range(MOST_COPIES):
        time.sleep(0)  # let threads that wait for the interpreter have it now, so that none asks for it meanwhile
        listener, answer = os.pipe()
        try:
            pid = _fork()
            if pid == 0:
                _be_the_copy(write, answer)
        finally:
            os.close(answer)
        try:
            if pid < 0:
                break
            if _has_begun(pid, listener):
                return pid
        finally:
            os.close(listener)
        _end(pid)
    write()
    return None


def reap(pid: int) -> Optional[str]:
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
    _end(pid)
    return "its writer did not end within %d s" % LONGEST_WRITE_S


def _fork() -> int:
    try:
        import ctypes

        return int(ctypes.PyDLL(None).fork())
    except (ImportError, AttributeError, OSError):
        return -1


def _be_the_copy(write: Callable[[], None], answer: int) -> None:
    status = 255
    try:
        for _ in range(RELEASES):
            os.write(answer, b"")  # lets go of the interpreter's lock, and takes it again
        os.write(answer, b".")
        write()
        status = 0
    except OSError as error:
        status = error.errno or 255
    finally:
        os._exit(status)


def _has_begun(pid: int, listener: int) -> bool:
    """Whether a copy runs. One that sleeps twice in a row, without having worked, waits for a lock."""
    until = time.monotonic() + LONGEST_START_S
    before = None
    while time.monotonic() < until:
        if select.select([listener], [], [], 0.02)[0]:
            return os.read(listener, 1) == b"."
        with open("/proc/%d/stat" % pid, "rb", buffering=0) as file:
            fields = file.read().rsplit(b")", 1)[1].split()
        state, worked = fields[0], (fields[11], fields[12])
        if state == b"S" and before == worked:
            return False
        before = worked if state == b"S" else None
    return False


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except OSError:
        pass
