"""PostgreSQL's own catalogue says who may read what (ARCHITECTURE.md, Acting; TRAPS.md, Row-level security)."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from sqlalchemy import Connection, create_engine, text

from app.core import acting
from app.core.acting import Actor
from app.core.tables import Policy
from app.core.transaction import transaction
from app.extensions import db
from app.web.house import House
from migrations.rls import once
from tests.conftest import worker_number
from tests.factories import actor_for, committing, make_user
from tests.factories.conversations import Tenant, make_tenant, open_chat
from tests.support.databases import admin_url

EXEMPT_OUTSIDE_MODELS = {"alembic_version": "the number of the newest migration, read by /readyz"}
DOORS = {
    "budget_stops",
    "door_api_key",
    "door_deployment",
    "door_domains",
    "door_editor_deployment",
    "door_editor_host",
    "door_host",
    "door_host_user",
    "door_link",
    "door_login",
    "door_origin",
    "door_refuse_origin",
    "door_session",
    "door_token",
    "door_use_link_code",
    "door_use_token",
    "door_user",
    "spend_quota",
}
TABLES = db.metadata.tables


@pytest.fixture
def owner(house: House) -> Iterator[Connection]:
    """The owner role, on this worker's database; whatever it does is rolled back."""
    engine = create_engine(f"postgresql+psycopg://{admin_url(f'test_{worker_number()}').split('://', 1)[1]}")
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


def test_every_table_has_forced_policies_or_a_written_reason(owner: Connection) -> None:
    rows = owner.execute(
        text(
            "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced, "
            "ARRAY(SELECT p.cmd FROM pg_policies p WHERE p.tablename = c.relname ORDER BY p.cmd) AS commands "
            "FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm', 'f', 'v')"
        )
    ).all()
    assert {row.relname for row in rows} == set(TABLES) | set(EXEMPT_OUTSIDE_MODELS)
    for row in rows:
        reason = EXEMPT_OUTSIDE_MODELS.get(row.relname) or TABLES[row.relname].info.get("rls_exempt")
        if reason:
            assert len(reason) > 20 and not row.forced
        else:
            assert row.forced, f"{row.relname}: row-level security is not forced"
            assert row.commands == ["DELETE", "INSERT", "SELECT", "UPDATE"], row.relname


@pytest.mark.parametrize("table", sorted(name for name, table in TABLES.items() if "rls" in table.info))
def test_the_policy_of_the_model_is_the_one_in_force(owner: Connection, table: str) -> None:
    policy: Policy = TABLES[table].info["rls"]
    write = policy.write or policy.read
    expected = {
        "SELECT": ("read", f"FOR SELECT USING ({policy.read})"),
        "INSERT": ("insert", f"FOR INSERT WITH CHECK ({policy.insert or write})"),
        "UPDATE": ("update", f"FOR UPDATE USING ({write}) WITH CHECK ({write})"),
        "DELETE": ("delete", f"FOR DELETE USING ({policy.delete or write})"),
    }
    for name, clause in expected.values():
        owner.execute(text(f"CREATE POLICY model_{name} ON {table} {once(clause)}".replace(":", "\\:")))
    found = owner.execute(text("SELECT policyname, qual, with_check FROM pg_policies WHERE tablename = :table"), {"table": table}).all()
    by_name = {row.policyname: (row.qual, row.with_check) for row in found}
    for name, _ in expected.values():
        assert by_name[f"{table}_{name}"] == by_name[f"model_{name}"], f"{table}: write a migration for the new policy ({name})"


def test_the_doors_are_the_listed_ones(owner: Connection) -> None:
    rows = owner.execute(text("SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef")).all()
    assert {row.proname for row in rows} == DOORS
    for row in rows:
        assert row.proconfig == ["search_path=pg_catalog, public"], row.proname


def test_the_application_role_owns_nothing_and_bypasses_nothing(house: House, owner: Connection) -> None:
    role = db.session.execute(text("SELECT current_user AS name, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")).one()
    assert (role.rolsuper, role.rolbypassrls) == (False, False)
    owned = owner.execute(
        text("SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = :role)"), {"role": role.name}
    ).scalar()
    assert owned == 0


