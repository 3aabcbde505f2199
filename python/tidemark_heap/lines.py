"""From stacks of allocations to lines of the user's code."""

from __future__ import annotations

import ast
import linecache
import os
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple


class Frame(NamedTuple):
    """One frame of a stack. `function` is empty where the engine does not know it."""

    file: str
    line: int
    function: str


class Classifier:
    """Separates the user's code from that of libraries, by the paths of its files."""

    def __init__(self, libraries: Sequence[str], ignored: Sequence[str]) -> None:
        self._libraries = tuple(path.rstrip("/") + "/" for path in libraries)
        self._ignored = tuple(name for name in ignored if name != "")
        self._known: Dict[str, int] = {}

    def rank(self, file: str) -> int:
        """0 for the user's code, 1 for installed packages, 2 for the standard library and code without a file, 3 for ignored."""
        known = self._known.get(file)
        if known is None:
            known = self._known[file] = self._look(file)
        return known

    def _look(self, file: str) -> int:
        parts = file.split("/")
        for name in self._ignored:
            if "/" in name:
                if file.startswith(name.rstrip("/") + "/") or file == name:
                    return 3
            elif name in parts or name + ".py" == parts[-1]:
                return 3
        if file.startswith("<"):
            return 2
        if "site-packages" in parts or "dist-packages" in parts:
            return 1
        if file.startswith(self._libraries):
            return 2
        return 0

    def nearest(self, stack: Sequence[Frame]) -> Optional[int]:
        """Index of the frame that a line stands for: the user's code nearest to the allocation, else an installed package's."""
        best: Optional[int] = None
        best_rank = 3
        for index, frame in enumerate(stack):
            rank = self.rank(frame.file)
            if rank < best_rank and frame.line > 0:
                best, best_rank = index, rank
                if rank == 0:
                    break
        return best


class Sources:
    """Functions and text of lines, read from the files once."""

    def __init__(self) -> None:
        self._functions: Dict[str, List[Tuple[int, int, str]]] = {}

    def text(self, file: str, line: int) -> str:
        return linecache.getline(file, line).strip()[:200]

    def function(self, frame: Frame) -> str:
        """The innermost named function around a line: comprehensions and lambdas have no name that one could look for.

        Returns: an empty string where nothing tells it: the file is gone, as those of a job that was unpacked for its run.
        """
        if frame.function and not frame.function.startswith("<"):
            return frame.function
        spans = self._functions.get(frame.file)
        if spans is None:
            spans = self._functions[frame.file] = _functions_of(frame.file)
        if not linecache.getlines(frame.file):
            return frame.function
        best = ""
        for first, last, name in spans:
            if first <= frame.line <= last:
                best = name
        return best or "<module>"


def _functions_of(file: str) -> List[Tuple[int, int, str]]:
    """Spans of lines of the functions in a file, outer ones before those that they contain."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return sorted(
        (node.lineno, node.end_lineno or node.lineno, node.name)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


class Growth:
    """Growth by line of the user's code, added up from the places where memory was allocated."""

    def __init__(self, classifier: Classifier, sources: Sources, depth: int, steps: int) -> None:
        self._classifier = classifier
        self._sources = sources
        self._depth = depth
        self._steps = steps
        self._lines: Dict[Tuple[str, int], Dict[str, Any]] = {}
        self.without_line = 0
        # Growth of blocks that the C allocator holds, with a line or without.
        self.large = 0
        # Growth of what the engine itself takes, beyond what it says of itself.
        self.own = 0

    def add(self, stack: Sequence[Frame], live: Sequence[int], objects: int, kind: str) -> None:
        """Add one place: bytes that were live there at every take, and how many more objects there are at the last than at the first."""
        grown = live[-1] - live[0]
        own = next((frame for frame in stack if self._classifier.rank(frame.file) != 2), None)
        if own is None and any("tidemark_heap" in frame.file for frame in stack):
            return
        index = self._classifier.nearest(stack)
        if index is None:
            self.without_line += grown
            return
        if any(inner.file.startswith("<frozen importlib") for inner in stack[:index]):
            kind = "modules"
        frame = stack[index]
        line = self._lines.setdefault(
            (frame.file, frame.line), {"bytes": 0, "objects": 0, "live": [0] * len(live), "kinds": {}, "stacks": {}}
        )
        line["bytes"] += grown
        line["objects"] += objects
        line["live"] = [before + more for before, more in zip(line["live"], live)]
        line["kinds"][kind] = line["kinds"].get(kind, 0) + grown
        kept = tuple(stack[index : index + self._depth])
        line["stacks"][kept] = line["stacks"].get(kept, 0) + grown

    def lines(self) -> List[Dict[str, Any]]:
        """Lines by their growth, the largest first; those that shrank are last."""
        found = []
        for (file, number), line in self._lines.items():
            stacks = sorted(line["stacks"].items(), key=lambda item: -item[1])
            first = stacks[0][0]
            found.append(
                {
                    "file": file,
                    "line": number,
                    "function": self._sources.function(first[0]),
                    "text": self._sources.text(file, number),
                    "bytes": line["bytes"],
                    "objects": line["objects"],
                    "kind": max(line["kinds"].items(), key=lambda item: item[1])[0],
                    "liveBytes": line["live"],
                    "stack": self._stack(first),
                    "stacks": [{"bytes": size, "stack": self._stack(stack)} for stack, size in stacks[:20] if size > 0],
                }
            )
        return sorted(found, key=lambda line: -line["bytes"])

    def _stack(self, frames: Sequence[Frame]) -> List[Dict[str, Any]]:
        return [{"file": frame.file, "line": frame.line, "function": self._sources.function(frame)} for frame in frames]
