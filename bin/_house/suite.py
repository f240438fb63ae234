"""`bin/test` and `bin/bench`: the code's checks, then the tests or a benchmark against services of their own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _house import postgres
from _house.console import HouseError, say
from _house.processes import StopRequested, end_orphans, guarded, ignore_signals, spawn, stop
from _house.redis_server import redis_server
from _house.toolchain import ensure_assets, ensure_python
from _house.workspace import ROOT

CHECKS = {
    "ruff": ["-m", "ruff", "check", "--quiet", "--output-format=concise", "."],
    "import-linter": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    "djlint": ["-m", "djlint", "--lint", "--quiet", "app/templates"],
}
# A developer's own settings must not send a test to a real service.
_PRIVATE = ("DATABASE_", "REDIS_URL", "S3_", "SMTP_", "AI_", "TEST_", "SECRET_KEY", "MASTER_KEY", "APP_ENV", "BASE_URL", "DATA_DIR")
_PREFIX = "ai-manager-test-"
# One process more than the small machines that run this have processors, since journeys and workers' tests often wait; one that is done takes half of
# what another still has.
_SHARED_OUT = ["-n", "3", "--dist", "worksteal"]
_ROOM = 3 * 1024**3  # bytes that must be free for the services to live in memory


def test(arguments: list[str]) -> int:
    """Check, then run every test; `--quick` only checks, arguments for pytest only test. Answers pytest's exit code, or 1 after a failed check."""
    env = _environment()
    ensure_python(env, dev=True, arguments=["test", *arguments])
    ensure_assets(env)
    checked = CHECKS if arguments in ([], ["--quick"]) else {}
    failed = [name for name, argv in checked.items() if not _check(name, argv, env)]
    if failed:
        raise HouseError(f"contrôles en échec : {', '.join(failed)}.")
    if arguments == ["--quick"]:
        return 0

    def run_tests() -> int:
        with services(env) as urls:
            test_urls = {f"TEST_{name}": url for name, url in urls.items()}
            return _foreground([sys.executable, "-m", "pytest", *(arguments or _SHARED_OUT)], env | test_urls)

    return guarded(run_tests)


def bench(arguments: list[str]) -> int:
    """Run `tests.bench.NAME` with its arguments; the services' addresses and fresh secrets are in its environment."""
    if not arguments or not (ROOT / "tests" / "bench" / f"{arguments[0]}.py").exists():
        names = sorted(path.stem for path in (ROOT / "tests" / "bench").glob("*.py") if not path.stem.startswith("_"))
        raise HouseError(f"usage : bin/bench NOM [arguments]. Noms : {', '.join(names) or 'aucun'}.")
    env = _environment()
    ensure_python(env, dev=True, arguments=["bench", *arguments])
    ensure_assets(env)

    def run_benchmark() -> int:
        own = {"APP_ENV": "test", "SECRET_KEY": secrets.token_urlsafe(48), "MASTER_KEY": secrets.token_urlsafe(32)}
        with services(env) as urls:
            return _foreground([sys.executable, "-m", f"tests.bench.{arguments[0]}", *arguments[1:]], env | urls | own)

    return guarded(run_benchmark)


@contextmanager
def services(env: dict[str, str]) -> Iterator[dict[str, str]]:
    """A PostgreSQL and a Redis that vanish afterwards. Gives DATABASE_URL, DATABASE_ADMIN_URL and REDIS_URL.

    The owner's role may create databases, so that tests make their template and one database per worker; the extension
    is in the cluster's own template, since only a superuser may install it.
    """
    folder, lock = _throw_away_folder()
    children = []
    try:
        password = {name: secrets.token_urlsafe(24) for name in ("superuser_password", "owner_password", "app_password", "redis")}
        (folder / "postgres").mkdir(mode=0o700)
        cluster = postgres.throw_away_cluster(folder / "postgres")
        redis = redis_server(folder / "redis", password["redis"], env, durable=False)
        redis_log, postgres_log = folder / "redis.log", folder / "postgres.log"
        plain = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        with redis_log.open("ab") as output:
            redis_child = spawn(redis.command(), env=plain, cwd=redis.folder, output=output, stdin=redis.settings(), pass_fds=(lock,))
        children.append((redis_child, signal.SIGTERM))
        cluster.initialise(password["superuser_password"])
        with postgres_log.open("ab") as output:
            postgres_child = spawn(
                cluster.command(),
                env=plain,
                cwd=cluster.home,
                output=output,
                account=cluster.account,
                death_signal=signal.SIGQUIT,
                pass_fds=(lock,),
            )
        children.append((postgres_child, signal.SIGQUIT))  # its data are thrown away: no checkpoint
        cluster.wait_ready(postgres_child, postgres_log)
        cluster.create_roles(password, "ALTER ROLE aimanager_owner CREATEDB", "\\connect template1", "CREATE EXTENSION vector")
        redis.wait_ready(redis_child, redis_log)
        yield {
            "DATABASE_URL": cluster.url("aimanager_app", password["app_password"]),
            "DATABASE_ADMIN_URL": cluster.url("aimanager_owner", password["owner_password"]),
            "REDIS_URL": redis.url,
        }
    finally:
        ignore_signals()
        stop(children, grace=10)
        end_orphans(())
        shutil.rmtree(folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    """The caller's, without what is private. Bytecode is kept: the tests start dozens of processes, and each would compile the application anew."""
    left = {name: value for name, value in os.environ.items() if not name.startswith((*_PRIVATE, "PYTHONDONTWRITEBYTECODE"))}
    return left | {"PYTHONUNBUFFERED": "1"}


def _check(name: str, argv: list[str], env: dict[str, str]) -> bool:
    answer = subprocess.run([sys.executable, *argv], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if answer.returncode == 0:
        say(f"{name} : bon")
        return True
    say(f"{name} : en échec\n{answer.stdout}{answer.stderr}")
    return False


def _throw_away_folder() -> tuple[Path, int]:
    """A new private folder, in memory when there is room, with a lock that lives as long as its processes; clears those of dead runs."""
    memory = Path("/dev/shm")
    with contextlib.suppress(OSError):
        state = os.statvfs(memory)
        if state.f_bavail * state.f_frsize < _ROOM or not os.access(memory, os.W_OK | os.X_OK):
            memory = Path(tempfile.gettempdir())
    parent = memory if memory.is_dir() else Path(tempfile.gettempdir())
    for left in parent.glob(f"{_PREFIX}*"):
        if left.stat().st_uid == os.geteuid() and (descriptor := _try_lock(left)) is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(descriptor)
    draft = Path(tempfile.mkdtemp(prefix=".ai-manager-", dir=parent))
    lock = _try_lock(draft)
    assert lock is not None
    draft.chmod(0o711)  # the server's account passes through; the parts inside are closed
    # It gets the name that others look for only once it is locked.
    return draft.rename(parent / f"{_PREFIX}{draft.name.rpartition('-')[2]}"), lock


def _try_lock(folder: Path) -> int | None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _foreground(argv: list[str], env: dict[str, str]) -> int:
    """Run a command on our terminal, so that a debugger works; a signal to us reaches it, and its own report is let finish."""
    child = subprocess.Popen(argv, cwd=ROOT, env=env)
    try:
        return child.wait()
    except StopRequested as request:
        # Ctrl-C on a terminal has reached it already; a second one would cut its report short.
        if request.signal_number != signal.SIGINT or not sys.stdin.isatty():
            child.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(30)
        raise
    finally:
        child.kill()
        child.wait()
