"""Bodies and answers of the widget API (CONTRACT.md; 003 §14 B)."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields, validate

from app.web.api import Flag, Pattern, context_field

STATUSES = ("queued", "processing", "completed", "failed", "cancelled")


class FileOut(Schema):
    """A file of the conversation; addresses live 15 minutes and come once the file is ready."""

    id = fields.String(required=True, metadata={"example": "file_7Kq2mZc0"})
    name = fields.String(required=True)
    mime_type = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Octets."})
    status = fields.String(required=True, validate=validate.OneOf(("processing", "ready", "refused")))
    error = fields.String(required=True, allow_none=True)
    url = fields.String(required=True, allow_none=True)
    thumbnail_url = fields.String(required=True, allow_none=True)
    width = fields.Integer(required=True, allow_none=True)
    height = fields.Integer(required=True, allow_none=True)


class LineOut(Schema):
    """A line of the estimate; amounts in euros, net."""

    code = fields.String(required=True, allow_none=True)
    label = fields.String(required=True)
    quantity = fields.Decimal(required=True)
    unit = fields.String(required=True)
    unit_price = fields.Decimal(required=True)
    total_ht = fields.Decimal(required=True)
    vat_rate = fields.Decimal(required=True)
    assumption = fields.String(required=True)


class VatOut(Schema):
    """VAT of one rate, rounded once."""

    rate = fields.Decimal(required=True)
    base = fields.Decimal(required=True)
    amount = fields.Decimal(required=True)


class PreQuoteOut(Schema):
    """The estimate, computed by us."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    title = fields.String(required=True)
    status = fields.String(required=True)
    lines = fields.List(fields.Nested(LineOut), required=True)
    total_ht = fields.Decimal(required=True)
    vat = fields.List(fields.Nested(VatOut), required=True)
    tva_rate = fields.Decimal(required=True, allow_none=True)
    total_ttc = fields.Decimal(required=True)
    notes = fields.String(required=True)
    disclaimer = fields.String(required=True)
    accepted_at = fields.String(required=True, allow_none=True)


class MessageOut(Schema):
    """A message, as the chat page shows it."""

    id = fields.String(required=True, metadata={"example": "msg_abc123"})
    sender = fields.String(required=True, validate=validate.OneOf(("visitor", "agent", "artisan", "system")))
    content = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    created_at = fields.String(required=True)
    client_message_id = fields.String(required=True, allow_none=True)
    reply_to = fields.String(required=True, allow_none=True)
    rating = fields.Integer(required=True, allow_none=True)
    files = fields.List(fields.Nested(FileOut), required=True)
    pre_quote = fields.Nested(PreQuoteOut, required=True, allow_none=True)


class SessionOut(Schema):
    """The state of a conversation."""

    id = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(("open", "completed", "expired")))
    title = fields.String(required=True)
    messages_count = fields.Integer(required=True)
    files_count = fields.Integer(required=True)
    visitor_name = fields.String(required=True, allow_none=True)
    has_email = fields.Boolean(required=True)
    started_at = fields.String(required=True, allow_none=True)
    completed_at = fields.String(required=True, allow_none=True)


class ConversationOut(Schema):
    """All messages, oldest first."""

    session = fields.Nested(SessionOut, required=True)
    messages = fields.List(fields.Nested(MessageOut), required=True)


class BrandingOut(Schema):
    """Resolved look and words."""

    title = fields.String(required=True)
    primary_color = fields.String(required=True, metadata={"example": "#3B82F6"})
    on_primary = fields.String(required=True)
    logo_url = fields.String(required=True, allow_none=True)
    signature = fields.String(required=True)
    powered_by = fields.Boolean(required=True)


class AgentOut(Schema):
    """Who answers."""

    name = fields.String(required=True)
    avatar = fields.String(required=True, allow_none=True)


class NoticeOut(Schema):
    """The notice that the other side is an AI, with its version."""

    version = fields.String(required=True)
    text = fields.String(required=True)


class ConfigOut(Schema):
    """Public look and words of a deployment."""

    agent = fields.Nested(AgentOut, required=True)
    branding = fields.Nested(BrandingOut, required=True)
    welcome_message = fields.String(required=True)
    placeholder = fields.String(required=True)
    notice = fields.Nested(NoticeOut, required=True)


class LimitsOut(Schema):
    """What the page checks before sending."""

    message_chars = fields.Integer(required=True)
    file_bytes = fields.Integer(required=True)
    files = fields.Integer(required=True)


class StateOut(Schema):
    """That the conversation may go on; otherwise the verb is refused, and the code says why."""

    state = fields.String(required=True, validate=validate.OneOf(("open",)))


