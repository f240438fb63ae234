"""`bin/bench lighthouse`: what Lighthouse says of the page of a link on a middling phone, and how long our server takes to write it.

Exit code 1 when a score is under 95, or when one page in twenty takes more than 30 ms on the server.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from tests.support.chat import make_token
from tests.support.lighthouse import examine
from tests.support.stack import make_stack

LEAST = 95
SERVER_MS = 30.0
PAGES = 300


def server_ms(url: str) -> tuple[float, float]:
    """Median and 95th percentile of one page after the other, in milliseconds."""
    took = []
    with requests.Session() as client:
        for _ in range(PAGES):
            start = time.perf_counter()
            client.get(url, timeout=10).raise_for_status()
            took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def main() -> int:
    """Start the product with its demo, examine a new link, print."""
    parser = argparse.ArgumentParser(prog="bin/bench lighthouse")
    parser.add_argument("--times", type=int, default=3, help="examens dont on garde la médiane (3)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        stack = make_stack(dict(os.environ), Path(folder), DATA_DIR=folder, APP_ENV="development", RATELIMIT_ENABLED="false")
        try:
            subprocess.run([sys.executable, "-m", "app.workers.migrate"], env=stack.env, check=True)
            stack.load_demo()
            stack.start("web", "chat", "heavy", "scheduler")
            stack.wait_ready()
            url = f"{stack.base_url}/s/{make_token(stack.base_url, stack.demo)}"
            median, most = server_ms(url)
            report = examine(url, options.times)
        finally:
            stack.stop()
    for name, score in report.scores.items():
        print(f"{name:>16} {score:>4}")
    for name, value in report.measures.items():
        print(f"{name:>26} {value:>9.3f}")
    print(f"page écrite par le serveur : médiane {median:.1f} ms, p95 {most:.1f} ms (but : {SERVER_MS:.0f})")
    for audit in report.failed:
        print(f"  à revoir : {audit}")
    return int(min(report.scores.values()) < LEAST or most > SERVER_MS)


if __name__ == "__main__":
    sys.exit(main())
