"""Child processes that never outlive us: each has its own process group and dies with this process (Linux)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StopRequested(BaseException):
    """Somebody asked this command to stop: like KeyboardInterrupt, no error."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


def stop_on_signals() -> None:
    """From now on the first Ctrl-C, SIGTERM or closed terminal raises StopRequested; later ones change nothing."""
    for number in _STOP_SIGNALS:
        signal.signal(number, _raise_stop)


def ignore_signals() -> None:
    """Finish what is under way: the stop itself is not to be stopped half-way."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _raise_stop(number: int, _frame: FrameType | None) -> None:
    ignore_signals()
    raise StopRequested(number)


def guarded(work: Callable[[], int]) -> int:
    """Do the work in a second process, so that even a SIGKILL leaves nothing behind, and answer its exit code.

    When this process is killed the second one is told, and stops its children in order. When the second one is killed its
    children, and theirs, fall to this one, which ends them.
    """
    if not _libc:
        return work()
    guard = os.getpid()
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    worker = os.fork()
    if worker == 0:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != guard:
            os._exit(1)
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        return work()
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda received, _frame: os.kill(worker, received))
    code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    ignore_signals()
    end_orphans(())
    return code if code >= 0 else 128 - code


@dataclass(frozen=True)
class Account:
    """An unprivileged system account, for what must not run as root."""

    uid: int
    gid: int


def spawn(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    output: IO[bytes] | int,
    death_signal: int = signal.SIGTERM,
    account: Account | None = None,
    stdin: bytes | None = None,
    pass_fds: Iterable[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child in a group of its own; the kernel sends it `death_signal` when this process ends, however it ends."""
    parent = os.getpid()

    def before_exec() -> None:
        # After the change of account: that change would clear the setting.
        if _libc:
            _libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    child = subprocess.Popen(
        [str(part) for part in argv],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=tuple(pass_fds),
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=before_exec,
    )
    if stdin is not None and child.stdin:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(stdin)
        child.stdin.close()
    return child


def run_step(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    on_line: Callable[[str], None] | None = None,
    account: Account | None = None,
    pass_fds: Iterable[int] = (),
) -> tuple[int, str]:
    """Run a command to its end; answer its exit code and its last 40 lines. Stopped with us, together with its children."""
    child = spawn(argv, env=env, cwd=cwd, output=subprocess.PIPE, account=account, pass_fds=pass_fds, death_signal=signal.SIGKILL)
    lines: list[str] = []
    try:
        assert child.stdout
        for raw in child.stdout:
            line = raw.decode(errors="replace").rstrip()
            lines = [*lines[-39:], line]
            if on_line:
                on_line(line)
        return child.wait(), "\n".join(lines)
    finally:
        kill_group(child)
        if child.stdout:
            child.stdout.close()


def kill_group(child: subprocess.Popen[bytes]) -> None:
    """End at once the child and all that stayed in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def stop(children: Sequence[tuple[subprocess.Popen[bytes], int]], grace: float) -> None:
    """Ask each child to stop with its signal, wait up to `grace` seconds for all of them, then end the rest."""
    for child, number in children:
        if child.poll() is None:
            child.send_signal(number)
    deadline = time.monotonic() + grace
    for child, _ in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        kill_group(child)


def end_orphans(known: Iterable[int]) -> None:
    """End the processes that fell to us when their parent died (a web worker, a job's process), and their own children."""
    if sys.platform != "linux":
        return
    keep = set(known)
    for _ in range(10):  # each round may hand us the children of those ended in the round before
        orphans = [pid for pid in _children_of(os.getpid()) if pid not in keep]
        if not orphans:
            return
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children_of(parent: int) -> list[int]:
    """Direct children of a process, zombies included, read from /proc."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                stat = Path(entry.path, "stat").read_bytes()
                if int(stat.rpartition(b")")[2].split()[1]) == parent:
                    found.append(int(entry.name))
    return found
