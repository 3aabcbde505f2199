"""Small charts for the output of a failed test, in plain characters."""

from __future__ import annotations

from typing import List, Sequence, Tuple

_WIDTH = 60
_HEIGHT = 8


def bars(rows: Sequence[Tuple[str, int]], limit_bytes: int) -> str:
    """A bar for each row, and where the limit is."""
    top = max(limit_bytes, *(size for _, size in rows))
    label = max(len('limit'), *(len(name) for name, _ in rows))
    lines = [_bar(name, size, '#' * _columns(size, top), label) for name, size in rows]
    return '\n'.join([*lines, _bar('limit', limit_bytes, ' ' * max(0, _columns(limit_bytes, top) - 1) + '^', label)])


def _columns(size: int, top: int) -> int:
    return max(1, round(size / top * _WIDTH))


def _bar(name: str, size: int, bar: str, label: int) -> str:
    return f'{name:>{label}} {size / 2**20:9.1f} MiB |{bar}'


def curve(readings: Sequence[int]) -> str:
    """The readings from left to right, between the lowest and the highest of them."""
    low, high = min(readings), max(readings)
    step = max(1, -(-len(readings) // _WIDTH))
    shown = list(readings)[::step]
    lines: List[str] = []
    for level in range(_HEIGHT - 1, -1, -1):
        points = ''.join('*' if _level(value, low, high) == level else ' ' for value in shown)
        side = low + (high - low) * level / (_HEIGHT - 1)
        lines.append(f'{side / 2**20:9.1f} MiB |{points}'.rstrip())
    return '\n'.join(lines)


def _level(value: int, low: int, high: int) -> int:
    return 0 if high == low else round((value - low) / (high - low) * (_HEIGHT - 1))
