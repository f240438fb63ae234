"""The library of contents, the same in each portal that has one: what assistants wrote, found again, corrected, ordered (000, conclusion)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.core.acting import Actor
from app.core.errors import ConflictError, InvalidError, LimitError
from app.library import service as verbs
from app.library.models import Content
from app.library.queries import assistants_for, content_in_reach, contents_of, tags_of
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.forms import PortalForm
from app.web.listing import asked_for, listed
from app.web.responding import respond, wants_fragment


class OrderForm(PortalForm):
    """What is wanted, and from whom."""

    agent_id = SelectField("Assistant", [DataRequired("Choisissez un assistant.")])
    brief = TextAreaField("Votre demande", [DataRequired("Dites ce que vous souhaitez obtenir."), Length(max=verbs.MAX_BRIEF)])


class ContentForm(PortalForm):
    """A content as its owner corrects it."""

    title = StringField("Titre", [DataRequired(), Length(max=verbs.MAX_TITLE)])
    body = TextAreaField("Texte", [DataRequired(), Length(max=verbs.MAX_BODY)])
    tags = StringField("Étiquettes", [Length(max=600)])


def add_library_pages(bp: Blueprint) -> None:
    """Add `/bibliotheque` and its pages to a portal: endpoints library, new_content, content and what is done with one."""

    @bp.get("/bibliotheque")
    @requires("library.view")
    def library() -> ResponseReturnValue:
        """Everything that was written, with search, assistant and tag."""
        actor = signed_in()
        statement = contents_of(
            actor, query=asked_for("q"), agent_id=asked_for("assistant"), tag=asked_for("etiquette"), state=asked_for("etat")
        )
        page = listed(statement, {"quand": Content.created_at, "titre": Content.title}, Content.id, default="-quand", limit=24)
        return respond("library/list.html", "liste", page=page, assistants=assistants_for(actor), tags=tags_of(actor))

    @bp.route("/bibliotheque/nouveau", methods=["GET", "POST"])
    @requires("library.view")
    def new_content() -> ResponseReturnValue:
        """Order a content."""
        return _order(bp.name)

    @bp.route("/bibliotheque/<content_id>", methods=["GET", "POST"])
    @requires("library.view")
    def content(content_id: str) -> ResponseReturnValue:
        """Read a content, correct it; while it is being written, wait for it."""
        return _show(content_in_reach(signed_in(), content_id))

    @bp.post("/bibliotheque/<content_id>/reprise")
    @requires("library.view")
    def retry_content(content_id: str) -> ResponseReturnValue:
        """Have a failed order written again."""
        return _done(verbs.retry_content, content_id, "L’assistant reprend votre demande.")

    @bp.post("/bibliotheque/<content_id>/corbeille")
    @requires("library.view")
    def put_content_away(content_id: str) -> ResponseReturnValue:
        """Put a content away, with a way back."""
        found = content_in_reach(signed_in(), content_id)
        try:
            verbs.put_away(found)
        except ConflictError as error:
            flash(error.message, "error")
            return redirect(url_for(".content", content_id=found.id), code=303)
        undo = url_for(".bring_content_back", content_id=found.id)
        flash({"message": f"« {found.title or 'Demande'} » est dans la corbeille pour 30 jours.", "undo": undo}, "success")  # type: ignore[arg-type]
        return redirect(url_for(".library"), code=303)

    @bp.post("/bibliotheque/<content_id>/retour")
    @requires("library.view")
    def bring_content_back(content_id: str) -> ResponseReturnValue:
        """Take it out of the bin."""
        return _done(verbs.bring_back, content_id, "Le contenu est de retour dans la bibliothèque.")

    @bp.get("/bibliotheque/<content_id>/texte")
    @requires("library.view")
    def content_text(content_id: str) -> ResponseReturnValue:
        """The words alone, to keep in a file."""
        found = content_in_reach(signed_in(), content_id)
        answer = Response(found.body, mimetype="text/plain")
        answer.headers.set("Content-Disposition", "attachment", filename=f"{found.id}.txt")
        return answer


def _order(portal: str) -> ResponseReturnValue:
    actor: Actor = signed_in()
    assistants = assistants_for(actor)
    form = OrderForm()
    form.agent_id.choices = [SelectChoice(one.id, one.name) for one in assistants]
    if request.method == "GET":
        form.agent_id.data, form.brief.data = asked_for("assistant") or form.agent_id.data, _copied(actor)
    elif form.validate_on_submit():
        try:
            ordered = verbs.order_content(actor, form.agent_id.data, form.brief.data or "")
        except InvalidError as error:
            put_errors(form, error)
        except (ConflictError, LimitError) as error:
            form.brief.errors = [error.message]
        else:
            return redirect(url_for(f"{portal}.content", content_id=ordered.id), code=303)
    return respond("library/new.html", form=form, assistants=assistants, status=422 if form.errors else 200)


def _copied(actor: Actor) -> str:
    """The brief of another content, to begin from."""
    wanted = asked_for("modele")
    return content_in_reach(actor, wanted).brief if wanted else ""


def _show(found: Content) -> ResponseReturnValue:
    form = ContentForm(data={"title": found.title, "body": found.body, "tags": ", ".join(found.tags)})
    if request.method == "POST" and form.validate_on_submit():
        try:
            verbs.change_content(found, title=form.title.data or "", body=form.body.data or "", tags=form.tags.data or "")
        except InvalidError as error:
            put_errors(form, error)
        except ConflictError as error:
            flash(error.message, "error")
            return redirect(url_for(".content", content_id=found.id), code=303)
        else:
            flash("Contenu enregistré.", "success")
            return redirect(url_for(".content", content_id=found.id), code=303)
    block = "attente" if wants_fragment() and found.status in ("queued", "running") else None
    answer = respond("library/show.html", block, content=found, form=form, status=422 if form.errors else 200)
    if wants_fragment() and block is None:
        answer.headers["HX-Refresh"] = "true"  # written meanwhile: the page is another one now
    return answer


def _done(verb: Callable[[Content], None], content_id: str, words: str) -> ResponseReturnValue:
    found = content_in_reach(signed_in(), content_id)
    try:
        verb(found)
    except (ConflictError, LimitError) as error:
        flash(error.message, "error")
    else:
        flash(words, "success")
    return redirect(url_for(".content", content_id=found.id), code=303)
