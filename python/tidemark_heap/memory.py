"""What the memory of this process is made of, as the kernel and the allocators see it. Sizes in bytes."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Optional

try:
    import ctypes
except ImportError:  # a Python that was built without it
    ctypes = None  # type: ignore[assignment]

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """RSS of this process."""
    return _of_statm(1)


def shared() -> int:
    """The part of RSS that is pages of files and of shared memory, shared anonymous mappings included."""
    return _of_statm(2)


def _of_statm(field: int) -> int:
    with open("/proc/self/statm", "rb", buffering=0) as file:
        return int(file.read().split()[field]) * _PAGE


def trim() -> None:
    """Have the C allocator give its free pages back to the kernel, where it can be asked to."""
    if ctypes is None:
        return
    own = ctypes.CDLL(None)
    if hasattr(own, "mallctl"):  # jemalloc: arena 4096 stands for all of them
        own.mallctl(b"arena.4096.purge", None, None, None, 0)
    elif hasattr(own, "MallocExtension_ReleaseFreeMemory"):
        own.MallocExtension_ReleaseFreeMemory()
    elif hasattr(own, "mi_collect"):
        own.mi_collect(True)
    elif hasattr(own, "malloc_trim"):
        own.malloc_trim(0)


def malloc_in_use() -> Optional[int]:
    """Bytes of glibc's blocks that are in use; None under another allocator, or a glibc before 2.33."""
    if ctypes is None:
        return None
    own = ctypes.CDLL(None)
    if not hasattr(own, "mallinfo2") or any(hasattr(own, name) for name in ("mallctl", "mi_collect")):
        return None

    class Info(ctypes.Structure):
        _fields_ = [
            (name, ctypes.c_size_t)
            for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
        ]

    own.mallinfo2.restype = Info
    info = own.mallinfo2()
    return int(info.uordblks) + int(info.hblkhd)


_OBJECTS = 2  # PYMEM_DOMAIN_OBJ
# PyMemAllocatorEx: a context and four functions.
_allocator: Any = None


def remember_allocator() -> None:
    """Keep how Python allocates before an engine stands before it; `free_of_python` needs that."""
    global _allocator
    if ctypes is not None and hasattr(ctypes.pythonapi, "PyMem_GetAllocator"):
        _allocator = (ctypes.c_void_p * 5)()
        ctypes.pythonapi.PyMem_GetAllocator(_OBJECTS, _allocator)


def free_of_python(scratch: str) -> Optional[int]:
    """Bytes that Python's own allocator keeps free in its arenas; None where it is not in use, or of another kind.

    Only for a copy of the process: the engine sees nothing more in it, and its standard error goes to the file `scratch`, since
    CPython writes its statistics there. The file is removed.
    """
    write_statistics = getattr(sys, "_debugmallocstats", None)
    if write_statistics is None or _allocator is None:
        return None
    ctypes.pythonapi.PyMem_SetAllocator(_OBJECTS, _allocator)  # else CPython holds its allocator for one that is not in use
    file = os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, 2)
    os.unlink(scratch)
    write_statistics()
    text = os.pread(file, 1 << 20, 0)
    found = re.findall(rb"^(?:# bytes in available blocks|\d+ unused pools \* \d+ bytes) +=\s+([\d,]+)$", text, re.M)
    return sum(int(digits.replace(b",", b"")) for digits in found) if len(found) == 2 else None
