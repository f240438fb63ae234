"""Somebody's web site: a real HTTP server on the loopback, under whichever host name the browser calls it by."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

PAGE = """<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Logiciel de devis</title></head>
<body><main><h1>Logiciel de devis</h1><p>Les devis de la semaine.</p><a href="/autre">Autre page</a>
<div id="chat"></div></main><footer>Fin de page</footer>{scripts}</body></html>"""


class Site:
    """Serves what was put in it."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, str, str | None]] = {"/favicon.ico": ("image/x-icon", "", None)}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind, content, policy = site._files.get(self.path, ("text/plain", "", None))
                body = content.encode()
                self.send_response(200 if self.path in site._files else 404)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        Thread(target=self._server.serve_forever, daemon=True).start()

    def page(self, path: str, scripts: str, policy: str | None = None) -> None:
        """Put a page that ends with these scripts; `policy` is its Content-Security-Policy."""
        self._files[path] = ("text/html", PAGE.format(scripts=scripts), policy)

    def script(self, path: str, content: str) -> None:
        """Put a script of the site's own."""
        self._files[path] = ("text/javascript", content, None)

    def origin(self, host: str) -> str:
        """How the browser calls the site by this name."""
        return f"http://{host}:{self.port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
