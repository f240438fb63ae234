"""The web process. gevent patches before anything else is imported (TRAPS.md)."""

from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402

from app import create_app  # noqa: E402

app = create_app()
# What is loaded now lives as long as the process: no collection needs to walk through it again.
gc.freeze()
