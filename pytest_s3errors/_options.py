"""The options of a session: one row each, and `Settings`, which is made from the rows.

To add an option, add a field to `Settings`. Its row says where it can be set, what it is without that, how a given
value is checked, and the line of ``--help``. pytest imports this module at each start, so that the parsers import what
they need when a test uses S3.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest

from pytest_s3errors._core.rules.choices import ENVIRONMENTS, LAYERS, SERVERS, SWEEPS, TIMES

if TYPE_CHECKING:
    from pytest_s3errors._core.rules.parse_backend import BackendSpec
    from pytest_s3errors._core.rules.parse_limits import Limits
    from pytest_s3errors._servers.process import Process

Parser = Callable[[str, Any, Mapping[str, Any]], Any]
"""Takes the place where a value was given, the value, and the options parsed so far; returns the setting."""


class Row(NamedTuple):
    """One option: ``--s3-NAME`` where it is on the command line, ``s3_name`` where it is in the ini file."""

    help: str
    parse: Parser
    raw: Any  # what the ini file says where it says nothing
    cli: Literal["store", "store_true"] | None = None
    ini: Literal["string", "bool", "linelist"] | None = "string"


def _row(default: Any, text: str, parse: Parser, raw: Any = None, **where: Any) -> Any:
    row = {"row": Row(text, parse, default if raw is None else raw, **where)}
    return field(default_factory=default, metadata=row) if callable(default) else field(default=default, metadata=row)


def _as_given(_source: str, value: Any, _so_far: Mapping[str, Any]) -> Any:
    return value


def _lines(_source: str, value: list[str], _so_far: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(value)


def _one_of(*words: str) -> Parser:
    def parse(source: str, value: Any, _so_far: Mapping[str, Any]) -> str:
        from pytest_s3errors._core.rules.arguments import one_of  # noqa: PLC0415 - only where S3 is used

        return one_of(source, value, words)

    return parse


def _positive(source: str, value: str | int, _so_far: Mapping[str, Any]) -> int:
    from pytest_s3errors._core.rules.arguments import RuleError  # noqa: PLC0415 - only where S3 is used

    digits = str(value).strip().replace("_", "")
    if not digits.isascii() or not digits.isdigit() or not int(digits):
        raise RuleError(f"{source}: {value!r} is not a whole number from 1 up")
    return int(digits)


def _baseline(source: str, value: str | None, _so_far: Mapping[str, Any]) -> str | None:
    from pytest_s3errors._core.rules.arguments import RuleError  # noqa: PLC0415 - only where S3 is used

    try:
        if value is not None and Path(value).exists():
            Path(value).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RuleError(f"{source}: {value} is no file of findings: {error}") from None
    return value


def _backend(source: str, value: str, so_far: Mapping[str, Any]) -> BackendSpec:
    from pytest_s3errors._backends import backend_for  # noqa: PLC0415 - only where S3 is used
    from pytest_s3errors._core.rules.arguments import RuleError  # noqa: PLC0415
    from pytest_s3errors._core.rules.parse_backend import backend_of  # noqa: PLC0415
    from pytest_s3errors._core.s3.access import OPEN, TEST_CREDENTIALS  # noqa: PLC0415
    from pytest_s3errors._core.s3.backend import BackendError  # noqa: PLC0415

    spec = backend_of(
        value.strip(),
        remote=so_far["allow_remote_backend"],
        environment=os.environ,
        test_credentials=TEST_CREDENTIALS,
        option=source,
    )
    try:
        backend_for(spec, OPEN)
    except (BackendError, ImportError) as error:
        raise RuleError(f"{source}: {error}") from None
    return spec


def _memory() -> BackendSpec:
    from pytest_s3errors._core.rules.parse_backend import MEMORY  # noqa: PLC0415 - only where S3 is used

    return MEMORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings from the command line and the ini file, the same for all tests of a session.

    `max_time` is in seconds of test time, `max_silence` in real seconds.
    """

    layer: str = _row("wire", "layer of tests that name none: wire, mock or client", _one_of(*LAYERS), cli="store")
    time: str = _row("virtual", "time of tests that name none: virtual or real", _one_of(*TIMES), cli="store")
    seed: str = _row("0", "seed of every random choice; the header shows it", _as_given, cli="store", ini=None)
    control: bool = _row(
        default=False,
        text="run the same tests with every fault switched off",
        parse=_as_given,
        cli="store_true",
        ini=None,
    )
    server: str = _row("thread", "where the server runs: thread or process", _one_of(*SERVERS), cli="store")
    endpoints: tuple[str, ...] = _row((), "further hosts to treat as S3, one glob a line", _lines, ini="linelist")
    passthrough: tuple[str, ...] = _row(
        (), "hosts that requests may go to although they are S3's", _lines, ini="linelist"
    )
    environment: str = _row(
        "test", "AWS environment of tests: test (test keys, no profile) or keep", _one_of(*ENVIRONMENTS)
    )
    allow_remote_backend: bool = _row(
        default=False, text="whether s3_backend may be on another machine", parse=_as_given, ini="bool"
    )
    backend: BackendSpec = _row(  # noqa: RUF009 - it is a `field`
        _memory, "what does the work of S3: memory, moto, or a server's URL", _backend, raw="memory", cli="store"
    )
    max_requests: int = _row(10_000, "requests after which a test fails", _positive)
    max_alike: int = _row(2_000, "requests of one kind to one target after which it fails", _positive)
    max_time: int = _row(86_400, "seconds of test time after which a test fails", _positive)
    max_silence: int = _row(30, "real seconds without any progress after which it fails", _positive)
    sweep: str = _row("quick", "how tests with s3_sweep are swept: off, quick or full", _one_of(*SWEEPS), cli="store")
    sweep_all: bool = _row(
        default=False,
        text="sweep every test that uses S3 and sets no rule",
        parse=_as_given,
        cli="store_true",
        ini=None,
    )
    sweep_baseline: str | None = _row(
        None, "file of accepted findings of sweeps; written where there is none", _baseline, cli="store", ini=None
    )
    sweep_budget: int = _row(60, "real seconds for the sweep of a test that names no budget", _positive)
    sweep_allow: tuple[str, ...] = _row(
        (), "what is no finding of a sweep, such as unfinished_uploads, one a line", _lines, ini="linelist"
    )
    sweep_storm: int = _row(6, "times the requests for one target, after which a sweep finds a storm", _positive)
    sweep_hang: int = _row(360, "seconds of test time for a call that met a fault, after which it hangs", _positive)
    process: Process | None = None

    @property
    def limits(self) -> Limits:
        """The limits of a test whose `s3_limits` marker sets none."""
        from pytest_s3errors._core.rules.parse_limits import Limits  # noqa: PLC0415 - only where S3 is used

        return Limits(requests=self.max_requests, alike=self.max_alike, time=self.max_time, silence=self.max_silence)


