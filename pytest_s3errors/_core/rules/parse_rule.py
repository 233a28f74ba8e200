"""Turn what the user wrote into a `Rule`, and check every argument.

A mistake raises `RuleError` (`arguments`). Its message names the value, what is allowed, and the nearest valid
spelling. The plugin puts the test's name in front of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter, eq, not_
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from s3_asyncio_client._core.operations import OPERATIONS

from .arguments import (
    RuleError,
    all_by_name,
    boolean,
    count,
    headers_of,
    known_options,
    method_of,
    no_address,
    number,
    one_of,
    operation_globs,
    rate,
    rate_of,
    seconds,
    text,
)
from .choices import LAYERS
from .matching import Condition, Glob, Match, host_glob
from .options import MatchOptions, PlanOptions
from .parse_fault import FAULT_OPTIONS, can_show, fault_of
from .schedule import Rule

if TYPE_CHECKING:
    from pytest_s3errors._core.s3.messages import Call

_SHOWN = 60

MATCH_OPTIONS = tuple(MatchOptions.__annotations__)
_EVERY_RULE = (*MATCH_OPTIONS, "optional", "layer")
PLAN_OPTIONS = (*PlanOptions.__annotations__, "layer")
FAIL_OPTIONS = (*FAULT_OPTIONS, *MATCH_OPTIONS, *PLAN_OPTIONS)


def fail_rule(args: tuple[Any, ...], kwargs: Mapping[str, Any], *, name: str = "s3_fail") -> Rule:
    """Return the rule that ``s3_fail(*args, **kwargs)`` means.

    Raises:
        RuleError: an option is unknown, a value is out of range, or a name is neither an S3 error code nor a fault.
    """
    known_options(name, kwargs, FAIL_OPTIONS)
    if len(args) > 1:
        raise RuleError(f"{name}() takes one positional argument, what fails; {len(args)} came: {args!r}")
    what = args[0] if args else None
    fault = fault_of(what, {k: v for k, v in kwargs.items() if k in FAULT_OPTIONS}, name=name)
    return _rule(name, args, kwargs, outcomes=(fault,))


def script_rule(args: tuple[Any, ...], kwargs: Mapping[str, Any], *, name: str = "s3_script") -> Rule:
    """Return the rule that ``s3_script(*args, **kwargs)`` means: one outcome per matching request.

    Raises:
        RuleError: there is no outcome, an outcome is not a status, code, fault or "ok", or an option does not select
            requests.
    """
    known_options(name, kwargs, _EVERY_RULE)
    if not args:
        raise RuleError(f'{name}() needs at least one outcome, such as {name}(503, "SlowDown", "ok")')
    if isinstance(args[0], list | tuple):
        raise RuleError(f"{name}({args[0]!r}): outcomes go one by one, without a list: {spell(name, args[0], {})}")
    outcomes = tuple(None if what == "ok" else fault_of(what, {}, name=name, more=("ok",)) for what in args)
    return _rule(name, args, kwargs, outcomes=outcomes, times=len(outcomes))


def outage_rule(args: tuple[Any, ...], kwargs: Mapping[str, Any], *, name: str = "s3_outage") -> Rule:
    """Return the rule that ``s3_outage(*args, **kwargs)`` means: every matching request fails for a time.

    Raises:
        RuleError: the duration is missing or not above 0, or an option is unknown.
    """
    known_options(name, kwargs, ("start", "what", *_EVERY_RULE))
    if len(args) != 1:
        raise RuleError(f"{name}() takes one positional argument, for how many seconds, such as {name}(45)")
    duration = seconds(name, "duration", args[0])
    if not duration:
        raise RuleError(f"{name}({args[0]!r}): an outage of no duration fails nothing")
    start = seconds(name, "start", kwargs.get("start", 0.0))
    fault = fault_of(kwargs.get("what", "ServiceUnavailable"), {}, name=name)
    return _rule(name, args, kwargs, outcomes=(fault,), window_s=(start, start + duration))


def slow_rule(args: tuple[Any, ...], kwargs: Mapping[str, Any], *, name: str = "s3_slow") -> Rule:
    """Return the rule that ``s3_slow(*args, **kwargs)`` means: matching responses are late and limited in rate.

    Raises:
        RuleError: both delay and rate are missing, one is out of range, or an option is unknown.
    """
    known_options(name, kwargs, ("first_byte", "bytes_per_second", *_EVERY_RULE))
    given = all_by_name(name, args, kwargs, ("first_byte", "bytes_per_second"))
    first_byte, pace = given.get("first_byte", 0.0), given.get("bytes_per_second")
    if not (first_byte or pace is not None):
        raise RuleError(f"{name}() says what is slow: {name}(first_byte=2.0) or {name}(bytes_per_second=1000), or both")
    delay_s, bytes_per_second = seconds(name, "first_byte", first_byte), None if pace is None else rate(name, pace)
    return _rule(name, args, kwargs, outcomes=(), delay_s=delay_s, bytes_per_second=bytes_per_second)


def _rule(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], **says: Any) -> Rule:
    """Return the rule that *says* this, with the options in *kwargs* that every rule takes."""
    rule = Rule(match=match_of(kwargs, name=name), spelling=spell(name, args, kwargs), **_plan(kwargs, name), **says)
    can_show(rule, name)
    return rule


def match_of(kwargs: Mapping[str, Any], *, name: str) -> Match:
    """Return the options in *kwargs* that select requests. Other keys are ignored.

    Raises:
        RuleError: a value has the wrong type, or S3 does not have the operation.
    """
    conditions = []
    for option in MATCH_OPTIONS:
        if kwargs.get(option) is not None:
            conditions += _CONDITIONS[option](name, option, kwargs[option])
    nth = kwargs.get("range")
    match = Match(tuple(conditions), nth if isinstance(nth, int) else None)
    if kwargs.get("part") is not None and not {"UploadPart", "UploadPartCopy"} & {*match.operations(OPERATIONS)}:
        raise RuleError(
            f"{name}(part={kwargs['part']!r}, operation=...): only UploadPart and UploadPartCopy have parts"
        )
    return match


def _glob(name: str, option: str, value: object) -> list[Condition]:
    pattern = text(name, option, value) or ""
    no_address(f"{name}({option}=...)", option, pattern)
    if option == "endpoint" and "://" in pattern:
        raise RuleError(f"{name}(endpoint={value!r}): allowed is a host, such as {urlsplit(pattern).netloc!r}")
    glob = host_glob(pattern) if option == "endpoint" else Glob.of(pattern)
    return [Condition(option, repr(pattern), attrgetter(option), glob)]


def _equal(name: str, option: str, value: object) -> list[Condition]:
    wanted = method_of(name, value) if option == "method" else count(name, option, value, low=1, high=10_000)
    return [Condition(option, repr(wanted), attrgetter(option), partial(eq, wanted))]


def _header(name: str, option: str, value: object) -> list[Condition]:
    return [
        Condition(
            f"header {key.lower()}",
            repr(pattern),
            partial(_read_header, key.lower()),
            Glob.of(pattern, ignore_case=True) if pattern else not_,  # a missing header is empty
        )
        for key, pattern in headers_of(name, value, option=option)
    ]


def _query(name: str, option: str, value: object) -> list[Condition]:
    if not isinstance(value, Mapping) or not all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):
        raise RuleError(f"{name}({option}={value!r}): allowed is a mapping of query parameters to globs")
    return [Condition(f"query {key}", repr(v), partial(_read_query, key), Glob.of(v)) for key, v in value.items()]


def _absent(name: str, option: str, value: object) -> list[Condition]:
    headers = [value] if isinstance(value, str) else value
    if not isinstance(headers, list | tuple | set | frozenset) or not all(isinstance(h, str) and h for h in headers):
        raise RuleError(f"{name}({option}={value!r}): allowed is the name of a header, or a list of them")
    lower = [header.lower() for header in headers]
    return [Condition(f"header {key}", "no such header", partial(_read_header, key), _is_none) for key in lower]


def _prefix(name: str, option: str, value: object) -> list[Condition]:
    pattern = text(name, option, value) or ""
    no_address(f"{name}({option}=...)", option, pattern)
    return [Condition("prefix of a listing", repr(pattern), _read_prefix, Glob.of(pattern))]


def _range(name: str, option: str, value: object) -> list[Condition]:
    if isinstance(value, int):
        count(name, option, value, low=1)
        return []  # the last condition, see `Match`
    if not isinstance(value, str) or not value:
        raise RuleError(
            f'{name}(range={value!r}): allowed is a glob of the Range header, such as "bytes=0-*", or a whole number:'
            " which range of an object, from 1"
        )
    return [Condition("header range", repr(value), partial(_read_header, "range"), Glob.of(value, ignore_case=True))]


# Named functions instead of lambdas: rules are pickled for a server in another process.
def _read_header(header: str, call: Call) -> str | None:
    return call.headers.get(header)


def _read_query(parameter: str, call: Call) -> str | None:
    return call.query.get(parameter)


def _read_prefix(call: Call) -> str | None:
    """Return the prefix of a listing, "" if it has none. None: *call* is not a listing."""
    listing = call.key is None and (call.operation or "").startswith("List") and call.bucket is not None
    return call.query.get("prefix", "") if listing else None


def _is_none(came: str | None) -> bool:
    return came is None


def _any_of(globs: Sequence[Glob], came: str | None) -> bool:
    return any(glob(came) for glob in globs)


def _operation(name: str, option: str, value: object) -> list[Condition]:
    globs = operation_globs(name, value)
    shown = " or ".join(repr(glob.pattern) for glob in globs)
    return [Condition(option, shown, attrgetter(option), partial(_any_of, globs))]


_CONDITIONS: Mapping[str, Callable[[str, str, Any], list[Condition]]] = {
    "operation": _operation,
    "bucket": _glob,
    "key": _glob,
    "part": _equal,
    "method": _equal,
    "header": _header,
    "absent": _absent,
    "prefix": _prefix,
    "query": _query,
    "range": _range,
    "endpoint": _glob,
}


def spell(name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """Return *name* with its arguments as they were written. Long values are cut."""
    parts = [_short(arg) for arg in args] + [f"{key}={_short(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _short(value: object) -> str:
    shown = value.__name__ if isinstance(value, type) else repr(value)
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
        share, allowed = kwargs["probability"], "a number above 0, up to 1"
        plan["probability"] = number(name, "probability", share, allowed, lambda n: 0 < n <= 1)
    if kwargs.get("rate") is not None:
        plan["rate"] = rate_of(name, kwargs["rate"])
    if "delay" in kwargs:
        plan["delay_s"] = seconds(name, "delay", kwargs["delay"])
    if "optional" in kwargs:
        plan["optional"] = boolean(name, "optional", kwargs["optional"])
    if kwargs.get("layer") is not None:
        one_of(f"{name}(layer=...)", kwargs["layer"], LAYERS)
    return plan


RULES: Mapping[str, Callable[..., Rule]] = {
    "s3_fail": fail_rule,
    "s3_script": script_rule,
    "s3_outage": outage_rule,
    "s3_slow": slow_rule,
}
