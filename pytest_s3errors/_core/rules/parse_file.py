"""Read a file of rules, for a server without a test.

The file is TOML or JSON and uses the markers' names: ``[[fail]]``, ``[[object]]`` ... with their options, checked by
the same functions. A marker's positional arguments have names here: ``what``, ``outcomes``, ``duration``.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from pytest_s3errors._core.s3.access import Credentials
from pytest_s3errors._core.s3.dialects import DIALECTS
from pytest_s3errors._core.s3.store import S3Store

from .arguments import RuleError, nearest_option, one_of
from .parse_access import access_of
from .parse_arranged import arranged_by
from .parse_rule import RULES
from .schedule import Rule

Mark = tuple[tuple[Any, ...], dict[str, Any]]
"""The arguments and keywords of one marker."""


class RuleFile(NamedTuple):
    """The content of a file. `arrange` creates buckets and objects in a store, each by its spelling in the file.

    `accounts` are marks for `access_of`.
    """

    rules: tuple[Rule, ...] = ()
    arrange: Mapping[str, Callable[[S3Store], object]] = MappingProxyType({})
    accounts: tuple[Mark, ...] = ()
    dialect: str | None = None


def rule_file_of(content: bytes, *, source: str) -> RuleFile:
    """Parse *content*: JSON if it starts with a brace, otherwise TOML. *source* names it in messages.

    Rules are asked kind by kind, in the order of the kinds in the file, and within a kind from top to bottom.

    Raises:
        RuleError: something is wrong; the message lists every problem, one per line.
    """
    document = _document(content, source)
    found: dict[str, list[Any]] = {kind: [] for kind in _KINDS}
    rules, problems = [], []
    for kind, place, value in _entries(document):
        try:
            said: Any = _KINDS.get(kind, _unknown)(kind, value)
            found[kind].append(said)
            if kind in _RULES:
                rules.append(said)
        except (RuleError, TypeError, ValueError) as error:
            problems.append(f"{source}: {place}: {error}")
    if not problems:
        try:
            access_of(found["credentials"], _ANYBODY)
        except RuleError as error:
            problems.append(f"{source}: {error}")
    if problems:
        raise RuleError("\n".join(problems))
    return RuleFile(
        rules=tuple(rules),
        arrange=dict((*found["bucket"], *found["object"])),
        accounts=tuple(found["credentials"]),
        dialect=next(iter(found["dialect"]), None),
    )


def _document(content: bytes, source: str) -> Mapping[str, Any]:
    try:
        text = content.decode("utf-8-sig")  # Windows' editors begin a file with a byte order mark
        is_json = text.lstrip().startswith("{")
        document: dict[str, Any] = json.loads(text, object_pairs_hook=_once) if is_json else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RuleError(f"{source} is neither TOML nor JSON: {error}") from None
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object. One that says something twice would lose the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} comes twice")
    return found


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield the kind, the place and the value of each entry."""
    for name, value in document.items():
        kind = name.removeprefix("s3_")
        if not isinstance(value, list) or kind == "dialect":
            yield kind, name, value
        else:
            yield from ((kind, f"{name} {number}", one) for number, one in enumerate(value, 1))


def _rule(kind: str, value: Any) -> Rule:
    options, name = _options(kind, value), f"s3_{kind}"
    if "layer" in options:
        raise RuleError("layer= is about tests; a program talks to this server through sockets")
    rule: Rule = RULES[name](_taken(kind, options), options)
    if any(fault is not None and fault.kind == "tls_failure" for fault in rule.outcomes):
        raise RuleError(f"{rule.spelling}: this server speaks no TLS; the nearest is connection_reset")
    return rule


def _taken(kind: str, options: dict[str, Any]) -> tuple[Any, ...]:
    """Remove the marker's positional arguments from *options* and return them."""
    if kind == "script":
        outcomes = options.pop("outcomes", None)
        if not isinstance(outcomes, list):
            raise RuleError(f'outcomes is a list such as [503, "SlowDown", "ok"], not {outcomes!r}')
        return tuple(outcomes)
    name = {"fail": "what", "outage": "duration"}.get(kind, "")
    if kind == "outage" and name not in options:
        raise RuleError("it needs duration, in seconds, such as 45")
    return (options.pop(name),) if name in options else ()


def _arranged(kind: str, value: Any) -> tuple[str, Callable[[S3Store], object]]:
    options = _options(kind, value)
    if isinstance(options.get("body"), str):
        options["body"] = options["body"].encode()
    if isinstance(options.get("last_modified"), str):  # JSON has no type for times
        try:
            options["last_modified"] = datetime.fromisoformat(options["last_modified"])
        except ValueError:
            raise RuleError(f"last_modified is {options['last_modified']!r}; write 2026-01-31T12:00:00Z") from None
    return f"{kind} {value!r}", arranged_by(f"s3_{kind}", (), options)


def _account(kind: str, value: Any) -> Mark:
    options = _options(kind, value)
    keys = tuple(options.pop(name) for name in ("access_key", "secret_key") if name in options)
    access_of([(keys, options)], _ANYBODY)
    return keys, options


_ANYBODY = Credentials(access_key="-", secret_key="-")  # noqa: S106 - nobody's


def _dialect(kind: str, value: Any) -> str:
    return one_of(f"s3_{kind}", value, tuple(DIALECTS))


def _options(kind: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RuleError(f"allowed is a table of options, such as {_EXAMPLES[kind]}, not {value!r}")
    return dict(value)


_EXAMPLES = {
    "fail": 'what = "SlowDown"',
    "script": 'outcomes = [503, "ok"]',
    "outage": "duration = 45",
    "slow": "first_byte = 2.0",
    "bucket": 'name = "data"',
    "object": 'bucket = "data"',
    "credentials": 'access_key = "one"',
}
_RULES = tuple(name.removeprefix("s3_") for name in RULES)
_KINDS: Mapping[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(_RULES, _rule),
    "bucket": _arranged,
    "object": _arranged,
    "credentials": _account,
    "dialect": _dialect,
}
_OF_TESTS = ("expect", "layer", "limits", "server", "sweep", "time")


def _unknown(kind: str, _value: object) -> None:
    allowed = f"; allowed are {', '.join(_KINDS)}"
    if kind in _OF_TESTS:
        raise RuleError(f"it is about a test, and a server has none{allowed}")
    raise RuleError(f"there is no such name{nearest_option(kind, tuple(_KINDS))}{allowed}")
