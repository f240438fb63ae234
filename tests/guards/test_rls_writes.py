"""What a careless verb could not write even if it tried: each statement is SQL, sent as the actor (docs/security.md, Row-level security).

Every refusal has its counterpart: the same statement, done rightly, passes. So none is refused for another reason.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from flask.testing import FlaskClient
from psycopg.errors import CheckViolation, ForeignKeyViolation, InsufficientPrivilege
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.conversations.adoption import ROWS
from app.core import acting
from app.core.acting import Actor
from app.core.transaction import transaction
from app.extensions import db
from app.web.house import House
from tests.factories import actor_for, committing, make_deployment, make_user
from tests.factories.conversations import Chat, Tenant, make_tenant, open_chat


@dataclass(frozen=True, slots=True)
class Party:
    """A tenant with a conversation, and the actors around it."""

    tenant: Tenant
    chat: Chat
    editor: Actor
    artisan: Actor
    adviser: Actor
    customer: Actor
    visitor: Actor
    job: Actor

    @property
    def ids(self) -> dict[str, str | None]:
        """What a row of the conversation carries, and the ids that statements name."""
        return {
            "session": self.chat.session_id,
            "editor": self.tenant.editor.id,
            "artisan": self.tenant.artisan.id,
            "customer": self.customer.user_id,
            "deployment": self.tenant.deployment.id,
            "tie": self.tenant.tie.id,
            "link": self.chat.link.link_id,
        }


def _party() -> Party:
    with committing():
        tenant = make_tenant()
        editor, artisan = actor_for(tenant.editor, "editeur"), actor_for(tenant.artisan, "artisan")
        adviser = actor_for(make_user("particulier"), "conseiller", account_id=tenant.editor.id)
        customer = actor_for(make_user("particulier"), "particulier")
        for part in (tenant.editor, tenant.artisan, tenant.tie, tenant.deployment):
            db.session.refresh(part)
        db.session.expunge_all()
    chat = open_chat(tenant)
    with committing():
        sql("UPDATE sessions SET particulier_id = :customer WHERE id = :session", customer=customer.user_id, session=chat.session_id)
    job = acting.system("reply", editor_id=tenant.editor.id, artisan_id=tenant.artisan.id)
    return Party(tenant, chat, editor, artisan, adviser, customer, chat.link.actor(chat.session_id), job)


@pytest.fixture
def mine(house: House) -> Party:
    return _party()


@pytest.fixture
def other(house: House) -> Party:
    return _party()


def sql(statement: str, **values: object) -> int:
    return db.session.execute(text(statement), values).rowcount


def passes(actor: Actor, statement: str, **values: object) -> bool:
    """Whether the statement writes a row; False when PostgreSQL refuses it or hides what it would change."""
    try:
        with transaction(actor):
            return sql(statement, **values) > 0
    except DBAPIError as error:
        assert isinstance(error.orig, InsufficientPrivilege | CheckViolation | ForeignKeyViolation), error
        return False


def add(table: str, **values: str) -> str:
    """An INSERT whose values are SQL; the id and the moment are added."""
    values = {"id": "'x_' || gen_random_uuid()", "created_at": "now()"} | values
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


OWN = {"session_id": ":session", "editor_id": ":editor", "artisan_id": ":artisan"}
CHILDREN = {
    "messages": add("messages", **OWN, sender="'visitor'", content="''", status="'completed'", attempt="0", stop_requested="false", details="'{}'"),
    "files": add("files", **OWN, name="''", mime_type="''", size_bytes="1", status="'ready'", details="'{}'"),
    "session_tokens": add("session_tokens", **OWN, hash="gen_random_uuid()", confirmed="true"),
    "events": add("events", **OWN, type="'project.created'", summary="''", body="'{}'"),
    "notices_shown": add("notices_shown", **OWN, notice="'x'", version="gen_random_uuid()", text_hash="''"),
    "usage_logs": add(
        "usage_logs", **OWN, provider="''", model="''", prompt_tokens="1", completion_tokens="1", estimated="true", latency_ms="1", success="true"
    ),
    "projects": add(
        "projects", **OWN, type="''", title="''", description="''", requirements="'{}'", state="'created'", updated_at="now()"
    ),
    "pre_quotes": add(
        "pre_quotes", **OWN, project_id="gen_random_uuid()", version="1", title="''", lines="'[]'", vat="'[]'", total_ht="1", total_ttc="1",
        notes="''", corrections="'{}'",
    ),
}  # fmt: skip


def values(statement: str, *parties: dict[str, str | None]) -> dict[str, str | None]:
    """The parameters that a statement names, the last party's first."""
    merged = {name: value for party in parties for name, value in party.items()}
    return {name: value for name, value in merged.items() if f":{name}" in statement}


