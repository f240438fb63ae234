"""Artisans from a spreadsheet: every line has its answer, nothing is done twice, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.transaction import transaction
from app.extensions import db
from app.identity.importing import (
    KEPT,
    STEP,
    Progress,
    confirm_import,
    import_of_editor,
    progress_of,
    read_import,
    stop_import,
    take_step,
)
from app.identity.models import ArtisanImport, ArtisanImportLine, EditorLink, User
from app.notifications.importing import queue_import, run_import, sweep_imports
from app.notifications.models import EmailMessage
from app.web.house import House
from tests.factories import actor_for, committing, make_tie, make_user

HEAD = "Identifiant;Nom;E-mail;Téléphone\n"
TWO = HEAD + "DUR-001;Durant Peinture;contact@durant.fr;06 12 34 56 78\nROY-2;Roy & Fils;roy@exemple.fr;\n"


class Desk:
    """An editor at work with files."""

    def __init__(self) -> None:
        with committing():
            editor = make_user("editeur", company_name="EBP")
            self.actor, self.id = actor_for(editor, "editeur"), editor.id

    def read(self, text: str | bytes) -> str:
        data = text if isinstance(text, bytes) else text.encode()
        with transaction(self.actor):
            return read_import(self.actor, filename="artisans.csv", data=data).id

    def confirm(self, import_id: str, *, invite: bool = True) -> None:
        with transaction(self.actor):
            confirm_import(import_of_editor(self.id, import_id, lock=True), invite=invite)

    def run(self, import_id: str, *, invite: bool = True) -> Progress:
        self.confirm(import_id, invite=invite)
        run_import(import_id, self.id, self.actor.user_id or "")
        return self.progress(import_id)

    def progress(self, import_id: str) -> Progress:
        with transaction(self.actor):
            return progress_of(import_id)

    def lines(self, import_id: str) -> list[tuple[int, str, str | None]]:
        with transaction(self.actor):
            wanted = select(ArtisanImportLine).where(ArtisanImportLine.import_id == import_id).order_by(ArtisanImportLine.number)
            return [(line.number, line.state, line.problem) for line in db.session.scalars(wanted)]

    def status(self, import_id: str) -> str:
        with transaction(self.actor):
            return import_of_editor(self.id, import_id).status

    def ties(self) -> list[EditorLink]:
        with transaction(self.actor):
            return list(db.session.scalars(select(EditorLink).where(EditorLink.editor_id == self.id).order_by(EditorLink.external_id)))


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk()


def letters() -> int:
    with committing():
        return db.session.scalar(select(func.count()).select_from(EmailMessage)) or 0


def test_a_file_is_read_confirmed_proposed_and_told(desk: Desk, run_jobs: Callable[[], list[str]]) -> None:
    made = desk.read(TWO)
    assert desk.ties() == [] and desk.progress(made) == Progress(ready=2)
    assert desk.run(made) == Progress(proposed=2) and desk.status(made) == "done"
    assert [(tie.external_id, tie.artisan_name, tie.invited_email, tie.artisan_phone, tie.status) for tie in desk.ties()] == [
        ("DUR-001", "Durant Peinture", "contact@durant.fr", "+33612345678", "pending"),
        ("ROY-2", "Roy & Fils", "roy@exemple.fr", None, "pending"),
    ]
    assert run_jobs().count("invite_artisan") == 2 and letters() == 2


def test_the_same_file_again_changes_nothing(desk: Desk, run_jobs: Callable[[], list[str]]) -> None:
    desk.run(desk.read(TWO))
    run_jobs()
    assert desk.run(desk.read(TWO)) == Progress(known=2)
    run_jobs()
    assert len(desk.ties()) == 2 and letters() == 2
    changed = TWO.replace("Durant Peinture", "Durant et Fille")
    assert desk.run(desk.read(changed)) == Progress(updated=1, known=1)
    assert desk.ties()[0].artisan_name == "Durant et Fille"


def test_nobody_is_told_when_the_editor_does_not_want_it(desk: Desk, run_jobs: Callable[[], list[str]]) -> None:
    assert desk.run(desk.read(TWO), invite=False) == Progress(proposed=2)
    assert run_jobs() == [] and letters() == 0 and all(tie.invite_due_at is None for tie in desk.ties())


def test_every_wrong_line_says_what_is_wrong_and_the_others_pass(desk: Desk) -> None:
    made = desk.read(
        HEAD
        + "A;Un;un@exemple.fr;\n"
        + ";Sans identifiant;b@exemple.fr;\n"
        + "C;;pas une adresse;12\n"
        + "A;Encore;autre@exemple.fr;\n"
        + "D;Deux fois;UN@exemple.fr;\n"
        + f"{'x' * 101};Long;long@exemple.fr;\n"
    )
    lines = desk.lines(made)
    assert [(number, state) for number, state, _ in lines] == [(2, "ready"), *((number, "wrong") for number in range(3, 8))]
    problems = [problem or "" for _, _, problem in lines]
    assert problems[1] == "Il manque l’identifiant."
    assert problems[2].startswith("Il manque le nom. Cette adresse e-mail n’est pas valide") and "téléphone" in problems[2]
    assert problems[3] == "Cet identifiant est déjà à la ligne 2." and problems[4] == "Cette adresse est déjà à la ligne 2."
    assert "100 caractères" in problems[5]
    assert desk.run(made) == Progress(wrong=5, proposed=1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "titres"),
        (HEAD.encode(), "titres"),
        (b"A;B\n1;2\n", "Il manque « identifiant », « nom » et « email »."),
        (b"Nom;Telephone\nDurant;06\n", "« identifiant » et « email »"),
        (b"\x89PNG\x00\x00", "pas un texte"),
        (HEAD.encode() + b'A;"jamais ferm\xc3\xa9;x\n', "guillemet"),
        (HEAD.encode() + b"A;B;c@d.fr;\n" * 5_001, "5 000"),
        (b"x" * 2_000_001, "2 Mo"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(desk: Desk, data: bytes, words: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        desk.read(data)
    assert words in " ".join(refusal.value.fields["file"])
    with transaction(desk.actor):
        assert db.session.scalar(select(func.count()).select_from(ArtisanImport)) == 0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_latin_and_commas_and_english_titles(desk: Desk, encoding: str) -> None:
    made = desk.read("email,external_id,name\nelec@exemple.fr,E-1,Électricité Bézier\n".encode(encoding))
    assert desk.run(made) == Progress(proposed=1) and desk.ties()[0].artisan_name == "Électricité Bézier"


def test_tied_and_ended_artisans_are_left_alone(desk: Desk) -> None:
    with committing():
        editor = db.session.get_one(User, desk.id)
        make_tie(editor, make_user("artisan"), "DUR-001")
        refused = make_tie(editor, make_user("artisan"), "ROY-2")
        refused.status = "refused"
        names = [tie.artisan_name for tie in db.session.scalars(select(EditorLink).order_by(EditorLink.external_id))]
    made = desk.read(TWO)
    assert desk.run(made) == Progress(known=1, refused=1)
    assert "refusé ou détaché" in (desk.lines(made)[1][2] or "")
    assert [tie.artisan_name for tie in desk.ties()] == names


def test_a_worker_that_dies_in_the_middle_loses_and_repeats_nothing(desk: Desk, run_jobs: Callable[[], list[str]]) -> None:
    count = STEP * 2 + 5
    made = desk.read(HEAD + "".join(f"N-{number};Nom {number};n{number}@exemple.fr;\n" for number in range(count)))
    desk.confirm(made)
    with transaction(desk.actor):
        assert take_step(desk.actor, made)[0] is True
    with pytest.raises(KeyboardInterrupt), transaction(desk.actor):
        take_step(desk.actor, made)
        raise KeyboardInterrupt
    assert desk.progress(made) == Progress(proposed=STEP, ready=count - STEP)
    with clock.freeze(clock.now() + timedelta(minutes=2)):
        sweep_imports()
    assert run_jobs()[0] == "import_artisans"
    assert desk.progress(made) == Progress(proposed=count) and desk.status(made) == "done" and len(desk.ties()) == count
    queue_import(made, desk.id, desk.actor.user_id or "")
    run_jobs()
    assert len(desk.ties()) == count


def test_an_import_is_stopped_on_the_way_and_a_draft_is_forgotten(desk: Desk) -> None:
    made, draft = desk.read(TWO), desk.read(TWO)
    desk.confirm(made)
    with transaction(desk.actor):
        stop_import(import_of_editor(desk.id, made))
        stop_import(import_of_editor(desk.id, draft))
    assert desk.run(made) == Progress(ready=2) and desk.status(made) == "stopped"
    with pytest.raises(NotFoundError):
        desk.status(draft)


def test_a_suspended_editor_imports_nothing_more(desk: Desk) -> None:
    made = desk.read(TWO)
    with committing():
        db.session.get_one(User, desk.id).status = "suspended"
    assert desk.run(made) == Progress(ready=2) and desk.status(made) == "stopped"


def test_nothing_to_import_is_said_and_confirming_twice_is_once(desk: Desk) -> None:
    with pytest.raises(ConflictError):
        desk.confirm(desk.read(HEAD + ";;;x\n"))
    made = desk.read(TWO)
    desk.run(made)
    assert desk.run(made, invite=False) == Progress(proposed=2) and desk.status(made) == "done"


def test_another_editor_sees_nothing_of_it(desk: Desk) -> None:
    made, other = desk.read(TWO), Desk()
    with pytest.raises(NotFoundError):
        other.status(made)
    assert other.lines(made) == []


def test_old_files_are_forgotten(desk: Desk) -> None:
    made = desk.read(TWO)
    with clock.freeze(clock.now() + KEPT + timedelta(days=1)):
        sweep_imports()
    with pytest.raises(NotFoundError):
        desk.status(made)
    assert desk.lines(made) == []
