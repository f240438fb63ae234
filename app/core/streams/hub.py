"""The reading end: one thread per process, one XREAD over every stream somebody follows, a queue per follower."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock, Thread

import redis
import structlog

from app.core.streams.entries import START, Position, StreamItem, format_position, parse_position

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.01
TICK_PER_STREAM = 0.0003
BLOCK_MS = 1000
RETRY_SECONDS = 0.25


@dataclass(slots=True, eq=False)
class _Follower:
    """One client: the last position it was given, and what it has still to read."""

    seen: Position
    queue: SimpleQueue[StreamItem] = field(default_factory=SimpleQueue)


class Hub:
    """Reads for everybody at once, at most every 10 ms (40 with a hundred streams), so that 300 clients cost one connection and one command."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._lock = Lock()
        self._streams: dict[str, set[_Follower]] = {}
        self._bell = f"hub:{uuid.uuid4().hex}"
        self._heard = START
        self._waiting = False
        self._thread: Thread | None = None

    def follow(self, stream: str, last_id: str | None, idle_seconds: float) -> Iterator[StreamItem | None]:
        """Give the events of a stream after `last_id` (None: from its beginning), each once, until the iterator is closed.

        Gives None whenever nothing came for `idle_seconds`. An id that is not a position counts as None.
        """
        follower = _Follower(parse_position(last_id))
        self._join(stream, follower)
        try:
            while True:
                try:
                    yield follower.queue.get(timeout=idle_seconds)
                except Empty:
                    yield None
        finally:
            self._leave(stream, follower)

    def _join(self, stream: str, follower: _Follower) -> None:
        with self._lock:
            self._streams.setdefault(stream, set()).add(follower)
            ring, self._waiting = self._waiting, False
            if self._thread is None:
                self._thread = Thread(target=self._run, name="hub", daemon=True)
                self._thread.start()
        if ring:
            self._ring()

    def _leave(self, stream: str, follower: _Follower) -> None:
        with self._lock:
            followers = self._streams[stream]
            followers.discard(follower)
            if not followers:
                del self._streams[stream]

    def _ring(self) -> None:
        """Wake the reader, which waits in Redis without knowing of the newcomer."""
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.xadd(self._bell, {"n": "join"}, maxlen=1, approximate=False)
                pipeline.expire(self._bell, 60)
                pipeline.execute()
        except (redis.RedisError, OSError):
            log.debug("streams.bell_lost")  # the reader has lost Redis too: it comes back with the newcomer's stream

    def _run(self) -> None:
        outage = False
        while True:
            with self._lock:
                if not self._streams:
                    self._thread = None
                    return
                # A stream is read from where its hindmost follower is; the others skip what they have seen.
                starts = {stream: min(follower.seen for follower in followers) for stream, followers in self._streams.items()}
                starts[self._bell] = self._heard
                self._waiting = True
            try:
                answer = self._redis.xread({stream: format_position(start) for stream, start in starts.items()}, block=BLOCK_MS)
                if outage:
                    outage = False
                    log.info("streams.redis_back")
            except (redis.RedisError, OSError) as error:
                if not outage:
                    outage = True
                    log.warning("streams.redis_lost", error=type(error).__name__)
                time.sleep(RETRY_SECONDS)
                continue
            with self._lock:
                self._waiting = False
                for name, entries in answer:
                    stream = name.decode()
                    self._hand_out(stream, starts[stream], entries)
            if answer:
                time.sleep(TICK_SECONDS + len(starts) * TICK_PER_STREAM)

    def _hand_out(self, stream: str, start: Position, entries: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        if stream == self._bell:
            self._heard = parse_position(entries[-1][0].decode())
            return
        # One who joined during the read, from further back than it began, waits for the next: no gap.
        followers = [follower for follower in self._streams.get(stream, ()) if follower.seen >= start]
        for raw_id, fields in entries:
            position = parse_position(raw_id.decode())
            behind = [follower for follower in followers if follower.seen < position]
            if behind:
                item = StreamItem(format_position(position), fields[b"n"].decode(), fields[b"d"].decode())
                for follower in behind:
                    follower.seen = position
                    follower.queue.put(item)
