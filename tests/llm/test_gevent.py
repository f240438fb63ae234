"""The provider under gevent: many streams wait together in one thread, and a killed one leaves its line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.model_server import ModelServer, Reply

ROOT = Path(__file__).parents[2]
STREAMS = 30
CHILD = """
from gevent import monkey
monkey.patch_all()
import json, sys, time
import gevent
from app.llm.gateway import ModelChoice, stream_completion

def ask(model):
    choice = ModelChoice("platform", model, sys.argv[1], "sk-1")
    return list(stream_completion(choice, [{"role": "user", "content": "a"}], (), temperature=0.3, max_tokens=9))

ask("ok")
started = time.monotonic()
streams = [gevent.spawn(ask, "paced") for _ in range(int(sys.argv[2]))]
gevent.joinall(streams, raise_error=True)
elapsed = time.monotonic() - started
late = gevent.spawn(ask, "fault-silence")
gevent.sleep(0.3)
late.kill()
print(json.dumps({"elapsed": elapsed, "ends": [stream.value[-1].reason for stream in streams]}))
sys.stdout.flush()
sys.stdin.read()
"""


def test_streams_wait_together(models: ModelServer) -> None:
    models.script("paced", Reply(text="x" * 50, gap=0.1))
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", CHILD, models.base_url, str(STREAMS)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout
        result = json.loads(child.stdout.readline())
        assert models.asked[-1].hung_up.wait(2), "a killed stream holds its line"
        child.communicate()
    assert result["ends"] == ["stop"] * STREAMS
    assert result["elapsed"] < 6, "one after the other, they would take 30 s"
