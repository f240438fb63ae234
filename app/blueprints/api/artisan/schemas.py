"""Queries and answers of the artisan's API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.blueprints.api.bodies import PageQuery
from app.conversations.lists import SESSION_STATUSES
from app.identity.links import LINK_ORDER


class ArtisanSessionQuery(PageQuery):
    """Which conversations."""

    status = fields.String(load_default="", validate=validate.OneOf(SESSION_STATUSES))


class ArtisanSession(Schema):
    """A conversation of this artisan's customers."""

    id = fields.String(required=True, metadata={"example": "sess_7Kq2mZc0"})
    title = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(SESSION_STATUSES))
    editor_name = fields.String(required=True, allow_none=True)
    visitor_name = fields.String(required=True, allow_none=True)
    visitor_email = fields.String(required=True, allow_none=True)
    messages_count = fields.Integer(required=True)
    files_count = fields.Integer(required=True)
    total_ttc = fields.Decimal(required=True, allow_none=True, metadata={"example": 6402.55})
    contact_asked_at = fields.AwareDateTime(required=True, allow_none=True)
    started_at = fields.AwareDateTime(required=True, allow_none=True)
    last_activity_at = fields.AwareDateTime(required=True)


class ArtisanEditor(Schema):
    """An editor this artisan is tied to, or who asks him to be."""

    id = fields.String(required=True, metadata={"example": "elk_7Kq2mZc0"})
    editor_name = fields.String(required=True, metadata={"example": "EBP"})
    external_id = fields.String(required=True, metadata={"example": "DUR-001"})
    status = fields.String(required=True, validate=validate.OneOf(LINK_ORDER))
    permissions = fields.Dict(required=True)
    created_at = fields.AwareDateTime(required=True)
    linked_at = fields.AwareDateTime(required=True, allow_none=True)
