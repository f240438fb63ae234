"""A tiny S3: enough of the protocol for boto3 to store, read, list and delete, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class FakeS3(ThreadingHTTPServer):
    """Objects in a dictionary `bucket/key -> (bytes, content type)`; a page of a listing holds two keys."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.authorizations: list[str] = []
        self.failing = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeS3

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._accepted():
            self.server.objects[self._path()] = (body, self.headers["Content-Type"])
            self._answer(200)

    def do_GET(self) -> None:
        if not self._accepted():
            return
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if "list-type" in query:
            self._list(query)
        elif self._path() in self.server.objects:
            body, content_type = self.server.objects[self._path()]
            self._answer(200, body, content_type)
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>")

    def do_DELETE(self) -> None:
        if self._accepted():
            self.server.objects.pop(self._path(), None)
            self._answer(204)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""

    def _accepted(self) -> bool:
        self.server.authorizations.append(self.headers.get("Authorization", ""))
        if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=key/"):
            self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
            return False
        if self.server.failing:
            self.server.failing -= 1
            self._answer(503, b"<Error><Code>SlowDown</Code></Error>")
            return False
        return True

    def _path(self) -> str:
        return unquote(urlsplit(self.path).path).lstrip("/")

    def _list(self, query: dict[str, str]) -> None:
        prefix = f"{self._path().rstrip('/')}/{query['prefix']}"
        after = query.get("continuation-token", "")
        keys = sorted(key for key in self.server.objects if key.startswith(prefix) and key > after)
        page, rest = keys[:2], keys[2:]
        entries = "".join(f"<Contents><Key>{escape(key.partition('/')[2])}</Key><Size>1</Size></Contents>" for key in page)
        more = (
            f"<IsTruncated>true</IsTruncated><NextContinuationToken>{escape(page[-1])}</NextContinuationToken>"
            if rest
            else "<IsTruncated>false</IsTruncated>"
        )
        self._answer(200, f"<ListBucketResult>{entries}{more}</ListBucketResult>".encode(), "application/xml")

    def _answer(self, status: int, body: bytes = b"", content_type: str = "application/xml") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def s3_server() -> Iterator[FakeS3]:
    server = FakeS3()
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    serving.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        serving.join(5)
