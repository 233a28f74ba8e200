"""One simulator with one object, and two requests for it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator

PATIENCE_S = 10
BODY = b"0123456789" * 4
GET = b"GET /bucket/key HTTP/1.1\r\nHost: h\r\n\r\n"
PUT = b"PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"


def simulated(*rules, **options):
    """A simulator with one object."""
    simulator = Simulator(
        store=S3Store(now=lambda: datetime.now(UTC)),
        rules=tuple(fail_rule((rule,), options) for rule in rules),
        clock=time.monotonic,
        lock=threading.RLock(),
    )
    simulator.armed = True
    simulator.store.put("bucket", "key", BODY)
    return simulator
