"""The menu of each portal, as data, and what `layouts/portal.html` shows around a page (docs/design.md, A page).

An item is shown when its view exists and the person's role holds its permission, so that no link leads to a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, has_request_context, request, session, url_for
from flask_login import current_user

from app.core.acting import Actor
from app.web.authentication import PORTALS, Assignment, actor_of

PRODUCT = "AI-Manager"


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: its words, its icon, the view it opens, the permission it needs (None: every role of the portal), its section's title.

    `also`: another view whose pages lie under this entry, though their address does not.
    """

    label: str
    icon: str
    endpoint: str
    permission: str | None = None
    section: str | None = None
    also: str | None = None


MENUS: dict[str, tuple[Item, ...]] = {
    "admin": (
        Item("Accueil", "home", "admin.home"),
        Item("Utilisateurs", "users", "admin.users", "users.manage"),
        Item("Éditeurs", "building", "admin.editors", "users.manage"),
        Item("Domaines", "world", "admin.domains", "domains.manage"),
        Item("Artisans", "tools", "admin.artisans", "users.manage"),
        Item("Conversations", "messages", "admin.conversations", "ai-sessions.view_own"),
        Item("Déploiements", "rocket", "admin.deployments", "deployments.manage"),
        Item("Prix", "list-numbers", "admin.prices", "agents.manage"),
        Item("Agents", "robot", "admin.agents", "agents.manage", "Intelligence artificielle"),
        Item("Centre de pilotage", "adjustments", "admin.ai", "ai.manage", "Intelligence artificielle", also="admin.ai_providers"),
        Item("Bibliothèque", "books", "admin.library", "library.view", "Intelligence artificielle"),
        Item("Appels", "list-search", "admin.calls", "costs.view", "Intelligence artificielle"),
        Item("Coûts", "coin-euro", "admin.costs", "costs.view", "Facturation"),
        Item("Relevés", "file-invoice", "admin.statements", "users.manage", "Facturation"),
        Item("Forfaits", "receipt-euro", "admin.plans", "users.manage", "Facturation"),
        Item("Envois", "mail", "admin.emails", "users.manage", "Suivi"),
        Item("Journal", "history", "admin.audit", "audit.view", "Suivi"),
    ),
    "editeur": (
        Item("Accueil", "home", "editeur.home"),
        Item("Déploiements", "rocket", "editeur.deployments", "deployments.manage"),
        Item("Conversations", "messages", "editeur.conversations", "ai-sessions.view_own"),
        Item("Liens", "link", "editeur.links", "sessions.create_link"),
        Item("Artisans", "users-group", "editeur.artisans", "artisans.view"),
        Item("Statistiques", "chart-bar", "editeur.statistics", "stats.view"),
        Item("Centre de pilotage", "adjustments", "editeur.ai", "ai.manage", "Intelligence artificielle"),
        Item("Bibliothèque", "books", "editeur.library", "library.view", "Intelligence artificielle"),
        Item("Coûts", "coin-euro", "editeur.costs", "costs.view", "Intelligence artificielle"),
        Item("Relevés", "file-invoice", "editeur.statements", "costs.view", "Intelligence artificielle"),
        Item("Webhooks", "webhook", "editeur.webhooks", "webhooks.manage", "Intégration"),
        Item("Clés d’API", "key", "account.keys", "api.access", "Intégration"),
        Item("Nom d’hôte", "world-www", "editeur.brand_hosts", "domains.manage", "Intégration"),
        Item("Documentation", "code", "docs.page", "api.access", "Intégration"),
        Item("Réglages", "settings", "account.profile", None, "Compte"),
    ),
    "artisan": (
        Item("Accueil", "home", "artisan.home"),
        Item("Conversations", "messages", "artisan.conversations", "ai-sessions.view_own"),
        Item("Liens", "link", "artisan.links", "sessions.create_link"),
        Item("Centre de pilotage", "adjustments", "artisan.ai", "ai.manage", "Intelligence artificielle"),
        Item("Bibliothèque", "books", "artisan.library", "library.view", "Intelligence artificielle"),
        Item("Prix et ouvrages", "list-numbers", "artisan.prices", "quotes.create", "Mon entreprise"),
        Item("Apparence", "palette", "artisan.branding", "branding.manage", "Mon entreprise"),
        Item("Logiciels reliés", "plug-connected", "artisan.editors", "branding.manage", "Mon entreprise"),
        Item("Réglages", "settings", "account.profile", None, "Mon entreprise"),
    ),
    "fabricant": (
        Item("Accueil", "home", "fabricant.home"),
        Item("Clés d’API", "key", "account.keys", "api.access"),
        Item("Notifications", "bell", "notifications.index"),
        Item("Réglages", "settings", "account.profile", None, "Compte"),
    ),
    "particulier": (
        Item("Mes conversations", "messages", "particulier.conversations", "ai-sessions.view_own"),
        Item("Mon compte", "user-circle", "account.profile"),
    ),
    "metreur": (
        Item("Dossiers", "clipboard-list", "metreur.home"),
        Item("Mon compte", "user-circle", "account.profile"),
    ),
}
LABELS = {
    "admin": "Administration",
    "editeur": "Espace éditeur",
    "artisan": "Espace artisan",
    "fabricant": "Espace fabricant",
    "particulier": "Espace client",
    "metreur": "Espace métreur",
}
OF_THE_PLATFORM = ("admin", "metreur", "particulier")
"""Portals that bear our name; the others bear their company's."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A number beside an item: how it is counted, and its colour (`action`: minium, else grey)."""

    count: Callable[[Actor], int]
    kind: str | None


