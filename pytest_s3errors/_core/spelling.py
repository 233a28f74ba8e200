"""From what the user wrote to a `Rule`: every argument checked, every mistake answered with the nearest right one.

What is wrong raises `RuleError` (`checks`): its text names what came, what is allowed, and the nearest
valid spelling. The plugin puts the test's name in front of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter, eq
from typing import TYPE_CHECKING, Any

from .checks import (
    RuleError,
    boolean,
    content,
    count,
    cut_at,
    headers_of,
    known_code,
    known_options,
    method_of,
    named_once,
    nearest_option,
    number,
    operation_globs,
    seconds,
    status_of,
    text,
)
from .faults import FAULTS, Fault, answers_with_body
from .operations import OPERATIONS
from .rules import Condition, Glob, Match, Rule

if TYPE_CHECKING:
    from .messages import Call

LAYERS = ("client", "wire")
_SHOWN = 60

MATCH_OPTIONS = ("operation", "bucket", "key", "part", "method", "header", "endpoint")
FAULT_OPTIONS = ("status", "code", "message", "headers", "body", "retry_after", "at", "as_", "keys", "region")
PLAN_OPTIONS = ("times", "after", "every", "probability", "delay", "optional", "layer")
FAIL_OPTIONS = (*FAULT_OPTIONS, *MATCH_OPTIONS, *PLAN_OPTIONS)


def fail_rule(args: tuple[Any, ...], kwargs: Mapping[str, Any], *, name: str = "s3_fail") -> Rule:
    """The rule that ``s3_fail(*args, **kwargs)`` means.

    Raises:
        RuleError: an unknown option, a value out of range, a name that is neither an S3 error code nor a fault.
    """
    known_options(name, kwargs, FAIL_OPTIONS)
    if len(args) > 1:
        raise RuleError(f"{name}() takes one positional argument, what fails; {len(args)} came: {args!r}")
    what = args[0] if args else None
    plan, match = _plan(kwargs, name), match_of(kwargs, name=name)
    fault = fault_of(what, {k: v for k, v in kwargs.items() if k in FAULT_OPTIONS}, name=name)
    rule = Rule(outcomes=(fault,), match=match, spelling=spell(name, args, kwargs), **plan)
    _can_show(rule, name)
    return rule


def script_rule(args: tuple[Any, ...], kwargs: Mapping[str, Any], *, name: str = "s3_script") -> Rule:
    """The rule that ``s3_script(*args, **kwargs)`` means: one outcome per matching request.

    Raises:
        RuleError: no outcome, an outcome that is not a status, code, fault or "ok", an option that is no match.
    """
    known_options(name, kwargs, (*MATCH_OPTIONS, "optional", "layer"))
    if not args:
        raise RuleError(f'{name}() needs at least one outcome, such as {name}(503, "SlowDown", "ok")')
    outcomes = tuple(None if what == "ok" else fault_of(what, {}, name=name, more=("ok",)) for what in args)
    rule = Rule(
        outcomes=outcomes,
        match=match_of(kwargs, name=name),
        times=len(outcomes),
        optional=boolean(name, "optional", kwargs.get("optional", False)),
        spelling=spell(name, args, kwargs),
    )
    _can_show(rule, name)
    return rule


def fault_of(what: object, options: Mapping[str, Any], *, name: str, more: tuple[str, ...] = ()) -> Fault:
    """The fault that *what* and the fault options name together."""
    given = {key: value for key, value in options.items() if value is not None}
    if isinstance(what, str) and what in FAULTS:
        return _network_fault(what, given, name)
    for option in ("at", "as_", "keys", "region"):
        if option in given:
            owners = ", ".join(sorted(f'"{kind}"' for kind, spec in FAULTS.items() if option in spec.options))
            raise RuleError(f"{name}({option}=...) belongs to {owners}, not to an error answer")
    status = status_of(name, given["status"]) if "status" in given else None
    code = given.get("code")
    if code is not None and status is None:
        known_code(name, code, more)
    if isinstance(what, str):
        known_code(name, what, more)
        code = named_once(name, "code", code, what)
    elif isinstance(what, int) and not isinstance(what, bool):
        status = named_once(name, "status", status, status_of(name, what))
    elif what is not None:
        raise RuleError(f"{name}({what!r}): what fails is an S3 error code, an HTTP status or the name of a fault")
    if code is None and status is None:
        raise RuleError(f'{name}() does not say what fails: {name}("SlowDown"), {name}(status=503) or {name}("stall")')
    headers = headers_of(name, given.get("headers", {}))
    if "retry_after" in given:
        headers += (("Retry-After", f"{seconds(name, 'retry_after', given['retry_after']):g}"),)
    return Fault(
        kind="error",
        status=status,
        code=text(name, "code", code),
        message=text(name, "message", given.get("message")),
        headers=headers,
        body=content(name, given.get("body")),
    )


def match_of(kwargs: Mapping[str, Any], *, name: str) -> Match:
    """The matching half of *kwargs*; other keys are ignored.

    Raises:
        RuleError: a value of the wrong type, an operation that S3 does not have.
    """
    conditions = []
    for option in MATCH_OPTIONS:
        if kwargs.get(option) is not None:
            conditions += _CONDITIONS[option](name, option, kwargs[option])
    return Match(tuple(conditions))


def _glob(name: str, option: str, value: object) -> list[Condition]:
    pattern = text(name, option, value) or ""
    glob = Glob.of(pattern, ignore_case=option == "endpoint")
    return [Condition(option, repr(pattern), attrgetter(option), glob)]


def _equal(name: str, option: str, value: object) -> list[Condition]:
    wanted = method_of(name, value) if option == "method" else count(name, option, value, low=1, high=10_000)
    return [Condition(option, repr(wanted), attrgetter(option), partial(eq, wanted))]


def _header(name: str, option: str, value: object) -> list[Condition]:
    def read(header: str) -> Callable[[Call], str | None]:
        return lambda call: call.headers.get(header)

    return [
        Condition(f"header {key.lower()}", repr(pattern), read(key.lower()), Glob.of(pattern, ignore_case=True))
        for key, pattern in headers_of(name, value, option=option)
    ]


def _operation(name: str, option: str, value: object) -> list[Condition]:
    globs = operation_globs(name, value)
    shown = " or ".join(repr(glob.pattern) for glob in globs)
    return [Condition(option, shown, attrgetter(option), lambda came: any(glob(came) for glob in globs))]


_CONDITIONS: Mapping[str, Callable[[str, str, Any], list[Condition]]] = {
    "operation": _operation,
    "bucket": _glob,
    "key": _glob,
    "part": _equal,
    "method": _equal,
    "header": _header,
    "endpoint": _glob,
}


def spell(name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """*name* with its arguments as they were written, long values cut."""
    parts = [_short(arg) for arg in args] + [f"{key}={_short(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 4]}...{shown[-1]}"


def _plan(kwargs: Mapping[str, Any], name: str) -> dict[str, Any]:
    plan: dict[str, Any] = {}
    if kwargs.get("times") is not None:
        plan["times"] = count(name, "times", kwargs["times"], low=1)
    if "after" in kwargs:
        plan["after"] = count(name, "after", kwargs["after"], low=0)
    if "every" in kwargs:
        plan["every"] = count(name, "every", kwargs["every"], low=1)
    if "probability" in kwargs:
        share = number(name, "probability", kwargs["probability"], "a number above 0, up to 1")
        if not 0 < share <= 1:
            raise RuleError(f"{name}(probability={share!r}): allowed is a number above 0, up to 1")
        plan["probability"] = share
    if "delay" in kwargs:
        plan["delay_s"] = seconds(name, "delay", kwargs["delay"])
    if "optional" in kwargs:
        plan["optional"] = boolean(name, "optional", kwargs["optional"])
    if kwargs.get("layer") is not None:
        check_layer(name, kwargs["layer"])
    return plan


def check_layer(name: str, layer: object) -> str:
    """*layer* if it is one.

    Raises:
        RuleError: it is not one of `LAYERS`.
    """
    if isinstance(layer, str) and layer in LAYERS:
        return layer
    raise RuleError(f"{name}: layer {layer!r} is not one of {', '.join(LAYERS)}{nearest_option(str(layer), LAYERS)}")


def _network_fault(what: str, given: dict[str, Any], name: str) -> Fault:
    kind = FAULTS[what]
    for option in given:
        if option not in kind.options:
            allowed = ", ".join(sorted(kind.options)) or "none"
            raise RuleError(f'{name}("{what}", {option}=...): options of "{what}" are: {allowed}')
    fault: dict[str, Any] = dict(given)
    if "status" in given:
        fault["status"] = status_of(name, given["status"])
        if what == "redirect" and given["status"] not in (301, 307):
            raise RuleError(f'{name}("redirect", status={given["status"]}): allowed are 301 and 307')
    if "code" in given:
        known_code(name, given["code"], ())
    for option in ("message", "keys", "region"):
        if option in given:
            text(name, option, given[option])
    if "at" in given:
        fault["at"] = cut_at(name, given["at"])
    if "as_" in given and given["as_"] not in ("reset", "disconnect", "stall"):
        known_code(name, given["as_"], ("reset", "disconnect", "stall"))
    return Fault(kind=what, **fault)


def _can_show(rule: Rule, name: str) -> None:
    """Refuse a fault on operations in whose answers it can't show; such a rule would never fire."""
    wanted = rule.match.operations(OPERATIONS)
    for fault in rule.outcomes:
        if fault is None or fault.kind not in FAULTS:
            continue
        kind = FAULTS[fault.kind]
        if kind.operation is not None and kind.operation not in wanted:
            raise RuleError(f'{name}: "{fault.kind}" is about {kind.operation} only, not {", ".join(wanted)}')
        if kind.needs_body and not any(map(answers_with_body, wanted)):
            raise RuleError(
                f'{name}: "{fault.kind}" needs an answer with a body; S3 answers {", ".join(wanted)} without one'
            )


RULES: Mapping[str, Callable[..., Rule]] = {"s3_fail": fail_rule, "s3_script": script_rule}
