"""Tidemark's companion for Python programs. All of it is in tidemark.py, which can be copied on its own."""

from .tidemark import (
    Cleanup,
    Peak,
    __version__,
    cleanup,
    is_recorded,
    mark_round,
    peak,
    reset_peak,
    start,
)
from .tidemark import round as round  # noqa: A004

# `round` is left out, so that `from tidemark import *` does not hide the built-in function.
__all__ = ['Cleanup', 'Peak', '__version__', 'cleanup', 'is_recorded', 'mark_round', 'peak', 'reset_peak', 'start']
