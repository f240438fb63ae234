"""Keeps a set of programs running: starts them, notes their output, starts again what falls, stops all of them in order."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from _house.console import HouseError, say
from _house.processes import Account, end_orphans, ignore_signals, spawn, stop
from _house.workspace import ROOT

_LOG_LIMIT = 20 * 1024 * 1024  # bytes; past it the log becomes NAME.log.1
_STEADY = 60.0  # seconds of life after which a fall counts as the first one again
_LONGEST_WAIT = 30.0  # seconds between two starts of what keeps falling
_FALLS_BEFORE_READY = 4


@dataclass(frozen=True)
class Program:
    """One program. Those of the highest `rank` stop first: what serves stops before what it stands on."""

    name: str
    argv: list[str]
    env: Mapping[str, str]
    rank: int
    stop_signal: int = signal.SIGTERM
    grace: float = 10.0  # seconds to stop by itself
    cwd: Path = ROOT
    account: Account | None = None
    stdin: bytes | None = None


@dataclass
class _Running:
    program: Program
    child: subprocess.Popen[bytes]
    started: float
    falls: int = 0
    restart_at: float | None = None  # set while it is down


class Supervisor:
    """Runs in one thread: call `tick` a few times a second."""

    def __init__(self, logs: Path, inherited: int) -> None:
        """`inherited` is the lock's descriptor that every child carries."""
        self._logs, self._inherited = logs, inherited
        self._running: dict[str, _Running] = {}
        self.ready = False

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program; `tick` keeps it running from now on."""
        child = self._spawn(program)
        self._running[program.name] = _Running(program, child, time.monotonic())
        return child

    def tick(self) -> None:
        """Start again what has fallen, after a growing wait. Raises HouseError when, before all is ready, one keeps falling."""
        for name, one in self._running.items():
            if one.restart_at is None and one.child.poll() is not None:
                self._note_fall(name, one)
            if one.restart_at is not None and time.monotonic() >= one.restart_at:
                one.child, one.started, one.restart_at = self._spawn(one.program), time.monotonic(), None
        self._rotate_logs()

    def stop(self) -> None:
        """Stop everything, rank by rank, and end whatever processes remain of ours."""
        ignore_signals()
        for rank in sorted({one.program.rank for one in self._running.values()}, reverse=True):
            group = [one for one in self._running.values() if one.program.rank == rank]
            stop([(one.child, one.program.stop_signal) for one in group], max(one.program.grace for one in group))
        end_orphans(())

    def tail(self, name: str) -> str:
        """The last lines of a program's log."""
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-15:])

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        with self.log(program.name).open("ab") as output:
            return spawn(
                program.argv,
                env=program.env,
                cwd=program.cwd,
                output=output,
                death_signal=program.stop_signal,
                account=program.account,
                stdin=program.stdin,
                pass_fds=(self._inherited,),
            )

    def _note_fall(self, name: str, one: _Running) -> None:
        # Its own children fell to us; a web worker left alive would keep the port.
        end_orphans(other.child.pid for other in self._running.values())
        one.falls = 1 if time.monotonic() - one.started > _STEADY else one.falls + 1
        if not self.ready and one.falls >= _FALLS_BEFORE_READY:
            raise HouseError(f"{name} ne démarre pas ; journal : {self.log(name)}", self.tail(name))
        wait = min(2.0 ** (one.falls - 1), _LONGEST_WAIT)
        one.restart_at = time.monotonic() + wait
        say(f"{name} s'est arrêté (code {one.child.returncode}), relancé dans {wait:.0f} s ; journal : {self.log(name)}")

    def _rotate_logs(self) -> None:
        for name in self._running:
            log = self.log(name)
            if log.stat().st_size > _LOG_LIMIT:
                # The child keeps the file open for appending: copy, then empty it.
                shutil.copyfile(log, log.with_suffix(".log.1"))
                log.write_bytes(b"")
