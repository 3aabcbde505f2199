"""
Marks of rounds for Flower: a wrapper for the strategy, and a mod for the ClientApp.

    from tidemark.flower import client_marks, with_marks

    strategy = with_marks(FedAvg(), memory_gc_rounds=5)   # ServerApp
    app = ClientApp(mods=[client_marks()])                # ClientApp
"""

from __future__ import annotations

from typing import Any, Callable, Optional, TypeVar

from .tidemark import mark_round, round as marked_round

__all__ = ['client_marks', 'with_marks']

_Strategy = TypeVar('_Strategy')


def with_marks(strategy: _Strategy, memory_gc_rounds: int = 0) -> _Strategy:
    """
    Have a strategy mark its rounds, and return it.

    A round begins with configure_train (configure_fit before Flower 1.21) and ends where the next one
    begins, or start() (the server's fit()) returns. The SuperLink holds memory of a round too, so the
    recorder reads all recorded processes at these moments: start the SuperLink in the recorded command.

    memory_gc_rounds: collect garbage and return free memory at the end of every N-th round of the
        ServerApp. 0 (default) never does. It acts without a recorder, too.
    """
    if isinstance(memory_gc_rounds, bool) or not isinstance(memory_gc_rounds, int) or memory_gc_rounds < 0:
        raise ValueError(f'with_marks: memory_gc_rounds is {memory_gc_rounds!r}, expected a whole number from 0')
    rounds = _StrategyRounds(memory_gc_rounds)
    configure = next((name for name in ('configure_train', 'configure_fit') if hasattr(strategy, name)), None)
    if configure is None:
        raise TypeError(f'with_marks: {type(strategy).__name__} has no configure_train or configure_fit: is it a strategy?')
    setattr(strategy, configure, rounds.beginning(getattr(strategy, configure)))
    if hasattr(strategy, 'start'):
        strategy.start = rounds.ending(strategy.start)
    else:
        _end_with_fit(rounds)
    return strategy


class _StrategyRounds:
    def __init__(self, memory_gc_rounds: int) -> None:
        self.memory_gc_rounds = memory_gc_rounds
        self.number: Optional[int] = None

    def beginning(self, configure: Callable[..., Any]) -> Callable[..., Any]:
        def configure_marked(server_round: int, *args: Any, **kwargs: Any) -> Any:
            self.end()
            self.number = server_round
            marked_round(server_round, all_processes=True).__enter__()
            return configure(server_round, *args, **kwargs)

        return configure_marked

    def ending(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def run_marked(*args: Any, **kwargs: Any) -> Any:
            result = run(*args, **kwargs)
            self.end()
            return result

        return run_marked

    def end(self) -> None:
        if self.number is not None:
            number, self.number = self.number, None
            mark_round(number, cleanup_every=self.memory_gc_rounds, all_processes=True)


def _end_with_fit(rounds: _StrategyRounds) -> None:
    """Strategies before Flower 1.21 do not see the end of their last round: the server does."""
    from flwr.server.server import Server

    Server.fit = rounds.ending(Server.fit)
    try:
        from flwr.server.workflow import DefaultWorkflow
    except ImportError:
        return  # before Flower 1.8
    DefaultWorkflow.__call__ = rounds.ending(DefaultWorkflow.__call__)


def client_marks(memory_gc_rounds: int = 0) -> Callable[[Any, Any, Callable[[Any, Any], Any]], Any]:
    """
    Make a mod that marks the training of each round in a ClientApp: `ClientApp(mods=[client_marks()])`.

    Clients are called by their partition, `client 0`, or by their node where they have none.

    memory_gc_rounds: a cleanup at the end of every N-th round, as with_marks has it.
    """

    def mod(message: Any, context: Any, call_next: Callable[[Any, Any], Any]) -> Any:
        number = _round_of(message)
        if number is None or not str(message.metadata.message_type).startswith('train'):
            return call_next(message, context)
        name = context.node_config.get('partition-id', context.node_id)
        with marked_round(number, role='client', name=f'client {name}', cleanup_every=memory_gc_rounds):
            return call_next(message, context)

    return mod


def _round_of(message: Any) -> Optional[int]:
    """The round in the configuration that the strategies of Flower send, else the group of the message."""
    for record in getattr(message.content, 'config_records', {}).values():
        if 'server-round' in record:
            return int(record['server-round'])
    group = str(message.metadata.group_id)
    return int(group) if group.isdigit() and int(group) > 0 else None