def test_the_tables_of_a_conversation_are_all_tried() -> None:
    assert set(CHILDREN) == {table.__tablename__ for table in ROWS}


@pytest.mark.parametrize("table", CHILDREN)
def test_a_row_is_added_to_a_session_that_is_seen_with_its_people(mine: Party, other: Party, table: str) -> None:
    statement = CHILDREN[table]
    foreign = values(statement, mine.ids, {"session": other.chat.session_id})
    wrong_editor = values(statement, mine.ids, {"editor": other.tenant.editor.id})
    wrong_artisan = values(statement, mine.ids, {"artisan": other.tenant.artisan.id})
    for actor in (mine.editor, mine.artisan, mine.adviser, mine.visitor, mine.job, mine.customer):
        for attempt in (foreign, wrong_editor, wrong_artisan):
            assert not passes(actor, statement, **attempt)
    own = values(statement, mine.ids)
    for actor in (mine.editor, mine.artisan, mine.adviser):
        assert passes(actor, statement, **own) is (table == "messages")
    assert not passes(mine.customer, statement, **own)
    assert passes(mine.visitor if table != "usage_logs" else mine.job, statement, **own)


@pytest.mark.parametrize("table", CHILDREN)
def test_a_row_keeps_its_owners(mine: Party, other: Party, table: str) -> None:
    with committing():
        sql(CHILDREN[table].replace("'x_' || gen_random_uuid()", "'x_kept'"), **values(CHILDREN[table], mine.ids))
    back = f"UPDATE {table} SET {', '.join(f'{column} = {value}' for column, value in OWN.items())} WHERE id = 'x_kept'"
    for column, stranger in (
        ("session_id", other.chat.session_id),
        ("editor_id", other.tenant.editor.id),
        ("artisan_id", other.tenant.artisan.id),
        ("particulier_id", other.customer.user_id),
    ):
        change = f"UPDATE {table} SET {column} = :stranger WHERE id = 'x_kept'"
        for actor in (mine.editor, mine.artisan, mine.adviser, mine.visitor, mine.customer):
            assert not passes(actor, change, stranger=stranger)
        # A job gives a conversation to the artisan and the particulier that it finds; the rest is nobody's to change.
        assert passes(mine.job, change, stranger=stranger) is (column in ("artisan_id", "particulier_id"))
        with committing():
            assert sql(change, stranger=stranger) == 1  # the platform may
            sql(back, **values(back, mine.ids))


@pytest.mark.parametrize("table", CHILDREN)
def test_a_particulier_reads_and_changes_nothing(mine: Party, table: str) -> None:
    with committing():
        sql(CHILDREN[table].replace("'x_' || gen_random_uuid()", "'x_his'"), **values(CHILDREN[table], mine.ids))
        sql(f"UPDATE {table} SET particulier_id = :customer", customer=mine.customer.user_id)
    with transaction(mine.customer):
        assert bool(db.session.scalar(text(f"SELECT count(*) FROM {table} WHERE id = 'x_his'"))) is (
            table not in ("session_tokens", "usage_logs")
        )
    assert not passes(mine.customer, f"UPDATE {table} SET created_at = now()")
    assert not passes(mine.customer, f"DELETE FROM {table}")
    assert not passes(mine.customer, "UPDATE sessions SET title = ''")


def test_secrets_of_a_session_are_its_visitors_and_its_jobs(mine: Party) -> None:
    counts = {}
    for name in ("editor", "artisan", "adviser", "customer", "visitor", "job"):
        with transaction(getattr(mine, name)):
            counts[name] = db.session.scalar(text("SELECT count(*) FROM session_tokens"))
    assert counts == {"editor": 0, "artisan": 0, "adviser": 0, "customer": 0, "visitor": 1, "job": 1}


