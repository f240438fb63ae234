"""Nothing is lost: a killed worker, a Redis that forgot everything (PRODUCT.md, Rulings; CONTRACT.md, Streaming)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
import requests

from tests.conftest import environment
from tests.support.chat import Device, make_token
from tests.support.model_server import ModelServer, Reply, model_server
from tests.support.receiver import Receiver
from tests.support.redis import PrivateRedis
from tests.support.stack import Stack, make_stack, wait_until

pytestmark = pytest.mark.committed
WITHIN_SECONDS = 20


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[PrivateRedis]:
    server = PrivateRedis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture
def stack(database: str, tmp_path: Path, redis_server: PrivateRedis, model: ModelServer) -> Iterator[Stack]:
    """The product on a model that takes its time."""
    running = make_stack(
        environment(database, redis_server.url, tmp_path / "data", APP_ENV="development"),
        tmp_path,
        AI_BASE_URL=model.base_url,
        AI_MODEL="patient",
    )
    running.load_demo()
    running.start("web", "chat", "heavy", "scheduler")
    running.wait_ready()
    yield running
    running.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


TEXT = " ".join(f"mot{number}" for number in range(120))
SLOW = Reply(text=TEXT, gap=0.03)
"""About five seconds of words: long enough to be killed in the middle."""


def subscribe(stack: Stack, receiver: Receiver) -> None:
    answer = requests.post(
        f"{stack.base_url}/api/editor/webhooks",
        json={"url": receiver.url, "events": ["message.created", "message.received", "session.started"]},
        headers={"X-API-Key": stack.demo["api_keys"]["editeur"]},
        timeout=10,
    )
    assert answer.status_code == 201, answer.text


def begin(stack: Stack, model: ModelServer) -> tuple[Device, str]:
    """A reply that is being written."""
    model.script("patient", SLOW)
    device = Device(stack.base_url, make_token(stack.base_url, stack.demo))
    reply = device.say("Bonjour")
    wait_until(lambda: device.status(reply)["status"] == "processing", what="the reply begins")
    return device, reply


def follow(device: Device, reply: str) -> str:
    """What the page would show in the end: it reconnects where it was and obeys `restart`."""
    shown, last_id, end = "", None, time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < end:
        try:
            for event_id, name, data in device.events(reply, last_id):
                last_id = event_id or last_id
                if name == "token":
                    shown += data["text"]
                elif name == "restart":
                    shown = ""
                elif name == "done":
                    return shown
                elif name == "error":
                    raise AssertionError(data)
        except requests.RequestException:
            time.sleep(0.1)
    raise AssertionError(f"no end within {WITHIN_SECONDS} s; shown so far: {shown[-40:]!r}")


def check_everything_is_there(device: Device, reply: str, receiver: Receiver) -> None:
    messages = device.messages()
    assert [(m["sender"], m["status"]) for m in messages] == [("visitor", "completed"), ("agent", "completed")]
    assert messages[1]["id"] == reply and messages[1]["content"] == TEXT
    wait_until(lambda: len(receiver.received("message.received")) == 1, seconds=30, what="message.received")
    wait_until(lambda: len(receiver.received("message.created")) == 2, seconds=10, what="message.created, twice")
    assert len(receiver.received("session.started")) == 1
    ids = [one.headers["webhook-id"] for one in receiver.received()]
    assert len(set(ids)) == len(ids) == 4


def test_a_worker_killed_in_mid_reply(stack: Stack, model: ModelServer, receiver: Receiver) -> None:
    subscribe(stack, receiver)
    device, reply = begin(stack, model)
    wait_until(lambda: model.asked, what="the model was asked")
    time.sleep(1)  # in the middle of the sentence
    stack.kill("chat")
    killed = time.monotonic()
    stack.start("chat")
    assert follow(device, reply) == TEXT
    assert time.monotonic() - killed < WITHIN_SECONDS
    check_everything_is_there(device, reply, receiver)


def writing(client: redis.Redis) -> list[int]:
    """The processes of the chat workers that have a reply in hand. Light jobs come and go on the same workers, and do not count."""
    jobs = [client.hmget(key, "origin", "status", "worker_name") for key in client.keys("rq:job:*")]
    names = [name.decode() for origin, status, name in jobs if (origin, status) == (b"chat", b"started")]
    return [int(client.hget(f"rq:worker:{name}", "pid")) for name in names]


def test_a_forked_worker_killed_in_mid_reply(stack: Stack, model: ModelServer, receiver: Receiver, redis_server: PrivateRedis) -> None:
    stack.kill("chat")
    stack.env["CHAT_WORKER_PROCESSES"] = "2"
    with redis.Redis.from_url(redis_server.url) as client:
        stack.start("chat")
        parent = psutil.Process(stack.processes["chat"].pid)
        wait_until(lambda: len(parent.children()) == 2, seconds=60, what="two workers")
        subscribe(stack, receiver)
        device, reply = begin(stack, model)
        wait_until(lambda: model.asked, what="the model was asked")
        time.sleep(1)  # in the middle of the sentence
        others = {child.pid for child in parent.children()}
        (busy,) = [pid for pid in writing(client) if pid in others]
    os.kill(busy, signal.SIGKILL)
    killed = time.monotonic()
    assert follow(device, reply) == TEXT
    assert time.monotonic() - killed < WITHIN_SECONDS
    wait_until(lambda: len({child.pid for child in parent.children()} - {busy}) == 2, what="another worker in its place")
    assert others - {busy} <= {child.pid for child in parent.children()}
    check_everything_is_there(device, reply, receiver)


def test_redis_restarted_empty_in_mid_reply(stack: Stack, model: ModelServer, receiver: Receiver, redis_server: PrivateRedis) -> None:
    subscribe(stack, receiver)
    device, reply = begin(stack, model)
    time.sleep(1)  # in the middle of the sentence
    redis_server.restart_empty()
    lost = time.monotonic()
    for name in ("chat", "heavy", "scheduler"):  # what the supervisor does when one gave up
        if stack.processes[name].poll() is not None:
            stack.kill(name)
            stack.start(name)
    assert follow(device, reply) == TEXT
    assert time.monotonic() - lost < WITHIN_SECONDS
    check_everything_is_there(device, reply, receiver)


def test_redis_emptied_before_the_reply_began(stack: Stack, model: ModelServer, receiver: Receiver, redis_server: PrivateRedis) -> None:
    subscribe(stack, receiver)
    model.script("patient", Reply(text=TEXT))
    stack.kill("chat")
    device = Device(stack.base_url, make_token(stack.base_url, stack.demo))
    reply = device.say("Bonjour")
    redis_server.restart_empty()
    stack.start("chat")
    assert follow(device, reply) == TEXT
    check_everything_is_there(device, reply, receiver)
