"""Artisans from a spreadsheet and to one: read, previewed, confirmed, followed, reported."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import func, select

from app.blueprints.deployment_pages.periods import csv_answer
from app.blueprints.editeur.blueprint import account_id, bp
from app.blueprints.editeur.forms import ImportForm
from app.core.errors import ConflictError, InvalidError
from app.core.identifiers import format_phone_fr
from app.core.transaction import after_commit
from app.extensions import db, limiter
from app.identity.importing import confirm_import, import_of_editor, progress_of, read_import, stop_import
from app.identity.models import ArtisanImport, ArtisanImportLine, EditorLink
from app.notifications.importing import queue_import
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.listing import asked_for, listed
from app.web.responding import respond

TITLES = ["identifiant", "nom", "email", "telephone"]
STATE_WORDS = {
    "wrong": ("bad", "alert-circle", "À corriger"),
    "ready": ("info", "hourglass", "Prête"),
    "proposed": ("ok", "check", "Proposé"),
    "updated": ("ok", "refresh", "Mis à jour"),
    "known": ("neutral", "check", "Déjà là"),
    "refused": ("bad", "x", "Non importée"),
}
IMPORT_WORDS = {
    "draft": ("wait", "eye", "À confirmer"),
    "running": ("info", "loader-2", "En cours"),
    "done": ("ok", "check", "Terminé"),
    "stopped": ("neutral", "ban", "Arrêté"),
}
LATEST = 10
COLUMNS = tuple(getattr(ArtisanImportLine, name) for name in ("number", "external_id", "name", "email", "phone", "state", "problem"))
LINK_STATES = {"pending": "en attente", "active": "relié", "refused": "refusé", "detached": "détaché"}


@bp.route("/artisans/import", methods=["GET", "POST"])
@requires("artisans.link")
@limiter.limit("30/hour", methods=["POST"])
def new_import() -> Response:
    """Choose a file; nothing is done before its preview is confirmed."""
    form = ImportForm()
    if form.validate_on_submit():
        try:
            made = read_import(signed_in(), filename=form.file.data.filename or "", data=form.file.data.read())
        except InvalidError as error:
            put_errors(form, error)
        else:
            return _to(made)
    wanted = select(ArtisanImport).where(ArtisanImport.editor_id == account_id()).order_by(ArtisanImport.created_at.desc()).limit(LATEST)
    latest = db.session.scalars(wanted).all()
    return respond("editeur/new_import.html", form=form, latest=latest, words=IMPORT_WORDS, status=422 if form.errors else 200)


@bp.get("/artisans/import/modele.csv")
@requires("artisans.link")
def import_model() -> Response:
    """A file to fill in."""
    return csv_answer([TITLES, ["DUR-001", "Durant Peinture", "contact@durant-peinture.fr", "06 12 34 56 78"]], "artisans-modele")


@bp.get("/artisans/import/<import_id>")
@requires("artisans.link")
def artisan_import(import_id: str) -> Response:
    """The preview of a file, then its progress, then its report: the same page, by what its lines became."""
    made = import_of_editor(account_id(), import_id)
    return respond("editeur/import.html", "suivi", **_words(made))


@bp.post("/artisans/import/<import_id>/confirmer")
@requires("artisans.link")
def confirm_artisan_import(import_id: str) -> Response:
    """Begin; the lines that are wrong are left out, and stay in the report."""
    made = import_of_editor(account_id(), import_id, lock=True)
    try:
        confirm_import(made, invite=request.form.get("inviter") == "1")
    except ConflictError as error:
        flash(error.message, "error")
    else:
        ids = made.id, made.editor_id, made.created_by
        after_commit(lambda: queue_import(*ids))
    return _to(made)


@bp.post("/artisans/import/<import_id>/arreter")
@requires("artisans.link")
def stop_artisan_import(import_id: str) -> Response:
    """Give up a preview, or stop on the way: what was proposed stays."""
    made = import_of_editor(account_id(), import_id, lock=True)
    draft = made.status == "draft"
    stop_import(made)
    flash("Fichier abandonné : rien n’a été importé." if draft else "Import arrêté : les artisans déjà proposés le restent.", "success")
    return redirect(url_for("editeur.new_import"), code=303) if draft else _to(made)  # type: ignore[return-value]


@bp.get("/artisans/import/<import_id>/rapport.csv")
@requires("artisans.link")
def import_report(import_id: str) -> Response:
    """Every line with what became of it; correct it, and send it again."""
    made = import_of_editor(account_id(), import_id)
    rows: list[list[object]] = [[*TITLES, "ligne", "resultat", "probleme"]]
    for line in _lines(made.id):
        rows.append([line.external_id, line.name, line.email, line.phone, line.number, STATE_WORDS[line.state][2], line.problem])
    return csv_answer(rows, f"rapport-{made.id}")


@bp.get("/artisans/export.csv")
@requires("artisans.view")
def export_artisans() -> Response:
    """Every artisan; the file can be imported again."""
    rows: list[list[object]] = [[*TITLES, "etat", "propose", "relie"]]
    ties = db.session.scalars(select(EditorLink).where(EditorLink.editor_id == account_id()).order_by(EditorLink.external_id))
    for tie in ties:
        phone = format_phone_fr(tie.artisan_phone) if tie.artisan_phone else ""
        moments = [moment.isoformat(timespec="minutes") if moment else "" for moment in (tie.created_at, tie.linked_at)]
        rows.append([tie.external_id, tie.artisan_name, tie.invited_email, phone, LINK_STATES[tie.status], *moments])
    return csv_answer(rows, "artisans")


def _words(made: ArtisanImport) -> dict[str, Any]:
    progress = progress_of(made.id)
    wanted = select(*COLUMNS).where(ArtisanImportLine.import_id == made.id)
    if asked_for("etat") in STATE_WORDS:
        wanted = wanted.where(ArtisanImportLine.state == asked_for("etat"))
    order = ArtisanImportLine.number
    known = db.session.scalar(
        select(func.count())
        .select_from(ArtisanImportLine)
        .join(EditorLink, (EditorLink.editor_id == ArtisanImportLine.editor_id) & (EditorLink.external_id == ArtisanImportLine.external_id))
        .where(ArtisanImportLine.import_id == made.id, ArtisanImportLine.state == "ready", EditorLink.status == "active")
    )
    return {
        "made": made,
        "progress": progress,
        "page": listed(wanted, {"ligne": order}, order, default="ligne", limit=50),
        "state_words": STATE_WORDS,
        "words": IMPORT_WORDS,
        "known": known,
        "filtered": asked_for("etat"),
    }


def _lines(import_id: str) -> Any:
    return db.session.scalars(select(ArtisanImportLine).where(ArtisanImportLine.import_id == import_id).order_by(ArtisanImportLine.number))


def _to(made: ArtisanImport) -> Response:
    return redirect(url_for("editeur.artisan_import", import_id=made.id), code=303)  # type: ignore[return-value]
