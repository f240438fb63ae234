"""A stand-in for an OpenAI-compatible server: real HTTP in threads, streaming, with faults on demand.

What it answers depends on the model's name: one of `BEHAVIOURS`, or whatever `ModelServer.script` gave that name.
With `auth` it serves only whoever shows the key in the one way it expects, as servers of each `api_auth_method` do.
"""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Reply:
    """One completion. Times in seconds; `cut_after` and `silent_after` count pieces of text; `raw` replaces the whole body."""

    text: str = "Bonjour, je vous écoute."
    calls: tuple[tuple[str, object], ...] = ()
    finish: str | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: object = None
    piece: int = 5
    first: float = 0.0
    gap: float = 0.0
    cut_after: int | None = None
    silent_after: int | None = None
    raw: bytes | None = None
    usage: Mapping[str, int] | None = field(default_factory=lambda: {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120})


Auth = tuple[str, str, str]
"""How a key is shown: ("bearer", "", key), ("header", "api-key", key) or ("query", "key", key)."""
Script = Callable[[dict[str, Any]], Reply]


@dataclass
class Asked:
    """A request as it came; `hung_up` when the client left before the end."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    method: str = "POST"
    query: dict[str, str] = field(default_factory=dict)
    hung_up: threading.Event = field(default_factory=threading.Event)


def by_round(*replies: Reply) -> Script:
    """The reply is chosen by how many rounds of tools followed the last message of the person."""

    def script(body: dict[str, Any]) -> Reply:
        rounds = 0
        for message in body["messages"]:
            rounds = 0 if message["role"] == "user" else rounds + bool(message.get("tool_calls"))
        return replies[min(rounds, len(replies) - 1)]

    return script


def in_order(*replies: Reply) -> Script:
    """One reply after the other, the last one for ever."""
    left = list(replies)
    return lambda body: left.pop(0) if len(left) > 1 else left[0]


def failing(status: int, code: str, **headers: str) -> Reply:
    """An HTTP error; as real servers do, its sentence repeats the key."""
    return Reply(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, error={"code": code})


def block(quote: object) -> str:
    """A reply's text with a ```json-quote block between two sentences."""
    content = quote if isinstance(quote, str) else json.dumps(quote, ensure_ascii=False, indent=2)
    return f"Voici votre pré-devis.\n\n```json-quote\n{content}\n```\n\nQu’en pensez-vous ?"


BATHROOM: dict[str, Any] = {
    "type_projet": "renovation_salle_de_bain",
    "titre": "Rénovation de salle de bain",
    "description": "Salle de bain de 8 m² avec douche italienne.",
    "surface_m2": 8,
    "exigences": ["douche_italienne"],
    "lignes": [
        {"code": "SDB-DEPOSE", "libelle": "Dépose de l'existant", "quantite": 1, "unite": "forfait"},
        {"code": "SDB-PLOMB", "libelle": "Plomberie", "quantite": 1, "unite": "forfait"},
        {"code": "CARR-SOL", "libelle": "Carrelage au sol", "quantite": 8, "unite": "m²"},
        {"code": "CARR-MUR", "libelle": "Carrelage mural", "quantite": 20, "unite": "m²", "hypothese": "2,5 × la surface au sol"},
        {"code": "SDB-DOUCHE-IT", "libelle": "Douche italienne", "quantite": 1, "unite": "unité"},
    ],
}
BATHROOM_BLOCK: dict[str, Any] = {
    "project_type": "renovation_salle_de_bain",
    "surface_m2": 8,
    "items": [
        {"code": line["code"], "label": line["libelle"], "quantity": line["quantite"], "unit": line["unite"]} for line in BATHROOM["lignes"]
    ],
}
LYING_BLOCK: dict[str, Any] = {
    "project_type": "carrelage",
    "items": [{"label": "Carrelage", "quantity": 8, "unit": "m²", "unit_price": 80, "price_ht": 1}],
    "total_ht": 1,
}
BEHAVIOURS: dict[str, Script] = {
    "ok": by_round(Reply()),
    "slow": by_round(Reply(first=1.5, gap=0.05)),
    "long": by_round(Reply(text="mot " * 400, gap=0.02)),
    "fault-401": by_round(failing(401, "invalid_api_key")),
    "fault-429": by_round(failing(429, "rate_limit_exceeded", retry_after="7")),
    "fault-500": by_round(failing(500, "server_error")),
    "fault-cut": by_round(Reply(text="Je commence une phrase que je ne finirai", cut_after=3)),
    "fault-silence": by_round(Reply(text="Je commence puis plus rien", silent_after=2)),
    "fault-garbage": by_round(Reply(raw=b"data: {not json\n\n")),
    "quote-tools": by_round(
        Reply(text="Je consulte les prix.", calls=(("rechercher_prix", {"metier": "carrelage"}),)),
        Reply(text="", calls=(("proposer_pre_devis", BATHROOM),)),
        Reply(text="Votre pré-devis est prêt."),
    ),
    "quote-block": by_round(Reply(text=block(BATHROOM_BLOCK))),
    "quote-lies": by_round(Reply(text=block(LYING_BLOCK))),
    "quote-broken": by_round(Reply(text=block('{"items": [{"label":'))),
}


