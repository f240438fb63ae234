"""A Dolibarr: a real HTTP server that speaks the part of its documented REST API that invoices need, with faults on demand.

It keeps what it is sent as Dolibarr does: amounts are recomputed, the VAT of each line is rounded by itself, a creation answers the
bare id, a search that finds nothing answers 404, a second validation 304.
"""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "dolibarr-key-0123456789"
CENT = Decimal("0.01")
_FILTER = re.compile(r"\(t\.(\w+):=:'([^']*)'\)")
_COLUMNS = {"nom": "name"}
COUNTRIES = {"FR": 1, "BE": 2, "DE": 5}


class RefusedError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class DolibarrServer:
    """Listens on a free port of the loopback.

    `faults` holds, for « POST /invoices » and the like, what the next calls meet: a status, `lost` (done, but the line is cut before the
    answer), `garbage` (a page of HTML), `odd` (a refusal whose words no
    database takes).
    """

    def __init__(self) -> None:
        self.third_parties: list[dict[str, Any]] = []
        self.invoices: list[dict[str, Any]] = []
        self.faults: dict[str, list[int | str]] = {}
        self.calls: list[str] = []
        self.keys: set[str] = set()
        self.rights = {"thirdparties", "invoices"}
        self._lock = Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # head and body in one packet: two would wait for each other

            def do_GET(self) -> None:
                server._answer(self)

            do_POST = do_GET

            def log_message(self, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/dolibarr"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def made(self, ref_ext: str) -> list[dict[str, Any]]:
        """The invoices that bear a number of ours."""
        return [one for one in self.invoices if one["ref_ext"] == ref_ext]

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        path = parts.path.removeprefix("/dolibarr/api/index.php")
        name = f"{request.command} {re.sub(r'/[0-9]+', '/{id}', path)}"
        with self._lock:
            self.calls.append(name)
            self.keys.add(request.headers.get("DOLAPIKEY") or "")
            waiting = self.faults.get(name) or []
            fault = waiting.pop(0) if waiting else None
            status, said = self._say(request, parts.path, path, parse_qs(parts.query), body, fault)
        if fault == "lost":
            request.close_connection = True
            return
        page = b"<html><body>Bienvenue</body></html>"
        data = page if fault == "garbage" else b"" if status == 304 else json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Type", "text/html" if fault == "garbage" else "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _say(
        self, request: BaseHTTPRequestHandler, whole: str, path: str, query: dict[str, list[str]], body: bytes, fault: int | str | None
    ) -> tuple[int, Any]:
        try:
            if not whole.startswith("/dolibarr/api/index.php/"):
                raise RefusedError(404, "Not Found")
            if request.headers.get("DOLAPIKEY") != KEY:
                raise RefusedError(401, "Unauthorized: Failed to login to API. No parameter 'HTTP_DOLAPIKEY' on HTTP header")
            if fault == "odd":
                raise RefusedError(400, "Mauvais\x00texte\ud800\n  ici")
            if isinstance(fault, int):
                raise RefusedError(fault, f"Fault on demand, asked with key {KEY}")
            sent = json.loads(body) if body else {}
            return 200, self._do(request.command, path, {name: values[0] for name, values in query.items()}, sent)
        except RefusedError as refusal:
            return refusal.status, {"error": {"code": refusal.status, "message": refusal.message}}

    def _do(self, method: str, path: str, query: dict[str, str], sent: dict[str, Any]) -> Any:
        if path == "/status":
            return {"success": {"code": 200, "dolibarr_version": "20.0.3", "access_locked": "0"}}
        root = path.split("/")[1]
        if root in ("thirdparties", "invoices") and root not in self.rights:
            raise RefusedError(403, "Forbidden: Access not allowed for this user")
        if method == "GET" and path in ("/thirdparties", "/invoices"):
            return self._search(self.third_parties if root == "thirdparties" else self.invoices, query)
        if method == "POST" and path == "/thirdparties":
            return self._new_third_party(sent)
        if method == "POST" and path == "/invoices":
            return self._new_invoice(sent)
        if found := re.fullmatch(r"/invoices/(\d+)/validate", path):
            return self._validate(int(found[1]))
        if found := re.fullmatch(r"/setup/dictionary/countries/byCode/(\w+)", path):
            return {"id": COUNTRIES[found[1]], "code": found[1]}
        raise RefusedError(404, "Not Found")

    def _search(self, rows: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        wanted = _FILTER.findall(query.get("sqlfilters", ""))
        if query.get("sqlfilters") and not wanted:
            raise RefusedError(503, "Error when validating parameter sqlfilters")
        found = [row for row in rows if all(str(row.get(_COLUMNS.get(name, name))) == value for name, value in wanted)]
        if not found and wanted:
            raise RefusedError(404, "Not Found: nothing found")
        return found[: int(query.get("limit", 100))]

    def _new_third_party(self, sent: dict[str, Any]) -> int:
        if not sent.get("name") or sent.get("client") != 1:
            raise RefusedError(400, "Bad Request: name field missing")
        self.third_parties.append({"id": str(len(self.third_parties) + 1), **sent})
        return len(self.third_parties)

    def _new_invoice(self, sent: dict[str, Any]) -> int:
        if not sent.get("socid"):
            raise RefusedError(400, "Bad Request: socid field missing")
        bases = [(Decimal(line["subprice"]) * Decimal(line["qty"])).quantize(CENT, ROUND_HALF_UP) for line in sent["lines"]]
        taxes = [
            (base * Decimal(line["tva_tx"]) / 100).quantize(CENT, ROUND_HALF_UP) for base, line in zip(bases, sent["lines"], strict=True)
        ]
        number = len(self.invoices) + 1
        total = sum(bases, Decimal(0)) + sum(taxes, Decimal(0))
        self.invoices.append(
            {
                **sent,
                "id": str(number),
                "ref": f"(PROV{number})",
                "statut": "0",
                "total_ttc": f"{total:.8f}",
                "ref_ext": sent.get("ref_ext"),
            }
        )
        return number

    def _validate(self, number: int) -> dict[str, Any]:
        found = self.invoices[number - 1]
        if found["statut"] != "0":
            raise RefusedError(304, "Error nothing done. May be object is already validated")
        found["statut"], found["ref"] = "1", f"FA2612-{number:04}"
        return found
