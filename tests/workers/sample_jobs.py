"""Jobs for the tests. They note what they do in files, since Redis may be emptied under them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import structlog
from flask import current_app

from app.core.jobs import JobInterrupted, RetryableError, job
from app.core.streams import publisher


def note(name: str, what: str) -> None:
    """Add a line `<what> <time> <process>` to the file `name`."""
    with (Path(os.environ["SAMPLE_JOBS_DIR"]) / name).open("a") as file:
        file.write(f"{what} {time.time():.4f} {os.getpid()}\n")


@job(queue="chat", timeout=120)
def wait(name: str, milliseconds: int) -> None:
    note(name, "started")
    try:
        time.sleep(milliseconds / 1000)
    except JobInterrupted:
        note(name, "interrupted")
        raise
    note(name, "ended")


@job(queue="chat", timeout=120)
def stuck(name: str) -> None:
    """Never gives way to another greenlet."""
    note(name, "started")
    while True:
        pass


@job(queue="light")
def light(name: str) -> None:
    note(name, "ended")


@job(queue="chat", timeout=1)
def too_long(name: str) -> None:
    note(name, "started")
    time.sleep(30)
    note(name, "ended")


@job(queue="chat")
def fail(name: str) -> None:
    note(name, "started")
    raise ValueError("wrong")


@job(queue="chat")
def fail_then_succeed(name: str, failures: int, after: int) -> None:
    note(name, "started")
    if sum(1 for line in (Path(os.environ["SAMPLE_JOBS_DIR"]) / name).open() if line.startswith("started")) <= failures:
        raise RetryableError("not yet", after=after)
    note(name, "ended")


@job(queue="chat")
def context(name: str) -> None:
    bound = structlog.contextvars.get_contextvars()
    structlog.contextvars.bind_contextvars(left_behind=name)
    time.sleep(0.05)
    note(name, f"{bound.get('request_id')}|{bound['job']}|{current_app.name}|{bound.get('left_behind')}")


@job(queue="chat", timeout=120)
def stream(name: str, count: int, milliseconds: int) -> None:
    note(name, "started")
    for number in range(count):
        publisher().token(f"stream:{name}", 1, f"w{number} ")
        time.sleep(milliseconds / 1000)
    publisher().event(f"stream:{name}", 1, "done", {"words": count})
    note(name, "ended")


@job(queue="heavy", timeout=120)
def compute(name: str, milliseconds: int) -> None:
    note(name, "started")
    deadline = time.monotonic() + milliseconds / 1000
    while time.monotonic() < deadline:
        time.sleep(0.01)
    note(name, "ended")


@job(queue="heavy")
def tell(name: str) -> None:
    publisher().event(f"stream:{name}", 0, "file.ready", {"name": name})
    note(name, "ended")


@job(queue="heavy", timeout=1)
def compute_too_long(name: str) -> None:
    note(name, "started")
    time.sleep(30)


@job(queue="light")
def tick() -> None:
    note("tick", "ended")
