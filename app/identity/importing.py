"""Artisans from a spreadsheet: read line by line, confirmed, then proposed by a job in small steps. Repeating any of it is harmless.

What a line became is written in the transaction that made it so, and progress is counted from the lines: a worker may die at any
moment, nothing is lost and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select

from app.audit.service import record
from app.core import clock
from app.core.acting import Actor
from app.core.errors import ConflictError, DomainError, InvalidError, NotFoundError
from app.core.identifiers import check_phone, normalise_email
from app.core.spreadsheets import TableError, read_csv
from app.core.text import clean_line, fold
from app.extensions import db
from app.identity.links import propose_link
from app.identity.models import ArtisanImport, ArtisanImportLine, EditorLink, User

MAX_BYTES = 2_000_000
MAX_LINES = 5_000
STEP = 50
"""Lines of one transaction."""
KEPT = timedelta(days=90)
COLUMNS = {
    "external_id": ("identifiant", "identifiant chez vous", "external_id", "id", "code", "reference", "code client"),
    "name": ("nom", "nom de l'entreprise", "entreprise", "raison sociale", "societe", "name", "artisan"),
    "email": ("email", "e-mail", "mail", "adresse e-mail", "adresse email", "courriel"),
    "phone": ("telephone", "tel", "phone", "mobile", "portable"),
}
REQUIRED = {"external_id": "identifiant", "name": "nom", "email": "email"}
LENGTHS = {"external_id": 100, "name": 200, "email": 254, "phone": 40}


@dataclass(frozen=True, slots=True)
class Progress:
    """Lines of an import by what became of them."""

    wrong: int = 0
    ready: int = 0
    proposed: int = 0
    updated: int = 0
    known: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        """Every line of the file."""
        return self.wrong + self.to_do

    @property
    def to_do(self) -> int:
        """The lines that could be read."""
        return self.ready + self.done

    @property
    def done(self) -> int:
        """The lines that were treated."""
        return self.proposed + self.updated + self.known + self.refused


def read_import(actor: Actor, *, filename: str, data: bytes) -> ArtisanImport:
    """Read a file into a draft, wrong lines included, each with its sentence. Raises InvalidError on a file that is no such table."""
    if len(data) > MAX_BYTES:
        raise InvalidError("Ce fichier est trop lourd.", {"file": ["2 Mo au plus : coupez-le en plusieurs."]})
    try:
        lines = list(read_csv(data))
    except TableError as error:
        raise InvalidError("Ce fichier ne se lit pas.", {"file": [str(error)]}) from None
    if len(lines) < 2:
        raise InvalidError("Ce fichier est vide.", {"file": ["Une ligne de titres puis un artisan par ligne sont attendus."]})
    if len(lines) - 1 > MAX_LINES:
        raise InvalidError("Ce fichier est trop long.", {"file": ["5 000 artisans au plus : coupez-le en plusieurs."]})
    places = _places(lines[0].cells)
    made = ArtisanImport(editor_id=actor.account_id, created_by=actor.user_id, filename=clean_line(filename)[:200] or "artisans.csv")
    db.session.add(made)
    db.session.flush()
    seen: dict[tuple[str, str], int] = {}
    for number, cells in lines[1:]:
        values = {name: clean_line(cells[place]) if place < len(cells) else "" for name, place in places.items()}
        problem = _problem(values, number, seen)
        shortened = {name: values.get(name, "")[:limit] for name, limit in LENGTHS.items()}
        state = "wrong" if problem else "ready"
        db.session.add(
            ArtisanImportLine(import_id=made.id, number=number, editor_id=made.editor_id, **shortened, state=state, problem=problem)
        )
    db.session.flush()
    record("artisan_import.read", made.id, lines=len(lines) - 1)
    return made


def import_of_editor(editor_id: str, import_id: str, *, lock: bool = False) -> ArtisanImport:
    """An import of this editor. Raises NotFoundError."""
    wanted = select(ArtisanImport).where(ArtisanImport.id == import_id, ArtisanImport.editor_id == editor_id)
    found = db.session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise NotFoundError()
    return found


def confirm_import(made: ArtisanImport, *, invite: bool) -> None:
    """Begin; the caller queues the job. Twice is once. Raises ConflictError when there is nothing to do."""
    if made.status != "draft":
        return
    if not progress_of(made.id).ready:
        raise ConflictError("Aucune ligne de ce fichier ne peut être importée.", code="nothing_to_import")
    made.status, made.invite, made.touched_at = "running", invite, clock.now()
    record("artisan_import.confirmed", made.id, invite=invite)


def stop_import(made: ArtisanImport) -> None:
    """Forget a draft, or stop one on its way: what was proposed stays."""
    if made.status == "draft":
        db.session.delete(made)
    elif made.status == "running":
        made.status, made.finished_at = "stopped", clock.now()
        record("artisan_import.stopped", made.id)


def progress_of(import_id: str) -> Progress:
    """Counted from the lines."""
    counted = select(ArtisanImportLine.state, func.count()).where(ArtisanImportLine.import_id == import_id)
    return Progress(**{row[0]: row[1] for row in db.session.execute(counted.group_by(ArtisanImportLine.state))})


def take_step(actor: Actor, import_id: str) -> tuple[bool, list[str]]:
    """Treat the next lines of a running import, in the open transaction. Returns whether more are left, and the links to invite.

    The import's row is locked: a second worker waits, then finds the next lines.
    """
    made = import_of_editor(actor.account_id or "", import_id, lock=True)
    if made.status != "running":
        return False, []
    if db.session.get_one(User, made.editor_id).status != "active":
        stop_import(made)
        return False, []
    lines = db.session.scalars(
        select(ArtisanImportLine)
        .where(ArtisanImportLine.import_id == made.id, ArtisanImportLine.state == "ready")
        .order_by(ArtisanImportLine.number)
        .limit(STEP)
    ).all()
    asked = [link_id for line in lines if (link_id := _propose(actor, line, invite=made.invite))]
    made.touched_at = clock.now()
    if len(lines) < STEP:
        made.status, made.finished_at = "done", clock.now()
        record("artisan_import.done", made.id)
    return made.status == "running", asked


def lost_imports(before: timedelta) -> list[ArtisanImport]:
    """Running imports that nobody has touched for a while: their job was lost. Old ones are forgotten on the way."""
    db.session.execute(delete(ArtisanImport).where(ArtisanImport.created_at < clock.now() - KEPT, ArtisanImport.status != "running"))
    wanted = select(ArtisanImport).where(ArtisanImport.status == "running", ArtisanImport.touched_at < clock.now() - before)
    return list(db.session.scalars(wanted.limit(50)))


def _places(titles: list[str]) -> dict[str, int]:
    """Which column holds what. Raises InvalidError naming those that miss."""
    folded = [fold(title) for title in titles]
    places = {name: next((folded.index(word) for word in words if word in folded), None) for name, words in COLUMNS.items()}
    missing = [f"« {word} »" for name, word in REQUIRED.items() if places[name] is None]
    if missing:
        named = " et ".join(part for part in (", ".join(missing[:-1]), missing[-1]) if part)
        sentence = f"La première ligne doit nommer les colonnes. Il manque {named}."
        raise InvalidError("Des colonnes manquent.", {"file": [sentence]})
    return {name: place for name, place in places.items() if place is not None}


def _problem(values: dict[str, str], number: int, seen: dict[tuple[str, str], int]) -> str | None:
    """What is wrong with a line, as sentences; its e-mail is put in its one form on the way."""
    problems = [f"Il manque {word}." for name, word in _missing(values)]
    if values["email"]:
        try:
            values["email"] = normalise_email(values["email"])
        except ValueError as error:
            problems.append(str(error))
    if values.get("phone"):
        try:
            check_phone(values["phone"])
        except ValueError as error:
            problems.append(str(error))
    problems += [f"Plus de {limit} caractères dans « {name} »." for name, limit in LENGTHS.items() if len(values.get(name, "")) > limit]
    for name, word in (("external_id", "Cet identifiant"), ("email", "Cette adresse")):
        if values[name]:
            before = seen.setdefault((name, values[name]), number)
            if before != number:
                problems.append(f"{word} est déjà à la ligne {before}.")
    return " ".join(problems) or None


def _missing(values: dict[str, str]) -> Iterable[tuple[str, str]]:
    words = {"external_id": "l’identifiant", "name": "le nom", "email": "l’adresse e-mail"}
    return [(name, word) for name, word in words.items() if not values[name]]


def _propose(actor: Actor, line: ArtisanImportLine, *, invite: bool) -> str | None:
    """Treat one line in a savepoint of its own; the link when it is to be told."""
    tie = db.session.scalar(
        select(EditorLink).where(EditorLink.editor_id == line.editor_id, EditorLink.external_id == line.external_id).with_for_update()
    )
    if tie is not None and tie.status == "active":
        line.state = "known"
        return None
    if tie is not None and tie.status in ("refused", "detached"):
        line.state, line.problem = "refused", "Ce lien a été refusé ou détaché : proposez-le à nouveau depuis « Relier un artisan »."
        return None
    if tie is not None and _same(tie, line):
        line.state = "known"
        return None
    known = tie is not None
    try:
        with db.session.begin_nested():
            permissions = tie.permissions if tie is not None else None
            branding = tie.branding if tie is not None else None
            tie = propose_link(
                actor,
                email=line.email,
                external_id=line.external_id,
                name=line.name,
                phone=line.phone or None,
                branding=branding,
                permissions=permissions,
                invite=invite,
            )
    except DomainError as error:
        line.state, line.problem = "refused", error.message
        return None
    line.state = "updated" if known else "proposed"
    return tie.id if invite else None


def _same(tie: EditorLink, line: ArtisanImportLine) -> bool:
    phone = check_phone(line.phone) if line.phone else None
    return (tie.invited_email, tie.artisan_name, tie.artisan_phone) == (line.email, line.name, phone)
