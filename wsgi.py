"""The web process. gevent patches before anything else is imported (TRAPS.md)."""

from gevent import monkey

monkey.patch_all()

from app import create_app  # noqa: E402
from app.core.collecting import settle  # noqa: E402

app = create_app()
settle()
