"""What a bucket's policy allows and denies.

A Deny statement wins over everything, including the owner's rights. An Allow statement adds to what ACLs grant.
Sources: S3 User Guide, "Bucket policies for Amazon S3" and "Blocking public access".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from .access import account_id

if TYPE_CHECKING:
    from .asked import Asked
    from .bucket_record import Bucket
    from .records import Policy, PolicyCondition, Statement

ARN = "arn:aws:s3:::"
EVERYBODY = "*"
# All clients of the simulated S3 are on this machine.
SOURCE_IP, SOURCE_IP_KEY = "127.0.0.1", "aws:sourceip"
_IF_EXISTS = "IfExists"


def verdict(ask: Asked, bucket: Bucket, action: str, resource: str) -> bool | None:
    """Return whether the bucket's policy allows (True) or denies (False) *action*, without ``s3:``, on *resource*.

    *resource* is a bucket, or a bucket, a slash and a key. None: the policy does not cover it.
    """
    policy = bucket.policy
    if policy is None:
        return None
    applying = [one for one in policy.statements if _applies(ask, one, action, resource)]
    if any(not one.allows for one in applying):
        return False
    outsider = ask.caller.owner_id != (bucket.owner or ask.access.owner_id)
    if outsider and bucket.blocks("RestrictPublicBuckets") and is_public(policy):
        return None
    return True if applying else None


def is_public(policy: Policy) -> bool:
    """Return whether *policy* allows anything to everyone, from any address."""
    return any(
        one.allows
        and EVERYBODY in one.principals
        and not any(condition.operator == "IpAddress" for condition in one.conditions)
        for one in policy.statements
    )


def _applies(ask: Asked, statement: Statement, action: str, resource: str) -> bool:
    caller = ask.caller.owner_id
    me = {EVERYBODY} if caller is None else {EVERYBODY, caller, account_id(caller)}
    return (
        not me.isdisjoint(statement.principals)
        and any(glob(one).fullmatch(f"s3:{action}".lower()) for one in statement.actions)
        and any(glob(one).fullmatch(ARN + resource) for one in statement.resources)
        and all(_holds(ask, one) for one in statement.conditions)
    )


@lru_cache
def glob(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _equals(value: str | None, wanted: tuple[str, ...]) -> bool:
    return value in wanted


def _like(value: str | None, wanted: tuple[str, ...]) -> bool:
    return value is not None and any(glob(one).fullmatch(value) for one in wanted)


def _within(value: str | None, wanted: tuple[str, ...]) -> bool:
    return value is not None and any(ip_address(value) in ip_network(one, strict=False) for one in wanted)


def _not(holds: Callable[[str | None, tuple[str, ...]], bool]) -> Callable[[str | None, tuple[str, ...]], bool]:
    return lambda value, wanted: not holds(value, wanted)


OPERATORS: Mapping[str, Callable[[str | None, tuple[str, ...]], bool]] = {
    "Bool": _equals,
    "IpAddress": _within,
    "NotIpAddress": _not(_within),
    "Null": lambda value, wanted: ("true" if value is None else "false") in wanted,
    "StringEquals": _equals,
    "StringLike": _like,
    "StringNotEquals": _not(_equals),
    "StringNotLike": _not(_like),
}
_KEYS: Mapping[str, Callable[[Asked], str | None]] = {
    "aws:referer": lambda ask: ask.call.headers.get("referer"),
    "aws:securetransport": lambda ask: "true" if ask.call.url.startswith("https:") else "false",
    SOURCE_IP_KEY: lambda _ask: SOURCE_IP,
    "s3:prefix": lambda ask: ask.call.query.get("prefix"),
}
_HEADER, _EXISTING_TAG, _REQUEST_TAG = "s3:x-amz-", "s3:existingobjecttag/", "s3:requestobjecttag/"


def operator_of(name: str) -> Callable[[str | None, tuple[str, ...]], bool] | None:
    """Return the check of the operator *name*. None: the operator is unknown."""
    holds = OPERATORS.get(name.removesuffix(_IF_EXISTS))
    if holds is None or not name.endswith(_IF_EXISTS) or name.startswith("Null"):
        return OPERATORS.get(name)
    return lambda value, wanted: value is None or holds(value, wanted)


def is_known(key: str) -> bool:
    """Return whether a condition can check *key*: one of ours, an S3 header, or a tag."""
    lower = key.lower()
    return lower in _KEYS or lower.startswith((_HEADER, _EXISTING_TAG, _REQUEST_TAG))


def _holds(ask: Asked, condition: PolicyCondition) -> bool:
    holds = operator_of(condition.operator)
    assert holds is not None  # a policy with another key was refused
    return holds(_value(ask, condition.key), condition.values)


def _value(ask: Asked, key: str) -> str | None:
    lower = key.lower()
    if lower.startswith(_HEADER):
        return ask.call.headers.get(lower.removeprefix("s3:"))
    tag = key.partition("/")[2]
    if lower.startswith(_EXISTING_TAG):
        obj = ask.store.find(ask.bucket, ask.key)
        return None if obj is None else obj.tags.get(tag)
    if lower.startswith(_REQUEST_TAG):
        return dict(parse_qsl(ask.call.headers.get("x-amz-tagging", ""), keep_blank_values=True)).get(tag)
    return _KEYS[lower](ask)
