"""The playground, the questions and the comparisons of an agent, as an administrator meets them, without JavaScript and with htmx."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from app.agents.editing import change_agent
from app.agents.models import Agent
from app.agents.versions import versions_of
from app.core.transaction import transaction
from app.evaluation.models import Comparison, Question, Trial
from app.extensions import db
from app.web.house import House
from tests.factories import actor_for, committing, make_agent, make_user
from tests.guards.test_pages import check_html
from tests.support.portal import Person, sign_in

RunJobs = Callable[[], list[str]]
DRAFT = {
    "system_prompt": "Tu es bref.",
    "model": "local",
    "fallback_model": "",
    "temperature": "0,7",
    "max_tokens": "1 000",
    "context_window": "10",
    "top_p": "0,9",
    "frequency_penalty": "-0,5",
    "presence_penalty": "0",
    "tools": ["rechercher_prix", "proposer_pre_devis"],
}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def agent_id(house: House) -> str:
    with committing():
        return make_agent().id


@pytest.fixture
def admin(house: House, agent_id: str) -> Person:
    with committing():
        return sign_in(house, make_user("admin"))


def only_trial() -> Trial:
    with committing():
        return db.session.scalars(db.select(Trial)).one()


def test_the_form_begins_with_the_agent(admin: Person, agent_id: str) -> None:
    page = admin.get(f"/admin/agents/{agent_id}/essai")
    check_html("essai", page.text)
    assert "Tu es l’assistant d’un artisan du bâtiment." in page.text
    assert 'value="0,3"' in page.text and 'value="1\u202f500"' in page.text


def test_a_draft_is_tried_and_nothing_is_saved(admin: Person, agent_id: str, run_jobs: RunJobs) -> None:
    sent = admin.post(f"/admin/agents/{agent_id}/essai", DRAFT | {"message": "Bonjour"}, headers=HTMX)
    assert sent.status_code == 200 and sent.headers["HX-Retarget"] == "#echange"
    made = only_trial()
    assert f"/essai/{made.id}/flux" in sent.text and "<html" not in sent.text
    here = sent.headers["HX-Push-Url"]
    shown = re.search(r"vu=(\w+)", sent.text)
    assert shown and admin.get(f"{here}&vu={shown[1]}", headers=HTMX).status_code == 204
    run_jobs()
    answered = admin.get(f"{here}&vu={shown[1]}", headers=HTMX)
    assert "Moteur local" in answered.text and "Tu es bref." in answered.text and "/flux" not in answered.text
    page = admin.get(here)
    check_html("essai", page.text)
    assert "Il diffère de l’agent enregistré" in page.text and 'value="−0,5"' in page.text
    made = only_trial()
    assert (made.draft["temperature"], made.draft["max_tokens"], made.draft["frequency_penalty"]) == (0.7, 1000, -0.5)
    with committing():
        assert db.session.get_one(Agent, agent_id).system_prompt != "Tu es bref."
        assert len(versions_of(agent_id)) == 1


def test_without_javascript_the_words_go_to_the_draft_of_the_conversation(admin: Person, agent_id: str, run_jobs: RunJobs) -> None:
    sent = admin.post(f"/admin/agents/{agent_id}/essai", DRAFT | {"message": "Bonjour"})
    assert sent.status_code == 303
    run_jobs()
    conversation = sent.headers["Location"].split("conversation=")[1]
    again = admin.post(f"/admin/agents/{agent_id}/essai", {"message": "Une salle de bain", "conversation": conversation})
    assert again.status_code == 303
    with committing():
        kept = db.session.scalars(db.select(Trial).order_by(Trial.created_at)).all()
        assert [trial.conversation_id for trial in kept] == [conversation] * 2
        assert kept[1].draft == kept[0].draft and len(kept[1].turns) == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", "3"),
        ("temperature", "chaud"),
        ("max_tokens", "12,5"),
        ("top_p", "2"),
        ("context_window", "0"),
        ("system_prompt", " "),
        ("model", "deux mots"),
        ("message", ""),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(admin: Person, agent_id: str, field: str, value: str) -> None:
    typed = DRAFT | {"message": "Bonjour à tous", "note": "Essai"} | {field: value}
    answer = admin.post(f"/admin/agents/{agent_id}/essai", typed, headers=HTMX)
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    if field != "system_prompt":
        assert "Tu es bref." in answer.text
    if field != "message":
        assert "Bonjour à tous" in answer.text
    with committing():
        assert db.session.scalars(db.select(Trial)).all() == []


def test_a_corrected_draft_no_longer_says_what_was_wrong(admin: Person, agent_id: str) -> None:
    path = f"/admin/agents/{agent_id}/essai"
    wrong = admin.post(path, DRAFT | {"message": "Bonjour", "top_p": "7"}, headers=HTMX)
    assert wrong.status_code == 422 and 'name="refused"' in wrong.text
    sent = admin.post(path, DRAFT | {"message": "Bonjour", "refused": "1"}, headers=HTMX)
    assert sent.status_code == 200 and 'id="essai"' in sent.text and "HX-Retarget" not in sent.headers
    assert "top_p-error" not in sent.text and "data-error-summary" not in sent.text and 'name="refused"' not in sent.text
    assert sent.text.count("Bonjour") == 1, "what was sent left the field"
    assert DRAFT["system_prompt"] in sent.text


def test_a_second_message_waits_for_the_answer(admin: Person, agent_id: str) -> None:
    admin.post(f"/admin/agents/{agent_id}/essai", DRAFT | {"message": "Bonjour"}, headers=HTMX)
    answer = admin.post(f"/admin/agents/{agent_id}/essai", DRAFT | {"message": "Et", "conversation": only_trial().id}, headers=HTMX)
    assert answer.status_code == 422 and "Attendez la fin de la réponse" in answer.text


def test_stopped_and_asked_again(admin: Person, agent_id: str, run_jobs: RunJobs) -> None:
    admin.post(f"/admin/agents/{agent_id}/essai", DRAFT | {"message": "Bonjour"}, headers=HTMX)
    made = only_trial()
    stopped = admin.post(f"/admin/agents/{agent_id}/essai/{made.id}/arret", headers=HTMX)
    assert "Réponse arrêtée" in stopped.text and "Redemander" in stopped.text
    assert "/flux" in admin.post(f"/admin/agents/{agent_id}/essai/{made.id}/reprise", headers=HTMX).text
    run_jobs()
    assert only_trial().status == "done"
    assert admin.post(f"/admin/agents/{agent_id}/essai/{made.id}/reprise").status_code == 303


def test_the_stream_tells_the_end_and_escapes(admin: Person, agent_id: str, run_jobs: RunJobs) -> None:
    admin.post(f"/admin/agents/{agent_id}/essai", DRAFT | {"message": "Bonjour"}, headers=HTMX)
    run_jobs()
    told = admin.get(f"/admin/agents/{agent_id}/essai/{only_trial().id}/flux")
    assert told.mimetype == "text/event-stream" and told.text == "event: fin\ndata: \n\n"


def test_a_failure_shows_our_sentence_and_its_kind(admin: Person, agent_id: str) -> None:
    admin.post(f"/admin/agents/{agent_id}/essai", DRAFT | {"message": "Bonjour"}, headers=HTMX)
    with committing():
        failures = [{"provider": "openai", "model": "gpt-4o", "kind": "rate_limited"}]
        db.session.execute(db.update(Trial).values(status="failed", error="rate_limited", failures=failures))
    page = admin.get(f"/admin/agents/{agent_id}/essai?conversation={only_trial().id}").text
    assert "openai/gpt-4o : trop de demandes chez le fournisseur" in page and "Ce que vous seul voyez" in page


def test_the_draft_becomes_a_version(admin: Person, agent_id: str) -> None:
    wrong = admin.post(f"/admin/agents/{agent_id}/essai/version", DRAFT | {"top_p": "5", "note": "Plus bref"})
    assert wrong.status_code == 422 and 'id="top_p-error"' in wrong.text and "Plus bref" in wrong.text
    saved = admin.post(f"/admin/agents/{agent_id}/essai/version", DRAFT | {"note": "Plus bref"})
    assert saved.status_code == 303
    with committing():
        newest = versions_of(agent_id)[0]
        assert (newest.version, newest.note, newest.system_prompt, newest.is_active) == (2, "Plus bref", "Tu es bref.", True)
    assert "Nouvelle version enregistrée" in admin.get(saved.headers["Location"]).text
    admin.post(f"/admin/agents/{agent_id}/essai/version", DRAFT)
    with committing():
        assert len(versions_of(agent_id)) == 2


def test_questions_are_written_changed_and_removed(admin: Person, agent_id: str) -> None:
    path = f"/admin/agents/{agent_id}/questions"
    page = admin.get(f"{path}/nouvelle")
    check_html("nouvelle", page.text)
    assert "ne propose aucun pré-devis" in page.text
    typed = {"title": "Toiture", "messages-0": "Une toiture", "messages-1": "100 m²", "rule": "total", "expected": "cher"}
    wrong = admin.post(f"{path}/nouvelle", typed)
    assert wrong.status_code == 422 and 'id="expected-error"' in wrong.text and "100 m²" in wrong.text
    assert admin.post(f"{path}/nouvelle", typed | {"expected": "12 000,00"}).status_code == 303
    with committing():
        made = db.session.scalars(db.select(Question).where(Question.title == "Toiture")).one()
        assert made.messages == ["Une toiture", "100 m²"]
    shown = admin.get(f"{path}/{made.id}")
    check_html("question", shown.text)
    assert "100 m²" in shown.text and "12 000,00" in shown.text
    assert admin.post(f"{path}/{made.id}", typed | {"messages-1": "", "rule": "refused", "expected": ""}).status_code == 303
    assert admin.post(f"{path}/{made.id}", typed | {"messages-0": "", "messages-1": ""}).status_code == 422
    with committing():
        db.session.expire_all()
        assert (changed := db.session.get_one(Question, made.id)).messages == ["Une toiture"] and changed.rule == "refused"
    listed = admin.get(path)
    check_html("questions", listed.text)
    assert "Toiture" in listed.text
    assert admin.post(f"{path}/{made.id}/suppression").status_code == 303
    assert admin.get(f"{path}/{made.id}").status_code == 404


def test_two_versions_are_compared(admin: Person, agent_id: str, run_jobs: RunJobs) -> None:
    path = f"/admin/agents/{agent_id}/questions"
    same = admin.post(path, {"a_version": "1", "b_version": "1", "a_model": "", "b_model": ""})
    assert same.status_code == 422 and 'id="b_version-error"' in same.text
    with committing():
        writer = actor_for(make_user("admin"), "admin")
    with transaction(writer):
        change_agent(db.session.get_one(Agent, agent_id), {"system_prompt": "Tu es bref."}, "Plus bref")
    sent = admin.post(path, {"a_version": "1", "b_version": "2", "a_model": "local", "b_model": "local"})
    assert sent.status_code == 303
    here = sent.headers["Location"]
    page = admin.get(here)
    check_html("comparaison", page.text)
    assert "every 1s" in page.text and "0 sur 10" in page.text and "Arrêter" in page.text
    assert admin.get(f"{here}?vu=0", headers=HTMX).status_code == 204
    run_jobs()
    ended = admin.get(f"{here}?vu=0", headers=HTMX)
    assert "every 1s" not in ended.text and "10 sur 10" in ended.text and "Terminée" in ended.text
    page = admin.get(here)
    check_html("comparaison", page.text)
    assert page.text.count("Le pré-devis fait 6 948,00 € TTC.".replace(" 948", "\u202f948").replace(" €", "\u00a0€")) == 2
    assert "5 sur 5" in page.text and "Plus bref" in page.text
    history = admin.get(path)
    check_html("questions", history.text)
    assert "5 sur 5" in history.text and "Sans prix" not in page.text + history.text
    with committing():
        db.session.execute(db.update(Trial).values(provider="openai"))
    assert admin.get(here).text.count("Sans prix") == 12, "both totals, as each of their trials"
    assert "Sans prix" in admin.get(path).text
    assert admin.post(f"{here}/arret").status_code == 303
    assert "déjà terminée" in admin.get(here).text


def test_a_comparison_is_stopped_and_taken_up_again(admin: Person, agent_id: str, run_jobs: RunJobs) -> None:
    sent = admin.post(f"/admin/agents/{agent_id}/questions", {"a_version": "1", "b_version": "1", "a_model": "local", "b_model": "inherit"})
    here = sent.headers["Location"]
    assert admin.post(f"{here}/arret").status_code == 303
    page = admin.get(here).text
    assert "Annulée" in page and "Reprendre ce qui manque" in page
    assert admin.post(f"{here}/reprise").status_code == 303
    run_jobs()
    assert "10 sur 10" in admin.get(here).text
    with committing():
        assert db.session.scalars(db.select(Trial.status).distinct()).all() == ["done"]


def test_only_those_who_manage_agents(house: House, agent_id: str) -> None:
    with committing():
        editor = sign_in(house, make_user("editeur"))
        run = Comparison(agent_id=agent_id, sides={side: {"version": 1, "note": "", "model": "local"} for side in "ab"})
        db.session.add(run)
        db.session.flush()
        run_id = run.id
    for path in ("essai", "questions", "questions/nouvelle", f"comparaisons/{run_id}"):
        assert editor.get(f"/admin/agents/{agent_id}/{path}").status_code in (403, 404), path
    for path in ("essai", "essai/version", "questions", f"comparaisons/{run_id}/arret"):
        assert editor.post(f"/admin/agents/{agent_id}/{path}", DRAFT | {"message": "Bonjour"}).status_code in (403, 404), path
    with committing():
        assert db.session.scalars(db.select(Trial)).all() == []


def test_a_draft_does_not_run_over_what_a_colleague_saved_meanwhile(admin: Person, agent_id: str) -> None:
    path = f"/admin/agents/{agent_id}/essai"
    base = re.search(r'name="base"[^>]*value="([^"]+)"', admin.get(path).text)
    assert base is not None
    with committing():
        change_agent(db.session.get_one(Agent, agent_id), {"temperature": Decimal("0.9")})
    fields = DRAFT | {"base": base[1], "note": "Plus bref"}
    answer = admin.post(f"{path}/version", fields)
    assert answer.status_code == 422 and "Quelqu’un a enregistré cet agent" in answer.text and DRAFT["system_prompt"] in answer.text
    again = re.search(r'name="base"[^>]*value="([^"]+)"', answer.text)
    assert again is not None and admin.post(f"{path}/version", fields | {"base": again[1]}).status_code == 303