def test_a_visitor_opens_only_the_session_of_his_place(mine: Party, other: Party) -> None:
    statement = add(
        "sessions", id="'sess_new'", deployment_id=":deployment", agent_id="(SELECT id FROM agents LIMIT 1)", editor_id=":editor",
        artisan_id=":artisan", artisan_name="''", editor_name="''", deployment_name="''", title="''", status="'open'", context="'{}'", untrusted_context="'{}'",
        locale="'fr'", messages_count="0", files_count="0", tokens_used="0", last_activity_at="now()",
    )  # fmt: skip
    newcomer = replace(mine.visitor, session_id="sess_new", link_id=None, editor_link_id=None)
    for name in ("deployment", "editor", "artisan"):
        assert not passes(newcomer, statement, **values(statement, mine.ids, {name: other.ids[name]}))
    for actor in (mine.visitor, mine.editor, mine.artisan, mine.customer, mine.job):
        assert not passes(actor, statement, **values(statement, mine.ids))
    assert passes(newcomer, statement, **values(statement, mine.ids))


def test_a_visitor_says_only_that_he_opened_his_link(mine: Party) -> None:
    for change in ("expires_at = now() + interval '9 years'", "recipient_name = 'x'", "context = '{\"a\": 1}'", "revoked_at = now()"):
        assert not passes(mine.visitor, f"UPDATE session_links SET {change}"), change
    assert not passes(mine.visitor, "DELETE FROM session_links")
    assert passes(mine.visitor, "UPDATE session_links SET opened_at = now(), last_seen_at = now()")


def test_a_link_is_made_through_ones_own_ties(mine: Party, other: Party) -> None:
    statement = add(
        "session_links", deployment_id=":deployment", editor_id=":editor", artisan_id=":artisan", editor_link_id=":tie", context="'{}'",
        expires_at="now()",
    )  # fmt: skip
    own = values(statement, mine.ids)
    for actor, names in ((mine.editor, ("deployment", "artisan", "tie", "editor")), (mine.artisan, ("artisan", "tie", "editor"))):
        for name in names:
            assert not passes(actor, statement, **own | {name: other.ids[name]}), (actor.role, name)
        assert passes(actor, statement, **own)
    assert not passes(mine.artisan, statement, **own | {"editor": None, "tie": None}), "an editor's deployment without its editor"
    for actor in (mine.visitor, mine.job, mine.customer, mine.adviser):
        assert not passes(actor, statement, **own)
    for column in ("deployment_id", "editor_id", "editor_link_id", "artisan_id"):
        change = f"UPDATE session_links SET {column} = :stranger WHERE id = :link"
        stranger = other.ids[column.replace("editor_link_id", "tie").removesuffix("_id")]
        for actor in (mine.editor, mine.artisan):
            assert not passes(actor, change, stranger=stranger, link=mine.ids["link"]), column
    assert passes(mine.artisan, "UPDATE session_links SET revoked_at = now() WHERE id = :link", link=mine.ids["link"])


def test_roles_given_on_behalf_of_an_account_are_three(mine: Party, other: Party) -> None:
    statement = add("role_assignments", user_id=":user", role=":role", on_behalf_of=":account", active="true")
    helper = mine.customer.user_id
    for actor in (mine.editor, mine.artisan):
        for role in ("super-admin", "admin", "editeur", "artisan", "particulier"):
            for account in (actor.account_id, None):
                assert not passes(actor, statement, user=actor.user_id, role=role, account=account)
        assert not passes(actor, statement, user=helper, role="conseiller", account=other.tenant.editor.id)
        for role in ("conseiller", "validator", "metreur"):
            assert passes(actor, statement, user=helper, role=role, account=actor.account_id)
    assert not passes(mine.adviser, statement, user=helper, role="conseiller", account=mine.tenant.editor.id)
    # Not even the platform: in the table itself, and once more where roles are read.
    assert not passes(acting.platform("demo"), statement, user=helper, role="super-admin", account=mine.tenant.editor.id)


def test_a_door_ignores_a_role_that_is_not_given_on_behalf(mine: Party) -> None:
    with committing():
        body = db.session.scalar(text("SELECT prosrc FROM pg_proc WHERE proname = 'door_user'"))
    assert "a.on_behalf_of IS NULL OR a.role IN ('validator', 'metreur', 'conseiller')" in body


def test_an_editor_allows_domains_on_his_own_deployments(mine: Party, other: Party, client: FlaskClient) -> None:
    statement = add(
        "allowed_domains", deployment_id=":deployment", editor_id=":editor", host="'evil.example'", is_wildcard="false",
        environment="'production'", is_active="true",
    )  # fmt: skip
    for editor in (mine.tenant.editor.id, other.tenant.editor.id):
        assert not passes(mine.editor, statement, deployment=other.tenant.deployment.id, editor=editor)
    # The pair is a foreign key: a slip of the platform's own staff is refused as well.
    assert not passes(acting.platform("demo"), statement, deployment=other.tenant.deployment.id, editor=mine.tenant.editor.id)
    assert passes(mine.editor, statement, deployment=mine.tenant.deployment.id, editor=mine.tenant.editor.id)
    moved = "UPDATE allowed_domains SET deployment_id = :other WHERE host = 'evil.example'"
    assert not passes(mine.editor, moved, other=other.tenant.deployment.id)
    for party, status in ((other, 403), (mine, 200)):
        body = {"deployment_key": party.tenant.deployment.id}
        assert client.post("/api/widget/v1/init", json=body, headers={"Origin": "https://evil.example"}).status_code == status


