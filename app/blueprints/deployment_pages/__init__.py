"""The pages of one deployment, the same in the portals that keep deployments: the editor’s and the platform’s."""

from __future__ import annotations

from flask import Blueprint

from app.blueprints.deployment_pages.branding import add_branding_pages
from app.blueprints.deployment_pages.domains import add_domains_pages
from app.blueprints.deployment_pages.integration import add_integration_pages
from app.blueprints.deployment_pages.limits import add_limits_pages
from app.blueprints.deployment_pages.overview import add_overview_pages
from app.blueprints.deployment_pages.resolved import add_resolved_pages
from app.blueprints.deployment_pages.settings import add_settings_pages
from app.blueprints.deployment_pages.statistics import add_statistics_pages


def add_deployment_pages(bp: Blueprint) -> None:
    """Give a portal all of them."""
    add_branding_pages(bp)
    add_domains_pages(bp)
    add_integration_pages(bp)
    add_limits_pages(bp)
    add_overview_pages(bp)
    add_resolved_pages(bp)
    add_settings_pages(bp)
    add_statistics_pages(bp)
