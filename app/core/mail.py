"""E-mails by SMTP: one message, one recipient, encrypted where the server can."""

from __future__ import annotations

import ipaddress
import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, make_msgid, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import idna

from app.core import clock
from app.core.urls import ascii_host

TIMEOUT_SECONDS = 15.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
# Set below or by the transport: a caller cannot replace them.
_OWN_HEADERS = {"from", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to", "sender", "mime-version", "auto-submitted"}


class MailError(Exception):
    """The message was not sent. `permanent` tells whether trying again is useless."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Email:
    """One message. `to` and `reply_to` are plain addresses; `headers` may carry `List-Unsubscribe` and `List-Unsubscribe-Post`."""

    to: str
    subject: str
    text: str
    html: str | None = None
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def send(email: Email, smtp_url: str, mail_from: str, *, tls: ssl.SSLContext | None = None) -> None:
    """Hand a message to the server `smtp[s]://[user:password@]host[:port]`; `mail_from` may be `Name <address>`.

    `smtps` is TLS from the start, `smtp` turns to TLS as soon as the server offers it; a password is never sent in clear to another
    machine. `tls` replaces the system's certificate authorities. Gives up after 15 s of silence. Raises MailError.
    """
    message = _composed(email, mail_from)
    parts = urlsplit(smtp_url)
    host = parts.hostname or ""
    context = tls or ssl.create_default_context()
    try:
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=context)
        elif parts.scheme == "smtp":
            server = smtplib.SMTP(host, parts.port or (587 if parts.username else 25), timeout=TIMEOUT_SECONDS)
        else:
            raise MailError("SMTP_URL must start with smtp:// or smtps://", permanent=True)
        with server:
            if parts.scheme == "smtp":
                _encrypt(server, host, context, required=bool(parts.username))
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            _hand_over(server, message)
    except smtplib.SMTPRecipientsRefused as error:
        code = max(answer[0] for answer in error.recipients.values())
        raise MailError(f"recipient refused ({code})", permanent=code >= 500) from error
    except smtplib.SMTPResponseException as error:
        # A refused password is the operator's to mend, not the message's fault: it stays worth another try.
        permanent = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError)
        raise MailError(f"server refused ({error.smtp_code})", permanent=permanent) from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(f"server unreachable ({type(error).__name__})", permanent=False) from error


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        server.send_message(message)
    except smtplib.SMTPNotSupportedError as error:
        raise MailError("the server takes no address with accents before the @", permanent=True) from error


def _encrypt(server: smtplib.SMTP, host: str, context: ssl.SSLContext, *, required: bool) -> None:
    """STARTTLS when offered. Between two programs of one machine a certificate proves nothing, so none is asked for."""
    server.ehlo_or_helo_if_needed()
    local = _is_loopback(host)
    if server.has_extn("starttls"):
        server.starttls(context=_unverified() if local else context)
    elif required and not local:
        raise MailError("the server offers no TLS: the password was not sent", permanent=False)


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Policy(EmailPolicy):
    """The standard policy would cut a long link of List-Unsubscribe into encoded words that no mail program reads."""

    def fold(self, name: str, value: Any) -> str:
        return f"{name}: {value}{self.linesep}" if _is_unsubscribe(name) else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii") if _is_unsubscribe(name) else super().fold_binary(name, value)


def _is_unsubscribe(name: str) -> bool:
    return name.lower().startswith("list-unsubscribe")


def _composed(email: Email, mail_from: str) -> EmailMessage:
    """Build the message. Raises MailError when an address or a header could smuggle another header in."""
    sender = parseaddr(mail_from)[1]
    message = EmailMessage(policy=_Policy(linesep="\r\n"))
    for value in (email.to, email.reply_to or "", mail_from, *email.headers.values()):
        if _CONTROL.search(value):
            raise MailError("control character in an address or a header", permanent=True)
    for value in (email.to, email.reply_to or email.to, sender):
        if parseaddr(value)[1] != value or value.count("@") != 1:
            raise MailError("not a plain address", permanent=True)
    # Names of people and sites end up in subjects: a stray line break is tidied rather than refused.
    message["Subject"] = " ".join(_CONTROL.sub(" ", email.subject).split())
    message["From"] = mail_from
    message["To"] = _ascii_domain(email.to)
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # keeps out-of-office answers away (RFC 3834)
    if email.reply_to:
        message["Reply-To"] = _ascii_domain(email.reply_to)
    for name, value in email.headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS or name.lower().startswith("content-"):
            raise MailError(f"header {name!r} is not for callers", permanent=True)
        message[name] = value
    message.set_content(email.text)
    if email.html is not None:
        message.add_alternative(email.html, subtype="html")
    return message


def _ascii_domain(address: str) -> str:
    """`paul@béton.fr` as every server takes it, `paul@xn--bton-bpa.fr`: few speak SMTPUTF8."""
    name, _, domain = address.rpartition("@")
    try:
        return f"{name}@{ascii_host(domain)}"
    except idna.IDNAError as error:
        raise MailError("not a plain address", permanent=True) from error
