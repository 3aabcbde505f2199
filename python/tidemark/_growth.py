"""Whether readings of memory after each round show growth."""

from __future__ import annotations

from math import erfc, sqrt
from statistics import median
from typing import Sequence

_ERROR = 0.01
"""Chance of an alarm without growth, of each of the two looks that an alarm takes."""


def over_rounds(readings: Sequence[int]) -> float:
    """
    Growth over all rounds in bytes: the median of the slopes between all pairs, times the rounds.

    Theil and Sen (Sen 1968, J. Am. Stat. Assoc. 63, 1379-1389): a jump in one round does not count.
    """
    last = len(readings) - 1
    slopes = [(readings[j] - readings[i]) / (j - i) for i in range(last) for j in range(i + 1, last + 1)]
    return median(slopes) * last


def is_shown(readings: Sequence[int], limit_bytes: int) -> bool:
    """Whether memory grew by the limit or more, by a trend (Mann 1945, Econometrica 13, 245-259) in many rounds."""
    grown = over_rounds(readings)
    rises = sum(1 for before, after in zip(readings, readings[1:]) if after > before)
    return grown > 0 and grown >= limit_bytes and rises >= 3 and _trend_error(readings) < _ERROR


def _trend_error(readings: Sequence[int]) -> float:
    """The one-sided p-value of the Mann-Kendall test, by its normal approximation with ties."""
    n = len(readings)
    score = sum(
        (readings[j] > readings[i]) - (readings[j] < readings[i]) for i in range(n - 1) for j in range(i + 1, n)
    )
    ties = [list(readings).count(value) for value in set(readings)]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    return 1.0 if variance <= 0 or score <= 0 else 0.5 * erfc((score - 1) / sqrt(2 * variance))
