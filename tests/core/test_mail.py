"""E-mails as a real SMTP server receives them."""

from __future__ import annotations

import datetime
import socket
import ssl
from pathlib import Path

import pytest

from app.core import clock
from app.core.mail import Email, MailError, send
from tests.core.certificates import self_signed
from tests.core.smtp_server import smtp_server

FROM = "AI-Manager <ne-pas-repondre@ai.exemple.fr>"
HELLO = Email(
    "martin@exemple.fr",
    "Votre estimation – salle de bain, 8 m²",
    "Bonjour,\nvoici l’estimation.\n.\nFin",
    "<p>Bonjour, <b>voici</b> l’estimation.</p>",
)


def test_both_parts_arrive_as_written() -> None:
    with smtp_server() as box, clock.freeze(datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.UTC)):
        send(HELLO, f"smtp://127.0.0.1:{box.port}", FROM)
    message = box.messages[0]
    assert box.envelopes == [("ne-pas-repondre@ai.exemple.fr", "martin@exemple.fr")] and box.passwords == []
    assert (message["From"], message["To"], message["Subject"]) == (FROM, "martin@exemple.fr", HELLO.subject)
    assert message["Date"] == "Fri, 20 Nov 2026 12:00:00 +0000" and message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@ai.exemple.fr>")
    text, html = message.iter_parts()
    assert text.get_content_type() == "text/plain" and text.get_content().splitlines() == HELLO.text.splitlines()
    assert html.get_content_type() == "text/html" and html.get_content().strip() == HELLO.html
    assert all(len(line) <= 998 for line in box.raw[0].split(b"\r\n"))


def test_a_text_alone_has_no_other_part() -> None:
    with smtp_server() as box:
        send(Email("a@exemple.fr", "Sujet", "Texte"), f"smtp://127.0.0.1:{box.port}", "ne-pas-repondre@localhost")
    assert not box.messages[0].is_multipart() and box.messages[0]["Reply-To"] is None


def test_a_domain_with_accents_is_written_as_every_server_takes_it() -> None:
    with smtp_server() as box:
        send(Email("paul@béton-armé.fr", "Sujet", "Texte"), f"smtp://127.0.0.1:{box.port}", "ne-pas-repondre@localhost")
    assert box.envelopes == [("ne-pas-repondre@localhost", "paul@xn--bton-arm-b1ah.fr")]
    assert box.messages[0]["To"] == "paul@xn--bton-arm-b1ah.fr"


