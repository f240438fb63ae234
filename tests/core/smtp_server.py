"""A tiny SMTP server: EHLO, STARTTLS, AUTH PLAIN, one mailbox. It keeps what it receives."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    """What arrived: raw messages, their envelopes, the passwords given, whether each came by TLS."""

    port: int = 0
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    passwords: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    """An answer to give instead of the usual one, by command."""

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.default) for raw in self.raw]  # type: ignore[arg-type]


@contextmanager
def smtp_server(tls: ssl.SSLContext | None = None, *, starttls: bool = True, implicit: bool = False) -> Iterator[Mailbox]:
    """Run the server; with a context it offers STARTTLS, or speaks TLS from the start (`implicit`)."""
    listener = socket.create_server(("127.0.0.1", 0))
    box = Mailbox(port=listener.getsockname()[1])

    def serve(client: socket.socket) -> None:
        stream = tls.wrap_socket(client, server_side=True) if tls and implicit else client
        file = stream.makefile("rwb")
        encrypted = implicit
        sender = recipient = ""

        def say(text: str) -> None:
            file.write(text.encode() + b"\r\n")
            file.flush()

        say("220 test")
        while line := file.readline().decode().strip():
            command = line.upper().partition(" ")[0]
            if command in box.replies:
                say(box.replies[command])
            elif command == "EHLO":
                offers = ["STARTTLS"] if tls and starttls and not encrypted else []
                names = ["test", "AUTH PLAIN", *offers, "8BITMIME"]
                say("\r\n".join(f"250{' ' if name is names[-1] else '-'}{name}" for name in names))
            elif command == "STARTTLS" and tls:
                say("220 go")
                file.close()
                stream, encrypted = tls.wrap_socket(stream, server_side=True), True
                file = stream.makefile("rwb")
            elif command == "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                box.passwords.append((user, password))
                say("235 welcome" if password == "p@ss:mot" else "535 no")
            elif command == "MAIL":
                sender = line.partition("<")[2].partition(">")[0]
                say("250 ok")
            elif command == "RCPT":
                recipient = line.partition("<")[2].partition(">")[0]
                say("550 unknown" if recipient.startswith("inconnu") else "451 later" if recipient.startswith("plus-tard") else "250 ok")
            elif command == "DATA":
                say("354 go")
                body = b""
                while (part := file.readline()) != b".\r\n":
                    body += part.removeprefix(b".") if part.startswith(b"..") else part
                box.raw.append(body)
                box.envelopes.append((sender, recipient))
                box.encrypted.append(encrypted)
                say("250 stored")
            else:
                say("221 bye" if command == "QUIT" else "250 ok")
                if command == "QUIT":
                    break
        file.close()
        stream.close()

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.settimeout(5)
            try:
                with client:
                    serve(client)
            except OSError:
                continue  # the client hung up, or refused our certificate

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield box
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(10)
