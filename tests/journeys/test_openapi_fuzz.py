"""schemathesis on the whole document, event streams apart: no 500, no answer that the document does not tell (TRAPS.md).

`positive_data_acceptance` is left out: a text may be one for the document and still be no phone number, no domain, no cursor of ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import environment, redis_url, worker_number
from tests.support.databases import copy_template
from tests.support.stack import ROOT, Stack, make_stack

pytestmark = pytest.mark.committed
SEED, EXAMPLES, SECONDS = 20_261_121, 6, 120
OUTSIDE = ("--include-path-regex", "^/api/(widget|editor|artisan)/", "--exclude-path-regex", "/stream$", "--exclude-method", "DELETE")
RUNS = {
    "unknown ids": OUTSIDE,
    "conversations, editors, artisans": OUTSIDE,
    "control centre": ("--include-path-regex", "^/api/(ai/|assist$)", "--exclude-method", "DELETE"),
    "deletions": ("--include-method", "DELETE", "--exclude-path-regex", "^/api/admin/"),
    "administrators, agents": ("--include-path-regex", "^/api/admin/agents"),
    "administrators, editors": ("--include-path-regex", "^/api/admin/", "--exclude-path-regex", "^/api/admin/agents"),
}
"""In this order: what is deleted is gone, and administrators suspend the editor whose key the others need."""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The web process by itself on a demo of its own: no job runs, so no e-mail, webhook or reply leaves."""
    name = f"fuzz_{worker_number()}"
    copy_template(name)
    folder = tmp_path_factory.mktemp("fuzz")
    stack = make_stack(environment(name, redis_url(2), folder / "data", APP_ENV="development"), folder)
    stack.load_demo()
    stack.start("web")
    stack.wait_ready()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def callers(alone: Stack) -> dict[str, Any]:
    """Ways in, and ids that exist."""
    command = [sys.executable, "-m", "tests.support.callers", str(alone.logs / "demo.json")]
    told = subprocess.run(command, cwd=ROOT, env=alone.env, check=True, timeout=60, capture_output=True, text=True)
    return json.loads(told.stdout)


def _configuration(callers: dict[str, Any], *, known_ids: bool) -> str:
    """Headers of each API; with `known_ids`, paths name what exists, so that the verbs behind them are reached."""
    lines = ["continue-on-failure = true", "[output]", "sanitization.enabled = false"]
    for api, headers in callers["headers"].items():
        lines += ["[[operations]]", f'include-path-regex = "^/api/{api}(/|$)"', f"headers = {_table(headers)}"]
        if known_ids:
            lines.append(f"parameters = {_table({f'path.{name}': value for name, value in callers['ids'].items()})}")
    return "\n".join(lines) + "\n"


def _table(values: dict[str, str]) -> str:
    return "{ " + ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in values.items()) + " }"


@pytest.mark.parametrize("run", RUNS)
def test_no_server_error_and_nothing_undocumented(alone: Stack, callers: dict[str, Any], tmp_path: Path, run: str) -> None:
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(_configuration(callers, known_ids=run != "unknown ids"), encoding="utf-8")
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(configuration), "run", f"{alone.base_url}/api/docs/openapi.json", "--continue-on-failure"),
        *("--exclude-checks", "positive_data_acceptance", "--no-color"),
        *("--max-examples", str(EXAMPLES), "--seed", str(SEED), *RUNS[run]),
        *("--phases", "fuzzing" if run == "unknown ids" else "examples,coverage,fuzzing"),
    ]
    told = subprocess.run(command, cwd=tmp_path, env=alone.env, timeout=SECONDS, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout[-12_000:] + told.stderr[-2_000:]
    assert " 0 selected" not in told.stdout
