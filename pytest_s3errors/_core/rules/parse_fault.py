"""Turn the first argument of a rule and its fault options into a `Fault`. Check each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_s3errors._core.s3.errors.catalogue import CODES
from s3_asyncio_client._core.operations import OPERATIONS

from .arguments import (
    RuleError,
    boolean,
    content,
    cut_at,
    headers_of,
    known_code,
    named_once,
    nearest_option,
    rate,
    region_name,
    seconds,
    status_of,
    text,
)
from .faults import FAULTS, Fault
from .options import FaultOptions
from .schedule import Rule

FAULT_OPTIONS = tuple(FaultOptions.__annotations__)
_OF_FAULTS = ("at", "chunked", "bytes_per_second", "as_", "keys", "region")


def fault_of(what: object, options: Mapping[str, Any], *, name: str, more: tuple[str, ...] = ()) -> Fault:
    """Return the fault that *what* and the fault options describe."""
    given = {key: value for key, value in options.items() if value is not None}
    if isinstance(what, str) and what in FAULTS:
        return _network_fault(what, given, name)
    for option in _OF_FAULTS:
        if option in given:
            owners = ", ".join(sorted(f'"{kind}"' for kind, spec in FAULTS.items() if option in spec.options))
            raise RuleError(f"{name}({option}=...) belongs to {owners}, not to an error answer")
    status = status_of(name, given["status"]) if "status" in given else None
    if isinstance(what, int) and not isinstance(what, bool):
        status = named_once(name, "status", status, status_of(name, what))
    elif what is not None and not isinstance(what, str):
        raise RuleError(f"{name}({what!r}): what fails is an S3 error code, an HTTP status or the name of a fault")
    code = given.get("code")
    if code is not None and status is None:
        known_code(name, code, more)
    if isinstance(what, str):
        known_code(name, what, more)
        code = named_once(name, "code", code, what)
    if code is None and status is None:
        raise RuleError(f'{name}() does not say what fails: {name}("SlowDown"), {name}(status=503) or {name}("stall")')
    headers = headers_of(name, given.get("headers", {}))
    if "retry_after" in given:
        headers += (("Retry-After", _plain(seconds(name, "retry_after", given["retry_after"]))),)
    return Fault(
        kind="error",
        status=status,
        code=text(name, "code", code),
        message=text(name, "message", given.get("message")),
        headers=headers,
        body=content(name, given.get("body")),
        early=boolean(name, "early", given.get("early", False)),
    )


def _network_fault(what: str, given: dict[str, Any], name: str) -> Fault:
    kind = FAULTS[what]
    for option in given:
        if option not in kind.options:
            allowed = ", ".join(sorted(kind.options)) or "none"
            raise RuleError(f'{name}("{what}", {option}=...): options of "{what}" are: {allowed}')
    if what == "redirect" and given.get("status", 301) not in (301, 307):
        raise RuleError(f'{name}("redirect", status={given["status"]!r}): allowed are 301 and 307')
    if "code" in given:
        known_code(name, given["code"], ())
    if "as_" in given and given["as_"] not in (*_LOST, *CODES):
        hint = nearest_option(str(given["as_"]), (*_LOST, *CODES))
        raise RuleError(f"{name}(as_={given['as_']!r}): allowed are {', '.join(_LOST)} and an S3 error code{hint}")
    checked = {option: _CHECKS[option](name, value) for option, value in given.items() if option in _CHECKS}
    return Fault(kind=what, **{**given, **checked})


_LOST = ("reset", "disconnect", "stall")


def _plain(number: float) -> str:
    """Return *number* without an exponent, which Retry-After has no form for."""
    return f"{number:.3f}".rstrip("0").rstrip(".") if isinstance(number, float) else str(number)


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "status": status_of,
    "body": content,
    "at": cut_at,
    "bytes_per_second": rate,
    "message": lambda name, value: text(name, "message", value),
    "keys": lambda name, value: text(name, "keys", value),
    "region": lambda name, value: region_name(f"{name}(region=...)", value),
    "chunked": lambda name, value: boolean(name, "chunked", value),
}


def can_show(rule: Rule, name: str) -> None:
    """Refuse a fault that can't show in the responses of the rule's operations. Such a rule would never fire."""
    wanted = rule.match.operations(OPERATIONS)
    for fault in rule.outcomes:
        if fault is None or fault.kind not in FAULTS:
            continue
        kind = FAULTS[fault.kind]
        if kind.operation is not None and kind.operation not in wanted:
            raise RuleError(f'{name}: "{fault.kind}" is about {kind.operation} only, not {", ".join(wanted)}')
        if not any(map(kind.can_show_on, wanted)):
            raise RuleError(
                f'{name}: "{fault.kind}" needs an answer with a body; S3 answers {", ".join(wanted)} without one'
            )
