"""`python -m tidemark_heap FOLDER PID`: what grew in a process that `session` has measured, as JSON on standard output."""

from __future__ import annotations

import bisect
import gc
import json
import marshal
import os
import sys
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .lines import Classifier, Frame, Growth, Sources

# Lines that are handed on; what the rest of them hold is in the sum.
MOST_LINES = 200
# Blocks of malloc have a head of 8 bytes, and pymalloc and malloc both round up to 16.
MALLOC_HEAD = 8
ALIGNED = 16
LARGEST_OF_PYMALLOC = 512
# memray notes the time every 10 ms while it writes; a busy machine makes it late.
LONGEST_SILENCE_MS = 2000
# Bytes per block that tracemalloc uses and get_tracemalloc_memory() does not count: a trace of
# 16 bytes and an entry of 32, each a block of malloc, and its rounding (Modules/_tracemalloc.c).
UNCOUNTED_OF_A_TRACE = 48


def main(arguments: Sequence[str]) -> int:
    gc.disable()  # millions of tuples, none of them in a cycle
    folder, pid = arguments[0], int(arguments[1])
    with open(os.path.join(folder, "order.json"), encoding="utf-8") as file:
        order = json.load(file)
    with open(os.path.join(folder, "%d.process.json" % pid), encoding="utf-8", errors="surrogateescape") as file:
        process = json.load(file)
    takes = [(number, process["takes"][str(number)]) for number in process["wanted"] if str(number) in process["takes"]]
    growth = Growth(
        Classifier(process["libraries"], order.get("ignore", [])), Sources(), int(order.get("depth", 5)), len(takes)
    )
    if process["engine"] == "memray":
        from_memray(os.path.join(folder, "%d.memray" % pid), process, takes, growth)
    elif all("file" in take for _, take in takes):  # else it has not grown, and was not looked at again
        from_tracemalloc(folder, takes, growth)
    free = [_free(os.path.join(folder, take["file"])) if "file" in take else None for take in (takes[0][1], takes[-1][1])]
    lines = growth.lines()
    shown = lines[:MOST_LINES]
    json.dump(
        {
            "lines": shown,
            "lineBytes": sum(line["bytes"] for line in lines),
            "lineCount": sum(1 for line in lines if line["bytes"] != 0),
            "withoutLineBytes": growth.without_line,
            "largeBytes": growth.large,
            "ownBytes": growth.own,
            "freeBytes": free[1] - free[0] if free[0] is not None and free[1] is not None else None,
        },
        sys.stdout,
    )
    return 0


def from_memray(path: str, process: Dict[str, Any], takes: Sequence[Tuple[int, Dict[str, Any]]], growth: Growth) -> None:
    from memray import AllocatorType, FileReader

    python_allocators = {value for name, value in AllocatorType.__members__.items() if name.startswith("PYMALLOC")}
    large = 0
    with FileReader(path) as reader:
        times = [snapshot.time for snapshot in reader.get_memory_snapshots()]
        if len(times) == 0 or times[-1] < takes[-1][1]["atMs"] - LONGEST_SILENCE_MS:
            raise SystemExit("memray's file ends before the last look, as where a disk is full or a limit stops it")
        windows = [_window(number, take, process["history"], times) for number, take in takes]
        for record in reader.get_temporal_allocation_records(merge_threads=True):
            is_python = record.allocator in python_allocators
            changes = _live(record.intervals, windows, is_python)
            if changes is None:
                continue
            live, objects = changes
            if not is_python or sum(live) > LARGEST_OF_PYMALLOC * sum(objects):
                large += live[-1] - live[0] if record.allocator != AllocatorType.MMAP else 0
            # Innermost first; beyond this many the user's code does not begin.
            frames = [Frame(file, line, function) for function, file, line in record.stack_trace(64)]
            growth.add(_with_lines(frames), live, objects[-1] - objects[0], "python" if is_python else "native")
    growth.large = large


def _window(number: int, take: Dict[str, Any], history: Sequence[Sequence[float]], times: Sequence[float]) -> Tuple[int, int]:
    """The snapshots of memray that a take stands for, the first and the last.

    A take at the very end of a round is one of them. A later one may fall into the next round, with what that needs for a
    moment; then it is the whole round before it, of which the least is what stays.
    """
    at = take["atMs"]
    if take["when"] != "at its end":
        # The end of the round itself, where it was seen, is better than the moment of a look that came late.
        at = min([at, *(ended for completed, ended in history if completed == number)])
    last = min(bisect.bisect_left(times, at), len(times) - 1)
    if take["when"] == "at its end":
        return last, last
    before = [ended for completed, ended in history if completed < number]
    first = bisect.bisect_left(times, before[-1]) if before else last
    return min(first, last), last