def everything(actor: Actor) -> dict[str, list[str]]:
    """Every row that a bare SELECT shows to an actor, as text, by table."""
    with transaction(actor):
        return {
            name: list(db.session.scalars(text(f"SELECT t::text FROM {name} t")))
            for name in (table for table, made in TABLES.items() if "rls" in made.info)
        }


def talk(house: House, tenant: Tenant, run_jobs: Callable[[], list[str]]) -> str:
    """A conversation with everything in it: messages, a file, a pre-quote, events, deliveries' endpoints."""
    chat = open_chat(tenant)
    http = house.test_client()
    http.post(
        "/api/editor/webhooks",
        json={"url": "http://127.0.0.1:9999/x", "events": ["message.created"]},
        headers={"X-API-Key": tenant.api_key},
    )
    picture = io.BytesIO()
    Image.new("RGB", (64, 48)).save(picture, "JPEG")
    picture.seek(0)
    http.post("/api/widget/v1/upload", data={"file": (picture, "a.jpg")}, headers=chat.headers)
    for words in ("Je veux refaire ma salle de bain, 8 m², douche italienne, carrelage mural et sol", "Je n’ai pas de photos"):
        http.post("/api/widget/v1/message", json={"content": words, "client_message_id": uuid.uuid4().hex}, headers=chat.headers)
        run_jobs()
    http.post(f"/api/widget/v1/session/{chat.session_id}/complete", headers=chat.headers)
    run_jobs()
    return chat.session_id


def test_bare_selects_show_no_row_of_another_tenant(house: House, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        one, other = make_tenant(), make_tenant()
        stranger, maker, checker = make_user("particulier"), make_user("fabricant"), make_user("metreur")
        actors = {
            "editor": (actor_for(one.editor, "editeur"), one.editor.id),
            "artisan": (actor_for(one.artisan, "artisan"), one.artisan.id),
        }
        outsiders = {
            "particulier": actor_for(stranger, "particulier"),
            "fabricant": actor_for(maker, "fabricant"),
            "metreur": actor_for(checker, "metreur"),
        }
        ids = {"one": (one.editor.id, one.artisan.id, one.tie.id), "other": (other.editor.id, other.artisan.id, other.tie.id)}
        for tenant in (one, other):
            for part in (tenant.editor, tenant.artisan, tenant.tie, tenant.deployment):
                db.session.refresh(part)
        db.session.expunge_all()
    sessions = {"one": talk(house, one, run_jobs), "other": talk(house, other, run_jobs)}
    with_content = (
        "messages",
        "sessions",
        "events",
        "files",
        "pre_quotes",
        "projects",
        "session_links",
        "session_tokens",
        "notices_shown",
        "usage_logs",
    )

    whole = everything(acting.platform("sweep"))
    for table in with_content:
        assert any(sessions["other"] in row for row in whole[table]), f"the test has nothing to hide in {table}"
    forbidden = (*ids["other"], sessions["other"])
    for name, (actor, own_id) in actors.items():
        seen = everything(actor)
        for table, rows in seen.items():
            for row in rows:
                assert not any(secret in row for secret in forbidden), f"{name} sees a row of another tenant in {table}"
        for table in ("messages", "sessions", "events", "files", "pre_quotes"):
            assert any(sessions["one"] in row for row in seen[table]), f"{name} does not see his own {table}"
        assert any(own_id in row for row in seen["users"])
    for name, actor in outsiders.items():
        seen = everything(actor)
        for table in with_content:
            assert seen[table] == [], f"{name} sees {table}"
    mine = acting.visitor(sessions["one"], deployment_id=one.deployment.id, editor_id=ids["one"][0], artisan_id=ids["one"][1])
    for table, rows in everything(mine).items():
        assert not any(secret in row for row in rows for secret in forbidden), f"a visitor sees another's {table}"
    assert all(rows == [] for rows in everything(acting.door()).values())
