"""The drain against real receivers: what leaves, how often, with which bytes, and what survives a death (LESSONS.md, Losing or doubling)."""

from __future__ import annotations

import hashlib
import hmac
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from app.core import clock
from app.core.acting import platform
from app.core.errors import ConflictError
from app.core.transaction import transaction
from app.extensions import db
from app.identity.models import User
from app.notifications.models import Notification
from app.web.house import House
from app.webhooks import delivery, endpoints
from app.webhooks.delivery import GRACE, drain, run_drain
from app.webhooks.dispatching import dispatch_events
from app.webhooks.models import Delivery, DeliveryAttempt, Event, WebhookEndpoint
from app.webhooks.replaying import replay, replay_failed
from app.webhooks.service import forget_events
from app.webhooks.settling import DELAYS, PAUSED_AFTER
from tests.core.receivers import Receiver, answer, receiver
from tests.factories import committing, make_user
from tests.factories.webhooks import make_endpoint, make_event

pytestmark = pytest.mark.committed


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that a receiver read."""

    headers: dict[str, str]
    body: bytes


def seen(server: Receiver) -> list[Seen]:
    out = []
    for raw in server.requests:
        head, _, body = raw.partition(b"\r\n\r\n")
        out.append(Seen({k.lower(): v for k, v in message_from_bytes(head.partition(b"\r\n")[2]).items()}, body))
    return out


def url(server: Receiver) -> str:
    return f"http://{server.host}:{server.port}/hooks"


@pytest.fixture
def editor(outbox: House) -> Iterator[User]:
    with committing():
        made = make_user("editeur")
        db.session.expunge(made)
    yield made


def subscribe(editor: User, address: str, **values: object) -> endpoints.Created:
    with committing():
        made = make_endpoint(editor, address, **values)
        db.session.expunge(made.endpoint)
    return made


def tell(editor: User, **values: object) -> str:
    with committing():
        return make_event(editor, **values).id


def only_delivery() -> Delivery:
    with committing():
        found = db.session.scalars(select(Delivery)).one()
        db.session.expunge(found)
    return found


def attempts() -> list[DeliveryAttempt]:
    with committing():
        found = list(db.session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.number)))
        db.session.expunge_all()
    return found


def test_a_success_is_signed_both_ways_and_logged(editor: User) -> None:
    with receiver(answer(b"merci")) as server:
        made = subscribe(editor, url(server))
        event_id = tell(editor)
        drain()
    (request,) = seen(server)
    assert request.headers["webhook-id"] == event_id and request.headers["x-aimanager-event"] == "project.created"
    assert request.headers["content-type"] == "application/json"
    assert Webhook(made.secret).verify(request.body, request.headers)["id"] == event_id
    expected = "sha256=" + hmac.new(made.secret.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-aimanager-signature"] == expected
    done = only_delivery()
    assert (done.status, done.status_code, done.attempts, done.next_at) == ("success", 200, 1, None)
    (attempt,) = attempts()
    assert attempt.response_excerpt == "merci" and f"webhook-id: {event_id}" in attempt.sent_headers


def test_a_500_is_tried_again_later_with_the_same_bytes_and_a_new_signature(editor: User) -> None:
    answers = iter([answer(b"panne", "500 Internal Server Error"), answer()])
    with receiver(lambda client, request: next(answers)(client, request)) as server:
        made = subscribe(editor, url(server))
        tell(editor)
        drain()
        waiting = only_delivery()
        assert (waiting.status, waiting.status_code, waiting.error) == ("queued", 500, "Réponse 500")
        assert DELAYS[0] - 2 < (waiting.next_at - clock.now()).total_seconds() <= DELAYS[0]
        drain()
        assert len(server.requests) == 1
        with clock.freeze(clock.now() + timedelta(seconds=DELAYS[0] + 1)):
            drain()
    first, second = seen(server)
    assert first.body == second.body and first.headers["webhook-id"] == second.headers["webhook-id"]
    assert Webhook(made.secret).verify(second.body, second.headers)
    assert (only_delivery().status, [a.status_code for a in attempts()]) == ("success", [500, 200])


def test_the_delays_grow_and_the_retries_end(editor: User) -> None:
    with receiver(answer(b"", "503 Service Unavailable")) as server:
        subscribe(editor, url(server), retry_count=3)
        tell(editor)
        at, waits = clock.now(), []
        for _ in range(4):
            with clock.freeze(at):
                drain()
                left = only_delivery().next_at
            if left:
                waits.append(round((left - at).total_seconds()))
                at = left + timedelta(seconds=1)
    assert waits == list(DELAYS[:3]) and len(server.requests) == 4
    assert (only_delivery().status, only_delivery().next_at) == ("failed", None)
    assert list(DELAYS) == sorted(DELAYS)


def test_a_silent_receiver_times_out(editor: User) -> None:
    over = threading.Event()
    with receiver(lambda client, request: over.wait(5) and None) as server:
        subscribe(editor, url(server), timeout_ms=500)
        tell(editor)
        started = time.monotonic()
        drain()
        assert time.monotonic() - started < 3
        over.set()
    waiting = only_delivery()
    assert waiting.status == "queued" and waiting.error == "Le destinataire n’a pas répondu à temps." and 400 < waiting.duration_ms < 2000


def test_a_receiver_that_is_down_is_tried_again(editor: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    subscribe(editor, address)
    tell(editor)
    drain()
    assert only_delivery().status == "queued" and only_delivery().error == "La connexion au destinataire a échoué."


def test_an_address_that_became_forbidden_is_not_called(editor: User) -> None:
    with receiver(answer()) as server:
        made = subscribe(editor, url(server))
        with committing():
            db.session.get_one(WebhookEndpoint, made.endpoint.id).url = "http://169.254.169.254/latest"
        tell(editor)
        drain()
    assert not server.requests and only_delivery().status == "queued" and "n’appelle que" in only_delivery().error


def test_a_secret_that_no_key_opens_holds_up_nobody_else(editor: User) -> None:
    with receiver(answer()) as server:
        broken, _ = subscribe(editor, url(server)), subscribe(editor, url(server))
        with committing():
            db.session.get_one(WebhookEndpoint, broken.endpoint.id).sealed_secret = "s1.autre-clef"
        tell(editor)
        drain()
    with committing():
        ended = {one.endpoint_id == broken.endpoint.id: (one.status, one.error) for one in db.session.scalars(select(Delivery))}
    assert ended == {True: ("queued", "Le secret de ce webhook est illisible de notre côté."), False: ("success", None)}
    assert len(server.requests) == 1


def test_a_pause_holds_and_a_return_sends_all(editor: User) -> None:
    with receiver(answer()) as server:
        made = subscribe(editor, url(server))
        before = tell(editor)
        dispatch_events()
        with committing():
            endpoints.switch_endpoint(db.session.get_one(WebhookEndpoint, made.endpoint.id), active=False)
        during = tell(editor)
        drain()
        assert not server.requests
        with committing():
            held = db.session.scalars(select(Delivery)).all()
            assert [(d.status, d.next_at, d.attempts) for d in held] == [("queued", None, 0)] * 2
            endpoints.switch_endpoint(db.session.get_one(WebhookEndpoint, made.endpoint.id), active=True)
        drain()
    assert {request.headers["webhook-id"] for request in seen(server)} == {before, during}


def test_a_deleted_conversation_is_not_told(editor: User) -> None:
    with receiver(answer()) as server:
        subscribe(editor, url(server))
        tell(editor, session_id="sess_gone")
        dispatch_events()
        with committing():
            forget_events("sess_gone")
        drain()
    assert not server.requests
    assert (only_delivery().status, only_delivery().error) == ("failed", "La conversation a été supprimée avant l’envoi.")


def test_a_deleted_endpoint_ends_what_waited(editor: User) -> None:
    with receiver(answer()) as server:
        made = subscribe(editor, url(server))
        tell(editor)
        dispatch_events()
        with committing():
            endpoints.delete_endpoint(db.session.get_one(WebhookEndpoint, made.endpoint.id))
        drain()
    assert not server.requests and only_delivery().status == "failed"


def test_a_replay_keeps_the_identifier_and_the_bytes(editor: User) -> None:
    with receiver(answer()) as server:
        made = subscribe(editor, url(server))
        tell(editor)
        drain()
        with committing():
            replay(only_delivery_id(), db.session.get_one(WebhookEndpoint, made.endpoint.id))
        drain()
    first, second = seen(server)
    assert first.body == second.body and first.headers["webhook-id"] == second.headers["webhook-id"]
    assert [a.number for a in attempts()] == [1, 2] and only_delivery().status == "success"


def only_delivery_id() -> str:
    return db.session.scalars(select(Delivery.id)).one()


def test_a_replay_is_refused_when_it_cannot_be(editor: User) -> None:
    with receiver(answer()) as server:
        made = subscribe(editor, url(server))
        tell(editor, session_id="sess_gone")
        drain()
        with committing():
            endpoint = db.session.get_one(WebhookEndpoint, made.endpoint.id)
            endpoints.switch_endpoint(endpoint, active=False)
            with pytest.raises(ConflictError, match="en pause"):
                replay(only_delivery_id(), endpoint)
            endpoints.switch_endpoint(endpoint, active=True)
            db.session.scalars(select(Delivery)).one().status = "running"
            with pytest.raises(ConflictError, match="en cours"):
                replay(only_delivery_id(), endpoint)
            db.session.scalars(select(Delivery)).one().status = "success"
            forget_events("sess_gone")
            with pytest.raises(ConflictError, match="supprimée"):
                replay(only_delivery_id(), endpoint)


def test_all_failures_of_a_period_leave_again(editor: User) -> None:
    answers = iter([answer(b"", "500 Oops")] * 3 + [answer()] * 3)
    with receiver(lambda client, request: next(answers)(client, request)) as server:
        made = subscribe(editor, url(server), retry_count=0)
        for _ in range(3):
            tell(editor)
        drain()
        with committing():
            endpoint = db.session.get_one(WebhookEndpoint, made.endpoint.id)
            assert replay_failed(endpoint, since=clock.now() + timedelta(minutes=1)) == 0
            assert replay_failed(endpoint, since=clock.now() - timedelta(minutes=1)) == 3
        drain()
    with committing():
        assert set(db.session.scalars(select(Delivery.status))) == {"success"}


def test_an_endpoint_that_only_fails_is_paused_and_its_editor_told(editor: User) -> None:
    with receiver(answer(b"", "500 Oops")) as server:
        made = subscribe(editor, url(server), retry_count=0)
        for _ in range(PAUSED_AFTER + 5):
            tell(editor)
        drain()
    with committing():
        endpoint = db.session.get_one(WebhookEndpoint, made.endpoint.id)
        assert not endpoint.is_active and endpoint.failure_count >= PAUSED_AFTER
        assert db.session.scalars(select(Notification.kind).where(Notification.user_id == editor.id)).all() == ["webhook_disabled"]


def test_two_drains_side_by_side_send_once(outbox: House, editor: User) -> None:
    told = 120
    with receiver(answer()) as server:
        subscribe(editor, url(server))
        with committing():
            for _ in range(told):
                make_event(editor)

        def one_worker() -> None:
            with outbox.app_context():
                run_drain()

        workers = [threading.Thread(target=one_worker) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
    ids = [request.headers["webhook-id"] for request in seen(server)]
    assert len(ids) == len(set(ids)) == told
    assert len(attempts()) == told


def test_nothing_is_lost_when_a_drain_dies_between_claim_and_settle(editor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(answer()) as server:
        subscribe(editor, url(server))
        tell(editor)
        with monkeypatch.context() as patched:
            patched.setattr(delivery, "settle", _die)
            with pytest.raises(KeyboardInterrupt):
                drain()
        assert only_delivery().status == "running"
        drain()
        sent = len(server.requests)
        with clock.freeze(clock.now() + timedelta(seconds=GRACE + 6)):
            drain()
        assert len(server.requests) == sent + 1
    assert (only_delivery().status, only_delivery().attempts) == ("success", 2)


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_late_settle_leaves_the_delivery_to_its_new_owner(editor: User) -> None:
    with receiver(answer()) as server:
        subscribe(editor, url(server))
        tell(editor)
        dispatch_events()
        (late,) = delivery._claim({})
        with clock.freeze(clock.now() + timedelta(seconds=GRACE + 6)):
            (owner,) = delivery._claim({})
        with transaction(platform("drain")):
            delivery.settle([(late.row, delivery.Outcome(error="trop tard"))])
        assert (only_delivery().status, only_delivery().attempts) == ("running", owner.row.attempts)
        assert not attempts()


def test_a_claim_that_waited_too_long_is_given_back_untried(editor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(answer()) as server:
        subscribe(editor, url(server))
        tell(editor)
        monkeypatch.setattr(delivery, "LATEST_START", -1.0)
        run_drain(seconds=0.3)
        assert not server.requests
        assert (only_delivery().status, only_delivery().attempts) == ("queued", 0)
        monkeypatch.undo()
        drain()
    assert only_delivery().status == "success"


def test_a_slow_receiver_leaves_room_to_the_others(editor: User) -> None:
    over = threading.Event()
    with receiver(lambda client, request: over.wait(10) and None) as slow, receiver(answer()) as quick:
        subscribe(editor, url(slow), timeout_ms=2000, events=["message.created"])
        subscribe(editor, url(quick), events=["project.created"])
        with committing():
            for _ in range(delivery.PARALLEL * 2):
                make_event(editor, "message.created")
        dispatch_events()
        with committing():
            make_event(editor)
        started = time.monotonic()
        threading.Thread(target=lambda: (_until(lambda: bool(quick.requests), 5), over.set()), daemon=True).start()
        run_drain(seconds=5)
        assert quick.requests and time.monotonic() - started < 10


def _until(condition: object, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.02)


def test_each_event_reaches_each_subscriber_of_its_editor_only(editor: User) -> None:
    with committing():
        other = make_user("editeur")
        db.session.expunge(other)
    with receiver(answer()) as mine, receiver(answer()) as also_mine, receiver(answer()) as foreign:
        subscribe(editor, url(mine))
        subscribe(editor, url(also_mine), events=["session.completed"])
        subscribe(other, url(foreign))
        tell(editor)
        tell(editor, event_type="session.completed")
        drain()
        drain()
    assert (len(mine.requests), len(also_mine.requests), len(foreign.requests)) == (2, 1, 0)
    with committing():
        assert all(db.session.scalars(select(Event.dispatched_at)))
