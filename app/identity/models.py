"""People, companies, roles, keys and single-use tokens (003 §17.3, §17.4; PRODUCT.md, vocabulary)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    and_,
    or_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.tables import OWN, STAFF, Policy, by_role, created, primary_id, user_ref
from app.extensions import db

PERSON_POLICY = (
    "app_staff() OR CASE WHEN app_kind() = 'user' THEN id = app_user() OR id = app_account() "
    "WHEN app_kind() IN ('visitor', 'system') THEN id = app_editor() OR id = app_artisan() ELSE false END"
)
LINK_POLICY = Policy(
    by_role(visitor="(id = app_tie())", system="editor_id", editeur="editor_id", artisan="artisan_id"),
    write=by_role(editeur="editor_id", artisan="artisan_id"),
    insert=by_role(editeur="(editor_id = app_account() AND artisan_id IS NULL AND status = 'pending')"),
    delete=STAFF,
)
"""An editor proposes, an artisan answers; a trigger keeps each to his part (migration 0015)."""
ON_BEHALF = "role IN ('validator', 'metreur', 'conseiller')"
"""The roles given on behalf of an account."""
OWN_KEY = "app_kind() = 'user' AND owner_id = app_account()"


class User(db.Model):  # type: ignore[name-defined]
    """A person, or a company's principal account. Secrets live in `user_passwords`, which others never read."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("status IN ('invited', 'active', 'suspended')", name="status"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        {"info": {"rls": Policy(PERSON_POLICY, write="app_staff() OR (app_kind() = 'user' AND id = app_user())", delete=STAFF)}},
    )

    id: Mapped[str] = primary_id("usr")
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    company_name: Mapped[str | None] = mapped_column(Text)
    company_info: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    branding: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    search: Mapped[str] = mapped_column(Text, default="", doc="Folded name, company and e-mail, for search.")
    status: Mapped[str] = mapped_column(Text, default="active")
    status_reason: Mapped[str | None] = mapped_column(Text)
    epoch: Mapped[int] = mapped_column(Integer, default=0, doc="Raised to end every open cookie of the user.")
    ended_logins: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, doc="Those signed out of: a copied cookie opens nothing.")
    email_verified_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()

    @property
    def display_name(self) -> str:
        """What other people see: the company, else the person."""
        return self.company_name or self.name

    @property
    def phone(self) -> str | None:
        """The company's phone, E.164."""
        return self.company_info.get("phone")


class UserPassword(db.Model):  # type: ignore[name-defined]
    """The argon2 hash of a password; read by its owner and by the login door only."""

    __tablename__ = "user_passwords"
    __table_args__ = ({"info": {"rls": Policy(OWN)}},)

    user_id: Mapped[str] = mapped_column(Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    hash: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = created()


class Role(db.Model):  # type: ignore[name-defined]
    """A role as data; the same for everybody, so no policy (see `rls_exempt`)."""

    __tablename__ = "roles"
    __table_args__ = ({"info": {"rls_exempt": "reference data without a tenant, written by migrations only"}},)

    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    portal: Mapped[str] = mapped_column(Text, doc="The portal the role opens.")
    permissions: Mapped[list[RolePermission]] = relationship(lazy="selectin")


class Permission(db.Model):  # type: ignore[name-defined]
    """A permission `resource.action` (003 §17.4)."""

    __tablename__ = "permissions"
    __table_args__ = ({"info": {"rls_exempt": "reference data without a tenant, written by migrations only"}},)

    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    group_name: Mapped[str] = mapped_column(Text)


class RolePermission(db.Model):  # type: ignore[name-defined]
    """Which role holds which permission."""

    __tablename__ = "role_permissions"
    __table_args__ = ({"info": {"rls_exempt": "reference data without a tenant, written by migrations only"}},)

    role: Mapped[str] = mapped_column(Text, ForeignKey("roles.slug"), primary_key=True)
    permission: Mapped[str] = mapped_column(Text, ForeignKey("permissions.slug"), primary_key=True)


class RoleAssignment(db.Model):  # type: ignore[name-defined]
    """A role held by a user, for himself or `on_behalf_of` an account, until it expires."""

    __tablename__ = "role_assignments"
    __table_args__ = (
        UniqueConstraint("user_id", "role", "on_behalf_of", postgresql_nulls_not_distinct=True),
        CheckConstraint(f"on_behalf_of IS NULL OR {ON_BEHALF}", name="on_behalf_of"),
        {
            "info": {
                "rls": Policy(
                    "app_staff() OR (app_kind() = 'user' AND (user_id = app_user() OR on_behalf_of = app_account()))",
                    write="app_staff() OR (app_kind() = 'user' AND app_role() IN ('editeur', 'artisan') "
                    f"AND on_behalf_of = app_account() AND {ON_BEHALF})",
                )
            }
        },
    )

    id: Mapped[str] = primary_id("ras")
    user_id: Mapped[str] = user_ref(nullable=False)
    role: Mapped[str] = mapped_column(Text, ForeignKey("roles.slug"))
    on_behalf_of: Mapped[str | None] = user_ref(index=True)
    expires_at: Mapped[datetime | None]
    assigned_by: Mapped[str | None] = user_ref()
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = created()

    @classmethod
    def in_force(cls) -> ColumnElement[bool]:
        """Neither taken away nor over."""
        return and_(cls.active, or_(cls.expires_at.is_(None), cls.expires_at > clock.now()))


class EditorLink(db.Model):  # type: ignore[name-defined]
    """Ties an artisan to an editor; `pending` until he accepts (PRODUCT.md, Linking an artisan).

    The names are copied here so that each side can show the other without reading its account.
    """

    __tablename__ = "editor_links"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'active', 'refused', 'detached')", name="status"),
        UniqueConstraint("artisan_id", "editor_id"),
        UniqueConstraint("editor_id", "external_id"),
        Index(None, "editor_id", "created_at", "id"),
        {"info": {"rls": LINK_POLICY}},
    )

    id: Mapped[str] = primary_id("elk")
    editor_id: Mapped[str] = user_ref(nullable=False)
    artisan_id: Mapped[str | None] = user_ref()
    external_id: Mapped[str] = mapped_column(Text)
    invited_email: Mapped[str] = mapped_column(Text)
    artisan_name: Mapped[str] = mapped_column(Text, doc="What the editor supplied, then the artisan's own name once he accepted.")
    artisan_phone: Mapped[str | None] = mapped_column(Text)
    editor_name: Mapped[str] = mapped_column(Text)
    branding: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    permissions: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    status: Mapped[str] = mapped_column(Text, default="pending")
    created_at: Mapped[datetime] = created()
    invite_due_at: Mapped[datetime | None] = mapped_column(doc="Since when the artisan should be told; None once he is.")
    reopened_at: Mapped[datetime | None] = mapped_column(doc="Proposed again after an end: links made before stay closed.")
    linked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class LinkCode(db.Model):  # type: ignore[name-defined]
    """A code that an editor hands to his artisan, who types it and is tied (003 §15.2 A, scenario 3). Used through a door."""

    __tablename__ = "link_codes"
    __table_args__ = (Index(None, "editor_id", "created_at", "id"), {"info": {"rls": Policy(by_role(editeur="editor_id"))}})

    id: Mapped[str] = primary_id("lkc")
    editor_id: Mapped[str] = user_ref(nullable=False)
    external_id: Mapped[str] = mapped_column(Text)
    artisan_name: Mapped[str] = mapped_column(Text, doc="How the editor calls him; empty when he did not say.")
    permissions: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    hash: Mapped[str] = mapped_column(Text, unique=True, doc="Signed: six characters would be found in a bare digest.")
    created_by: Mapped[str] = user_ref(nullable=False)
    created_at: Mapped[datetime] = created()
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None] = user_ref()
    revoked_at: Mapped[datetime | None]


