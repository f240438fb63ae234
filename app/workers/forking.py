"""Several workers that share the memory of what was loaded once: a process loads everything, forks them, and becomes their `parent`.

Nothing may be connected nor started before the fork: a worker made from it would have its sockets, and not its threads. The
pages nobody writes to stay common to all workers. Had the loaded process stayed, it would keep a copy of those they write to:
so it lets go of everything, and a worker that has to be made anew loads for itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import gevent
import structlog
from gevent.os import fork_gevent

from app.workers.base import DRAIN_SECONDS
from app.workers.concurrent import UNWIND_SECONDS, ConcurrentWorker
from app.workers.parent import HURRY, Plan, become_parent, become_worker, block_signals, worker_name

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = DRAIN_SECONDS + 3 * UNWIND_SECONDS
"""A worker that is told to stop and has not ended by then never will."""


class ForkedWorker(ConcurrentWorker):
    """A worker below a parent, who tells it when not to wait any longer."""

    def work(self) -> None:  # type: ignore[override]
        """As any concurrent worker."""
        gevent.signal_handler(HURRY, self.hurried.set)
        super().work()

    def stop(self) -> None:
        """Take no more jobs and let the running ones end. The same signal may come by two ways: a second call changes nothing."""
        self.stopping.set()


def fork_workers(work: Callable[[], None], count: int, command: Sequence[str], **timing: float) -> NoReturn:
    """Run `work` in `count` processes. `command` makes one such worker anew, when its name is added; `timing` is the `Plan`'s."""
    block_signals()
    workers = [_fork(work, worker_name(seat)) for seat in range(count)]
    become_parent(Plan(workers, list(command), **{"patience": PATIENCE_SECONDS, **timing}))  # type: ignore[arg-type]


def _fork(work: Callable[[], None], name: str) -> int:
    """The new process; 0 when there could be none, which the parent sees to."""
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        pid = fork_gevent()
    except OSError as error:
        log.warning("workers.no_fork", error=type(error).__name__)
        return 0
    if pid == 0:
        _be_worker(work, name, parent)
    return pid


def _be_worker(work: Callable[[], None], name: str, parent: int) -> NoReturn:
    code = 1
    try:
        become_worker(parent, name)
        work()
        code = 0
    except BaseException:
        log.exception("workers.one_fell", name=name)
    finally:
        # Not by `sys.exit`: that would write to every page on its way out, and run what the parent registered for its own end.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
