"""The writing end: one thread per process, one pipeline for all streams, tokens merged, nothing lost when Redis restarts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

import redis
import structlog

from app.core.money import dumps_money
from app.core.streams.entries import EXPIRY_SECONDS, LAST_NAMES, Position, format_position, parse_position

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.025
TICK_PER_STREAM = 0.0005
MAX_TICK_SECONDS = 0.1
RETRY_SECONDS = 0.25
FORGET_SECONDS = 120
_STALE = "equal or smaller"  # what Redis answers to a position that is not after the stream's last


@dataclass(slots=True, eq=False)
class _Entry:
    position: Position
    name: str
    data: str


@dataclass(slots=True)
class _Line:
    """One attempt at one stream: text not yet made an entry, entries Redis has not confirmed, entries it has.

    Confirmed entries are kept until the last event, to tell them again to a Redis that came back empty.
    """

    attempt: int
    text: list[str] = field(default_factory=list)
    pending: list[_Entry] = field(default_factory=list)
    told: list[_Entry] = field(default_factory=list)
    closing: bool = False
    touched: float = field(default_factory=time.monotonic)

    @property
    def silent(self) -> bool:
        return not (self.text or self.pending or self.told)


@dataclass(slots=True)
class _Try:
    """One entry on its way to Redis."""

    stream: str
    line: _Line
    entry: _Entry


class Publisher:
    """Collects tokens and events and writes them to Redis every 25 ms (up to 100 ms when many streams speak), the first of a stream and any event at once.

    Callers never wait for Redis and never see it fail: what could not be written is kept and tried again.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._lock = Lock()
        self._lines: dict[str, _Line] = {}
        self._dirty: set[str] = set()
        self._urgent: set[str] = set()
        self._work = Event()
        self._hurry = Event()
        self._thread: Thread | None = None
        self._sequence = 0
        self._flushed = 0.0
        self._swept = 0.0
        self._outage = False

    def token(self, stream: str, attempt: int, text: str) -> None:
        """Add a piece of text to a stream. Pieces that wait together become one `token` event."""
        with self._lock:
            if line := self._line(stream, attempt):
                urgent = line.silent
                line.text.append(text)
                self._wake(stream, urgent=urgent)

    def event(self, stream: str, attempt: int, name: str, data: dict[str, Any]) -> None:
        """Add an event to a stream, after the text it already has, and send it without delay."""
        with self._lock:
            if line := self._line(stream, attempt):
                self._seal(line)
                self._append(line, name, data)
                line.closing = name in LAST_NAMES
                self._wake(stream, urgent=True)

    def flush(self, timeout: float) -> bool:
        """Wait, at most `timeout` seconds, until Redis has everything. For a process about to end; False when it has not."""
        deadline = time.monotonic() + timeout
        while self._unsent():
            if time.monotonic() >= deadline:
                return False
            with self._lock:
                self._urgent |= self._dirty
            self._hurry.set()
            time.sleep(0.005)
        return True

    def _unsent(self) -> bool:
        with self._lock:
            return any(line.text or line.pending for line in self._lines.values())

    def _line(self, stream: str, attempt: int) -> _Line | None:
        """The line to write on; None for a straggler of an attempt that was overtaken in this very process."""
        line = self._lines.get(stream)
        if line is None or line.attempt < attempt:
            line = self._lines[stream] = _Line(attempt)
        elif line.attempt > attempt:
            return None
        line.touched = time.monotonic()
        return line

    def _wake(self, stream: str, *, urgent: bool = False) -> None:
        if stream not in self._dirty:
            self._dirty.add(stream)
            self._work.set()
        if urgent:
            self._urgent.add(stream)
            self._hurry.set()
        if self._thread is None:
            self._thread = Thread(target=self._run, name="publisher", daemon=True)
            self._thread.start()

    def _seal(self, line: _Line) -> None:
        if line.text:
            self._append(line, "token", {"text": "".join(line.text)})
            line.text.clear()

    def _append(self, line: _Line, name: str, data: dict[str, Any]) -> None:
        encoded = dumps_money(data)
        line.pending.append(_Entry(self._next_position(line.attempt), name, encoded))

    def _next_position(self, attempt: int) -> Position:
        self._sequence = max(self._sequence + 1, time.time_ns() // 1000)
        return attempt, self._sequence

    def _tick(self) -> float:
        """Seconds between two writes: the more streams speak at once, the more each write gathers."""
        return min(TICK_SECONDS + len(self._dirty) * TICK_PER_STREAM, MAX_TICK_SECONDS)

    def _run(self) -> None:
        while True:
            self._work.wait()
            pause = self._flushed + self._tick() - time.monotonic()
            hurried = pause > 0 and self._hurry.wait(pause)
            self._hurry.clear()
            if not hurried:
                self._work.clear()
                self._flushed = time.monotonic()
            self._flush(urgent_only=hurried)

    def _flush(self, *, urgent_only: bool) -> None:
        """Write what waits; between two ticks only the streams in a hurry, so that the others go on gathering."""
        with self._lock:
            streams = self._urgent & self._dirty if urgent_only else set(self._dirty)
            batch = [(stream, line) for stream in streams if (line := self._lines.get(stream))]
            self._dirty -= streams
            self._urgent.clear()
            for _, line in batch:
                self._seal(line)
            tries = [_Try(stream, line, entry) for stream, line in batch for entry in line.pending]
        try:
            for refused in self._send(tries):
                self._settle(refused)
        except (redis.RedisError, OSError) as error:  # gone, starting, out of memory, read only
            self._try_again(batch, error)
        else:
            if self._outage:
                self._outage = False
                log.info("streams.redis_back")
        self._forget()

    def _send(self, tries: list[_Try]) -> list[_Try]:
        """Write entries, note what Redis confirms, return those whose position it refused. Raises what Redis answered otherwise."""
        pipeline = self._redis.pipeline(transaction=False)
        sent: list[_Try | None] = []
        opened: set[str] = set()
        for one in tries:
            # Only a line's first entry may create its stream: any other that finds none shows that Redis lost it.
            opens = not one.line.told and one.stream not in opened
            position = format_position(one.entry.position)
            pipeline.xadd(one.stream, {"n": one.entry.name, "d": one.entry.data}, id=position, nomkstream=not opens)
            sent.append(one)
            if opens or one.line.closing:
                opened.add(one.stream)
                pipeline.expire(one.stream, EXPIRY_SECONDS)
                sent.append(None)
        answers = pipeline.execute(raise_on_error=False)
        refused: list[_Try] = []
        failure: Exception | None = None
        with self._lock:
            for one, answer in zip(sent, answers, strict=True):
                if one is None:
                    continue
                if isinstance(answer, redis.ResponseError) and _STALE in str(answer):
                    refused.append(one)
                elif isinstance(answer, Exception):
                    failure = answer
                elif answer is None:
                    self._tell_again(one)
                else:
                    self._confirm(one)
        if failure:
            raise failure
        return refused

    def _confirm(self, one: _Try) -> None:
        line = one.line
        line.pending.remove(one.entry)
        line.told.append(one.entry)
        if line.closing and not line.pending and self._lines.get(one.stream) is line:
            del self._lines[one.stream]

    def _tell_again(self, one: _Try) -> None:
        one.line.pending[:0] = one.line.told
        one.line.told.clear()
        self._wake(one.stream)

    def _settle(self, one: _Try) -> None:
        """A position was refused: the entry had arrived before a connection broke, or another publisher is ahead."""
        position = format_position(one.entry.position)
        arrived = self._redis.xrange(one.stream, position, position)
        last = self._redis.xrevrange(one.stream, count=1)
        attempt, sequence = parse_position(last[0][0].decode()) if last else (0, 0)
        with self._lock:
            if arrived:
                self._confirm(one)
            elif attempt > one.line.attempt:
                if self._lines.get(one.stream) is one.line:
                    del self._lines[one.stream]
            else:
                self._sequence = max(self._sequence, sequence)
                one.entry.position = self._next_position(one.line.attempt)
                self._wake(one.stream)

    def _try_again(self, batch: list[tuple[str, _Line]], error: Exception) -> None:
        if not self._outage:
            self._outage = True
            log.warning("streams.redis_lost", error=type(error).__name__)
        with self._lock:
            for stream, _ in batch:
                self._wake(stream)
        time.sleep(RETRY_SECONDS)

    def _forget(self) -> None:
        """Let go of lines nobody ended: a job that died, or text that a Redis gone for an hour never took."""
        if self._flushed < self._swept + FORGET_SECONDS:
            return
        self._swept = self._flushed
        with self._lock:
            for stream, line in list(self._lines.items()):
                age = self._flushed - line.touched
                if age > EXPIRY_SECONDS or (age > FORGET_SECONDS and not (line.text or line.pending)):
                    del self._lines[stream]
