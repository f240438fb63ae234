"""An editor's own host name: asked for, proved, served; nothing of another editor stands there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.conversations.links import token_of
from app.core import acting, clock
from app.core.dns import DnsUnreachableError, Found
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.storage import storage
from app.core.transaction import transaction
from app.deployments.hosts import (
    GRACE,
    add_host,
    check_brand_host,
    check_brand_hosts,
    checked_host,
    host_of,
    hosts_of,
    proof_of,
    remove_host,
)
from app.deployments.models import BrandHost
from app.extensions import db, redis_client
from app.notifications.models import Notification
from app.web.house import House
from tests.factories import actor_for, committing
from tests.factories.conversations import Tenant, make_link, make_tenant, open_chat

EDGE = "ia.plateforme.fr"
OURS = frozenset({"93.184.215.14"})


class Zone:
    """A table instead of name servers; `down` makes them silent."""

    def __init__(self) -> None:
        self.hosts: dict[str, Found] = {EDGE: Found(OURS)}
        self.records: dict[str, list[str]] = {}
        self.down = False

    def lookup(self, host: str) -> Found:
        if self.down:
            raise DnsUnreachableError
        return self.hosts.get(host, Found())

    def texts(self, host: str) -> list[str]:
        return self.records.get(host, [])


@pytest.fixture
def zone(house: House) -> Iterator[Zone]:
    made, present = Zone(), house.config["SETTINGS"]
    house.extensions["names"] = made
    house.config["SETTINGS"] = dataclasses.replace(present, edge_host=EDGE)
    house.extensions.pop("own_hosts", None)
    yield made
    house.extensions.pop("names")
    house.config["SETTINGS"] = present
    house.extensions.pop("own_hosts", None)


def served(zone: Zone, tenant: Tenant, host: str) -> str:
    """Add a name with right records and have it checked; returns its id."""
    with committing():
        added = add_host(tenant.editor.id, host)
        name, value = proof_of(added)
        host_id = added.id
    zone.hosts[host] = Found(OURS, frozenset({EDGE}))
    zone.records[name] = [value]
    check_brand_host(host_id)
    return host_id


def state(host_id: str) -> BrandHost:
    with committing():
        found = db.session.get_one(BrandHost, host_id)
        db.session.refresh(found)
        return found


def told(editor_id: str) -> list[str]:
    """The titles of what the editor was told, in alphabetical order."""
    with committing():
        return sorted(db.session.scalars(db.select(Notification.title).where(Notification.user_id == editor_id)))


@pytest.mark.parametrize(
    ("typed", "host"),
    [("chat.ebp.com", "chat.ebp.com"), (" https://Chat.EBP.com/s/x ", "chat.ebp.com"), ("devis.éditeur.fr.", "devis.xn--diteur-9ua.fr")],
)
def test_names_that_are_read(zone: Zone, typed: str, host: str) -> None:
    assert checked_host(typed) == host


@pytest.mark.parametrize(
    "typed",
    ["", "ebp", "localhost", "192.0.2.1", "[::1]", "2130706433", "chat.ebp.com:8443", "a_b.ebp.com", "*.ebp.com", "chat.ebp.local", EDGE, f"x.{EDGE}",
     "user@chat.ebp.com", "chat ebp.com", "-a.ebp.com", "chat..ebp.com", "x" * 64 + ".fr"],
)  # fmt: skip
def test_names_that_are_refused(zone: Zone, typed: str) -> None:
    with pytest.raises(InvalidError) as refused:
        checked_host(typed)
    assert refused.value.fields["host"]


def test_both_records_are_needed_and_each_lack_is_told(zone: Zone) -> None:
    with committing():
        tenant = make_tenant()
        added = add_host(tenant.editor.id, "chat.ebp.com")
        (name, value), host_id, editor_id = proof_of(added), added.id, tenant.editor.id
    for found, records, told in (
        (Found(), [], "n’existe pas"),
        (Found(frozenset({"203.0.113.9"})), [value], "mène ailleurs"),
        (Found(frozenset({"203.0.113.9"}) | OURS), [value], "mène ailleurs"),
        (Found(OURS), [], "TXT"),
        (Found(OURS), ["ai-manager=autre"], "TXT"),
    ):
        zone.hosts["chat.ebp.com"], zone.records[name] = found, records
        check_brand_host(host_id)
        seen = state(host_id)
        assert seen.status == "failed" and told in (seen.problem or "") and seen.checked_at
        with committing():
            assert host_of(editor_id) is None
    zone.records[name] = ["autre chose", value]
    check_brand_host(host_id)
    assert state(host_id).status == "verified" and state(host_id).problem is None
    with committing():
        assert host_of(editor_id) == "chat.ebp.com"


def test_a_name_behind_a_cname_to_us_is_ours_whatever_its_addresses(zone: Zone) -> None:
    with committing():
        tenant = make_tenant()
    host_id = served(zone, tenant, "chat.ebp.com")
    zone.hosts["chat.ebp.com"] = Found(frozenset({"198.51.100.7"}), frozenset({"ebp.cdn.net", EDGE}))
    check_brand_host(host_id)
    assert state(host_id).status == "verified" and state(host_id).problem is None


def test_who_asks_first_without_proof_has_nothing(zone: Zone) -> None:
    """The name leads here already: the one who can write its records is served, not the one who was quicker."""
    zone.hosts["chat.ebp.com"] = Found(OURS)
    with committing():
        thief, owner = make_tenant(), make_tenant()
        stolen = add_host(thief.editor.id, "chat.ebp.com").id
    check_brand_host(stolen)
    assert state(stolen).status == "failed"
    mine = served(zone, owner, "chat.ebp.com")
    assert state(mine).status == "verified"
    with committing():
        zone.records["_ai-manager.chat.ebp.com"].append(proof_of(db.session.get_one(BrandHost, stolen))[1])
    check_brand_host(stolen)
    assert state(stolen).status == "failed" and "autre compte" in (state(stolen).problem or "")


def test_records_that_go_are_forgiven_for_three_days_silence_for_longer(zone: Zone) -> None:
    with committing():
        tenant = make_tenant()
        editor_id = tenant.editor.id
    host_id = served(zone, tenant, "chat.ebp.com")
    zone.hosts.pop("chat.ebp.com")
    check_brand_host(host_id)
    assert state(host_id).status == "verified" and state(host_id).problem
    check_brand_host(host_id)
    assert told(editor_id) == ["chat.ebp.com ne mène plus ici"]
    zone.down = True
    check_brand_host(host_id)
    assert state(host_id).status == "verified" and "pas répondu" in (state(host_id).problem or "")
    zone.down = False
    with committing():
        db.session.get_one(BrandHost, host_id).verified_at = clock.now() - GRACE - timedelta(hours=1)
    check_brand_host(host_id)
    assert state(host_id).status == "failed"
    assert told(editor_id) == ["chat.ebp.com ne mène plus ici", "chat.ebp.com n’est plus servi"]
    with committing():
        assert host_of(editor_id) is None


def test_silent_name_servers_refute_nothing(zone: Zone) -> None:
    with committing():
        host_id = add_host(make_tenant().editor.id, "chat.ebp.com").id
    zone.down = True
    check_brand_host(host_id)
    assert state(host_id).status == "pending"


def test_the_daily_look_takes_only_what_is_due(zone: Zone, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        tenant = make_tenant()
    due, fresh = served(zone, tenant, "a.ebp.com"), served(zone, tenant, "b.ebp.com")
    run_jobs()
    redis_client().flushdb()  # the runner leaves the named jobs behind, which a worker would have cleared
    with committing():
        db.session.get_one(BrandHost, due).checked_at = clock.now() - timedelta(days=1)
        before = db.session.get_one(BrandHost, fresh).checked_at
    check_brand_hosts()
    assert run_jobs() == ["check_brand_host"]
    assert state(due).checked_at > clock.now() - timedelta(minutes=1) and state(fresh).checked_at == before


def test_the_name_verified_last_is_the_one_of_new_links(zone: Zone, house: House) -> None:
    with committing():
        tenant, other = make_tenant(), make_tenant()
        key, deployment, external_id, editor_id = tenant.api_key, tenant.deployment.id, tenant.tie.external_id, tenant.editor.id
        foreign = {"deployment_key": other.deployment.id, "artisan_external_id": other.tie.external_id}, other.api_key

    def url(body: dict[str, str], api_key: str) -> str:
        answer = house.test_client().post("/api/editor/sessions/create-link", json=body, headers={"X-API-Key": api_key})
        return str(answer.get_json()["data"]["url"])

    mine = {"deployment_key": deployment, "artisan_external_id": external_id}
    assert url(mine, key).startswith("http://localhost/s/")
    old = served(zone, tenant, "a.ebp.com")
    served(zone, tenant, "b.ebp.com")
    assert url(mine, key).startswith("http://b.ebp.com/s/")
    assert url(*foreign).startswith("http://localhost/s/")
    with committing():
        newest = next(host for host in hosts_of(editor_id) if host.id != old)
        remove_host(editor_id, newest.id)
    assert url(mine, key).startswith("http://a.ebp.com/s/")


def test_a_list_has_an_end_and_no_double(zone: Zone) -> None:
    with committing():
        editor_id, stranger = make_tenant().editor.id, make_tenant().editor.id
        for number in range(5):
            host_id = add_host(editor_id, f"c{number}.ebp.com").id
        with pytest.raises(ConflictError):
            add_host(editor_id, "C4.ebp.com")
        with pytest.raises(ConflictError):
            add_host(editor_id, "c5.ebp.com")
        with pytest.raises(NotFoundError):
            remove_host(stranger, host_id)


def test_the_database_lets_no_editor_verify_himself(zone: Zone) -> None:
    with committing():
        tenant, other = make_tenant(), make_tenant()
        editor, stranger = actor_for(tenant.editor, "editeur"), actor_for(other.editor, "editeur")
        host_id = add_host(tenant.editor.id, "chat.ebp.com").id
    with transaction(editor):
        changed = db.session.execute(text("UPDATE brand_hosts SET status = 'verified' WHERE id = :id"), {"id": host_id})
        assert changed.rowcount == 0
    with transaction(stranger):
        assert db.session.get(BrandHost, host_id) is None
        assert db.session.execute(text("DELETE FROM brand_hosts WHERE id = :id"), {"id": host_id}).rowcount == 0
    add = "INSERT INTO brand_hosts (id, editor_id, host, status, created_at) VALUES (:id, :editor, 'x.fr', :status, now())"
    for editor_id, status in ((tenant.editor.id, "verified"), (other.editor.id, "pending")):
        with transaction(editor) as tx, pytest.raises(ProgrammingError):
            tx.rollback_only = True
            db.session.execute(text(add), {"id": "hst_x", "editor": editor_id, "status": status})


# --- what is served there


def fresh(row: Any) -> Any:
    """The row as it is now, of one read in another transaction."""
    return db.session.get_one(type(row), db.inspect(row).identity[0])


@dataclasses.dataclass(frozen=True)
class Street:
    """Two editors, the first with a host of his own."""

    host: str
    base: dict[str, str]
    mine: Tenant
    other: Tenant


@pytest.fixture
def street(zone: Zone) -> Street:
    with committing():
        mine, other = make_tenant(), make_tenant()
    served(zone, mine, "chat.ebp.com")
    return Street("chat.ebp.com", {"base_url": "http://chat.ebp.com"}, mine, other)


def test_conversations_of_the_editor_are_served_and_no_others(street: Street, client: FlaskClient) -> None:
    with committing():
        mine, other = (token_of(make_link(tenant)) for tenant in (street.mine, street.other))
    for token, here, elsewhere in ((mine, 200, 200), (other, 404, 200)):
        assert client.get(f"/s/{token}", **street.base).status_code == here
        assert client.get(f"/s/{token}").status_code == elsewhere
    assert client.post(f"/s/{mine}/session", json={}, **street.base).status_code == 200
    assert client.post(f"/s/{other}/session", json={}, **street.base).status_code == 404
    assert b"AI-Manager" not in client.get(f"/s/{other}", **street.base).data.replace(b"Propuls", b"")


def test_sessions_of_another_editor_do_not_exist_there(street: Street, client: FlaskClient) -> None:
    mine, other = open_chat(street.mine), open_chat(street.other)
    for chat, here in ((mine, 200), (other, 404)):
        messages = client.get(f"/api/widget/v1/session/{chat.session_id}/messages", headers=chat.headers, **street.base)
        assert messages.status_code == here
        assert client.get(f"/api/widget/v1/session/{chat.session_id}/messages", headers=chat.headers).status_code == 200
    body = {"content": "Bonjour", "client_message_id": "message-0001"}
    assert client.post("/api/widget/v1/message", json=body, headers=other.headers, **street.base).status_code == 404
    assert client.post("/api/widget/v1/message", json=body, headers=mine.headers, **street.base).status_code == 202


def test_deployments_of_another_editor_do_not_exist_there(street: Street, client: FlaskClient) -> None:
    with committing():
        mine, other = (fresh(tenant.deployment).id for tenant in (street.mine, street.other))
    for key, here in ((mine, 200), (other, 404)):
        assert client.get(f"/api/widget/v1/config?deployment_key={key}", **street.base).status_code == here
        assert client.get(f"/api/widget/v1/config?deployment_key={key}").status_code == 200
    headers = {"Origin": "https://app.ebp.com"}
    assert client.post("/api/widget/v1/init", json={"deployment_key": mine}, headers=headers, **street.base).status_code == 200
    assert client.post("/api/widget/v1/init", json={"deployment_key": other}, headers=headers, **street.base).status_code == 404
    if any(str(rule).startswith("/embed/") for rule in client.application.url_map.iter_rules()):
        assert client.get(f"/embed/{mine}", **street.base).status_code == 200
        assert client.get(f"/embed/{other}", **street.base).status_code == 404


def test_files_of_another_editor_do_not_exist_there(street: Street, client: FlaskClient) -> None:
    mine, other = open_chat(street.mine), open_chat(street.other)
    statement = f"statements/{other.session_id}/releve.pdf"
    keys = {f"files/{chat.session_id}/file_x.{kind}": chat is mine for chat in (mine, other) for kind in ("jpg", "pdf")}
    for key, here in (keys | {statement: False, "files/sess_inconnue/file_x.pdf": False, "logos/usr_x/logo.webp": True}).items():
        storage().put(key, b"x", "application/octet-stream")
        url = storage().signed_url(key, 900)
        assert client.get(url, **street.base).status_code == (200 if here else 404), key
        assert client.get(url).status_code == 200, key
        assert client.get(url.replace("s=", "s=x"), **street.base).status_code == 403, key


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/connexion",
        "/editeur/",
        "/artisan/",
        "/admin/",
        "/compte",
        "/api/docs",
        "/api/editor/artisans",
        "/metrics",
        "/internal/tls-ask",
    ],
)
def test_no_portal_there(street: Street, client: FlaskClient, path: str) -> None:
    answer = client.get(path, **street.base)
    if path in ("/metrics", "/internal/tls-ask"):  # asked by machines, by whatever name; guarded by their own lists
        assert answer.status_code in (200, 403, 404)
        return
    assert answer.status_code == 404
    assert "AI-Manager" not in answer.get_data(as_text=True)


def test_the_name_is_read_without_case_port_or_final_dot(street: Street, client: FlaskClient) -> None:
    for base in ("http://CHAT.ebp.com", "http://chat.ebp.com:8080", "http://chat.ebp.com."):
        assert client.get("/connexion", base_url=base).status_code == 404
    assert client.get("/connexion").status_code == 200


def test_a_name_of_nobody_is_refused_in_production_only(zone: Zone, house: House, client: FlaskClient) -> None:
    assert client.get("/connexion", base_url="http://inconnu.fr").status_code == 200
    house.config["SETTINGS"] = dataclasses.replace(house.config["SETTINGS"], app_env="production")
    assert client.get("/connexion", base_url="http://inconnu.fr").status_code == 404
    assert client.get("/healthz", base_url="http://inconnu.fr").status_code == 200
    for own in ("http://localhost", "http://127.0.0.1", "http://web:8000", f"http://{EDGE}"):
        assert client.get("/connexion", base_url=own).status_code == 200


def test_another_request_is_not_confined(street: Street, client: FlaskClient) -> None:
    client.get("/connexion", **street.base)
    with transaction(acting.door()):
        acting.change_actor(acting.visitor(None, deployment_id="dpl_x", editor_id="usr_other"), db.session())


def test_certificates_for_verified_names_only(street: Street, client: FlaskClient, zone: Zone, house: House) -> None:
    with committing():
        add_host(street.other.editor.id, "attente.fr")
    for domain, status in (
        ("chat.ebp.com", 200),
        ("CHAT.ebp.com.", 200),
        ("attente.fr", 404),
        ("inconnu.fr", 404),
        ("", 404),
        ("x" * 5000, 404),
    ):
        assert client.get("/internal/tls-ask", query_string={"domain": domain}).status_code == status
    outside = client.get("/internal/tls-ask?domain=chat.ebp.com", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert outside.status_code == 403
