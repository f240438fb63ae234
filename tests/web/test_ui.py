"""The macros, rendered through the global `ui` as a page or a lone block sees them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import html5lib
import pytest
from flask import Flask, render_template, render_template_string
from flask_wtf import CSRFProtect
from jinja2 import UndefinedError
from markupsafe import Markup
from wtforms import BooleanField, IntegerField, PasswordField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from app.core import clock
from app.web.forms import WORDS, PortalForm
from app.web.statuses import STATUSES, status_word
from app.web.ui import COMPONENTS, install_ui, toast_header, url_with

APP = Path(__file__).parents[2] / "app"
NOW = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def application() -> Flask:
    flask = Flask("ui", template_folder=str(APP / "templates"), static_folder=str(APP / "static"))
    flask.config.update(SECRET_KEY="only-for-this-test", TESTING=True, MAX_CONTENT_LENGTH=12_000_000)
    CSRFProtect(flask)
    install_ui(flask)
    flask.jinja_env.globals["csp_nonce"] = lambda: "nonce-of-the-test"
    return flask


@pytest.fixture
def page(application: Flask) -> Iterator[Flask]:
    with application.test_request_context("/liste?q=salle&tri=quand&apres=abc"), clock.freeze(NOW):
        yield application


def render(source: str, **values: object) -> str:
    return render_template_string(source, **values)


class EndpointForm(PortalForm):
    name = StringField("Nom", [DataRequired()])
    quota = IntegerField("Conversations par mois")
    tone = SelectField("Ton", choices=[SelectChoice("pro", "Professionnel")])
    circuit = RadioField("Validation", choices=[SelectChoice("A", "Par vos validateurs"), SelectChoice("B", "Par le métreur")], default="A")
    events = SelectMultipleField("Événements", choices=[SelectChoice("a", "project.created"), SelectChoice("b", "quote.signed")])
    welcome = TextAreaField("Accueil")
    secret = PasswordField("Secret")
    active = BooleanField("En service")


def test_every_macro_has_one_name(page: Flask) -> None:
    names = [
        name
        for component in COMPONENTS
        for name in re.findall(r"macro (\w+)\(", (APP / f"templates/components/{component}.html").read_text(encoding="utf-8"))
    ]
    assert len(names) == len(set(names))
    for name in names:
        assert render(f"{{{{ ui.{name} is defined }}}}") == "True"


def test_an_unknown_macro_is_an_error(page: Flask) -> None:
    with pytest.raises(UndefinedError, match="no_such_macro"):
        render("{{ ui.no_such_macro() }}")


def test_every_icon_named_in_a_template_is_in_the_sprite() -> None:
    listed = (APP / "static/icons.txt").read_text(encoding="utf-8").split()
    assert listed == sorted(set(listed))
    used = {word.icon for word in STATUSES.values()}
    for template in (APP / "templates").rglob("*.html"):
        used |= set(re.findall(r"""(?:ui\.icon\(|icon=|"icon": ?)["']([a-z0-9-]+)["']""", template.read_text(encoding="utf-8")))
    assert used - set(listed) == set()


def test_nothing_in_the_components_breaks_the_content_security_policy() -> None:
    for folder in ("components", "layouts", "errors"):
        for template in (APP / "templates" / folder).glob("*.html"):
            if template.name == "email.html":
                continue
            source = template.read_text(encoding="utf-8")
            assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:", source), template.name


@pytest.mark.parametrize("kind", ["default", "primary", "danger", "link", "quiet"])
def test_button_escapes_its_label(page: Flask, kind: str) -> None:
    html = render("{{ ui.button('<b>Envoyer</b>', kind=kind, attrs={'hx-post': '/x'}) }}", kind=kind)
    assert "&lt;b&gt;Envoyer" in html
    assert f"btn-{kind}" in html
    assert 'type="button"' in html
    assert 'hx-post="/x"' in html


def test_what_is_remembered_never_passes_unescaped(page: Flask) -> None:
    assert "<b>Oui</b>" in render("{{ ui.pill('ok', label) }}", label=Markup("<b>Oui</b>"))
    assert "&lt;b&gt;Oui&lt;/b&gt;" in render("{{ ui.pill('ok', label) }}", label="<b>Oui</b>")


def test_a_cell_escapes_its_value_and_its_link(page: Flask) -> None:
    html = render("{{ ui.td('Nom', '<i>', href='/a?b=\"&c', detail='#volet', phone='top') }}")
    assert html == (
        '<td role="cell" data-label="Nom" class="cell-main cell-top"><a class="row-link" data-row-link href="/a?b=&#34;&amp;c" '
        'hx-get="/a?b=&#34;&amp;c" hx-target="#volet" hx-swap="outerHTML" hx-push-url="true">&lt;i&gt;</a></td>'
    )


def test_button_that_posts_carries_the_csrf_token(page: Flask) -> None:
    html = render("{{ ui.button('Rejouer', post='/rejouer', name='id', value='evt_1') }}")
    assert re.search(r'<form[^>]+method="post"[^>]+action="/rejouer"', html)
    assert re.search(r'name="csrf_token" value="[^"]{20,}"', html)
    assert 'name="id" value="evt_1"' in html


def test_a_status_has_an_icon_and_a_word_that_agrees(page: Flask) -> None:
    html = render("{{ ui.status_pill('accepted', feminine=True) }}")
    assert "Acceptée" in html and "pill-ok" in html and "#check" in html
    assert status_word("accepted").word(False) == "Accepté"
    assert status_word("some_new_state").label == "Some new state"
    assert all(word.icon and word.label for word in STATUSES.values())


def test_when_shows_the_exact_moment_on_hover(page: Flask) -> None:
    html = render("{{ ui.when(at) }}", at=NOW - timedelta(minutes=2))
    assert 'title="21\u00a0novembre 2026 à 14:03"' in html
    assert "il y a\u00a02\u00a0min" in html
    assert "—" in render("{{ ui.when(none) }}")


def test_copy_gives_the_whole_value(page: Flask) -> None:
    html = render("{{ ui.copy('evt_9fQ3aT7h', label='l’identifiant', shown='evt_9f…') }}")
    assert 'data-copy="evt_9fQ3aT7h"' in html and ">evt_9f…<" in html and 'aria-label="Copier l’identifiant"' in html


TABLE = """
{% call ui.table("livraisons", columns=[{"label": "Événement", "sort": "type"}, {"label": "Quand", "num": true, "sort": "quand"}, {"label": "Clé", "hidden": true}],
                 caption="Livraisons", selectable=true, page=page, target="#livraisons") %}
  {% call ui.row(key="evt_1", selectable=true, name="l’événement 1", active=true) %}
    {{ ui.td("Événement", "project.created", href="/e/1", mono=true) }}{{ ui.td("Quand", "hier", num=true) }}{{ ui.td("Clé", "x") }}
  {% endcall %}
{% endcall %}"""


def test_table_keeps_the_filters_in_its_links(page: Flask) -> None:
    rows = SimpleNamespace(rows=[1], total=10_000, capped=True, previous_cursor="aa", next_cursor="bb")
    html = render(TABLE, page=rows)
    assert 'href="/liste?q=salle&amp;tri=-quand"' in html  # sorted ascending: the next click descends
    assert 'href="/liste?q=salle&amp;tri=type"' in html
    assert 'aria-sort="ascending"' in html
    assert 'href="/liste?q=salle&amp;tri=quand&amp;avant=aa"' in html
    assert 'href="/liste?q=salle&amp;tri=quand&amp;apres=bb"' in html
    assert "1 sur plus de 10\u202f000" in html
    assert 'data-label="Quand"' in html and 'aria-label="Sélectionner l’événement 1"' in html
    assert "hide-col-4" in html  # third column, after the tick box


def test_the_first_page_has_no_previous_link(page: Flask) -> None:
    html = render(TABLE, page=SimpleNamespace(rows=[], total=None, capped=False, previous_cursor=None, next_cursor=None))
    assert 'rel="prev"' not in html and 'rel="next"' not in html
    assert html.count('aria-disabled="true"') == 2


def test_an_empty_list_leads_back_to_everything_or_to_the_first_one(page: Flask) -> None:
    source = '{{ ui.empty_list(filtered, "Aucun lien ne correspond", "Élargissez.", "/liens", "link", "Aucun lien", "Créez-en un.", ui.button("Créer", href="/creer")) }}'
    found, none_yet = render(source, filtered="q"), render(source, filtered="")
    assert "Aucun lien ne correspond" in found and "Élargissez." in found and 'href="/liens"' in found and "/creer" not in found
    assert "Créez-en un." in none_yet and 'href="/creer"' in none_yet and "Tout montrer" not in none_yet and "correspond" not in none_yet


def test_versions_are_compared_and_put_back(page: Flask) -> None:
    kept = [SimpleNamespace(number=number, note=f"Note {number}", author_name="", created_at=NOW) for number in (3, 2, 1)]
    source = '{% call ui.versions(kept, "number", 2, before, 3, views, view, "Remettre", "remettre-") %}<p>Le texte choisi</p>{% endcall %}'
    views = {"cote": "Côte à côte", "texte": "Texte seul"}
    html = render(source, kept=kept, views=views, view="cote", before=1)
    assert "<p>Le texte choisi</p>" in html and "Version 3, depuis la version 1" in html and 'action="/liste"' in html
    assert re.findall(r'data-dialog-open="(remettre-\d)"', html) == ["remettre-3", "remettre-1"], "the one in force is not put back"
    assert re.findall(r"<option selected>(\d)", html) == ["1", "3"] and 'name="vue" value="cote"' in html and "Note 1" in html
    assert "depuis" not in render(source, kept=kept, views=views, view="texte", before=1)
    assert "Comparer" not in render(source, kept=kept[:1], views=views, view="cote", before=0)


def test_filters_show_the_url(page: Flask) -> None:
    html = render(
        "{{ ui.filters('/liste', target='#x', search={'name': 'q', 'placeholder': 'Nom'}, fields=[{'name': 'statut', 'label': 'Statut', 'options': [('', 'Tous')]}]) }}"
    )
    assert 'method="get"' in html and 'hx-push-url="true"' in html
    assert re.search(r'name="q"\s+value="salle"', html)
    assert re.search(r'name="tri" value="quand"', html)


def test_url_with_forgets_the_cursor(page: Flask) -> None:
    assert url_with() == "/liste?q=salle&tri=quand"
    assert url_with(q=None, tri=None) == "/liste"
    assert url_with(avant="zz") == "/liste?q=salle&tri=quand&avant=zz"


FORM = """
{% call ui.form(form, save="Enregistrer le webhook", cancel="/liste") %}{% call ui.section("s", "Section") %}
  {{ ui.field(form.name, help="Visible de vos clients.", origin="hérité de l’agent") }}
  {% for one in [form.quota, form.tone, form.circuit, form.events, form.welcome, form.secret, form.active] %}{{ ui.field(one) }}{% endfor %}
{% endcall %}{% endcall %}"""


def test_a_form_with_errors_links_each_one_to_its_field(application: Flask) -> None:
    with application.test_request_context("/form", method="POST", data={"quota": "dix", "tone": "pro", "circuit": "A"}):
        application.config["WTF_CSRF_ENABLED"] = False
        form = EndpointForm()
        assert not form.validate()
        html = render(FORM, form=form)
        application.config["WTF_CSRF_ENABLED"] = True
    assert "2 points sont à corriger" in html
    assert '<a href="#name">Nom</a>\u00a0: Remplissez ce champ.' in html
    assert 'aria-describedby="name-error name-help"' in html
    assert 'id="name-error"' in html and 'id="name-help"' in html
    assert "Écrivez un nombre entier, en chiffres." in html
    assert 'aria-invalid="true"' in html
    assert "hérité de l’agent" in html
    assert "data-unsaved" in html and "data-once" in html
    assert "Enregistrer le webhook" in html


def test_a_form_without_error_has_labels_and_no_summary(page: Flask) -> None:
    html = render(FORM, form=EndpointForm())
    assert "data-error-summary" not in html and "aria-invalid" not in html
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    labelled = {label.get("for") for label in tree.iter("label")}
    controls = [node for node in tree.iter() if node.tag in ("input", "select", "textarea") and node.get("type") != "hidden"]
    assert len(controls) == 9
    assert all(control.get("id") in labelled for control in controls)
    assert html.count('class="facultative"') == 5  # all but the required name, the choices and the switch
    assert html.count("<fieldset") == 1
    assert 'data-reveal="secret"' in html


def test_the_messages_of_wtforms_are_french(page: Flask) -> None:
    form = EndpointForm()
    assert form.name.gettext("This field is required.") == WORDS["This field is required."]
    assert form.name.gettext("Invalid IP address.") == "Adresse IP non valide."
    assert "caractère" in form.name.ngettext(
        "Field must be at least %(min)d character long.", "Field must be at least %(min)d characters long.", 3
    )


def test_a_dangerous_act_names_its_object_and_is_typed(page: Flask) -> None:
    html = render(
        "{{ ui.confirm_dialog('d', 'Supprimer EBP ?', 'Définitif.', '/supprimer', 'Supprimer EBP', typed='EBP', hidden={'v': 3}) }}"
    )
    assert '<dialog class="dialog"' in html and 'data-typed="EBP"' in html
    assert 'name="confirmation"' in html and 'name="csrf_token"' in html and 'name="v" value="3"' in html


def test_quote_card_writes_the_journey(page: Flask) -> None:
    line = {
        "label": "Carrelage mural",
        "quantity": Decimal("20"),
        "unit": "m²",
        "unit_price": Decimal(70),
        "total_ht": Decimal(1400),
        "assumption": "2,5 × le sol",
    }
    quote = {
        "title": "Estimation",
        "version": 1,
        "status": {"kind": "ok", "label": "Acceptée"},
        "lines": [line],
        "total_ht": Decimal(5790),
        "vat": [{"rate": Decimal(20), "base": Decimal(5790), "amount": Decimal(1158)}],
        "total_ttc": Decimal(6948),
    }
    html = render("{{ ui.quote_card(quote) }}", quote=quote)
    for text in (
        "5\u202f790,00\u00a0€",
        "6\u202f948,00\u00a0€",
        "TVA 20\u202f%",
        "20 m² × 70,00",
        "à confirmer",
        "2,5 × le sol",
        "Acceptée",
    ):
        assert text in html


def test_conversation_groups_one_sender_and_tells_events(page: Flask) -> None:
    first = {"id": "m1", "side": "theirs", "sender": "M. Martin", "at": NOW, "text": "<script>"}
    second = {
        "id": "m2",
        "side": "theirs",
        "sender": "M. Martin",
        "at": NOW + timedelta(minutes=1),
        "photos": [{"url": "/f/1"}, {"url": "/f/2"}],
    }
    event = {"event": "M. Martin a accepté l’estimation", "at": NOW}
    answer = {"id": "m3", "side": "ours", "sender": "Assistant", "at": NOW, "text": "**Merci**", "rich": True, "latency_ms": 1400}
    html = render(
        "{% call(m) ui.conversation(messages) %}{% if m.side == 'ours' %}Corriger{% endif %}{% endcall %}",
        messages=[first, second, event, answer],
    )
    assert "&lt;script&gt;" in html
    assert html.count("is-grouped") == 1
    assert 'alt="Photo 2 de M. Martin"' in html
    assert "<p><strong>Merci</strong></p>" in html and "a accepté l’estimation" in html and "1,4\u00a0s" in html
    assert html.count("talk-actions") == 1
    assert "talk-actions" not in render("{{ ui.conversation(messages) }}", messages=[answer])


def test_chart_has_its_numbers_as_data_and_as_a_table(page: Flask) -> None:
    html = render("{{ ui.chart('c', 'bar', ['lun.', '</script>'], [{'label': 'Vus', 'data': [3, 4]}], 'Par jour') }}")
    found = re.search(r'<script type="application/json"\s+id="c-data"\s+nonce="nonce-of-the-test">(.*?)</script>', html, re.S)
    assert found and json.loads(found.group(1)) == {
        "labels": ["lun.", "</script>"],
        "series": [{"label": "Vus", "data": [3, 4]}],
        "unit": "",
    }
    assert '<td class="num">4</td>' in html


def test_flash_messages_become_toasts_with_undo(page: Flask) -> None:
    html = render("{{ ui.flashes([('success', 'Fait'), ('error', 'Non'), ('success', {'message': 'Supprimé', 'undo': '/annuler'})]) }}")
    assert html.count('role="status"') == 2 and html.count('role="alert"') == 1
    assert 'action="/annuler"' in html
    assert json.loads(toast_header("Enregistré", undo="/a")) == {"toast": {"message": "Enregistré", "kind": "success", "undo": "/a"}}


@pytest.mark.parametrize("name", ["403", "404", "405", "413", "429", "500", "503", "error"])
def test_error_pages_say_what_was_kept_and_what_to_do(page: Flask, name: str) -> None:
    html = render_template(f"errors/{name}.html", message="Ceci est arrivé.", status=name)
    html5lib.HTMLParser(strict=True).parse(html)
    assert html.count("<h1") == 1
    for text in ("Ceci est arrivé.", "Ce qui est gardé", "Que faire", f"Erreur {name}"):
        assert text in html


PORTAL = '{% extends "layouts/portal.html" %}{% block title %}Éditeurs{% endblock %}{% block content %}Bonjour{% endblock %}'


def test_portal_is_one_valid_page(page: Flask) -> None:
    html = render(
        PORTAL,
        brand={"name": "EBP", "href": "/"},
        user={"name": "Claire Vidal", "email": "claire@ebp.com"},
        portals=[{"label": "EBP", "href": "/", "active": True}, {"label": "Plateforme", "href": "/admin"}],
        nav=[
            {"items": [{"label": "Accueil", "icon": "home", "href": "/", "active": True, "badge": 4, "badge_kind": "action"}]},
            {"title": "Compte", "items": [{"label": "Réglages", "icon": "settings", "href": "/r"}]},
        ],
    )
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    assert [h1.text for h1 in tree.iter("h1")] == ["Éditeurs"]
    ids = [node.get("id") for node in tree.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    assert html.count('aria-current="page"') == 1
    assert "badge-action" in html
    assert 'href="#contenu"' in html and "Changer d’espace" in html


def test_e_mail_layouts(page: Flask) -> None:
    html = render(
        '{% extends "layouts/email.html" %}{% block content %}<p>Bonjour</p>{% endblock %}',
        action_url="https://x.fr/a",
        action_label="Ouvrir",
    )
    assert "https://x.fr/a" in html and "<script" not in html and "<link" not in html
    text = render('{% extends "layouts/email.txt" %}{% block content %}Bonjour{% endblock %}', action_url="https://x.fr/a")
    assert "Ouvrir\u00a0: https://x.fr/a" in text
