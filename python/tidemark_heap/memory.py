"""What the memory of this process is made of, as the kernel and the allocators see it. Sizes in bytes."""

from __future__ import annotations

import os
from typing import Optional

try:
    import ctypes
except ImportError:  # a Python that was built without it
    ctypes = None  # type: ignore[assignment]

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """RSS of this process."""
    with open("/proc/self/statm", "rb", buffering=0) as file:
        return int(file.read().split()[1]) * _PAGE


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

