"""The parent of forked workers: what is left of the process that made them (`forking`), once it holds nothing of theirs.

Run as a script, on the standard library alone: importing `app` would take as much memory as a worker. It works on no job.

- A worker that ends unasked is made anew at once, then after a growing pause. The new one loads everything for itself.
  When none can live the parent ends with code 1, so that whatever started it begins again.
- SIGTERM or SIGINT stops all workers, and a second one has them wait no longer (`HURRY`). A terminal and systemd send
  their signals to the workers too: only the parent counts them.
- When the parent ends, however it ends, the kernel ends its workers: what they were at is taken up by others.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import NoReturn

HURRY = signal.SIGUSR1
STOPS = (signal.SIGTERM, signal.SIGINT)
WATCHED = (*STOPS, signal.SIGCHLD)
LOOK_SECONDS = 5.0
"""The parent looks around this often even when no signal woke it."""
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the parent has to know: its workers' processes (0: none yet), and how one is made anew. Durations in seconds."""

    workers: list[int]
    command: list[str]
    """A worker's name is added to it."""
    patience: float
    """How long workers may take to stop."""
    first_pause: float = 0.25
    longest_pause: float = 5.0
    steady: float = 60.0
    """A worker that lived this long did start: its end counts as the first one again."""
    falls: int = 5
    """Ends in a row, of each worker, after which they are held to be unable to start."""


def become_parent(plan: Plan) -> NoReturn:
    """Let go of everything this process loaded; its children stay its own, and a blocked signal waits."""
    # Isolated, without site-packages; the folder of this file, which has a `concurrent`, stays out of its path.
    os.execv(sys.executable, [sys.executable, "-I", "-S", __file__, json.dumps(asdict(plan))])


def block_signals() -> None:
    """From here on a signal waits until the parent takes it: none is lost, even for the first process of a container."""
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)


def become_worker(parent: int, name: str) -> None:
    """In a new process: signals as at a program's start, and an end with its parent, however that ends."""
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)
    name_process(name)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)


def name_process(name: str) -> None:
    """What lists of processes show."""
    if _libc:
        _libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def worker_name(seat: int) -> str:
    """The name of the worker in a place, from 0."""
    return f"chat-{seat + 1}"


@dataclass(slots=True)
class _Seat:
    """The place of one worker: the process that has it (0: none), and how its last ones ended."""

    name: str
    pid: int
    started: float = field(default_factory=time.monotonic)
    falls: int = 0
    due: float = 0.0


class Parent:
    """It has one thread and waits for signals in the kernel."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._seats = [_Seat(worker_name(number), pid) for number, pid in enumerate(plan.workers)]
        self._stop_by: float | None = None
        self._code = 0

    def run(self) -> int:
        """Until all workers have ended after a SIGTERM or SIGINT. Answers the exit code."""
        block_signals()
        name_process("chat")
        _log("info", "workers.started", parent=os.getpid(), workers=len(self._seats))
        while True:
            self._see_who_ended()
            if self._stop_by is None:
                self._fill_seats()
            elif not any(seat.pid for seat in self._seats):
                _log("info", "workers.stopped", parent=os.getpid(), code=self._code)
                return self._code
            elif time.monotonic() >= self._stop_by:
                self._tell(signal.SIGKILL)
            heard = signal.sigtimedwait(WATCHED, self._pause())
            if heard and heard.si_signo in STOPS:
                self._stop()

    def _stop(self) -> None:
        if self._stop_by is None:
            self._stop_by = time.monotonic() + self._plan.patience
            self._tell(signal.SIGTERM)
        else:
            self._tell(HURRY)

    def _tell(self, number: signal.Signals) -> None:
        for seat in self._seats:
            if seat.pid:  # not waited for yet, so the number is still that process's
                os.kill(seat.pid, number)

    def _see_who_ended(self) -> None:
        for seat in self._seats:
            if seat.pid:
                ended, status = os.waitpid(seat.pid, os.WNOHANG)
                if ended:
                    self._note_end(seat, os.waitstatus_to_exitcode(status))

    def _note_end(self, seat: _Seat, code: int) -> None:
        pid, seat.pid = seat.pid, 0
        if self._stop_by is not None:
            return
        now, plan = time.monotonic(), self._plan
        seat.falls = 1 if now - seat.started >= plan.steady else seat.falls + 1
        pause = min(plan.first_pause * 2 ** (seat.falls - 1), plan.longest_pause)
        seat.due = now + pause
        _log("warning", "workers.one_ended", name=seat.name, process=pid, code=code, again_in=pause)
        if all(self._shaky(one) for one in self._seats):
            _log("error", "workers.cannot_start", falls=seat.falls)
            self._code = 1
            self._stop()

    def _shaky(self, seat: _Seat) -> bool:
        """Its workers keep falling, and the present one has not yet proved itself."""
        return seat.falls >= self._plan.falls and not (seat.pid and time.monotonic() - seat.started >= self._plan.steady)

    def _fill_seats(self) -> None:
        for seat in self._seats:
            if self._stop_by is None and not seat.pid and time.monotonic() >= seat.due:
                self._make_anew(seat)

    def _make_anew(self, seat: _Seat) -> None:
        parent, command = os.getpid(), [*self._plan.command, seat.name]
        seat.started = time.monotonic()
        try:
            seat.pid = os.fork()
        except OSError as error:
            self._note_end(seat, error.errno or 1)
            return
        if seat.pid == 0:
            try:
                become_worker(parent, seat.name)
                os.execv(command[0], command)
            finally:
                os._exit(127)

    def _pause(self) -> float:
        now = time.monotonic()
        if self._stop_by is not None:
            return max(0.1, min(LOOK_SECONDS, self._stop_by - now))
        return max(0.0, min([LOOK_SECONDS, *(seat.due - now for seat in self._seats if not seat.pid)]))


def _log(level: str, event: str, **fields: object) -> None:
    """As `app.core.logging` writes it, which is not at hand."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if os.environ.get("APP_ENV") == "production":
        line = json.dumps({**fields, "event": event, "level": level, "timestamp": moment})
    else:
        line = f"{moment} [{level:<9}] {event:<30} " + " ".join(f"{name}={value}" for name, value in sorted(fields.items()))
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(Parent(Plan(**json.loads(sys.argv[1]))).run())
