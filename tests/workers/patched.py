"""Run by `python -m gevent.monkey --module`, the way the chat worker starts itself: did its modules get what gevent patched?"""

from __future__ import annotations

import ssl
import sys

import gevent.event
import gevent.queue
import gevent.ssl

import app.workers.concurrent  # noqa: F401

publisher, hub = sys.modules["app.core.streams.publisher"], sys.modules["app.core.streams.hub"]
assert publisher.Event is gevent.event.Event
assert hub.SimpleQueue is gevent.queue.SimpleQueue
assert ssl.SSLContext is gevent.ssl.SSLContext
