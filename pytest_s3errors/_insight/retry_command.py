"""``python -m pytest_s3errors retries -- COMMAND``: the retry profile of a program in any language, in real time.

Each probe starts the program once, so each has a fresh client. The quota of a long-lived client can't be measured this
way. A server can't play connect faults. A stall takes as long as the client's patience, so it is played only on demand.
The program has a test's environment, so neither a session token nor a proxy of the user gets in the way.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pytest_s3errors._core.insight import retry_rules as rules
from pytest_s3errors._core.rules.arguments import span
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator
from pytest_s3errors._guard.environment import of_server, of_test
from pytest_s3errors._servers.thread import ThreadServer

from .probing import Subject, probes
from .retry_profile import RetryProfile
from .specifications import specification, specifications

_LEFT_OUT = frozenset({"dns", "connect_timeout"})
_SAMPLES = 8
_PATIENCE_S = 600
_BUCKET, _KEY = "bucket", "key"
HOLDS, DIFFERS, NOT_MEASURED = 0, 1, 2


def profile_command(
    command: Sequence[str],
    *,
    check: str | None,
    patience: tuple[float, float] | None,
    attempts: int | None = None,
    stall: bool = False,
    json: bool = False,
) -> int:
    """Measure *command*, print its profile, and return the exit status: 0 it holds, 1 it differs, 2 not measured.

    Args:
        command: A program and its arguments, with {url}, {bucket} and {key} for an object that it may read and write.
        check: The specification that it must meet, see `RetryProfile.check`. None: no check.
        patience: The seconds of an outage that it must outlast at least, and may outlast at most.
        attempts: The configured number of attempts, if it is not the specification's.
        stall: Whether to test what it does when no response comes.
        json: Whether to print JSON.
    """
    try:
        wanted = rules.asked(specification(check), attempts, name="retries") if check is not None else None
        patience = None if patience is None else span("retries", "patience", patience)
        profile = _Measurement(command, _LEFT_OUT if stall else _LEFT_OUT | {"stall"}).profile()
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        print(f"not measured: {error}", file=sys.stderr)  # noqa: T201 - a command line tool
        return NOT_MEASURED
    except KeyboardInterrupt:
        print("not measured: interrupted", file=sys.stderr)  # noqa: T201
        return NOT_MEASURED
    print(profile.to_json() if json else profile)  # noqa: T201
    out = sys.stderr if json else sys.stdout
    if wanted is None:
        found = [line for line in [rules.outlasted(profile, patience)] if line.wanted]
    else:
        found = rules.differences(profile, wanted, patience, specifications().values())
    for difference in found:
        print(f"differs: {difference}", file=out)
    if wanted is not None:
        print(f"{wanted.name}: {'differs' if found else 'ok'}", file=out)
    return DIFFERS if found else HOLDS


class _Measurement:
    def __init__(self, command: Sequence[str], skipped: frozenset[str]) -> None:
        self._command = command
        store = S3Store(now=lambda: datetime.now(UTC))
        store.put(_BUCKET, _KEY, b"x" * 1000)
        zero = time.monotonic()
        self._simulator = Simulator(store=store, clock=lambda: time.monotonic() - zero)
        self._simulator.armed = True
        self._server = ThreadServer(self._simulator, endpoints=tuple)
        self._subject = Subject(make=lambda: self._run, fresh=True, skipped=skipped, samples=_SAMPLES)

    def profile(self) -> RetryProfile:
        """Run the program for each probe.

        Raises:
            OSError: the program does not exist.
            ValueError: the program fails without a fault, or sends our server no request.
            subprocess.TimeoutExpired: the program does not end.
        """
        try:
            return self._measure()
        except ValueError as error:
            found_by = "it finds S3 by {url} among its arguments, or by AWS_ENDPOINT_URL_S3"
            raise ValueError(f"{error}\nThe call is the program; {found_by}") from error
        finally:
            self._server.stop()

    def _measure(self) -> RetryProfile:
        made = probes(self._subject, self._simulator, self._simulator.add)
        steps = self._subject.steps
        done, error = 0, None
        try:
            while True:
                name, _ = made.send(error)
                _progress(min(done, steps), steps, name)
                done += 1
                error = self._run()
        except StopIteration as end:
            _progress(steps, steps, "")
            profile: RetryProfile = end.value
            return profile

    def _run(self) -> RuntimeError | None:
        """Run the program to its end. Return the problem if it exits with an error."""
        url = f"http://127.0.0.1:{self._server.port}"
        places = {"{url}": url, "{bucket}": _BUCKET, "{key}": _KEY}
        words = [_filled(word, places) for word in self._command]
        ran = subprocess.run(  # noqa: S603 - the user's own program
            words, env=_environment(url), stdout=subprocess.DEVNULL, timeout=_PATIENCE_S, check=False
        )
        return RuntimeError(f"the program ends with {_ending(ran.returncode)}") if ran.returncode else None


def _ending(status: int) -> str:
    return f"exit status {status}" if status > 0 else f"signal {-status}"


def _filled(word: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        word = word.replace(name, value)
    return word


def _environment(url: str) -> dict[str, str]:
    values = {**os.environ, **of_test(os.environ), **of_server(url, os.environ)}
    return {name: value for name, value in values.items() if value is not None}


def _progress(done: int, steps: int, name: str) -> None:
    if sys.stderr.isatty():
        bar = "#" * (done * 30 // steps)
        print(f"\r[{bar:<30}] {done}/{steps} {name:<30}", end="" if done < steps else "\n", file=sys.stderr)  # noqa: T201
