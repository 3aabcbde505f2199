"""
Marks of rounds for NVFlare jobs, and the cleanup that a recipe may have no setting for.

    from tidemark.nvflare import add_marks

    add_marks(job)                       # a FedJob or a Recipe
    add_marks(job, memory_gc_rounds=5)   # with a cleanup in every fifth round of the server

NVFlare copies this file and tidemark.py into the job, so the sites need no installation.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional

from nvflare.apis.event_type import EventType
from nvflare.apis.fl_component import FLComponent
from nvflare.apis.fl_constant import FLContextKey

from .tidemark import is_recorded, mark_round, round as marked_round

__all__ = ['RoundMarks', 'add_marks']

# NVFlare has no event for the start and the end of a round: FedAvg fires ROUND_STARTED alone, SCAFFOLD
# and Cyclic neither. All workflows log these lines through FLComponent.log_info, in the thread that
# works on the round and after the cleanup of the round before, so they are the true moments.
_STARTED = re.compile(r'\bRound (\d+) started\.')
_FINISHED = re.compile(r'\bFinished \w+( Training)?\.|\bSwarm Learning Done\b')


class RoundMarks(FLComponent):
    """
    Writes a mark at the start and the end of each round, on the server and on clients.

    On a server, and on the peers of Swarm Learning, a round begins with the workflow's line "Round N
    started." and ends where the next one begins, or the workflow ends. On other clients it begins
    with a task and ends when the result is sent. NVFlare counts rounds from 0, marks from 1.

    memory_gc_rounds: collect garbage and return free memory at the end of every N-th round. 0
        (default) leaves cleanups to NVFlare. It acts without a recorder, too.
    """

    def __init__(self, memory_gc_rounds: int = 0) -> None:
        super().__init__()
        if isinstance(memory_gc_rounds, bool) or not isinstance(memory_gc_rounds, int) or memory_gc_rounds < 0:
            raise ValueError(f'RoundMarks: memory_gc_rounds is {memory_gc_rounds!r}, expected a whole number from 0')
        self.memory_gc_rounds = memory_gc_rounds
        self._round: Optional[int] = None
        self._is_of_task = False
        self._named: Dict[str, Any] = {}

    def handle_event(self, event_type: str, fl_ctx: Any) -> None:
        if event_type == EventType.START_RUN:
            is_server = str(fl_ctx.get_process_type('')).startswith('S')  # SP, SJ; CP and CJ of a client
            self._named = {'role': 'server'} if is_server else {'role': 'client', 'name': fl_ctx.get_identity_name()}
            if is_recorded() or self.memory_gc_rounds > 0:
                _watch_log()
                _components.append(self)
        elif event_type == EventType.BEFORE_TASK_EXECUTION:
            number = _round_of_task(fl_ctx)
            if number is not None and self._round is None:
                self._begin(number)
                self._is_of_task = True
        elif event_type == EventType.AFTER_SEND_TASK_RESULT:
            if self._is_of_task:
                self._end()
        elif event_type == EventType.END_RUN:
            self._end()
            if self in _components:
                _components.remove(self)

    def on_line(self, line: str) -> None:
        started = _STARTED.search(line)
        if started is not None:
            # The task that starts a peer of Swarm Learning has begun this round already.
            if self._round != int(started[1]) + 1:
                self._end()
                self._begin(int(started[1]))
            self._is_of_task = False
        elif _FINISHED.search(line) is not None:
            self._end()

    def _begin(self, number: int) -> None:
        self._round, self._is_of_task = number + 1, False
        marked_round(self._round, **self._named).__enter__()

    def _end(self) -> None:
        if self._round is not None:
            number, self._round = self._round, None
            mark_round(number, cleanup_every=self.memory_gc_rounds, **self._named)


_components: List[RoundMarks] = []
"""Those whose run is on. A process of the simulator runs one client after the other."""


def _watch_log() -> None:
    """See what workflows of this process log, whatever the level of their loggers is."""
    log_info = FLComponent.log_info
    if getattr(log_info, 'is_seen_by_tidemark', False):
        return

    def log_and_see(component: Any, fl_ctx: Any, msg: Any, *args: Any, **kwargs: Any) -> None:
        for one in list(_components):
            one.on_line(str(msg))
        log_info(component, fl_ctx, msg, *args, **kwargs)

    log_and_see.is_seen_by_tidemark = True  # type: ignore[attr-defined]
    FLComponent.log_info = log_and_see


def _round_of_task(fl_ctx: Any) -> Optional[int]:
    task = fl_ctx.get_prop(FLContextKey.TASK_DATA)
    number = task.get_header('current_round') if hasattr(task, 'get_header') else None
    return number if isinstance(number, int) else None


def add_marks(job: Any, memory_gc_rounds: int = 0, client_memory_gc_rounds: int = 0) -> None:
    """
    Add RoundMarks to the server and to all clients of a FedJob or a Recipe.

    Call it when the other components have been added: it goes to the clients that the job knows then.

    memory_gc_rounds, client_memory_gc_rounds: a cleanup at the end of every N-th round, see RoundMarks.
    """
    job = getattr(job, '_job', job)
    job.to_server(RoundMarks(memory_gc_rounds), id='tidemark_marks')
    sites = [site for site in getattr(job, '_deploy_map', {}) if site != 'server']
    for site in sites:
        job.to(RoundMarks(client_memory_gc_rounds), site, id='tidemark_marks')
    if not sites:
        job.to_clients(RoundMarks(client_memory_gc_rounds), id='tidemark_marks')