class ModelServer:
    """Listens on a free port of the loopback. `asked` holds the requests, oldest first; `connections` counts the lines opened.

    `auth` is the only way in; None lets everybody in. `listing` says whether there is a GET /models, which names the scripts.
    """

    def __init__(self, auth: Auth | None = None, *, listing: bool = True) -> None:
        self.auth = auth
        self.listing = listing
        self.asked: list[Asked] = []
        self.connections = 0
        self._scripts = dict(BEHAVIOURS)
        self._open: set[socket.socket] = set()
        self._http = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def script(self, model: str, *replies: Reply | Script) -> None:
        """Decide what a model answers: replies one after the other, the last one for ever, or one function of the request."""
        first = replies[0]
        self._scripts[model] = in_order(*(reply for reply in replies if isinstance(reply, Reply))) if isinstance(first, Reply) else first

    def admits(self, asked: Asked) -> bool:
        """Whether a request shows the key where it is expected, and nowhere else."""
        if self.auth is None:
            return True
        method, name, key = self.auth
        shown = {
            "bearer": [_bearer(asked.headers["authorization"])] if "authorization" in asked.headers else [],
            "header": [value for header, value in asked.headers.items() if method == "header" and header == name.lower()],
            "query": [value for parameter, value in asked.query.items() if method == "query" and parameter == name],
        }
        if method == "header" and name.lower() == "authorization":
            shown["bearer"] = []
        return shown.pop(method) == [key] and not any(shown.values())

    def models(self) -> list[str]:
        """The models that GET /models names."""
        return sorted(self._scripts)

    def reply_to(self, body: dict[str, Any]) -> Reply:
        """The reply to a request; a model without a script does not exist."""
        script = self._scripts.get(body["model"])
        return script(body) if script else failing(404, "model_not_found")

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up on everybody and free the port."""
        self._http.shutdown()
        for line in list(self._open):
            hang_up(line)
        self._http.server_close()
        self._thread.join(5)

    def opened(self, line: socket.socket) -> None:
        """A client connected."""
        self.connections += 1
        self._open.add(line)

    def closed(self, line: socket.socket) -> None:
        """A line is no more."""
        self._open.discard(line)


@contextmanager
def model_server(auth: Auth | None = None, *, listing: bool = True) -> Iterator[ModelServer]:
    """A server for the time of a `with`."""
    server = ModelServer(auth, listing=listing)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _bearer(value: str) -> str:
    """The key of an Authorization header; what bears none is no key."""
    scheme, _, key = value.partition(" ")
    return key if scheme == "Bearer" else f"not a bearer: {value}"


def hang_up(line: socket.socket) -> None:
    """Cut a line in both directions, whoever reads it."""
    with suppress(OSError):  # it may be cut already
        line.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 512  # hundreds of streams may begin in the same millisecond


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        models = server

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    models: ModelServer

    def setup(self) -> None:
        super().setup()
        self.models.opened(self.connection)

    def finish(self) -> None:
        self.models.closed(self.connection)
        super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        asked = self._asked("GET", {})
        if not self.models.admits(asked):
            self._fail(asked, failing(401, "invalid_api_key"))
        elif asked.path.endswith("/models") and self.models.listing:
            listed = [{"id": name, "object": "model"} for name in self.models.models()]
            self._send(200, {"Content-Type": "application/json"}, json.dumps({"object": "list", "data": listed}).encode())
        else:
            self._fail(asked, failing(404, "not_found"))

    def _asked(self, method: str, body: dict[str, Any]) -> Asked:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(parts.path, headers, body, method, dict(parse_qsl(parts.query, keep_blank_values=True)))
        self.models.asked.append(asked)
        return asked

    def do_POST(self) -> None:
        asked = self._asked("POST", json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        reply = self.models.reply_to(asked.body) if self.models.admits(asked) else failing(401, "invalid_api_key")
        try:
            self._answer(asked, reply)
        except OSError:
            asked.hung_up.set()
            raise

    def _answer(self, asked: Asked, reply: Reply) -> None:
        if reply.status != 200:
            self._fail(asked, reply)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.raw is not None:
            self._chunk(reply.raw)
        else:
            self._stream(asked, reply)
        if not self.close_connection:
            self._chunk(b"")

    def _fail(self, asked: Asked, reply: Reply) -> None:
        method, name, _ = self.models.auth or ("bearer", "", "")
        shown = {"bearer": asked.headers.get("authorization", "").removeprefix("Bearer "), "header": asked.headers.get(name.lower(), "")}
        key = asked.query.get(name, "") if method == "query" else shown[method]
        told = reply.error if isinstance(reply.error, dict) else {}
        content = json.dumps({"error": {"message": f"No: {key}", "type": key, **told}}).encode()
        self._send(reply.status, {"Content-Type": "application/json", **reply.headers}, content)

    def _send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, asked: Asked, reply: Reply) -> None:
        pieces = [reply.text[start : start + reply.piece] for start in range(0, len(reply.text), reply.piece)]
        self._wait(asked, reply.first)
        for position, piece in enumerate(pieces):
            if position == reply.cut_after:
                hang_up(self.connection)
                self.close_connection = True
                return
            if position == reply.silent_after:
                self._wait(asked, 60)
            self._event({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
            self._wait(asked, reply.gap)
        for index, (name, arguments) in enumerate(reply.calls):
            raw = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
            for part in (
                {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": ""}},
                {"index": index, "function": {"arguments": raw[: len(raw) // 2]}},
                {"index": index, "function": {"arguments": raw[len(raw) // 2 :]}},
            ):
                self._event({"choices": [{"index": 0, "delta": {"tool_calls": [part]}, "finish_reason": None}]})
        finish = reply.finish or ("tool_calls" if reply.calls else "stop")
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        if reply.usage and asked.body.get("stream_options", {}).get("include_usage"):
            self._event({"choices": [], "usage": reply.usage})
        self._chunk(b"data: [DONE]\n\n")

    def _event(self, chunk: dict[str, Any]) -> None:
        self._chunk(b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def _wait(self, asked: Asked, seconds: float) -> None:
        """Wait, and notice a client that leaves meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], left)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError
