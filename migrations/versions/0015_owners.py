"""What a row may become: whom it belongs to stays, and each party changes only its part."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

TOLD = "app_kind() IS NOT NULL AND NOT app_staff()"
"""Nobody is told in a migration or a restoration, which may change anything; the application's role then sees no row."""


def _changed(*columns: str) -> str:
    return "(" + " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns) + ")"


def _other_than(*columns: str) -> str:
    kept = ", ".join(f"'{column}'" for column in columns)
    return f"to_jsonb(OLD) - ARRAY[{kept}] IS DISTINCT FROM to_jsonb(NEW) - ARRAY[{kept}]"


PEOPLE = ("artisan_id", "particulier_id")
"""A conversation finds them by a job; everything else that names its owner is for ever."""
OF_A_SESSION = ("session_tokens", "messages", "files", "notices_shown", "projects", "pre_quotes", "events", "usage_logs")
KEPT = {
    **{table: ("session_id", "editor_id") for table in OF_A_SESSION},
    "sessions": ("id", "deployment_id", "editor_id", "editor_link_id", "link_id"),
}
PARTS = {
    ("session_links", "visitor"): f"app_kind() = 'visitor' AND {_other_than('session_id', 'opened_at', 'last_seen_at')}",
    ("session_links", "owners"): f"app_kind() <> 'visitor' AND {_changed('deployment_id', 'editor_id', 'editor_link_id', 'session_id')}"
    f" OR app_kind() = 'user' AND {_changed('artisan_id')}",
    ("editor_links", "artisan"): "app_kind() = 'user' AND app_role() = 'artisan' AND "
    + _other_than("status", "linked_at", "ended_at", "artisan_name", "artisan_phone"),
    # An editor proposes and takes back; he neither names the artisan nor accepts in his place.
    ("editor_links", "editor"): "app_role() = 'editeur' AND (NEW.status = 'active' AND OLD.status <> 'active'"
    " OR NEW.artisan_id IS NOT NULL AND OLD.artisan_id IS DISTINCT FROM NEW.artisan_id)",
    # A person proves an address, never lifts a suspension; another address ends every other cookie.
    ("users", "person"): "OLD.status <> NEW.status AND NOT (OLD.status = 'invited' AND NEW.status = 'active')"
    " OR NEW.epoch < OLD.epoch OR NEW.email <> OLD.email AND NEW.epoch = OLD.epoch",
    ("api_keys", "maker"): _changed("owner_id", "made_by", "kind", "role", "hash", "scopes", "expires_at"),
}


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'this change violates what % may do to %', app_kind(), TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    for table, columns in KEPT.items():
        condition = f"{_changed(*columns)} OR app_kind() <> 'system' AND {_changed(*PEOPLE)}"
        # Fired only by a statement that names one of the columns: what is written all day pays nothing.
        _refuse(table, "keep_owners", f"UPDATE OF {', '.join((*columns, *PEOPLE))}", condition)
    for (table, name), condition in PARTS.items():
        _refuse(table, f"keep_{name}", "UPDATE", condition)


def _refuse(table: str, name: str, event: str, condition: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN ({TOLD} AND ({condition})) EXECUTE FUNCTION refuse_change()"
    )