ROWS: Mapping[str, Row] = {one.name: one.metadata["row"] for one in fields(Settings) if "row" in one.metadata}


REPORT_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--s3-cov": {"action": "store_true", "help": "measure which S3 errors the tests met"},
    "--s3-cov-report": {
        "action": "append",
        "metavar": "REPORT",
        "help": "term (default), term-missing, html[:dir], json[:file], markdown[:file]; as often as needed",
    },
    "--s3-cov-fail-under": {"type": float, "metavar": "N", "help": "fail if less than N %% of the errors were met"},
    "--s3-report": {
        "nargs": "?",
        "const": "s3-report.html",
        "metavar": "FILE.html",
        "help": "write one page with the requests of each test; default s3-report.html",
    },
}
"""Reports about a whole session, which no single test needs."""


def measures(config: pytest.Config) -> bool:
    """Return whether error coverage is measured: a report or a floor asks for it as well as ``--s3-cov``."""
    floor = config.getoption("--s3-cov-fail-under") is not None
    return bool(floor or config.getoption("--s3-cov") or config.getoption("--s3-cov-report"))


def add_options(parser: pytest.Parser) -> None:
    """Add each row to the command line, to the ini file, or to both."""
    group = parser.getgroup("s3errors", "S3 error conditions")
    for name, row in ROWS.items():
        if row.cli is not None:
            group.addoption(_flag(name), help=row.help, action=row.cli)
        if row.ini is not None:
            parser.addini(f"s3_{name}", row.help, type=row.ini, default=row.raw)
    for flag, wanted in REPORT_OPTIONS.items():
        group.addoption(flag, **wanted)


def settings_of(config: pytest.Config, *, seed: str) -> Settings:
    """Return the settings; the command line wins over the ini file.

    Raises:
        pytest.UsageError: values that are not allowed, all of them.
    """
    from pytest_s3errors._core.rules.arguments import RuleError  # noqa: PLC0415 - only where S3 is used
    from pytest_s3errors._servers.process import Process  # noqa: PLC0415

    values: dict[str, Any] = {}
    problems = []
    for name, row in ROWS.items():
        source, value = _given(config, name, row)
        try:
            values[name] = row.parse(source, value, values)
        except RuleError as error:
            problems.append(str(error))
    if problems:
        raise pytest.UsageError("\n".join(problems))
    process = Process()
    config.add_cleanup(process.stop)
    return Settings(**{**values, "seed": seed}, process=process)


def _given(config: pytest.Config, name: str, row: Row) -> tuple[str, Any]:
    """Return where the option was given, and its value there."""
    value = config.getoption(_flag(name)) if row.cli is not None else None
    if row.ini is None or value is not None:
        return _flag(name), value
    return f"ini s3_{name}", config.getini(f"s3_{name}")


def _flag(name: str) -> str:
    return f"--s3-{name.replace('_', '-')}"