_badges: dict[str, Badge] = {}


def badge(endpoint: str, *, kind: str | None = None) -> Callable[[Callable[[Actor], int]], Callable[[Actor], int]]:
    """Register a function that counts, for the actor, what waits behind a menu item. 0 shows nothing; one cheap query at most."""

    def register(count: Callable[[Actor], int]) -> Callable[[Actor], int]:
        _badges[endpoint] = Badge(count, kind)
        return count

    return register


def current_assignment() -> Assignment | None:
    """The role in which the person of this request reads this page."""
    if not current_user.is_authenticated:
        return None
    portal = request.blueprint if request.blueprint in PORTALS else session.get("portal")
    found: Assignment | None = current_user.assignment_for(portal) or current_user.assignment_for(None)
    return found


def home_url(assignment: Assignment | None) -> str:
    """Where a role begins: the first page of its menu."""
    for item in _visible(assignment) if assignment else ():
        return url_for(item.endpoint)
    return url_for("account.profile")


def _visible(assignment: Assignment) -> Iterator[Item]:
    for item in MENUS.get(assignment.portal, ()):
        held = item.permission is None or item.permission in assignment.permissions
        if held and item.endpoint in current_app.view_functions:
            yield item


def menu_of(assignment: Assignment) -> Iterator[dict[str, Any]]:
    """The sections of the menu, for the layout. Lazy: a fragment, which shows no menu, counts nothing."""
    items = [(item, url_for(item.endpoint)) for item in _visible(assignment)]
    active = _active(items)
    actor = actor_of(current_user, assignment)
    section: dict[str, Any] = {}
    for item, href in items:
        if section and section["title"] != item.section:
            yield section
            section = {}
        section = section or {"title": item.section, "items": []}
        counted = _badges.get(item.endpoint)
        section["items"].append(
            {
                "label": item.label,
                "icon": item.icon,
                "href": href,
                "active": item is active,
                "badge": counted.count(actor) if counted else None,
                "badge_kind": counted.kind if counted else None,
            }
        )
    if section:
        yield section


def _active(items: list[tuple[Item, str]]) -> Item | None:
    """The entry this page lies under: the longest address that begins its own, a portal's root for itself only."""
    path = request.path.rstrip("/")
    roots = {f"/{portal}" for portal in PORTALS}
    places = [*items, *((item, url_for(item.also)) for item, _ in items if item.also)]
    bare = [(href.rstrip("/"), item) for item, href in places]
    under = [(len(href), item) for href, item in bare if path == href or (href not in roots and path.startswith(href + "/"))]
    return max(under, key=lambda one: one[0], default=(0, None))[1]


def brand_of(assignment: Assignment) -> dict[str, str]:
    """The name at the top of the menu."""
    ours = assignment.portal in OF_THE_PLATFORM and assignment.account_id == current_user.user_id
    return {
        "name": PRODUCT if ours else assignment.account_name,
        "href": home_url(assignment),
        "label": LABELS.get(assignment.portal, ""),
    }


def switcher(assignment: Assignment) -> list[dict[str, Any]]:
    """The person's other roles: one entry each, sent as a form since it changes the session."""
    return [
        {
            "label": _switch_label(other),
            "post": url_for("account.switch", assignment_id=other.id),
            "active": other.id == assignment.id,
        }
        for other in current_user.assignments
    ]


def _switch_label(assignment: Assignment) -> str:
    label = LABELS.get(assignment.portal, assignment.portal)
    ours = assignment.portal in OF_THE_PLATFORM and assignment.account_id == current_user.user_id
    return label if ours else f"{label} · {assignment.account_name}"


def around_the_page() -> dict[str, Any]:
    """The variables of the portals' layout; none for a visitor, an e-mail or a program.

    Never loads the person itself: an error page must not ask a database that is away.
    """
    if not has_request_context() or "_login_user" not in g or not current_user.is_authenticated:
        return {}
    common = {
        "user": {"name": current_user.name, "email": current_user.email},
        "account_url": url_for("account.profile"),
        "logout_url": url_for("auth.logout"),
        "bell_url": url_for("notifications.bell"),
        "notifications_url": url_for("notifications.index"),
    }
    assignment = current_assignment()
    if assignment is None:
        return common | {"brand": {"name": PRODUCT, "href": url_for("account.profile")}}
    return common | {"brand": brand_of(assignment), "nav": menu_of(assignment), "portals": switcher(assignment)}


def install_navigation(app: Flask) -> None:
    """Give every template what the portals' layout reads."""
    app.context_processor(around_the_page)