def _live(
    intervals: Sequence[Any], windows: Sequence[Tuple[int, int]], is_python: bool
) -> Optional[Tuple[List[int], List[int]]]:
    """Bytes and blocks that were live in every window, at their least; None where none was in any."""
    live, objects = [0] * len(windows), [0] * len(windows)
    for at, (first, last) in enumerate(windows):
        if first == last:
            for interval in intervals:
                if _covers(interval, last):
                    live[at] += _held(interval.n_bytes, interval.n_allocations, is_python)
                    objects[at] += interval.n_allocations
            continue
        # The sum changes only where an interval begins or ends.
        changes: Dict[int, Tuple[int, int]] = {}
        held = count = 0
        for interval in intervals:
            begin, end = interval.allocated_before_snapshot, interval.deallocated_before_snapshot
            if begin > last or (end is not None and end <= first):
                continue
            size = _held(interval.n_bytes, interval.n_allocations, is_python)
            if begin <= first:
                held, count = held + size, count + interval.n_allocations
            else:
                bytes_then, count_then = changes.get(begin, (0, 0))
                changes[begin] = (bytes_then + size, count_then + interval.n_allocations)
            if end is not None and end <= last:
                bytes_then, count_then = changes.get(end, (0, 0))
                changes[end] = (bytes_then - size, count_then - interval.n_allocations)
        least, least_count = held, count
        for _, (bytes_then, count_then) in sorted(changes.items()):
            held, count = held + bytes_then, count + count_then
            if held < least:
                least, least_count = held, count
        live[at], objects[at] = least, least_count
    return (live, objects) if any(live) else None


def _covers(interval: Any, snapshot: int) -> bool:
    return interval.allocated_before_snapshot <= snapshot and (
        interval.deallocated_before_snapshot is None or interval.deallocated_before_snapshot > snapshot
    )


def _held(size: int, count: int, is_python: bool) -> int:
    """What blocks of this size take from the allocator, by their mean."""
    if count == 0:
        return 0
    mean = size / count
    if not is_python or mean > LARGEST_OF_PYMALLOC:
        mean += MALLOC_HEAD
    return int(-(-mean // ALIGNED) * ALIGNED * count)


def _with_lines(frames: List[Frame]) -> List[Frame]:
    """Fill in lines that memray does not know, as those of comprehensions under Python 3.9, from the frame around them."""
    known = list(frames)
    for index in range(len(known) - 2, -1, -1):
        outer = known[index + 1]
        if known[index].line == 0 and known[index].file == outer.file:
            known[index] = Frame(outer.file, outer.line, outer.function)
    return known


class Place:
    """Blocks and their bytes at every take, of one stack and one domain of tracemalloc."""

    __slots__ = ("live", "count")

    def __init__(self, takes: int) -> None:
        self.live = [0] * takes
        self.count = [0] * takes


def from_tracemalloc(folder: str, takes: Sequence[Tuple[int, Dict[str, Any]]], growth: Growth) -> None:
    places: Dict[Any, Place] = {}
    large = [0] * len(takes)
    blocks = [0] * len(takes)
    for at, (_, take) in enumerate(takes):
        with open(os.path.join(folder, take["file"]), "rb") as file:
            marshal.load(file)  # see _free
            traces = marshal.load(file)
        blocks[at] = len(traces)
        # Blocks of one place share their tuple of frames within a take.
        seen: Dict[Tuple[int, int], Place] = {}
        for trace in traces:
            domain, size, frames = trace[:3]
            place = seen.get((id(frames), domain))
            if place is None:
                key = (frames, domain)
                place = seen[id(frames), domain] = places.setdefault(key, Place(len(takes)))
            place.live[at] += _held(size, 1, domain == 0)
            place.count[at] += 1
            if size > LARGEST_OF_PYMALLOC:
                large[at] += size
    for (frames, domain), place in places.items():
        stack = [Frame(file, line, "") for file, line in frames]
        growth.add(stack, place.live, place.count[-1] - place.count[0], "python" if domain == 0 else "numpy")
    growth.large = large[-1] - large[0]
    growth.own = UNCOUNTED_OF_A_TRACE * (blocks[-1] - blocks[0])


def _free(path: str) -> Optional[int]:
    """What Python's allocator kept free at a look; None where that was not written."""
    try:
        with open(path, "rb") as file:
            free = marshal.load(file)
    except (OSError, EOFError, ValueError):
        return None
    return free if isinstance(free, int) else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