class InitOut(ConfigOut):
    """003 §14 B, plus the session's secret."""

    session_id = fields.String(required=True, metadata={"example": "sess_xyz789"})
    session_token = fields.String(required=True)
    resumed = fields.Boolean(required=True)
    needs_code = fields.Boolean(required=True)
    email_hint = fields.String(required=True, allow_none=True, metadata={"description": "Où le code attendu a été envoyé."})
    session = fields.Nested(SessionOut, required=True, allow_none=True)
    messages = fields.List(fields.Nested(MessageOut), required=True)
    limits = fields.Nested(LimitsOut, required=True)
    verified = fields.Boolean(required=True, metadata={"description": "La signature d’`identity` a été reconnue."})


class ResumeIn(Schema):
    """A conversation this browser kept."""

    class Meta:
        unknown = EXCLUDE

    session_id = fields.String(required=True, validate=validate.Length(max=64))
    session_token = fields.String(required=True, validate=validate.Length(max=128))


class IdentityIn(Schema):
    """Who the visitor is at the host site, signed by its server. What is not signed, or no longer valid, is a stranger: never an error."""

    class Meta:
        unknown = EXCLUDE

    payload = fields.String(
        validate=validate.Length(max=12_000),
        metadata={"description": "base64url d’un objet JSON {user_id, exp, context?, name?, email?} ; exp : 24 heures au plus."},
    )
    signature = fields.String(
        validate=validate.Length(max=128),
        metadata={"description": "HMAC-SHA256 en hexadécimal du texte de `payload`, ou de `user_id.exp`."},
    )
    user_id = fields.Raw(metadata={"type": ["string", "integer"], "description": "Forme simple, sans contexte."})
    exp = fields.Raw(metadata={"type": ["string", "integer"], "description": "Forme simple : secondes depuis 1970."})


class InitIn(Schema):
    """What a host page says."""

    class Meta:
        unknown = EXCLUDE

    deployment_key = fields.String(required=True, validate=validate.Length(min=1, max=64))
    context = context_field()
    locale = fields.String(load_default="fr", validate=validate.OneOf(("fr", "en")))
    resume = fields.Nested(ResumeIn, load_default=None, allow_none=True)
    identity = fields.Nested(IdentityIn, load_default=None, allow_none=True)


class MessageIn(Schema):
    """A message of the visitor. The same `client_message_id` is the same message."""

    class Meta:
        unknown = EXCLUDE

    content = fields.String(load_default="", validate=validate.Length(max=20_000))
    client_message_id = fields.String(
        required=True, validate=Pattern("[A-Za-z0-9_-]{8,64}", error="8 à 64 caractères, lettres et chiffres.")
    )
    file_ids = fields.List(fields.String(validate=validate.Length(max=64)), load_default=list, validate=validate.Length(max=10))
    context = context_field()


class MessageAccepted(Schema):
    """`message_id` is the reply's: follow its stream or ask its status."""

    message_id = fields.String(required=True)
    user_message_id = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    position = fields.Integer(required=True)


class ReplyMetadata(Schema):
    """Of a finished reply."""

    model = fields.String(allow_none=True)
    tokens = fields.Integer(allow_none=True)
    generation_time_ms = fields.Integer(allow_none=True)


class StatusOut(Schema):
    """The polling twin of the stream (003 §14 B)."""

    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    content = fields.String(required=True)
    metadata = fields.Nested(ReplyMetadata, required=True)
    error = fields.String(required=True, allow_none=True)
    message = fields.Nested(MessageOut, required=True)


class RatingIn(Schema):
    """1, -1, or 0 to take it back."""

    rating = fields.Integer(required=True, strict=True, validate=validate.OneOf((-1, 0, 1)))


class AcceptIn(Schema):
    """Which estimate suits."""

    pre_quote_id = fields.String(required=True, validate=validate.Length(max=64))


class EmailIn(Schema):
    """Where to send the transcript."""

    email = fields.String(required=True, validate=validate.Length(max=254))


class CodeIn(Schema):
    """The six digits received."""

    code = fields.String(load_default="", validate=validate.Length(max=20))
    resend = Flag(load_default=False, metadata={"description": "Envoyer un nouveau code au lieu d’en confirmer un."})


class CodeOut(Schema):
    """The conversation, once confirmed; nothing of it when another code was sent."""

    sent = fields.Boolean(required=True)
    session = fields.Nested(SessionOut, required=True, allow_none=True)
    messages = fields.List(fields.Nested(MessageOut), required=True)


class ContactOut(Schema):
    """How to reach the artisan."""

    artisan_name = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)


class FileAnswer(Schema):
    """The file taken in."""

    file_id = fields.String(required=True)
    status = fields.String(required=True)
    file = fields.Nested(FileOut, required=True)


class UploadIn(Schema):
    """One file, as multipart form data."""

    class Meta:
        unknown = EXCLUDE

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class ConfigQuery(Schema):
    """Which deployment."""

    deployment_key = fields.String(required=True, validate=validate.Length(min=1, max=64))
