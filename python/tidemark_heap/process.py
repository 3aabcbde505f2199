"""What the analysis has to know of the process that was measured."""

from __future__ import annotations

import os
import sysconfig
from typing import List, Optional


def libraries() -> List[str]:
    """Folders of modules that are not the user's own code."""
    paths = sysconfig.get_paths()
    found = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib") if name in paths}
    found.add(os.path.dirname(os.path.abspath(__file__)))
    return sorted(os.path.realpath(path) for path in found) + sorted(found)


def folder() -> Optional[str]:
    try:
        return os.getcwd()
    except OSError:
        return None
