"""A Redis connection that came back well a moment ago is used again without a look at its socket, any other with one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from app import extensions
from app.extensions import connect_redis
from tests.workers.redis_server import RedisServer


@pytest.fixture
def server() -> Iterator[RedisServer]:
    made = RedisServer()
    made.start()
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    made = connect_redis(server.url)
    made.ping()
    yield made
    made.connection_pool.disconnect()


@pytest.fixture
def looks(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Each look at a socket from now on."""
    seen: list[float] = []
    look = redis.Connection.can_read

    def note(connection: redis.Connection, timeout: float = 0) -> bool:
        seen.append(timeout)
        return look(connection, timeout)

    monkeypatch.setattr(redis.Connection, "can_read", note)
    return seen


def test_one_used_a_moment_ago_is_trusted(client: redis.Redis, looks: list[float]) -> None:
    for _ in range(5):
        client.ping()
    assert looks == []


def test_one_that_rested_is_looked_at(client: redis.Redis, looks: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "TRUSTED_SECONDS", 0.0)
    client.ping()
    client.ping()
    assert looks


def test_one_in_use_can_be_asked_whether_something_came(client: redis.Redis, looks: list[float]) -> None:
    connection = client.connection_pool.get_connection()
    assert not connection.can_read()
    connection.send_command("PING")
    assert connection.can_read(5)
    assert connection.read_response() == b"PONG"
    client.connection_pool.release(connection)


def test_one_that_an_exception_brought_back_gives_nobody_its_answer(client: redis.Redis) -> None:
    connection = client.connection_pool.get_connection()
    try:
        connection.send_command("ECHO", "for somebody else")
        assert connection.can_read(5)
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        client.connection_pool.release(connection)
    assert client.echo("mine") == b"mine"


def test_a_restart_is_noticed_before_the_next_command(server: RedisServer, client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "TRUSTED_SECONDS", 0.0)
    client.set("before", b"1")
    server.stop()
    server.start()
    assert client.get("before") is None


def test_one_faster_than_trust_costs_one_command(server: RedisServer, client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "TRUSTED_SECONDS", 60.0)
    client.set("before", b"1")
    server.stop()
    server.start()
    with pytest.raises(redis.ConnectionError):
        client.get("before")
    assert client.get("before") is None
