"""
Memory in tests: two markers and a fixture for pytest 8 or later.

    @pytest.mark.peak_below("2 GiB")
    def test_loads_the_model(): ...

    @pytest.mark.grows_less_than("1 MiB", rounds=20)
    def test_serves_a_request(): ...

    def test_merge(memory_peak):
        merge()
        assert memory_peak.bytes < 500 * 2**20

A test without them costs two look-ups. With pytest-xdist each worker measures its own tests.
"""

from __future__ import annotations

from typing import Any, Dict, Generator, List, Optional, Sequence, Tuple, Union

import pytest

from . import _chart, _growth
from . import tidemark as _core
from ._size import parse_size
from .tidemark import Peak, cleanup, peak, reset_peak

if int(pytest.__version__.split('.')[0]) < 8:
    raise pytest.UsageError(f'tidemark: its plugin needs pytest 8 or later, found {pytest.__version__}')

_WARM_UP = 3
_FEWEST_ROUNDS = 5
_LIMIT = 'peak_below'
_UNSURE_BYTES = 2**20
"""getrusage may be some hundred KiB off the kernel's mark: counters of each CPU are added up late."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        'markers',
        'peak_below(limit, children=False): fail when memory reaches the limit in the test, such as "2 GiB"; '
        'with children, the sum with the processes that the test starts.',
    )
    config.addinivalue_line(
        'markers',
        f'grows_less_than(limit, rounds=20, warm_up={_WARM_UP}): run the test so many times after the warm-up, and '
        'fail when its memory grows by the limit over them: "1 MiB", or "50 KiB/round".',
    )


_LIMITS = pytest.StashKey[List['Union[_PeakLimit, _GrowthLimit]']]()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Read the markers once, so that a test without them costs a look-up alone."""
    kinds = (('grows_less_than', _GrowthLimit), ('peak_below', _PeakLimit))
    found = [(kind, item.get_closest_marker(name)) for name, kind in kinds]
    limits = [kind(item, mark) for kind, mark in found if mark is not None]
    if limits:
        item.stash[_LIMITS] = limits


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    limits = item.stash.get(_LIMITS, None)
    if limits is None:
        return (yield)
    for limit in limits:
        limit.begin()
    result = yield
    for limit in limits:
        limit.check()
    return result


class _PeakLimit:
    """The marker peak_below of one test."""

    def __init__(self, item: pytest.Item, mark: pytest.Mark) -> None:
        self.fault, arguments = _arguments(mark, ('limit', 'children'))
        self.children = bool(arguments.get('children', False))
        self.limit_bytes = parse_size(arguments.get('limit')) or 0
        self.fault = self.fault or _fault_of_size(mark, arguments.get('limit'))

    def begin(self) -> None:
        _refuse(self.fault)
        # A mark of its own: the test may reset what memory_peak counts.
        self.is_exact = not self.children and _core._high_water.reset(_LIMIT)
        if not self.is_exact:
            reset_peak(children=self.children)
        # Right after a reset getrusage says in 1 us what is held now, unless its figure may be of before an exec.
        held = _core._maximum() if self.is_exact else 0
        self.before_bytes = held if held > _core._high_water.inherited else _rss_bytes()

    def check(self) -> None:
        if self.is_exact:
            # Asking costs 1 us, reading /proc 50: most tests stay far below their limit.
            top = max(_core._maximum(), _core._high_water.kept.get(_LIMIT, 0))
            if top + _UNSURE_BYTES < self.limit_bytes:
                return
            seen = Peak(_core._high_water.read(_LIMIT)[1], 'exact')
        else:
            seen = peak(children=self.children)
        if seen.bytes < self.limit_bytes:
            return
        bars = [('before', self.before_bytes), ('peak', seen.bytes)]
        if seen.largest_child_bytes is not None:
            bars.append(('a child', seen.largest_child_bytes))
        whose = 'this process and its children' if self.children else 'this process'
        pytest.fail(
            f'peak of {seen.bytes / 2**20:.1f} MiB ({whose}, {seen.how}), limit {_mib(self.limit_bytes)}\n\n'
            + _chart.bars([*bars, ('after', _rss_bytes())], self.limit_bytes),
            pytrace=False,
        )


