"""Real HTTP servers on loopback addresses, well-behaved and not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Receiver:
    """What a server saw: raw requests, and the number of connections it accepted."""

    host: str
    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    server_names: list[str | None] = field(default_factory=list)


Behaviour = Callable[[socket.socket, bytes], bool | None]


def answer(body: bytes = b"ok", status: str = "200 OK", headers: str = "") -> Behaviour:
    """Answer with a length, and stay on the line."""

    def behave(client: socket.socket, request: bytes) -> bool:
        client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)
        return True

    return behave


def say(raw: bytes) -> Behaviour:
    """Send these bytes and hang up."""

    def behave(client: socket.socket, request: bytes) -> None:
        client.sendall(raw)

    return behave


def drip(first: bytes, drop: bytes, stop: threading.Event) -> Behaviour:
    """Send something, then a drop every 50 ms for as long as anybody listens."""

    def behave(client: socket.socket, request: bytes) -> None:
        client.sendall(first)
        while not stop.wait(0.05):
            client.sendall(drop)

    return behave


@contextmanager
def receiver(behave: Behaviour, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a server; each request it reads is answered by `behave`, which returns True to stay on the line."""
    listener = socket.create_server((host, port))
    seen = Receiver(host, listener.getsockname()[1])
    if tls:
        tls.sni_callback = lambda _socket, name, _context: seen.server_names.append(name)
    workers: list[threading.Thread] = []
    handles: list[socket.socket] = []

    def serve(client: socket.socket, handle: socket.socket) -> None:
        try:
            with tls.wrap_socket(client, server_side=True) if tls else client as stream:
                while request := _read_request(stream):
                    seen.requests.append(request)
                    if not behave(stream, request):
                        return
        except OSError:
            return  # the client hung up
        finally:
            hang_up(handle)

    def hang_up(handle: socket.socket) -> None:
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)
        handle.close()

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.settimeout(5)
            handles.append(client.dup())  # TLS takes the first handle over
            seen.connections += 1
            workers.append(threading.Thread(target=serve, args=(client, handles[-1]), daemon=True))
            workers[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)
        for handle in handles:
            hang_up(handle)
        for worker in workers:
            worker.join(5)


def _read_request(stream: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        chunk = stream.recv(65536)
        if not chunk:
            return b""
        request += chunk
    head, _, body = request.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += stream.recv(65536)
    return head + b"\r\n\r\n" + body
