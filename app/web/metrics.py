"""Measures in Prometheus's format: requests by route, and the queues as Redis has them now.

With several web processes, PROMETHEUS_MULTIPROC_DIR (read by prometheus_client) adds them up.
"""

from __future__ import annotations

import ipaddress
import os
import time

import redis
from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

from app.config import Network
from app.core.jobs import QUEUES
from app.extensions import redis_client

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUESTS = Counter("aimanager_requests_total", "Answers by route, method and status.", ["route", "method", "status"])
DURATION = Histogram(
    "aimanager_request_seconds", "Time to answer, streams apart.", ["route"], buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
)


def install_metrics(app: Flask) -> None:
    """Measure every answer."""

    @app.before_request
    def _start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def _measure(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        REQUESTS.labels(route, request.method if request.method in METHODS else "other", response.status_code).inc()
        if "started" in g and response.mimetype != "text/event-stream":
            DURATION.labels(route).observe(time.perf_counter() - g.started)
        return response


def exposition() -> tuple[bytes, str]:
    """The measures of all web processes, and the length of each queue."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        body = generate_latest(registry)
    else:
        body = generate_latest()
    queues = CollectorRegistry()
    waiting = Gauge("aimanager_queue_jobs", "Jobs waiting.", ["queue"], registry=queues)
    try:
        for queue in QUEUES:
            waiting.labels(queue).set(redis_client().llen(f"rq:queue:{queue}"))
    except redis.RedisError:
        return body, CONTENT_TYPE_LATEST
    return body + generate_latest(queues), CONTENT_TYPE_LATEST


def allowed_address(networks: tuple[Network, ...]) -> bool:
    """True when the caller's address is in one of the networks."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(address in network for network in networks)
