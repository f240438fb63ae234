"""Bodies and answers of the editor's API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.blueprints.api.bodies import PageQuery, Strict
from app.web.api import Flag, Pattern, context_field
from app.webhooks.models import EVENT_TYPES


class PermissionsIn(Strict):
    """What the artisan may do through this editor (003 §15.2 A)."""

    can_create_sessions = Flag()
    can_view_analytics = Flag()
    max_sessions_month = fields.Integer(strict=True, allow_none=True, validate=validate.Range(1, 1_000_000))


class BrandingIn(Strict):
    """How conversations look and speak through this link."""

    title = fields.String(validate=validate.Length(max=80))
    welcome_message = fields.String(validate=validate.Length(max=500))
    placeholder = fields.String(validate=validate.Length(max=80))
    primary_color = fields.String(validate=Pattern("#[0-9a-fA-F]{6}", error="Couleur attendue sous la forme #24518f."))
    signature = fields.String(validate=validate.Length(max=200))


class LinkArtisanIn(Strict):
    """Propose to an artisan to be linked."""

    email = fields.String(required=True, validate=validate.Length(max=254), metadata={"example": "contact@durant-peinture.fr"})
    external_id = fields.String(required=True, validate=validate.Length(min=1, max=100), metadata={"example": "DUR-001"})
    name = fields.String(load_default="", validate=validate.Length(max=200))
    phone = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=30))
    branding = fields.Nested(BrandingIn, load_default=dict)
    permissions = fields.Nested(PermissionsIn, load_default=dict)


class CreateAndLinkIn(LinkArtisanIn):
    """The same, for an artisan to invite."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=200), metadata={"example": "Durant Peinture"})
    send_invitation = Flag(load_default=True)


class ArtisanOut(Schema):
    """A linked artisan, as this editor knows him."""

    id = fields.String(required=True, metadata={"example": "elk_7Kq2mZc0"})
    external_id = fields.String(required=True)
    name = fields.String(required=True, attribute="artisan_name")
    email = fields.String(required=True, attribute="invited_email")
    phone = fields.String(required=True, allow_none=True, attribute="artisan_phone")
    status = fields.String(required=True, validate=validate.OneOf(("pending", "active", "refused", "detached")))
    branding = fields.Dict(required=True)
    permissions = fields.Dict(required=True)
    created_at = fields.AwareDateTime(required=True)
    linked_at = fields.AwareDateTime(required=True, allow_none=True)


class RecipientIn(Strict):
    """Who the link is for; what the editor knows of him."""

    name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    email = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=254))
    phone = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=30))


class CreateLinkIn(Strict):
    """A link to send (003 §15.2 B)."""

    deployment_key = fields.String(required=True, validate=validate.Length(min=1, max=64), metadata={"example": "dpl_ebp_expert_btp"})
    artisan_external_id = fields.String(required=True, validate=validate.Length(min=1, max=100), metadata={"example": "DUR-001"})
    context = context_field()
    expires_in = fields.Integer(load_default=604_800, strict=True, metadata={"description": "Secondes, 90 jours au plus."})
    recipient = fields.Nested(RecipientIn, load_default=dict)


class LinkOut(Schema):
    """The link; `session_token` is the token of its address."""

    link_id = fields.String(required=True, metadata={"example": "lnk_7Kq2mZc0"})
    url = fields.String(required=True)
    session_token = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)


class SessionQuery(PageQuery):
    """Which sessions."""

    status = fields.String(load_default=None, validate=validate.OneOf(("open", "completed", "expired")))
    artisan_external_id = fields.String(load_default=None, validate=validate.Length(max=100))


class SessionRow(Schema):
    """A conversation made through this editor."""

    id = fields.String(required=True)
    deployment_key = fields.String(required=True, attribute="deployment_id")
    artisan_external_id = fields.String(required=True, allow_none=True, attribute="external_id")
    artisan_name = fields.String(required=True)
    visitor_name = fields.String(required=True, allow_none=True)
    status = fields.String(required=True)
    title = fields.String(required=True)
    total_ttc = fields.Decimal(required=True, allow_none=True)
    messages_count = fields.Integer(required=True)
    started_at = fields.AwareDateTime(required=True, allow_none=True)
    completed_at = fields.AwareDateTime(required=True, allow_none=True)
    last_activity_at = fields.AwareDateTime(required=True)


class WebhookIn(Strict):
    """Where to be told, and of what."""

    url = fields.String(
        required=True, validate=validate.Length(min=1, max=500), metadata={"example": "https://hooks.example.com/ai-manager"}
    )
    events = fields.List(fields.String(validate=validate.OneOf(EVENT_TYPES)), required=True, validate=validate.Length(min=1))
    retry_count = fields.Integer(load_default=8, strict=True, validate=validate.Range(0, 12))
    timeout_ms = fields.Integer(load_default=5000, strict=True, validate=validate.Range(500, 30_000))


class WebhookOut(Schema):
    """A subscription."""

    id = fields.String(required=True, metadata={"example": "whk_7Kq2mZc0"})
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True)
    is_active = fields.Boolean(required=True)
    retry_count = fields.Integer(required=True)
    timeout_ms = fields.Integer(required=True)
    last_triggered_at = fields.AwareDateTime(required=True, allow_none=True)
    last_status = fields.String(required=True, allow_none=True)
    failure_count = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)


class WebhookCreated(WebhookOut):
    """The subscription with its secret."""

    secret = fields.String(required=True, metadata={"example": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})


class TestSent(Schema):
    """What the receiver answered to a test."""

    success = fields.Boolean(required=True)
    status_code = fields.Integer(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True)
    error = fields.String(required=True, allow_none=True)
    event_id = fields.String(required=True)


ARTISAN = {
    "email": "contact@durant-peinture.fr",
    "external_id": "DUR-001",
    "name": "Durant Peinture",
    "phone": "06 12 34 56 78",
    "branding": {"primary_color": "#24518f", "signature": "L’équipe Durant"},
    "permissions": {"can_create_sessions": True, "max_sessions_month": 50},
}
NEW_LINK = {
    "deployment_key": "dpl_7Kq2mZc0",
    "artisan_external_id": "DUR-001",
    "context": {"devis": "D-2026-118"},
    "expires_in": 604_800,
    "recipient": {"name": "Mme Martin", "email": "martin@example.com"},
}
SUBSCRIPTION = {"url": "https://hooks.example.com/ai-manager", "events": ["project.created"], "retry_count": 8, "timeout_ms": 5000}
"""What the bodies look like."""
