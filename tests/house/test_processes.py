"""No process is left behind, however ours ends; what falls is started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _house.console import HouseError
from _house.supervisor import Program, Supervisor

BIN = Path(__file__).parents[2] / "bin"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="relies on prctl, which only Linux has")

# Supervises one child that has a child of its own in another session, as a job's process may be.
SCENE = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {bin!r})
from _house.processes import StopRequested, guarded, stop_on_signals
from _house.supervisor import Program, Supervisor

CHILD = '''
import subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(grandchild.pid, flush=True)
time.sleep(60)
'''

def work():
    supervisor = Supervisor(Path({logs!r}), os.open({logs!r}, os.O_RDONLY))
    try:
        child = supervisor.start(Program("child", [sys.executable, "-u", "-c", CHILD], dict(os.environ), 0))
        while not supervisor.log("child").read_text().endswith("\\n"):
            time.sleep(0.02)
        print(os.getpid(), child.pid, supervisor.log("child").read_text().strip(), flush=True)
        while True:
            time.sleep(0.05)
    except StopRequested:
        return 0
    finally:
        supervisor.stop()

stop_on_signals()
sys.exit(guarded(work))
"""


def _gone(pid: int) -> bool:
    """True once the process has ended (a zombie that nobody has waited for has ended)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _eventually(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("victim", ["command", "worker"])
def test_nothing_outlives_the_command(tmp_path: Path, victim: str, number: signal.Signals) -> None:
    scene = subprocess.Popen(
        [sys.executable, "-c", SCENE.format(bin=str(BIN), logs=str(tmp_path))], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    pids: list[int] = []
    try:
        assert scene.stdout
        pids = [int(part) for part in scene.stdout.readline().split()]
        worker, child, grandchild = pids
        os.kill(scene.pid if victim == "command" else worker, number)
        assert _eventually(lambda: all(_gone(pid) for pid in (worker, child, grandchild)))
        assert scene.wait(15) in ((0,) if number != signal.SIGKILL else (-signal.SIGKILL, 128 + signal.SIGKILL))
    finally:
        for pid in [scene.pid, *pids]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        scene.wait()
        if scene.stdout:
            scene.stdout.close()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    keeper = Supervisor(tmp_path, descriptor)
    yield keeper
    for one in keeper._running.values():
        one.child.kill()
        one.child.wait()
    os.close(descriptor)


def test_what_falls_is_started_again(supervisor: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    supervisor.ready = True
    first = supervisor.start(
        Program("one", [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"], dict(os.environ), 0)
    )
    assert _eventually(lambda: "up" in supervisor.tail("one"))
    first.kill()
    first.wait()

    def again() -> bool:
        supervisor.tick()
        return supervisor.tail("one").count("up") == 2

    assert _eventually(again)
    assert "relancé dans 1 s" in capsys.readouterr().err


def test_before_all_is_ready_what_keeps_falling_stops_the_start(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("_house.supervisor._LONGEST_WAIT", 0.0)
    supervisor.start(Program("broken", [sys.executable, "-c", "raise SystemExit('a bad setting')"], dict(os.environ), 0))

    def failed() -> bool:
        try:
            supervisor.tick()
        except HouseError as error:
            return "broken ne démarre pas" in str(error) and "a bad setting" in error.detail
        return False

    assert _eventually(failed)


def test_a_long_log_is_put_aside(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("_house.supervisor._LOG_LIMIT", 10)
    supervisor.start(
        Program("chatty", [sys.executable, "-c", "import time; print('x' * 40, flush=True); time.sleep(60)"], dict(os.environ), 0)
    )
    assert _eventually(lambda: "x" * 40 in supervisor.tail("chatty"))
    supervisor.tick()
    assert supervisor.tail("chatty") == ""
    assert "x" * 40 in supervisor.log("chatty").with_suffix(".log.1").read_text()
