"""Lighthouse, as on a middling phone: the scores that a page gets, and what it found."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.browser import chromium

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices")
SECONDS = 120


@dataclass(frozen=True)
class Report:
    """Scores of 100 by category, milliseconds by measure, and the audits that were not passed."""

    scores: dict[str, int]
    measures: dict[str, float]
    failed: list[str]


def node() -> str:
    """The path of Node. Without one the test is skipped, or fails under REQUIRE_BROWSER=1."""
    found = shutil.which("node", path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{ROOT / '.venv' / 'bin'}")
    if found:
        return found
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail("Node is required and was not found")
    pytest.skip("Node is not installed")


def examine(url: str, times: int = 3) -> Report:
    """The median of several examinations: slow 4G and a slow processor, simulated."""
    reports = [_once(url) for _ in range(times)]
    return Report(
        {name: int(statistics.median(report.scores[name] for report in reports)) for name in CATEGORIES},
        {name: statistics.median(report.measures[name] for report in reports) for name in reports[0].measures},
        sorted({audit for report in reports for audit in report.failed}),
    )


def _once(url: str) -> Report:
    with tempfile.TemporaryDirectory(prefix="lighthouse-") as folder:
        out = Path(folder) / "report.json"
        subprocess.run(
            [
                *(node(), str(PROGRAM), url, "--quiet", "--output=json", f"--output-path={out}"),
                *(f"--only-categories={','.join(CATEGORIES)}", "--no-enable-error-reporting"),
                "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update",
            ],
            env={**os.environ, "CHROME_PATH": chromium(), "HOME": folder, "TMPDIR": folder},
            check=True,
            timeout=SECONDS,
            capture_output=True,
        )
        told = json.loads(out.read_text(encoding="utf-8"))
    weighed = {ref["id"] for name in CATEGORIES for ref in told["categories"][name]["auditRefs"] if ref["weight"]}
    audits = told["audits"]
    return Report(
        {name: round(told["categories"][name]["score"] * 100) for name in CATEGORIES},
        {
            name: float(audits[name]["numericValue"])
            for name in ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
        },
        [
            f"{name} ({audits[name].get('displayValue', '')})"
            for name in weighed
            if (audits[name]["score"] or 0) < 0.9 and audits[name]["scoreDisplayMode"] in ("binary", "numeric")
        ],
    )