def test_single_use_tokens_are_issued_for_oneself(mine: Party, other: Party) -> None:
    statement = add(
        "single_use_tokens", purpose=":purpose", hash="gen_random_uuid()", user_id=":user", email="'x@exemple.fr'",
        payload="jsonb_build_object('session_id', CAST(:session AS text))", expires_at="now()",
    )  # fmt: skip
    session, user = mine.chat.session_id, mine.editor.user_id
    for purpose in ("reset", "invitation", "magic", "email-change"):
        assert passes(mine.visitor, statement, purpose=purpose, user=None, session=session) is (purpose == "magic")
        assert passes(mine.editor, statement, purpose=purpose, user=user, session=None) is (purpose == "email-change")
        assert not passes(mine.visitor, statement, purpose=purpose, user=other.editor.user_id, session=session)
        assert not passes(mine.visitor, statement, purpose=purpose, user=None, session=other.chat.session_id)
        assert not passes(mine.editor, statement, purpose=purpose, user=other.editor.user_id, session=None)
        assert not passes(mine.job, statement, purpose=purpose, user=user, session=session)
        assert passes(acting.platform("invitation"), statement, purpose=purpose, user=user, session=None)


def test_an_editor_proposes_and_an_artisan_answers(mine: Party, other: Party) -> None:
    statement = add(
        "editor_links", editor_id=":editor", artisan_id=":artisan", external_id="gen_random_uuid()", invited_email="''", artisan_name="''",
        editor_name="''", branding="'{}'", permissions="'{}'", status=":status",
    )  # fmt: skip
    editor, stranger = mine.tenant.editor.id, other.tenant.artisan.id
    assert not passes(mine.editor, statement, editor=editor, artisan=stranger, status="pending")
    assert not passes(mine.editor, statement, editor=editor, artisan=None, status="active")
    assert not passes(mine.artisan, statement, editor=other.tenant.editor.id, artisan=mine.tenant.artisan.id, status="active")
    assert passes(mine.editor, statement, editor=editor, artisan=None, status="pending")

    change = "UPDATE editor_links SET {} WHERE id = :tie"
    tie = mine.tenant.tie.id
    for words in ("editor_id = :stranger", "artisan_id = :stranger"):
        who = other.tenant.editor.id if words.startswith("editor") else stranger
        assert not passes(mine.artisan, change.format(words), tie=tie, stranger=who)
        assert not passes(mine.editor, change.format(words), tie=tie, stranger=who)
    for words in ("permissions = '{\"a\": 1}'", "external_id = 'x'"):
        assert not passes(mine.artisan, change.format(words), tie=tie)
        assert passes(mine.editor, change.format(words), tie=tie)
    for actor in (mine.artisan, mine.editor):
        assert passes(actor, change.format("branding = '{\"a\": 1}'"), tie=tie)
    assert not passes(other.artisan, change.format("branding = '{\"a\": 1}'"), tie=tie)
    for actor in (mine.artisan, mine.editor, mine.visitor):
        assert not passes(actor, "DELETE FROM editor_links WHERE id = :tie", tie=tie)
    assert not passes(mine.visitor, change.format("status = 'detached'"), tie=tie)
    assert passes(mine.artisan, change.format("status = 'detached', ended_at = now()"), tie=tie)
    assert not passes(mine.editor, change.format("status = 'active'"), tie=tie)
    assert passes(mine.editor, change.format("status = 'pending', artisan_id = NULL"), tie=tie)


