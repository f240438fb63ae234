"""What a careless verb could not write of codes, files of artisans and secrets of identity, even if it tried (docs/security.md)."""

from __future__ import annotations

import pytest

from app.core import acting
from app.core.acting import Actor
from app.web.house import House
from tests.factories import actor_for, committing, make_deployment, make_user
from tests.guards.test_rls_writes import add, passes

CODE = add(
    "link_codes", editor_id=":editor", external_id="'X'", artisan_name="''", permissions="'{}'", hash="gen_random_uuid()", created_by=":editor",
    expires_at="now()",
)  # fmt: skip
FILE = add(
    "artisan_imports", id="'imp_x'", editor_id=":editor", created_by=":editor", filename="'x'", status="'draft'", invite="false", touched_at="now()"
)  # fmt: skip
SECRET = add("identity_secrets", deployment_id=":deployment", editor_id=":editor", sealed="'s1.x'")


class Two:
    """Two editors with a deployment each, an artisan, and a visitor of the first one's deployment."""

    def __init__(self) -> None:
        with committing():
            one, other, artisan = make_user("editeur"), make_user("editeur"), make_user("artisan")
            self.mine, self.theirs = (
                {"editor": one.id, "deployment": make_deployment(one).id},
                {"editor": other.id, "deployment": make_deployment(other).id},
            )
            self.editor, self.stranger, self.artisan = actor_for(one, "editeur"), actor_for(other, "editeur"), actor_for(artisan, "artisan")
        self.visitor = acting.visitor(None, deployment_id=self.mine["deployment"], editor_id=self.mine["editor"])

    @property
    def outsiders(self) -> list[Actor]:
        return [
            self.stranger,
            self.artisan,
            self.visitor,
            acting.system("reply", editor_id=self.mine["editor"], artisan_id=None),
            acting.door(),
        ]


@pytest.fixture
def two(house: House) -> Two:
    return Two()


def _given(statement: str, ids: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in ids.items() if f":{name}" in statement}


@pytest.mark.parametrize("statement", [CODE, FILE, SECRET], ids=["code", "file", "secret"])
def test_only_its_editor_writes_it(two: Two, statement: str) -> None:
    for actor in two.outsiders:
        assert not passes(actor, statement, **_given(statement, two.mine)), actor
    assert passes(two.editor, statement, **_given(statement, two.mine))


def test_a_secret_is_of_the_editors_own_deployment(two: Two) -> None:
    crossed = {"editor": two.mine["editor"], "deployment": two.theirs["deployment"]}
    assert not passes(two.editor, SECRET, **crossed)
    # The pair is a foreign key: a slip of the platform's own staff is refused as well.
    assert not passes(acting.platform("demo"), SECRET, **crossed)


@pytest.mark.parametrize("table", ["link_codes", "artisan_imports", "identity_secrets"])
def test_nobody_else_changes_or_deletes_it(two: Two, table: str) -> None:
    statement = {"link_codes": CODE, "artisan_imports": FILE, "identity_secrets": SECRET}[table]
    assert passes(two.editor, statement, **_given(statement, two.mine))
    for actor in two.outsiders:
        assert not passes(actor, f"UPDATE {table} SET created_at = now()"), actor
        assert not passes(actor, f"DELETE FROM {table}"), actor
    assert not passes(two.editor, f"UPDATE {table} SET editor_id = :other", other=two.theirs["editor"])
    assert passes(two.editor, f"UPDATE {table} SET created_at = now()")


def test_a_line_belongs_to_a_file_of_the_same_editor(two: Two) -> None:
    assert passes(two.stranger, FILE, editor=two.theirs["editor"])
    line = (
        "INSERT INTO artisan_import_lines (import_id, number, editor_id, external_id, name, email, phone, state) "
        "SELECT i.id, 2, :editor, '', '', '', '', 'ready' FROM artisan_imports i"
    )
    assert not passes(two.editor, line.replace("FROM artisan_imports i", "FROM (VALUES ('imp_x')) i(id)"), editor=two.mine["editor"])
    assert passes(two.stranger, line, editor=two.theirs["editor"])