class ArtisanImport(db.Model):  # type: ignore[name-defined]
    """A file of artisans: read (`draft`), then confirmed (`running`), then `done`, or `stopped` on the way."""

    __tablename__ = "artisan_imports"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'running', 'done', 'stopped')", name="status"),
        UniqueConstraint("id", "editor_id"),
        Index(None, "editor_id", "created_at", "id"),
        Index("ix_artisan_imports_running", "touched_at", postgresql_where="status = 'running'"),
        {"info": {"rls": Policy(by_role(editeur="editor_id"))}},
    )

    id: Mapped[str] = primary_id("imp")
    editor_id: Mapped[str] = user_ref(nullable=False)
    created_by: Mapped[str] = user_ref(nullable=False)
    filename: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, default="draft")
    invite: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = created()
    touched_at: Mapped[datetime] = created()
    finished_at: Mapped[datetime | None]


class ArtisanImportLine(db.Model):  # type: ignore[name-defined]
    """One line as it was written, and what became of it: `wrong` at reading, `ready`, then `proposed`, `updated`, `known`, `refused`."""

    __tablename__ = "artisan_import_lines"
    __table_args__ = (
        CheckConstraint("state IN ('wrong', 'ready', 'proposed', 'updated', 'known', 'refused')", name="state"),
        ForeignKeyConstraint(
            ["import_id", "editor_id"],
            ["artisan_imports.id", "artisan_imports.editor_id"],
            name="fk_artisan_import_lines_of_import",
            ondelete="CASCADE",
        ),
        {"info": {"rls": Policy(by_role(editeur="editor_id"))}},
    )

    import_id: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, doc="Of the line in the file.")
    editor_id: Mapped[str] = user_ref(nullable=False)
    external_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    problem: Mapped[str | None] = mapped_column(Text, doc="A French sentence.")


class ApiKey(db.Model):  # type: ignore[name-defined]
    """A key of an account (`kind` key) or a personal token: shown once, kept as SHA-256 with its prefix."""

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint("kind IN ('key', 'token')", name="kind"),
        {
            "info": {
                "rls": Policy(
                    f"app_staff() OR ({OWN_KEY})",
                    write=f"app_staff() OR ({OWN_KEY} AND (role = app_role() OR owner_id = app_user()))",
                    insert=f"app_staff() OR ({OWN_KEY} AND role = app_role() AND made_by = app_user())",
                )
            }
        },
    )

    id: Mapped[str] = primary_id("key")
    owner_id: Mapped[str] = user_ref(nullable=False, index=True)
    made_by: Mapped[str] = user_ref(nullable=False)
    kind: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text, ForeignKey("roles.slug"), doc="The role the key acts in.")
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(Text, doc="The first characters, so that its owner recognises it.")
    hash: Mapped[str] = mapped_column(Text, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, doc="Permissions kept; empty: all of the role.")
    created_at: Mapped[datetime] = created()
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SingleUseToken(db.Model):  # type: ignore[name-defined]
    """Reset, invitation, magic link, change of e-mail: hashed, single use, expiring. Opened through a door only."""

    __tablename__ = "single_use_tokens"
    __table_args__ = (
        {
            "info": {
                "rls": Policy(
                    STAFF,
                    insert=by_role(visitor="(purpose = 'magic' AND user_id IS NULL AND payload ->> 'session_id' = app_session())")
                    + " OR (app_kind() = 'user' AND purpose = 'email-change' AND user_id = app_user())",
                )
            }
        },
    )

    id: Mapped[str] = primary_id("tok")
    purpose: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text, unique=True)
    user_id: Mapped[str | None] = user_ref(index=True)
    email: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()
