"""The policy of a form upload: until when it holds, and what it wants of each field.

Source: S3 API Reference, "POST policy".
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_MEMBERS = frozenset({"expiration", "conditions"})
_EXPIRATION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_RANGE = "content-length-range"
_UNCOVERED = frozenset({"awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"})
_IGNORED = "x-ignore-"


class PolicyError(Exception):
    """The policy is no policy; the text says why."""


class NotAllowedError(Exception):
    """The form is not what the policy allows; the text says which condition it breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`conditions` are ("eq" or "starts-with", field in lower case, value); `sizes` is the range of the file's size."""

    expiration: datetime
    conditions: Sequence[tuple[str, str, str]]
    sizes: tuple[int, int] | None

    def check(self, fields: Mapping[str, str], *, now: datetime) -> None:
        """Hold *fields*, names in lower case and the bucket among them, against the policy.

        Raises:
            NotAllowedError: The policy has expired, a condition does not hold, or a field has no condition.
        """
        if now > self.expiration:
            raise NotAllowedError("Policy expired.")
        for operator, name, value in self.conditions:
            if not _holds(operator, name, value, fields.get(name, "")):
                raise NotAllowedError(f'Policy Condition failed: ["{operator}", "${name}", "{value}"]')
        covered = {name for _, name, _ in self.conditions} | _UNCOVERED
        extra = [name for name in fields if name not in covered and not name.startswith(_IGNORED)]
        if extra:
            raise NotAllowedError(f"Extra input fields: {', '.join(extra)}")


def parse_policy(text: str) -> Policy:
    """Read a policy, JSON in base64.

    Raises:
        PolicyError: It is none.
    """
    try:
        found = json.loads(b64decode("".join(text.split()), validate=True))
    except (Base64Error, ValueError, RecursionError) as error:
        raise PolicyError("it is not JSON in base64") from error
    if not isinstance(found, dict) or found.keys() != _MEMBERS:
        raise PolicyError("it has to have expiration and conditions, and nothing else")
    conditions: list[tuple[str, str, str]] = []
    sizes = None
    if not isinstance(found["conditions"], list):
        raise PolicyError("its conditions are not a list")
    for one in found["conditions"]:
        if isinstance(one, list) and one and isinstance(one[0], str) and one[0].lower() == _RANGE:
            sizes = _sizes(one)
        else:
            conditions += _conditions(one)
    return Policy(expiration=_expiration(found["expiration"]), conditions=conditions, sizes=sizes)


def _expiration(text: Any) -> datetime:
    if not isinstance(text, str) or not _EXPIRATION.fullmatch(text):
        raise PolicyError("its expiration is not of the form 2030-01-02T03:04:05.000Z")
    try:
        return datetime.fromisoformat(f"{text[:19]}+00:00").astimezone(UTC)
    except ValueError as error:
        raise PolicyError("its expiration is no time") from error


def _conditions(one: Any) -> list[tuple[str, str, str]]:
    if isinstance(one, dict) and one and all(isinstance(value, str) for value in one.values()):
        return [("eq", name.lower(), value) for name, value in one.items()]
    match one:
        case [str(operator), str(name), str(value)] if operator.lower() in {"eq", "starts-with"} and name[:1] == "$":
            return [(operator.lower(), name[1:].lower(), value)]
    raise PolicyError(f"{json.dumps(one)} is no condition")


def _sizes(one: list[Any]) -> tuple[int, int]:
    match [_bytes(size) for size in one[1:]]:
        case [int(low), int(high)]:
            return low, high
    raise PolicyError(f"{_RANGE} needs two numbers of bytes")


def _bytes(size: Any) -> int | None:
    if isinstance(size, int) and not isinstance(size, bool):
        return size if size >= 0 else None
    return int(size) if isinstance(size, str) and _NUMBER.fullmatch(size) else None


def _holds(operator: str, name: str, wanted: str, value: str) -> bool:
    if operator == "eq":
        return value == wanted
    # A browser that sends several types has each of them checked.
    values = value.split(",") if name == "content-type" else [value]
    return all(one.strip().startswith(wanted) if len(values) > 1 else one.startswith(wanted) for one in values)
