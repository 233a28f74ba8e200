"""The policy of a form upload: when it expires, and what it requires of each field.

Source: S3 API Reference, "POST policy".
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .errors.messages import said

_MEMBERS = ("expiration", "conditions")
_EXPIRATION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_RANGE = "content-length-range"
_UNCOVERED = frozenset({"awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"})
_IGNORED = "x-ignore-"
_NEVER = "never"


class PolicyError(Exception):
    """The policy is invalid. The message says why."""


class NotAllowedError(Exception):
    """The policy does not allow the form. The message names the condition that fails."""


class Condition(NamedTuple):
    """A policy's condition on one field. `operator` is "eq", "starts-with", or "never" if it can't hold.

    `field` is in lower case, `text` is the condition as written in the policy.
    """

    operator: str
    field: str
    value: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The expiry of a form and the conditions on its fields. `sizes` is the allowed range of the file's size."""

    expiration: datetime
    conditions: Sequence[Condition]
    sizes: tuple[int, int] | None

    def check(self, fields: Mapping[str, str], *, now: datetime) -> None:
        """Check *fields*, with lower-case names and including the bucket, against the policy.

        Raises:
            NotAllowedError: The policy has expired, a condition does not hold, or a field has no condition.
        """
        if now > self.expiration:
            raise NotAllowedError(said("AccessDenied: policy expired"))
        for one in self.conditions:
            if not _holds(one, fields.get(one.field, "")):
                raise NotAllowedError(said("AccessDenied: policy condition", one.text))
        covered = {one.field for one in self.conditions} | _UNCOVERED
        extra = [name for name in fields if name not in covered and not name.startswith(_IGNORED)]
        if extra:
            raise NotAllowedError(said("AccessDenied: extra fields", ", ".join(extra)))


def parse_policy(text: str) -> Policy:
    """Parse a policy, JSON in base64.

    Raises:
        PolicyError: It is invalid.
    """
    found = _members(text)
    expiration = _expiration(found["expiration"])
    conditions: list[Condition] = []
    sizes = None
    for one in found["conditions"]:
        if isinstance(one, list) and one and isinstance(one[0], str) and one[0].lower() == _RANGE:
            sizes = _sizes(one)
            conditions += [] if sizes else [Condition(_NEVER, "", "", _spelled(*one))]
        else:
            conditions.append(_condition(one))
    return Policy(expiration=expiration, conditions=conditions, sizes=sizes)


def _members(text: str) -> dict[str, Any]:
    try:
        document = b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise _invalid("encoding") from error
    if not document:
        raise _invalid("empty")
    try:
        found = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise _invalid("JSON") from error
    if not isinstance(found, dict):
        raise _invalid("JSON")
    for name in _MEMBERS:
        if name not in found:
            raise _invalid(f"no {name}")
    for name in found:
        if name not in _MEMBERS:
            raise _invalid("unexpected", name)
    if not isinstance(found["conditions"], list):
        raise _invalid("conditions")
    return found


def _invalid(situation: str, *values: str) -> PolicyError:
    return PolicyError(said(f"InvalidPolicyDocument: {situation}", *values))


def _expiration(text: Any) -> datetime:
    if not isinstance(text, str):
        raise _invalid("JSON")
    try:
        if _EXPIRATION.fullmatch(text):
            return datetime.fromisoformat(f"{text[:19]}+00:00").astimezone(UTC)
    except ValueError:
        pass
    raise _invalid("expiration", text)


def _condition(one: Any) -> Condition:
    if isinstance(one, dict):
        if len(one) != 1:
            raise _invalid("simple condition")
        ((name, value),) = one.items()
        if not isinstance(value, str):
            raise _invalid("text")
        return Condition("eq", name.lower(), value, _spelled("eq", f"${name}", value))
    if not isinstance(one, list):
        raise _invalid("condition")
    if not one:
        raise _invalid("no operation")
    operator, *words = one
    if not isinstance(operator, str):
        raise _invalid("JSON")
    if operator.lower() not in {"eq", "starts-with"}:
        raise _invalid("operation", operator)
    match words:
        case [str(name), str(value)]:
            text = _spelled(operator, name, value)
            # A name without $ refers to no field, and the condition never holds.
            return Condition(operator.lower() if name[:1] == "$" else _NEVER, name[1:].lower(), value, text)
        case [_, _]:
            raise _invalid("JSON")
    raise _invalid("arguments", operator)


def _spelled(*words: Any) -> str:
    return json.dumps(list(words), ensure_ascii=False)


def _sizes(one: list[Any]) -> tuple[int, int] | None:
    """Return the two sizes. None: text that is not a number, so the condition never holds."""
    match [_bytes(size) for size in one[1:]]:
        case [int(low), int(high)]:
            return low, high
    match one[1:]:
        case [str(), str()]:
            return None
        case [_, _]:
            raise _invalid("JSON")
    raise _invalid("arguments", one[0])


def _bytes(size: Any) -> int | None:
    if isinstance(size, int) and not isinstance(size, bool):
        return size if size >= 0 else None
    return int(size) if isinstance(size, str) and _NUMBER.fullmatch(size) else None


def _holds(condition: Condition, value: str) -> bool:
    if condition.operator != "starts-with":
        return condition.operator == "eq" and value == condition.value
    # If a browser sends several types, each is checked.
    values = value.split(",") if condition.field == "content-type" else [value]
    start = condition.value
    return all(one.strip().startswith(start) if len(values) > 1 else one.startswith(start) for one in values)
