"""What the bodies and the queries of every API have in common."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

from app.core import clock
from app.web.api import Pattern

FIRST_DAY, LAST_DAY = date(2020, 1, 1), date(2199, 12, 31)
LAST_DAYS = timedelta(days=29)


class Strict(Schema):
    """A body whose unknown fields are refused: a typo must not pass for a default."""

    class Meta:
        unknown = RAISE


class PageQuery(Schema):
    """Where to go on."""

    cursor = fields.String(
        load_default=None,
        validate=Pattern("[A-Za-z0-9_-]+", error="Reprenez depuis la première page."),
        metadata={"description": "`next_cursor` de la page précédente."},
    )
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


def _of_our_time(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError(f"Entre le {FIRST_DAY:%d/%m/%Y} et le {LAST_DAY:%d/%m/%Y}.")


class PeriodQuery(Schema):
    """A period of Paris days, both included; the last thirty days when nothing is said."""

    since = fields.Date(load_default=None, validate=_of_our_time, metadata={"example": "2026-11-01"})
    until = fields.Date(load_default=None, validate=_of_our_time, metadata={"example": "2026-11-30"})

    @post_load
    def _whole(self, data: dict[str, Any], **_: Any) -> dict[str, date]:
        until = data["until"] or clock.paris_day()
        return {"since": data["since"] or until - LAST_DAYS, "until": until}


class DayOut(Schema):
    """One Paris day."""

    date = fields.Date(required=True)
    sessions = fields.Integer(required=True)
    messages = fields.Integer(required=True)
    projects = fields.Integer(required=True)


class StatisticsOut(Schema):
    """Figures of a period. `conversion`: the share (0 to 1) of conversations that gave a project; null without any."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)
    sessions = fields.Integer(required=True)
    messages = fields.Integer(required=True)
    projects = fields.Integer(required=True)
    conversion = fields.Float(required=True, allow_none=True, metadata={"example": 0.42})
    ttft_p50_ms = fields.Integer(required=True, allow_none=True, metadata={"description": "Délai médian du premier mot."})
    ttft_p95_ms = fields.Integer(required=True, allow_none=True)
    days = fields.List(fields.Nested(DayOut), required=True)


class UsageOut(Schema):
    """Conversations and messages counted in a Paris month."""

    month = fields.String(required=True, metadata={"example": "2026-11"})
    sessions = fields.Integer(required=True)
    messages = fields.Integer(required=True)


class PlanOut(Schema):
    """What the plan gives, with what was agreed otherwise; null: without limit."""

    name = fields.String(required=True, attribute="plan_name", metadata={"example": "Pro"})
    sessions_month = fields.Integer(required=True, allow_none=True)
    messages_month = fields.Integer(required=True, allow_none=True)
    deployments = fields.Integer(required=True, allow_none=True)


class EditorUsageOut(Schema):
    """What an editor used, and what he may use."""

    current = fields.Nested(UsageOut, required=True)
    plan = fields.Nested(PlanOut, required=True, allow_none=True)
    months = fields.List(
        fields.Nested(UsageOut), required=True, metadata={"description": "Les mois comptés, six au plus, le dernier d’abord."}
    )


class Deleted(Schema):
    """It is gone."""

    deleted = fields.Boolean(required=True)