def test_a_key_is_made_in_ones_own_role(mine: Party) -> None:
    statement = add(
        "api_keys",
        owner_id=":owner",
        made_by=":maker",
        kind="'key'",
        role=":role",
        name="''",
        prefix="''",
        hash="gen_random_uuid()",
        scopes="'{}'",
    )
    editor, adviser = mine.tenant.editor.id, mine.adviser.user_id
    for maker in (editor, adviser):
        assert not passes(mine.adviser, statement, owner=editor, maker=maker, role="editeur")
    assert not passes(mine.editor, statement, owner=editor, maker=adviser, role="editeur")
    assert not passes(mine.adviser, "UPDATE api_keys SET revoked_at = now()")
    assert passes(mine.editor, statement, owner=editor, maker=editor, role="editeur")
    for change in ("scopes = '{x}'", "hash = 'x'", "role = 'artisan'", "revoked_at = NULL, expires_at = now()"):
        assert not passes(mine.editor, f"UPDATE api_keys SET {change} WHERE id LIKE 'x\\_%'"), change
    assert passes(mine.editor, "UPDATE api_keys SET revoked_at = now() WHERE id LIKE 'x\\_%'")


def test_the_journal_names_who_acts(mine: Party, other: Party) -> None:
    statement = add("audit_entries", actor_kind=":kind", user_id=":user", account_id=":account", action="'key.created'", details="'{}'")
    assert not passes(mine.visitor, statement, kind="user", user=other.editor.user_id, account=other.editor.user_id)
    assert not passes(mine.visitor, statement, kind="visitor", user=None, account=other.tenant.editor.id)
    assert not passes(mine.editor, statement, kind="user", user=other.editor.user_id, account=mine.tenant.editor.id)
    assert not passes(mine.editor, statement, kind="platform", user=mine.editor.user_id, account=mine.tenant.editor.id)
    assert passes(mine.visitor, statement, kind="visitor", user=None, account=mine.tenant.editor.id)
    assert passes(mine.adviser, statement, kind="user", user=mine.adviser.user_id, account=mine.tenant.editor.id)
    assert passes(acting.platform("sweep"), statement, kind="platform", user=None, account=None)


def test_emails_of_a_kind_are_sent_by_who_sends_them(mine: Party) -> None:
    statement = add(
        "emails", recipient="''", kind=":kind", subject="''", text="''", html="''", headers="'{}'", status="'queued'", attempts="0"
    )
    sent = {"transcript": mine.visitor, "session_code": mine.visitor, "email-change": mine.editor, "email-changed": mine.editor}
    for kind in (*sent, "reset", "invitation", "account"):
        for actor in (mine.visitor, mine.editor, mine.job):
            assert passes(actor, statement, kind=kind) is (sent.get(kind) is actor), (kind, actor.kind)
        assert passes(acting.platform("mail"), statement, kind=kind)


def test_a_person_does_not_lift_his_suspension(mine: Party) -> None:
    user = mine.artisan.user_id
    for change in ("status = 'suspended'", "epoch = epoch - 1", "email = 'other@exemple.fr'"):
        assert not passes(mine.artisan, f"UPDATE users SET {change} WHERE id = :user", user=user), change
    assert passes(mine.artisan, "UPDATE users SET email = 'other@exemple.fr', epoch = epoch + 1, name = 'x' WHERE id = :user", user=user)
    with committing():
        sql("UPDATE users SET status = 'suspended' WHERE id = :user", user=user)
    assert not passes(mine.artisan, "UPDATE users SET status = 'active' WHERE id = :user", user=user)
    assert not passes(mine.artisan, "DELETE FROM users WHERE id = :user", user=user)


def test_a_conversation_without_tenant_gets_its_answer(mine: Party, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        deployment = make_deployment(None)
    opened = client.post("/api/widget/v1/init", json={"deployment_key": deployment.id}, headers={"Origin": "https://app.ebp.com"})
    assert opened.status_code == 200, opened.text
    with transaction(acting.platform("sweep")):
        session_id = db.session.scalar(text("SELECT id FROM sessions WHERE editor_id IS NULL AND artisan_id IS NULL"))
    headers = {"X-Session-ID": session_id, "Authorization": f"Bearer {opened.json['data']['session_token']}"}
    body = {"content": "Je veux refaire ma salle de bain", "client_message_id": uuid.uuid4().hex}
    assert client.post("/api/widget/v1/message", json=body, headers=headers).status_code in (200, 202)
    run_jobs()
    with transaction(acting.platform("sweep")):
        assert db.session.scalar(text("SELECT status FROM messages WHERE sender = 'agent'")) == "completed"
    with transaction(acting.system("reply", editor_id=None, artisan_id=None)):
        assert list(db.session.scalars(text("SELECT id FROM sessions"))) == [session_id]
    with transaction(mine.job):
        assert session_id not in list(db.session.scalars(text("SELECT id FROM sessions")))