def test_unsubscribe_headers_stay_in_one_piece() -> None:
    link = "<https://ai.exemple.fr/desinscription/" + "a1-_" * 60 + "?x=1&y=2>, <mailto:stop@ai.exemple.fr>"
    headers = {"List-Unsubscribe": link, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    with smtp_server() as box:
        send(Email("a@exemple.fr", "Sujet", "Texte", reply_to="durant@exemple.fr", headers=headers), f"smtp://127.0.0.1:{box.port}", FROM)
    assert f"\r\nList-Unsubscribe: {link}\r\n".encode() in box.raw[0]
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in box.raw[0]
    assert box.messages[0]["Reply-To"] == "durant@exemple.fr"


def test_a_subject_cannot_carry_a_header() -> None:
    with smtp_server() as box:
        send(Email("a@exemple.fr", "Bonjour\r\nBcc: victime@exemple.fr\n\n<b>", "Texte"), f"smtp://127.0.0.1:{box.port}", FROM)
    assert box.messages[0]["Bcc"] is None and box.messages[0]["Subject"] == "Bonjour Bcc: victime@exemple.fr <b>"


@pytest.mark.parametrize(
    "email",
    [
        Email("a@exemple.fr\r\nBcc: b@exemple.fr", "s", "t"),
        Email("a@exemple.fr, b@exemple.fr", "s", "t"),
        Email("Martin <a@exemple.fr>", "s", "t"),
        Email("", "s", "t"),
        Email("a", "s", "t"),
        Email("a@exemple.fr", "s", "t", reply_to="b@exemple.fr\nBcc: c@exemple.fr"),
        Email("a@exemple.fr", "s", "t", reply_to="b@exemple.fr, c@exemple.fr"),
        Email("a@exemple.fr", "s", "t", headers={"List-Unsubscribe": "<x>\r\nBcc: b@exemple.fr"}),
        Email("a@exemple.fr", "s", "t", headers={"X: y\r\nBcc": "b@exemple.fr"}),
        Email("a@exemple.fr", "s", "t", headers={"Bcc": "b@exemple.fr"}),
        Email("a@exemple.fr", "s", "t", headers={"Content-Type": "text/html"}),
    ],
)
def test_what_could_smuggle_a_header_is_not_sent(email: Email) -> None:
    with smtp_server() as box:
        with pytest.raises(MailError) as refused:
            send(email, f"smtp://127.0.0.1:{box.port}", FROM)
        assert refused.value.permanent
    assert box.raw == []


def test_starttls_is_used_when_offered_and_the_password_is_decoded(tmp_path: Path) -> None:
    server, _ = self_signed(tmp_path, "localhost", "127.0.0.1")
    with smtp_server(server) as box:
        send(HELLO, f"smtp://robot%40exemple.fr:p%40ss%3Amot@127.0.0.1:{box.port}", FROM)
    assert box.passwords == [("robot@exemple.fr", "p@ss:mot")] and box.encrypted == [True]


def test_implicit_tls_checks_the_certificate(tmp_path: Path) -> None:
    server, trusted = self_signed(tmp_path, "127.0.0.1")
    with smtp_server(server, implicit=True) as box:
        send(HELLO, f"smtps://127.0.0.1:{box.port}", FROM, tls=ssl.create_default_context(cafile=trusted))
        with pytest.raises(MailError) as refused:
            send(HELLO, f"smtps://127.0.0.1:{box.port}", FROM)
        assert not refused.value.permanent
    assert box.encrypted == [True] and len(box.raw) == 1


def test_to_another_machine_the_certificate_is_checked_and_no_password_goes_in_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.create_connection

    def rerouted(address: tuple[str, int], *args: object, **kwargs: object) -> socket.socket:
        return real(("127.0.0.1", address[1]), *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_connection", rerouted)
    with smtp_server() as box:
        with pytest.raises(MailError, match="password was not sent"):
            send(HELLO, f"smtp://robot:p%40ss%3Amot@mail.test:{box.port}", FROM)
        assert box.passwords == []
    server, trusted = self_signed(tmp_path, "mail.test")
    with smtp_server(server) as box:
        with pytest.raises(MailError):
            send(HELLO, f"smtp://mail.test:{box.port}", FROM)
        send(HELLO, f"smtp://mail.test:{box.port}", FROM, tls=ssl.create_default_context(cafile=trusted))
    assert box.encrypted == [True]


@pytest.mark.parametrize(
    ("to", "replies", "permanent"),
    [
        ("inconnu@exemple.fr", {}, True),
        ("plus-tard@exemple.fr", {}, False),
        ("béton@exemple.fr", {}, True),
        ("a@exemple.fr", {"DATA": "554 spam"}, True),
        ("a@exemple.fr", {"DATA": "451 greylisted"}, False),
        ("a@exemple.fr", {"MAIL": "550 no"}, True),
        ("a@exemple.fr", {"EHLO": "421 busy", "HELO": "421 busy"}, False),
    ],
)
def test_a_refusal_tells_whether_to_try_again(to: str, replies: dict[str, str], permanent: bool) -> None:
    with smtp_server() as box:
        box.replies.update(replies)
        with pytest.raises(MailError) as refused:
            send(Email(to, "s", "t"), f"smtp://127.0.0.1:{box.port}", FROM)
    assert refused.value.permanent is permanent and box.raw == []


def test_a_wrong_password_and_a_server_away_are_worth_another_try() -> None:
    with smtp_server() as box, pytest.raises(MailError) as refused:
        send(HELLO, f"smtp://robot:faux@127.0.0.1:{box.port}", FROM)
    assert not refused.value.permanent and "faux" not in str(refused.value)
    with pytest.raises(MailError) as refused:
        send(HELLO, f"smtp://127.0.0.1:{box.port}", FROM)
    assert not refused.value.permanent
    with pytest.raises(MailError) as refused:
        send(HELLO, "http://127.0.0.1", FROM)
    assert refused.value.permanent
