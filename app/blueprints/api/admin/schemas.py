"""Bodies and answers of the administrators' API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.blueprints.api.bodies import PageQuery, Strict, UsageOut
from app.web.api import Flag

STATUSES = ("invited", "active", "suspended")


class EditorQuery(PageQuery):
    """Which editors."""

    q = fields.String(load_default="", validate=validate.Length(max=100), metadata={"description": "Nom, société ou adresse."})
    status = fields.String(load_default="", validate=validate.OneOf(STATUSES))


class CompanyInfoIn(Strict):
    """The company's page."""

    siret = fields.String(validate=validate.Length(max=40), metadata={"example": "732 829 320 00074"})
    address = fields.String(validate=validate.Length(max=300))
    phone = fields.String(validate=validate.Length(max=40), metadata={"example": "01 23 45 67 89"})
    website = fields.String(validate=validate.Length(max=300), metadata={"example": "https://www.ebp.com"})


class EditorIn(Strict):
    """An editor as it shall be; what `company_info` leaves out is emptied."""

    company_name = fields.String(required=True, validate=validate.Length(min=1, max=120), metadata={"example": "EBP"})
    name = fields.String(required=True, validate=validate.Length(min=1, max=120), metadata={"example": "Marie Lefèvre"})
    company_info = fields.Nested(CompanyInfoIn, load_default=dict)
    status = fields.String(
        validate=validate.OneOf(("active", "suspended")), metadata={"description": "Suspendre le compte, ou le rétablir."}
    )
    status_reason = fields.String(load_default="", validate=validate.Length(max=300))


class NewEditorIn(Strict):
    """An editor to open, and its contact to invite."""

    email = fields.String(required=True, validate=validate.Length(max=254), metadata={"example": "marie.lefevre@ebp.com"})
    company_name = fields.String(required=True, validate=validate.Length(min=1, max=120), metadata={"example": "EBP"})
    name = fields.String(required=True, validate=validate.Length(min=1, max=120), metadata={"example": "Marie Lefèvre"})
    company_info = fields.Nested(CompanyInfoIn, load_default=dict)
    send_invitation = Flag(load_default=True)


class EditorRow(Schema):
    """An editor and what it used this Paris month."""

    id = fields.String(required=True, metadata={"example": "usr_7Kq2mZc0"})
    name = fields.String(required=True)
    display_name = fields.String(required=True)
    email = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    deployments = fields.Integer(required=True)
    sessions = fields.Integer(required=True)
    messages = fields.Integer(required=True)
    last_seen_at = fields.AwareDateTime(required=True, allow_none=True)


class EditorOut(Schema):
    """An editor."""

    id = fields.String(required=True, metadata={"example": "usr_7Kq2mZc0"})
    email = fields.String(required=True)
    name = fields.String(required=True)
    company_name = fields.String(required=True, allow_none=True)
    company_info = fields.Dict(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    status_reason = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    last_seen_at = fields.AwareDateTime(required=True, allow_none=True)
    usage = fields.List(fields.Nested(UsageOut), required=True, metadata={"description": "Six mois au plus, le dernier d’abord."})


COMPANY = {"company_name": "EBP", "name": "Marie Lefèvre", "company_info": {"siret": "732 829 320 00074", "phone": "01 34 94 80 00"}}
NEW = {"email": "marie.lefevre@ebp.com", **COMPANY, "send_invitation": True}
CHANGE = {**COMPANY, "status": "suspended", "status_reason": "Impayé depuis trois mois"}
"""What the bodies look like."""
