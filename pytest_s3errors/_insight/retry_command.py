"""``python -m pytest_s3errors retries -- COMMAND``: the retry profile of a program in any language, in real time.

Each probe starts the program once, so that each has a fresh client. Faults of connecting can't be played by a server,
and a stall takes as long as the client is patient, so that these probes are left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest_s3errors._core.insight.retry_profile as core
from pytest_s3errors._core.report.attempts import logical_calls, waits_s
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.s3.access import TEST_CREDENTIALS
from pytest_s3errors._core.s3.store import Store
from pytest_s3errors._core.simulator import Simulator
from pytest_s3errors._servers.thread import ThreadServer

from .specifications import specification

__all__ = ["profile_command"]

_LEFT_OUT = frozenset({"dns", "connect_timeout", "stall"})
_SAMPLES = 5
_PATIENCE_S = 600
_BUCKET, _KEY = "bucket", "key"
HOLDS, DIFFERS, NOT_MEASURED = 0, 1, 2


def profile_command(command: Sequence[str], *, check: str | None, patience: tuple[float, float] | None) -> int:
    """Measure *command*, print its profile, and return the exit status: 0 it holds, 1 it differs, 2 not measured.

    Args:
        command: A program and its arguments, with {url}, {bucket} and {key} for an object that it may read and write.
        check: The specification that it has to keep, see `RetryProfile.check`; None: none.
        patience: How many seconds of an outage it has to outlast, and may outlast.
    """
    try:
        wanted = specification(check) if check is not None else None
        profile = _Measurement(command).profile()
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        print(f"not measured: {error}", file=sys.stderr)  # noqa: T201 - a command line tool
        return NOT_MEASURED
    print(profile)  # noqa: T201
    if wanted is None:
        return HOLDS
    found = core.differences(profile, wanted, patience)
    for difference in found:
        print(f"differs: {difference}")  # noqa: T201
    print(f"{wanted.name}: {'differs' if found else 'ok'}")  # noqa: T201
    return DIFFERS if found else HOLDS


class _Measurement:
    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        store = Store(now=lambda: datetime.now(UTC))
        store.put(_BUCKET, _KEY, b"x" * 1000)
        zero = time.monotonic()
        self._simulator = Simulator(store=store, clock=lambda: time.monotonic() - zero)
        self._simulator.armed = True
        self._server = ThreadServer(self._simulator, endpoints=tuple)

    def profile(self) -> core.Profile:
        """Run the program for each probe.

        Raises:
            OSError: there is no such program.
            ValueError: it fails without a fault, or asks our server for nothing.
            subprocess.TimeoutExpired: it does not end.
        """
        try:
            return self._measure()
        finally:
            self._server.stop()

    def _measure(self) -> core.Profile:
        status = self._run()
        if status:
            raise ValueError(f"without a fault the program ends with {status}")
        if not self._simulator.events:
            raise ValueError("the program asked for nothing at {url}")
        probes = [name for name in core.PROBES if name not in _LEFT_OUT]
        steps, attempts = len(probes) + _SAMPLES * len(core.CLASSES), {}
        for done, name in enumerate(probes):
            _progress(done, steps, name)
            attempts[name] = self._probe(name)
        waits: dict[str, list[list[float]]] = {name: [] for name in core.CLASSES}
        for done, name in enumerate(name for name in core.CLASSES for _ in range(_SAMPLES)):
            _progress(len(probes) + done, steps, f"waits, {name}")
            at = len(self._simulator.entries)
            self._probe(core.CLASSES[name])
            entries = self._simulator.entries[at:]
            waits[name] += [waits_s(entries, one) for one in logical_calls(entries)[:1]]
        _progress(steps, steps, "")
        return core.Profile(attempts=attempts, waits_s=waits)

    def _probe(self, name: str) -> int:
        options = dict(core.PROBES[name])
        armed = self._simulator.add(fail_rule((options.pop("what"),), {**options, "times": core.MOST + 1}))
        self._run()
        armed.cancelled = True
        return armed.fired

    def _run(self) -> int:
        url = f"http://127.0.0.1:{self._server.port}"
        places = {"{url}": url, "{bucket}": _BUCKET, "{key}": _KEY}
        words = [_filled(word, places) for word in self._command]
        ran = subprocess.run(  # noqa: S603 - the user's own program
            words, env={**os.environ, **_environment(url)}, stdout=subprocess.DEVNULL, timeout=_PATIENCE_S, check=False
        )
        return ran.returncode


def _filled(word: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        word = word.replace(name, value)
    return word


def _environment(url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": TEST_CREDENTIALS.access_key,
        "AWS_SECRET_ACCESS_KEY": TEST_CREDENTIALS.secret_key,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _progress(done: int, steps: int, name: str) -> None:
    if sys.stderr.isatty():
        bar = "#" * (done * 30 // steps)
        print(f"\r[{bar:<30}] {done}/{steps} {name:<30}", end="" if done < steps else "\n", file=sys.stderr)  # noqa: T201