class _GrowthLimit:
    """The marker grows_less_than of one test, which is run again and again in this process."""

    def __init__(self, item: pytest.Item, mark: pytest.Mark) -> None:
        self.item = item
        self.fault, arguments = _arguments(mark, ('limit', 'rounds', 'warm_up'))
        self.rounds, self.warm_up = arguments.get('rounds', 20), arguments.get('warm_up', _WARM_UP)
        limit = arguments.get('limit')
        size = limit.strip() if isinstance(limit, str) else limit
        is_per_round = isinstance(size, str) and size.endswith('/round')
        if isinstance(size, str) and is_per_round:
            size = size[: -len('/round')]
        self.limit_bytes = parse_size(size) or 0
        self.fault = (
            self.fault
            or _fault_of_size(mark, size)
            or _fault_of_count(mark, 'rounds', self.rounds, _FEWEST_ROUNDS)
            or _fault_of_count(mark, 'warm_up', self.warm_up, 0)
        )
        if not isinstance(item, pytest.Function) or getattr(item, '_testcase', None) is not None:
            self.fault = 'grows_less_than takes test functions, and methods of plain classes; this is neither'
        if self.fault is None and is_per_round:
            self.limit_bytes *= self.rounds

    def begin(self) -> None:
        _refuse(self.fault)

    def check(self) -> None:
        """The test has passed once: that round belongs to the warm-up."""
        for _ in range(self.warm_up - 1):
            self.item.runtest()
        first = self._measure()
        if not _growth.is_shown(first, self.limit_bytes):
            return
        # A cache that fills, or an arena that the allocator adds, is no lasting growth.
        again = self._measure()
        if not _growth.is_shown(again, self.limit_bytes):
            return
        grown = _growth.over_rounds(first)
        pytest.fail(
            f'memory grows by {grown / 2**20:.1f} MiB over {self.rounds} rounds '
            f'({grown / self.rounds / 1024:.0f} KiB a round), limit {_mib(self.limit_bytes)}, '
            f'and by {_growth.over_rounds(again) / 2**20:.1f} MiB over as many more. RSS after each round:\n\n'
            + _chart.curve([*first, *again]),
            pytrace=False,
        )

    def _measure(self) -> List[int]:
        """Run the rounds; RSS after each, when garbage and free memory have gone."""
        cleanup()
        readings = [_rss_bytes()]
        for _ in range(self.rounds):
            self.item.runtest()
            cleanup()
            readings.append(_rss_bytes())
        return readings


class MemoryPeak:
    """The fixture memory_peak: the peak since the test began, or since reset()."""

    @property
    def bytes(self) -> int:
        """The peak of this process so far."""
        return peak().bytes

    def read(self, *, children: bool = False) -> Peak:
        """Read the peak with how it is known; with children, the highest sum with what the test started."""
        return peak(children=children)

    def reset(self) -> None:
        """Count from now on."""
        reset_peak(children=True)


@pytest.fixture
def memory_peak() -> Generator[MemoryPeak, None, None]:
    """The peak of memory since the test began: `.bytes`, `.read(children=True)`, `.reset()`."""
    one = MemoryPeak()
    one.reset()
    yield one
    reset_peak()


def _refuse(fault: Optional[str]) -> None:
    if fault is not None:
        pytest.fail(fault, pytrace=False)


def _arguments(mark: pytest.Mark, names: Sequence[str]) -> Tuple[Optional[str], Dict[str, Any]]:
    """What is wrong with them, if anything, and the arguments by name."""
    found = {**dict(zip(names, mark.args)), **mark.kwargs}
    unknown = [name for name in found if name not in names]
    if not unknown and len(mark.args) <= len(names) and 'limit' in found:
        return None, found
    what = f'it has no {unknown[0]}' if unknown else f'found {len(mark.args)} arguments'
    return f'@pytest.mark.{mark.name}: {what}, expected {", ".join(names)}', found


def _fault_of_size(mark: pytest.Mark, size: Any) -> Optional[str]:
    if parse_size(size) is not None:
        return None
    return f'@pytest.mark.{mark.name}: found {size!r}, expected a size such as "2 GiB", "500 MB" or bytes'


def _fault_of_count(mark: pytest.Mark, name: str, value: Any, least: int) -> Optional[str]:
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return None
    return f'@pytest.mark.{mark.name}: {name} is {value!r}, expected a whole number from {least}'


def _rss_bytes() -> int:
    with open('/proc/self/status', 'rb', buffering=0) as file:
        text = file.read(8192)
    at = text.index(b'VmRSS:') + len(b'VmRSS:')
    return int(text[at : text.index(b' kB', at)]) * 1024


def _mib(size_bytes: int) -> str:
    return f'{size_bytes / 2**20:.1f} MiB'
