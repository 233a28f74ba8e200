"""``python -m pytest_s3errors``: serve the in-memory S3, measure how a program tries again, add up several runs."""

from __future__ import annotations

import argparse
import ipaddress
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.s3.access import OWNERSHIPS, Credentials
from pytest_s3errors._servers.standalone import Service, serve

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_PORT = 65535


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; exit with 2 if the command line is wrong."""
    parser = argparse.ArgumentParser(prog="python -m pytest_s3errors", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve the in-memory S3 until Ctrl-C or SIGTERM")
    serving.add_argument("--host", default="127.0.0.1", help="a loopback address; default %(default)s")
    serving.add_argument("--port", type=int, default=0, help="0, the default: one that is free")
    serving.add_argument("--access-key", action="append", default=[], help="one to a --secret-key, as often as needed")
    serving.add_argument("--secret-key", action="append", default=[], help="of the --access-key of the same place")
    serving.add_argument(
        "--object-ownership",
        default=OWNERSHIPS[0],
        choices=OWNERSHIPS,
        help="of buckets that do not say; ACLs are off with the first, the default",
    )
    serving.add_argument("--env", action="store_true", help="print the environment variables for a client, too")
    serving.add_argument("--rules", type=Path, metavar="FILE", help="which requests fail: TOML or JSON")
    serving.add_argument("--control-port", type=int, default=0, help="of the control URL that comes with --rules")
    serving.add_argument("--seed", default="", help="of probability= in the rules; default: another one each time")
    combining = (
        commands.add_parser("cov", help="error coverage")
        .add_subparsers(dest="cov", required=True)
        .add_parser("combine", help="add up the files of several runs, each of --s3-cov-report=json")
    )
    combining.add_argument("files", nargs="+", type=Path)
    combining.add_argument("--report", action="append", help="as --s3-cov-report; default term", default=[])
    combining.add_argument(
        "--fail-under", type=float, help="exit with 1 if less than so many %% of the errors were met"
    )
    _add_retries(commands)
    given = parser.parse_args(argv)
    if given.command == "cov":
        return _combine(combining, given)
    if given.command == "retries":
        from ._insight.retry_command import profile_command  # noqa: PLC0415 - `serve` needs none of it

        words = given.program[1:] if given.program[:1] == ["--"] else given.program
        patience = (given.patience[0], given.patience[1]) if given.patience else None
        return profile_command(
            words,
            check=given.check,
            patience=patience,
            attempts=given.attempts,
            stall=given.stall,
            json=given.json,
        )
    problem = _problem(given)
    if problem is not None:
        serving.error(problem)
    pairs = zip(given.access_key, given.secret_key, strict=True)
    keys = tuple(Credentials(access_key=name, secret_key=secret) for name, secret in pairs)
    service = Service(
        host=given.host,
        port=given.port,
        keys=keys,
        env=given.env,
        ownership=given.object_ownership,
        rules=given.rules,
        control_port=given.control_port,
        seed=given.seed or secrets.token_hex(8),
    )
    try:
        serve(service)
    except RuleError as error:
        serving.error(str(error))
    except OSError as error:
        serving.error(f"can't listen on {given.host} port {given.port}: {error.strerror}")
    return 0


def _combine(parser: argparse.ArgumentParser, given: argparse.Namespace) -> int:
    from pytest_s3errors._insight.coverage_reports import combine  # noqa: PLC0415 - `serve` does without

    try:
        lines, status = combine(given.files, given.report or ["term"], given.fail_under)
    except ValueError as error:
        parser.error(str(error))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return status


def _add_retries(commands: Any) -> None:
    retries = commands.add_parser(
        "retries", help="measure how a program tries again; exit status 0: as specified, 1: not, 2: not measured"
    )
    retries.add_argument("--check", metavar="SPECIFICATION", help="legacy, aws-standard-2.0, ... or FILE.toml:NAME")
    retries.add_argument(
        "--patience", nargs=2, type=float, metavar=("LOW", "HIGH"), help="seconds of an outage that it outlasts"
    )
    retries.add_argument("--attempts", type=int, help="how many the program is set to, if not the specification's")
    retries.add_argument("--stall", action="store_true", help="probe answers that never come, too; takes minutes")
    retries.add_argument("--json", action="store_true", help="print the profile as JSON")
    retries.add_argument(
        "program", nargs="+", help="after --: the program and its arguments, with {url}, {bucket} and {key}"
    )


def _problem(given: argparse.Namespace) -> str | None:
    """Return what is wrong with the options, or None."""
    if not _is_loopback(given.host):
        return f"--host {given.host} is no loopback address such as 127.0.0.1 or ::1; nobody else is served"
    for option, port in (("--port", given.port), ("--control-port", given.control_port)):
        if not 0 <= port <= _MAX_PORT:
            return f"{option} {port} is not from 0 to {_MAX_PORT}"
    if given.rules is None and (given.control_port or given.seed):
        return "--control-port and --seed belong to --rules FILE"
    names, secrets = given.access_key, given.secret_key
    if len(names) != len(secrets):
        return f"each --access-key needs its --secret-key: there are {len(names)} and {len(secrets)}"
    if not all(names) or not all(secrets):
        return "--access-key and --secret-key can't be empty"
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"--access-key {', '.join(twice)} is given twice" if twice else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
