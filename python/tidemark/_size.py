from __future__ import annotations

import re
from typing import Any, Optional

_UNITS = {'b': 1}
for _power, _letter in enumerate('kmgt', 1):
    _UNITS.update({f'{_letter}ib': 1024**_power, f'{_letter}b': 1000**_power})


def parse_size(size: Any) -> Optional[int]:
    """Read a size in bytes: a whole number, or a text such as "2 GiB" or "500MB". None: it is neither."""
    if isinstance(size, int) and not isinstance(size, bool):
        return size if size >= 0 else None
    found = re.fullmatch(r'\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?b)\s*', size, re.IGNORECASE) if isinstance(size, str) else None
    unit = _UNITS.get(found[2].lower()) if found else None
    return None if found is None or unit is None else round(float(found[1]) * unit)
