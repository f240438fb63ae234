"""Streams: every event once and in order, through reconnections, overtaken workers and a Redis that restarts empty."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest
import redis

from app.core.streams import Hub, Publisher, StreamItem
from app.core.streams.entries import START, parse_position
from app.extensions import connect_redis
from tests.workers.redis_server import RedisServer


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    server = RedisServer()
    server.start()
    yield server.url
    server.remove()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    made = connect_redis(redis_url)
    yield made
    made.connection_pool.disconnect()


@pytest.fixture
def stream(request: pytest.FixtureRequest) -> str:
    return f"test:{request.node.name}:{time.time_ns()}"


def read(hub: Hub, stream: str, last_id: str | None = None, *, until: str = "done", wait: float = 5.0) -> list[StreamItem]:
    """Follow until the event `until` comes, or until nothing comes for `wait` seconds."""
    items: list[StreamItem] = []
    following = hub.follow(stream, last_id, wait)
    for item in following:
        if item is None:
            break
        items.append(item)
        if item.name == until:
            break
    following.close()
    return items


def text(items: list[StreamItem]) -> str:
    return "".join(item.data["text"] for item in items if item.name == "token")


def write(publisher: Publisher, stream: str, words: range, *, attempt: int = 1, gap: float = 0.004) -> None:
    for number in words:
        publisher.token(stream, attempt, f"w{number} ")
        time.sleep(gap)


def words(numbers: range) -> str:
    return "".join(f"w{number} " for number in numbers)


def test_tokens_arrive_in_order_then_done(client: redis.Redis, stream: str) -> None:
    publisher = Publisher(client)
    publisher.token(stream, 1, "Bonjour")
    publisher.token(stream, 1, ", monde")
    publisher.event(stream, 1, "tool", {"name": "rechercher_prix", "label": "Recherche des prix"})
    publisher.token(stream, 1, " !")
    publisher.event(stream, 1, "done", {"message": {"id": "msg_1"}})
    items = read(Hub(client), stream)
    assert text(items) == "Bonjour, monde !"
    names = [item.name for item in items if item.name != "token"]
    assert names == ["tool", "done"]
    assert items[-1].data == {"message": {"id": "msg_1"}}
    assert [parse_position(item.id) for item in items] == sorted(parse_position(item.id) for item in items)


def test_first_token_leaves_at_once_and_the_next_ones_are_merged(client: redis.Redis, stream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tick = 0.5  # twenty times the real one: what does not wait for it is told apart on a busy machine too
    monkeypatch.setattr(Publisher, "_tick", lambda self: tick)
    publisher = Publisher(client)
    publisher.token("warm:" + stream, 1, "x")
    assert publisher.flush(2)
    started = time.monotonic()
    publisher.token(stream, 1, "w0 ")
    while not client.exists(stream):
        assert time.monotonic() - started < tick * 0.9, "the first token waited for the tick"
        time.sleep(0.001)
    write(publisher, stream, range(1, 100), gap=0.001)
    assert publisher.flush(2)
    elapsed = time.monotonic() - started
    entries = client.xrange(stream)
    assert len(entries) <= elapsed / tick + 3
    assert text(read(Hub(client), stream, until="never", wait=0.2)) == words(range(100))


def test_many_streams_leave_in_one_pipeline(client: redis.Redis, stream: str) -> None:
    publisher = Publisher(client)
    names = [f"{stream}:{number}" for number in range(200)]
    for name in names:
        publisher.token(name, 1, "a")
    assert publisher.flush(2)
    before = client.info("stats")["total_reads_processed"]
    for name in names:
        publisher.token(name, 1, "b")
    assert publisher.flush(2)
    assert client.info("stats")["total_reads_processed"] - before < 50
    assert all(client.xlen(name) == 2 for name in names)


def test_streams_expire_after_an_hour(client: redis.Redis, stream: str) -> None:
    publisher = Publisher(client)
    publisher.token(stream, 1, "a")
    assert publisher.flush(2)
    assert 3500 < client.ttl(stream) <= 3600


@pytest.mark.parametrize("cut", [1, 3, 10])
def test_a_client_that_reconnects_misses_nothing_and_gets_nothing_twice(client: redis.Redis, stream: str, cut: int) -> None:
    publisher, hub = Publisher(client), Hub(client)
    writer = threading.Thread(target=lambda: (write(publisher, stream, range(150)), publisher.event(stream, 1, "done", {})))
    writer.start()
    got: list[StreamItem] = []
    while not got or got[-1].name != "done":
        following = hub.follow(stream, got[-1].id if got else None, 5.0)
        for _ in range(cut):
            item = next(following)
            assert item is not None
            got.append(item)
            if item.name == "done":
                break
        following.close()
    writer.join()
    assert text(got) == words(range(150))
    assert len({item.id for item in got}) == len(got)


def test_followers_at_different_places_of_one_stream(client: redis.Redis, stream: str) -> None:
    publisher, hub = Publisher(client), Hub(client)
    results: dict[int, list[StreamItem]] = {}

    def client_of(number: int) -> None:
        time.sleep(number * 0.02)
        results[number] = read(hub, stream)

    readers = [threading.Thread(target=client_of, args=(number,)) for number in range(12)]
    for reader in readers:
        reader.start()
    write(publisher, stream, range(80))
    publisher.event(stream, 1, "done", {})
    for reader in readers:
        reader.join()
    assert [text(results[number]) for number in range(12)] == [words(range(80))] * 12


def test_three_hundred_followers_on_one_connection(client: redis.Redis, redis_url: str, stream: str) -> None:
    publisher = Publisher(client)
    reading = connect_redis(redis_url)
    hub = Hub(reading)
    results: dict[int, str] = {}

    def follow(number: int) -> None:
        results[number] = text(read(hub, f"{stream}:{number}", wait=15))

    readers = [threading.Thread(target=follow, args=(number,)) for number in range(300)]
    for reader in readers:
        reader.start()
    for word in range(10):
        for number in range(300):
            publisher.token(f"{stream}:{number}", 1, f"w{word} ")
        time.sleep(0.02)
    for number in range(300):
        publisher.event(f"{stream}:{number}", 1, "done", {})
    for reader in readers:
        reader.join(timeout=20)
    assert results == {number: words(range(10)) for number in range(300)}
    assert len(reading.connection_pool._connections) <= 20
    reading.connection_pool.disconnect()


def test_nothing_for_a_while_gives_none(client: redis.Redis, stream: str) -> None:
    following = Hub(client).follow(stream, None, 0.05)
    assert next(following) is None
    assert next(following) is None
    following.close()


@pytest.mark.parametrize("last_id", ["", "$", "0", "-1-2", "1-2-3", "99999999999999999999-1", "1-x", "١-٢"])
def test_an_id_made_up_by_a_client_is_the_beginning(client: redis.Redis, stream: str, last_id: str) -> None:
    publisher = Publisher(client)
    publisher.event(stream, 1, "done", {})
    assert parse_position(last_id) == START
    assert [item.name for item in read(Hub(client), stream, last_id)] == ["done"]


def test_the_hub_stops_reading_when_nobody_follows(client: redis.Redis, stream: str) -> None:
    hub = Hub(client)
    following = hub.follow(stream, None, 0.01)
    next(following)
    thread = hub._thread
    assert thread is not None and thread.is_alive()
    following.close()
    thread.join(timeout=3)
    assert not thread.is_alive()
    publisher = Publisher(client)
    publisher.event(stream, 1, "done", {})
    assert [item.name for item in read(hub, stream)] == ["done"]


def test_an_overtaken_worker_is_not_heard(client: redis.Redis, stream: str) -> None:
    late, successor = Publisher(client), Publisher(client)
    late.token(stream, 1, "début ")
    assert late.flush(2)
    successor.event(stream, 2, "restart", {"attempt": 2})
    successor.token(stream, 2, "reprise")
    assert successor.flush(2)
    late.token(stream, 1, "de trop")
    late.event(stream, 1, "done", {"from": "late"})
    assert late.flush(2)
    successor.event(stream, 2, "done", {"from": "successor"})
    items = read(Hub(client), stream)
    assert [(item.name, item.data) for item in items] == [
        ("token", {"text": "début "}),
        ("restart", {"attempt": 2}),
        ("token", {"text": "reprise"}),
        ("done", {"from": "successor"}),
    ]


def test_a_second_attempt_in_the_same_process_drops_what_the_first_had_left(client: redis.Redis, stream: str) -> None:
    publisher = Publisher(client)
    publisher.event(stream, 2, "restart", {"attempt": 2})
    publisher.token(stream, 1, "de trop")
    publisher.event(stream, 2, "done", {})
    assert [item.name for item in read(Hub(client), stream)] == ["restart", "done"]


def test_two_publishers_on_one_stream_with_clocks_apart(client: redis.Redis, stream: str) -> None:
    ahead, behind = Publisher(client), Publisher(client)
    ahead._sequence = time.time_ns() // 1000 + 60_000_000
    ahead.event(stream, 0, "file.ready", {"file": "a"})
    assert ahead.flush(2)
    behind.event(stream, 0, "file.ready", {"file": "b"})
    assert behind.flush(2)
    assert [item.data["file"] for item in read(Hub(client), stream, until="never", wait=0.2)] == ["a", "b"]


def test_an_entry_that_arrived_before_the_connection_broke_is_not_doubled(
    client: redis.Redis, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = Publisher(client)
    pipeline_of = client.pipeline
    broken = []

    def breaking(**options: object) -> object:
        pipeline = pipeline_of(**options)
        execute = pipeline.execute

        def once(**arguments: object) -> object:
            answers = execute(**arguments)
            if not broken:
                broken.append(True)
                raise redis.ConnectionError("reset after the command was read")
            return answers

        pipeline.execute = once
        return pipeline

    monkeypatch.setattr(client, "pipeline", breaking)
    publisher.token(stream, 1, "une fois ")
    while not broken:
        time.sleep(0.005)
    publisher.token(stream, 1, "puis la suite")
    publisher.event(stream, 1, "done", {})
    assert publisher.flush(3)
    assert text(read(Hub(client), stream)) == "une fois puis la suite"


def test_everything_is_told_again_to_a_redis_that_comes_back_empty(own_redis: RedisServer, stream: str) -> None:
    publisher, hub = Publisher(connect_redis(own_redis.url)), Hub(connect_redis(own_redis.url))
    following = hub.follow(stream, None, 10.0)
    write(publisher, stream, range(20))
    first = next(following)
    assert first is not None
    got = [first]
    own_redis.stop()
    write(publisher, stream, range(20, 40))
    own_redis.start()
    write(publisher, stream, range(40, 60))
    publisher.event(stream, 1, "done", {})
    for item in following:
        assert item is not None
        got.append(item)
        if item.name == "done":
            break
    following.close()
    assert text(got) == words(range(60)), "a client that stayed has everything once"
    assert text(read(hub, stream)) == words(range(60)), "a client that comes later has everything too"
    assert text(read(hub, stream, got[4].id)) == text(got[5:]), "and one that reconnects goes on where it was"


def test_a_stream_lost_while_nothing_was_said_is_told_again(own_redis: RedisServer, stream: str) -> None:
    publisher = Publisher(connect_redis(own_redis.url))
    publisher.token(stream, 1, "avant ")
    assert publisher.flush(2)
    own_redis.stop()
    own_redis.start()
    publisher.token(stream, 1, "après")
    publisher.event(stream, 1, "done", {})
    assert text(read(Hub(connect_redis(own_redis.url)), stream)) == "avant après"


def test_nothing_is_kept_of_a_finished_stream(client: redis.Redis, stream: str) -> None:
    publisher = Publisher(client)
    write(publisher, stream, range(30))
    publisher.event(stream, 1, "done", {})
    assert publisher.flush(2)
    assert publisher._lines == {}


def test_callers_never_wait_for_a_redis_that_is_down(own_redis: RedisServer, stream: str) -> None:
    publisher = Publisher(connect_redis(own_redis.url))
    own_redis.stop()
    started = time.monotonic()
    for number in range(1000):
        publisher.token(stream, 1, f"w{number} ")
    publisher.event(stream, 1, "done", {})
    assert time.monotonic() - started < 0.5
    assert publisher.flush(0.3) is False
    own_redis.start()
    assert publisher.flush(5)
    assert text(read(Hub(connect_redis(own_redis.url)), stream)) == words(range(1000))
