"""Typed settings, read once from the environment; a bad or missing one is refused by its name."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_WEAK_SECRETS = {"", "change-me", "secret", "dev"}


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the environment decides. Durations in seconds, sizes in bytes."""

    app_env: str
    secret_key: str
    master_key: str
    base_url: str
    database_url: str
    database_admin_url: str | None
    redis_url: str
    data_dir: Path
    s3_endpoint: str | None
    s3_bucket: str | None
    s3_access_key: str | None
    s3_secret_key: str | None
    s3_region: str
    smtp_url: str | None
    mail_from: str
    ai_base_url: str | None
    ai_api_key: str | None
    ai_model: str | None
    ratelimit_enabled: bool
    outbound_allow: tuple[Network, ...]
    metrics_allow: tuple[Network, ...]
    tls_ask_allow: tuple[Network, ...]
    edge_host: str
    trusted_proxies: int
    chat_worker_slots: int
    chat_worker_processes: int

    @property
    def production(self) -> bool:
        return self.app_env == "production"


def load_settings(env: Mapping[str, str]) -> Settings:
    """Read and check the settings. Raises SettingsError naming the variable at fault."""
    app_env = env.get("APP_ENV", "development")
    if app_env not in ("development", "test", "production"):
        raise SettingsError("APP_ENV : attendu development, test ou production")
    production = app_env == "production"
    secret_key = _required(env, "SECRET_KEY")
    base_url = env.get("BASE_URL", "http://127.0.0.1:8000").rstrip("/")
    if urlsplit(base_url).scheme not in ("http", "https"):
        raise SettingsError("BASE_URL : adresse http ou https attendue")
    if production:
        if any(part.strip() in _WEAK_SECRETS or len(part.strip()) < 32 for part in secret_key.split(",")):
            raise SettingsError("SECRET_KEY : au moins 32 caractères, propres à cette installation")
        if not base_url.startswith("https://"):
            raise SettingsError("BASE_URL : https est obligatoire en production")
    s3_endpoint = env.get("S3_ENDPOINT") or None
    if s3_endpoint:
        for name in ("S3_BUCKET", "S3_ACCESS_KEY", "S3_SECRET_KEY"):
            _required(env, name)
    if env.get("AI_BASE_URL"):
        _required(env, "AI_MODEL")
    return Settings(
        app_env=app_env,
        secret_key=secret_key,
        master_key=env.get("MASTER_KEY") or secret_key,
        base_url=base_url,
        database_url=_database_url(_required(env, "DATABASE_URL"), "DATABASE_URL"),
        database_admin_url=_database_url(env["DATABASE_ADMIN_URL"], "DATABASE_ADMIN_URL") if env.get("DATABASE_ADMIN_URL") else None,
        redis_url=_required(env, "REDIS_URL"),
        data_dir=Path(env.get("DATA_DIR", "var")).resolve(),
        s3_endpoint=s3_endpoint,
        s3_bucket=env.get("S3_BUCKET") or None,
        s3_access_key=env.get("S3_ACCESS_KEY") or None,
        s3_secret_key=env.get("S3_SECRET_KEY") or None,
        s3_region=env.get("S3_REGION", "us-east-1"),
        smtp_url=env.get("SMTP_URL") or None,
        mail_from=env.get("MAIL_FROM", "AI-Manager <ne-pas-repondre@localhost>"),
        ai_base_url=env.get("AI_BASE_URL") or None,
        ai_api_key=env.get("AI_API_KEY") or None,
        ai_model=env.get("AI_MODEL") or None,
        ratelimit_enabled=production or _flag(env, "RATELIMIT_ENABLED", True),
        outbound_allow=_networks(env, "OUTBOUND_ALLOW", ""),
        metrics_allow=_networks(env, "METRICS_ALLOW", "127.0.0.0/8,::1/128"),
        tls_ask_allow=_networks(env, "TLS_ASK_ALLOW", "127.0.0.0/8,::1/128"),
        edge_host=(env.get("EDGE_HOST") or urlsplit(base_url).hostname or "").lower().rstrip("."),
        trusted_proxies=_number(env, "TRUSTED_PROXIES", 0),
        chat_worker_slots=_number(env, "CHAT_WORKER_SLOTS", 200),
        chat_worker_processes=_number(env, "CHAT_WORKER_PROCESSES", 1, least=1),
    )


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise SettingsError(f"{name} : valeur manquante")
    return value


def _database_url(url: str, name: str) -> str:
    """One driver only: psycopg 3 (`postgres://` and `postgresql://` are read as such)."""
    scheme, _, rest = url.partition("://")
    if scheme not in ("postgres", "postgresql", "postgresql+psycopg") or not rest:
        raise SettingsError(f"{name} : adresse postgresql:// attendue")
    return f"postgresql+psycopg://{rest}"


def _flag(env: Mapping[str, str], name: str, default: bool) -> bool:
    value = env.get(name, "").strip().lower()
    if value not in ("", "true", "false", "1", "0"):
        raise SettingsError(f"{name} : true ou false attendu")
    return default if not value else value in ("true", "1")


def _number(env: Mapping[str, str], name: str, default: int, *, least: int = 0) -> int:
    try:
        value = int(env.get(name) or default)
    except ValueError:
        raise SettingsError(f"{name} : nombre entier attendu") from None
    if value < 0:
        raise SettingsError(f"{name} : nombre positif attendu")
    if value < least:
        raise SettingsError(f"{name} : au moins {least} attendu")
    return value


def _networks(env: Mapping[str, str], name: str, default: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in env.get(name, default).split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(f"{name} : {error}") from None
