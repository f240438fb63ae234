"""Who renews the leases of replies: one thread, and none when there is nothing to renew."""

from __future__ import annotations

import threading

from flask import Flask

from app.conversations.running import Running
from tests.support.stack import wait_until


def beaters() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "leases"]


def test_the_beater_ends_with_the_last_reply() -> None:
    wait_until(lambda: not beaters(), what="those of other tests end")
    replies, app = Running(), Flask("none")
    for _ in range(20):  # as fast as they come
        replies.add(app, "msg_1", 1)
        replies.add(app, "msg_2", 1)
        replies.remove("msg_1")
        assert beaters()
        replies.remove("msg_2")
    wait_until(lambda: not beaters(), seconds=1, what="it ends at once, long before its next beat")
