"""Costs, calls and the statistics of an agent: their pages, filters, files, and who sees what."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from app.billing.budgets import set_budget
from app.billing.folding import fold
from app.billing.models import UsageDay
from app.blueprints.cost_pages.periods import asked_cost_period, offered_periods
from app.core import clock
from app.core.spreadsheets import read_csv
from app.extensions import db
from app.web.house import House
from tests.billing.test_folding import call, keep
from tests.factories import committing, make_agent, make_deployment, make_user
from tests.support.portal import Person, sign_in
from tests.support.statements import sent

Jobs = Callable[[], list[str]]
FRAGMENT = {"HX-Request": "true"}


class Scene:
    """Two editors, their calls of this day: folded ones and ones that wait."""

    def __init__(self, house: House) -> None:
        with committing():
            self.agent_id = make_agent().id
            editor, other = make_user("editeur", company_name="EBP"), make_user("editeur", company_name="=Obat")
            self.editor_id, self.other_id = editor.id, other.id
            self.deployment_id = make_deployment(editor, name="Expert EBP").id
            self.admin, self.editor = sign_in(house, make_user("admin")), sign_in(house, editor)
        now = clock.now()
        here = {"editor_id": self.editor_id, "agent_id": self.agent_id, "deployment_id": self.deployment_id, "created_at": now}
        keep(
            call(**here, id="use_gpt", cost_eur=Decimal("7.50"), model="gpt-4o", prompt_tokens=1200, completion_tokens=34),
            call(**here, cost_eur=Decimal("2.00"), model="mistral-large", provider="mistral", paid_by=self.editor_id),
            call(editor_id=self.other_id, agent_id=self.agent_id, cost_eur=Decimal("3.25"), purpose="evaluation", created_at=now),
        )
        fold()
        keep(call(**here, id="use_cut", cost_eur=Decimal("0.50"), success=False, error_class="timeout", ttft_ms=None))


@pytest.fixture
def scene(house: House) -> Scene:
    """A platform that works."""
    return Scene(house)


def test_the_platform_sees_every_cost(scene: Scene) -> None:
    with committing():
        set_budget(scene.editor_id, Decimal(10), hard_stop=True)
    page = scene.admin.get("/admin/couts")
    assert page.status_code == 200
    for words in ("11,25", "2,00", "EBP", "=Obat", "Expert BTP", "openai/gpt-4o", "Évaluations", "sur 10,00", "75\u202f%", "Clés propres"):
        assert words in page.text, words
    assert "Retirer le budget IA d’EBP" in scene.admin.get(f"/admin/editeurs/{scene.editor_id}/budget").text


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("", "11,25"),
        ("editeur={editor_id}", "8,00"),
        ("editeur=aucun", "0,00"),
        ("agent={agent_id}&usage=evaluation", "3,25"),
        ("modele=openai/gpt-4o&editeur={editor_id}", "8,00"),
        ("modele=mistral/mistral-large", "0,00"),
        ("periode=7", "11,25"),
        ("periode=2020-02", "0,00"),
        ("periode=9999&usage=autre", "11,25"),
    ],
)
def test_filters_narrow_the_figures_and_the_files(scene: Scene, query: str, cost: str) -> None:
    asked = query.format(editor_id=scene.editor_id, agent_id=scene.agent_id)
    page = scene.admin.get(f"/admin/couts?{asked}")
    assert page.status_code == 200 and f'<span class="stat-value num">{cost}\u00a0€</span>' in page.text, page.text
    titles, *lines = list(read_csv(scene.admin.get(f"/admin/couts.csv?{asked}").data))
    paid = [line for line in lines if line.cells[titles.cells.index("Clé")] == "plateforme"]
    total = sum(Decimal(line.cells[titles.cells.index("Coût (€)")].replace(",", ".")) for line in paid)
    assert f"{total:.2f}".replace(".", ",") == cost


def test_the_workbook_opens_and_no_cell_is_a_formula(scene: Scene) -> None:
    answer = scene.admin.get("/admin/couts.xlsx")
    assert answer.status_code == 200 and ".xlsx" in answer.headers["Content-Disposition"]
    book = load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["Détail", "Par jour", "Par éditeur", "Par agent", "Par déploiement", "Par modèle", "Par usage"]
    by_editor = {row[0].value: row for row in book["Par éditeur"].iter_rows(min_row=2)}
    assert by_editor["=Obat"][0].quotePrefix and not by_editor["EBP"][0].quotePrefix
    assert (by_editor["EBP"][-2].value, by_editor["EBP"][-1].value) == (8, 2)
    assert book["Par jour"].max_row == 1 + clock.paris_day().day
    detail = scene.admin.get("/admin/couts.csv").get_data(as_text=True)
    assert "'=Obat" in detail


def test_what_has_no_price_is_said_in_every_group(scene: Scene) -> None:
    with committing():
        other = make_user("editeur", company_name="Sage")
    keep(call(editor_id=other.id, cost_eur=Decimal(0), created_at=clock.now()))
    keep(call(editor_id=scene.other_id, cost_eur=Decimal(0), provider="local", model="local", purpose="assist", created_at=clock.now()))
    assert scene.admin.get(f"/admin/couts?editeur={other.id}").text.count("Sans prix") == 4, "by editor, agent, model and purpose"
    assert "Sans prix" not in scene.admin.get("/admin/couts?usage=assist").text, "the built-in engine is free"


def test_an_editor_sees_his_own_costs_only(scene: Scene) -> None:
    with committing():
        set_budget(scene.editor_id, Decimal(20), hard_stop=True)
    page = scene.editor.get("/editeur/couts")
    assert page.status_code == 200
    for words in ("8,00", "2,00", "Expert EBP", "sur 20,00", "vos assistants ne répondent plus", "Clés propres"):
        assert words in page.text, words
    for words in ("Obat", "3,25", scene.other_id, "Par éditeur"):
        assert words not in page.text, words
    other = scene.editor.get(f"/editeur/couts?editeur={scene.other_id}").text
    assert "8,00" in other and "3,25" not in other
    for ending in ("csv", "xlsx"):
        file = scene.editor.get(f"/editeur/couts.{ending}?editeur={scene.other_id}")
        assert file.status_code == 200
        assert ending == "xlsx" or ("EBP" in file.text and "Obat" not in file.text)
    with committing():
        set_budget(scene.editor_id, Decimal(20), hard_stop=False)
    assert "vos assistants répondent encore" in scene.editor.get("/editeur/couts").text


def test_pages_without_calls_say_so(house: House) -> None:
    with committing():
        admin, editor, agent = sign_in(house, make_user("admin")), sign_in(house, make_user("editeur")), make_agent().id
    assert "Aucun appel en" in admin.get("/admin/couts").text
    assert "Aucun appel ne correspond" in admin.get("/admin/couts?periode=7").text
    assert "Aucun appel depuis trente jours" in admin.get("/admin/appels").text
    assert "Rien en 30" in admin.get(f"/admin/agents/{agent}/statistiques").text
    empty = editor.get("/editeur/couts").text
    assert "premières réponses de vos assistants" in empty and "Budget de" not in empty


def test_the_check_of_counters_is_shown(scene: Scene, run_jobs: Jobs) -> None:
    assert "pas encore vérifiés" in scene.admin.get("/admin/couts").text
    assert scene.admin.post("/admin/couts/verification").status_code == 303
    running = scene.admin.get("/admin/couts/verification").text
    assert "en cours" in running and 'hx-trigger="every 2s"' in running
    assert "check_counters" in run_jobs()
    done = scene.admin.get("/admin/couts/verification").text
    assert "aucun écart" in done and "hx-trigger" not in done
    with committing():
        db.session.execute(db.update(UsageDay).where(UsageDay.model == "gpt-4o", UsageDay.editor_id == scene.editor_id).values(calls=5))
    scene.admin.post("/admin/couts/verification")
    run_jobs()
    wrong = scene.admin.get("/admin/couts").text
    assert "1\u00a0ligne diffère" in wrong and "calls 5 ≠ 1" in wrong


def test_calls_are_listed_filtered_and_kept_in_a_file(scene: Scene) -> None:
    def shown(query: str) -> set[str]:
        fragment = scene.admin.get(f"/admin/appels?{query}", headers=FRAGMENT).text
        assert fragment.lstrip().startswith('<section id="liste">')
        return {name for name in ("use_gpt", "use_cut") if name in fragment}

    assert "<h1" in scene.admin.get("/admin/appels").text
    for query, found in (
        ("", {"use_gpt", "use_cut"}),
        ("resultat=error", {"use_cut"}),
        ("resultat=ok", {"use_gpt"}),
        ("erreur=timeout", {"use_cut"}),
        ("erreur=auth", set()),
        ("periode=1&modele=openai/gpt-4o", {"use_gpt", "use_cut"}),
        ("modele=mistral/mistral-large", set()),
        (f"editeur={scene.editor_id}&agent={scene.agent_id}&usage=reply", {"use_gpt", "use_cut"}),
        (f"editeur={scene.other_id}", set()),
    ):
        assert shown(query) == found, query
    titles, *lines = list(read_csv(scene.admin.get("/admin/appels.csv?resultat=error").data))
    assert [line.cells[titles.cells.index("erreur")] for line in lines] == ["Délai dépassé"]


def test_calls_are_paged_by_key(scene: Scene) -> None:
    keep(*(call(id=f"use_page{number:03}", created_at=clock.now() - timedelta(minutes=number)) for number in range(120)))
    first = scene.admin.get("/admin/appels").text
    assert "use_page010" in first and "use_page119" not in first
    following = first.split('rel="next"', 1)[1].split('href="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    second = scene.admin.get(following).text
    assert "use_page010" not in second and "use_page060" in second


def test_a_call_shows_its_figures_and_no_message(scene: Scene) -> None:
    good, cut = scene.admin.get("/admin/appels/use_gpt").text, scene.admin.get("/admin/appels/use_cut").text
    for words in ("1\u202f200 lus, 34 écrits", "EBP", "Expert BTP", "Expert EBP", "De la plateforme", "Réussi"):
        assert words in good, words
    assert "Délai dépassé" in cut and "timeout" in cut
    assert scene.admin.get("/admin/appels/use_none").status_code == 404


def test_the_statistics_of_an_agent(scene: Scene) -> None:
    path = f"/admin/agents/{scene.agent_id}/statistiques"
    for days in (7, 30, 90):
        page = scene.admin.get(f"{path}?periode={days}")
        assert page.status_code == 200
        for words in ("75\u202f%", "13,25", "dont 2,00", "gpt-4o", "EBP", "=Obat", "2\u00a0comptes clients", "Évaluations"):
            assert words in page.text, words
    titles, *lines = list(read_csv(scene.admin.get(f"{path}.csv?periode=7").data))
    assert len(lines) == 7 and lines[-1].cells[titles.cells.index("appels")] == "4"
    assert scene.admin.get("/admin/agents/agt_none/statistiques").status_code == 404


def test_the_wrong_people_are_refused(house: House, scene: Scene) -> None:
    with committing():
        people = {role: sign_in(house, make_user(role)) for role in ("superviseur", "artisan", "particulier")}
    pages = ["couts", "couts.csv", "couts.xlsx", "appels", "appels.csv", "appels/use_gpt", f"agents/{scene.agent_id}/statistiques"]
    for person in (*people.values(), scene.editor):
        for page in pages:
            assert person.get(f"/admin/{page}").status_code == 403, page
    for person in (*people.values(), scene.admin):
        assert person.get("/editeur/couts").status_code == 403


def test_more_calls_cost_no_more_queries(scene: Scene) -> None:
    paths = ("/admin/couts", "/admin/appels", f"/admin/agents/{scene.agent_id}/statistiques")
    few = {path: _queries(scene.admin, path) for path in paths}
    few["/editeur/couts"] = _queries(scene.editor, "/editeur/couts")
    with committing():
        editors = [make_user("editeur").id for _ in range(5)]
    keep(*(call(editor_id=one, agent_id=scene.agent_id, model=f"m{n}", created_at=clock.now()) for n, one in enumerate(editors)))
    keep(*(call(editor_id=scene.editor_id, model=f"m{n}", created_at=clock.now()) for n in range(5)))
    many = {path: _queries(scene.admin, path) for path in paths}
    many["/editeur/couts"] = _queries(scene.editor, "/editeur/couts")
    assert many == few
    assert max(few.values()) <= 22, few


def _queries(person: Person, path: str) -> int:
    with sent() as seen:
        assert person.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize(
    ("today", "asked", "since", "until", "before_since", "before_until"),
    [
        ("2026-03-31", "", "2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"),
        ("2026-11-05", "", "2026-11-01", "2026-11-05", "2026-10-01", "2026-10-05"),
        ("2026-11-05", "2026-11", "2026-11-01", "2026-11-05", "2026-10-01", "2026-10-05"),
        ("2026-11-05", "2026-01", "2026-01-01", "2026-01-31", "2025-12-01", "2025-12-31"),
        ("2026-11-05", "2027-04", "2026-11-01", "2026-11-05", "2026-10-01", "2026-10-05"),
        ("2026-11-05", "2026-13", "2026-11-01", "2026-11-05", "2026-10-01", "2026-10-05"),
        ("2026-11-05", "7", "2026-10-30", "2026-11-05", "2026-10-23", "2026-10-29"),
    ],
)
def test_a_period_is_compared_with_as_many_days(
    house: House, today: str, asked: str, since: str, until: str, before_since: str, before_until: str
) -> None:
    with clock.freeze(datetime.fromisoformat(f"{today}T12:00:00+01:00")), house.test_request_context(f"/?periode={asked}"):
        period = asked_cost_period()
        offered = [value for value, _ in offered_periods()]
    days = (period.since, period.until, period.before_since, period.before_until)
    assert [day.isoformat() for day in days] == [since, until, before_since, before_until]
    assert len(offered) == len(set(offered)) and "" in offered and (period.slug in offered)
