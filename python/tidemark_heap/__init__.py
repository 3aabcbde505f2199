"""What grew in a Python program between two rounds, line by line: the part of Tidemark inside the program.

`tidemark run --heap-diff N` brings this package in through the environment, by `inject/sitecustomize.py`. It needs the standard
library alone, uses memray where the program's interpreter can import it and tracemalloc otherwise, and does nothing unless
TIDEMARK_HEAP is set:

    TIDEMARK_HEAP=/path/to/a/folder   measure at once; the folder holds order.json
    TIDEMARK_HEAP=on-demand           wait, without measuring, for `tidemark attach --heap-diff N PID`
"""

from __future__ import annotations

import os

__all__ = ["start_from_environment", "wait"]

ON_DEMAND = "on-demand"


def start_from_environment() -> None:
    """Start as TIDEMARK_HEAP says; nothing where it is not set."""
    asked = os.environ.get("TIDEMARK_HEAP", "")
    if asked == ON_DEMAND:
        wait()
    elif asked != "":
        from . import session

        session.start(asked)


def wait() -> None:
    """Wait in a thread of its own for `tidemark attach --heap-diff`. Costs one sleeping thread until then."""
    from . import on_demand

    on_demand.wait()
