"""The operations on a bucket's policy: put, get and delete.

PutBucketPolicy refuses by name everything in a policy that is not supported, so nothing is ignored. Some of its
messages were recorded or reported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from s3_asyncio_client._core.operations import BUCKET, OBJECT, OPERATIONS

from .documents import xml_response
from .messages import Response
from .payload import receive
from .policies import ARN, EVERYBODY, SOURCE_IP, SOURCE_IP_KEY, glob, is_known, is_public, operator_of
from .records import Policy, PolicyCondition, Statement

if TYPE_CHECKING:
    from .messages import Refused
    from .request import S3Request

_STATEMENT = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})
# Permissions that are no operation's, or another's for a version. Source: Service Authorization Reference.
_OTHER_ACTIONS = {
    BUCKET: frozenset({"AllowVendedLogDeliveryForResource", "ListTagsForResource", "PauseReplication", "TagResource"})
    | {"UntagResource"},
    OBJECT: frozenset({"BypassGovernanceRetention", "DeleteObjectVersion", "DeleteObjectVersionAnnotation"})
    | {"DeleteObjectVersionTagging", "GetObjectVersion", "GetObjectVersionAcl", "GetObjectVersionAnnotation"}
    | {"GetObjectVersionAnnotationForReplication", "GetObjectVersionAttributes", "GetObjectVersionForReplication"}
    | {"GetObjectVersionTagging", "GetObjectVersionTorrent", "InitiateReplication", "ListObjectVersionAnnotations"}
    | {"ObjectOwnerOverrideToBucketOwner", "PutObjectVersionAcl", "PutObjectVersionAnnotation"}
    | {"PutObjectVersionTagging", "ReplicateDelete", "ReplicateObject", "ReplicateObjectAnnotation", "ReplicateTags"},
}
_ACTIONS = {
    kind: {f"s3:{name}".lower() for name in others | {row.action for row in OPERATIONS.values() if row.acts_on == kind}}
    for kind, others in _OTHER_ACTIONS.items()
}
_ACCOUNT = re.compile(r"(?:arn:aws:iam::)?(\d{12})(?::.+)?", re.ASCII)


# Operations.


def put_bucket_policy(ask: S3Request) -> Response:
    """Set the bucket's policy, replacing any other."""
    text = bytes(receive(ask).body)
    bucket = ask.readable_bucket()
    policy = Policy(text, tuple(_statements(ask, text)))
    if bucket.blocks("BlockPublicPolicy") and is_public(policy):
        raise ask.refused("AccessDenied")
    bucket.policy = policy
    return Response(status=204)


def get_bucket_policy(ask: S3Request) -> Response:
    """Return the policy as it was put."""
    return Response(status=200, headers={"Content-Type": "application/json"}, body=_policy(ask).text)


def get_bucket_policy_status(ask: S3Request) -> Response:
    """Return whether the policy makes the bucket public."""
    children = [("IsPublic", "true" if is_public(_policy(ask)) else "false")]
    return xml_response("PolicyStatus", children)


def delete_bucket_policy(ask: S3Request) -> Response:
    """Delete the policy."""
    ask.readable_bucket().policy = None
    return Response(status=204)


def _policy(ask: S3Request) -> Policy:
    policy = ask.readable_bucket().policy
    if policy is None:
        raise ask.refused("NoSuchBucketPolicy")
    return policy


# Documents.


def _statements(ask: S3Request, text: bytes) -> Iterator[Statement]:
    try:
        found = json.loads(text) if text[:1] == b"{" else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ask.refused("MalformedPolicy")
    if "Statement" not in found:
        raise ask.refused("MalformedPolicy: no statement")
    if found.get("Version", "2008-10-17") not in ("2008-10-17", "2012-10-17"):
        raise ask.refused("MalformedPolicy: version")
    for one in found["Statement"] if isinstance(found["Statement"], list) else [found["Statement"]]:
        yield _statement(ask, one)


def _statement(ask: S3Request, one: Any) -> Statement:
    if not isinstance(one, dict) or "Effect" not in one:
        raise _malformed(ask, "a statement has the effect Allow or Deny")
    if one["Effect"] not in ("Allow", "Deny"):
        raise ask.refused("MalformedPolicy: effect", one["Effect"])
    if unknown := sorted(one.keys() - _STATEMENT):
        raise _lacking(ask, f"{unknown[0]} in a policy")
    actions, resources = (tuple(_texts(ask, one.get(name), name)) for name in ("Action", "Resource"))
    kinds = [_kinds(action.lower()) for action in actions]
    if not all(kinds):
        raise ask.refused("MalformedPolicy: action")
    bucket = ARN + ask.bucket
    if not all(arn == bucket or arn.startswith(f"{bucket}/") or glob(arn).fullmatch(bucket) for arn in resources):
        raise ask.refused("MalformedPolicy: resource")
    named = {kind for arn in resources for kind in _named(arn, bucket)}
    if any(named.isdisjoint(one) for one in kinds):
        raise ask.refused("MalformedPolicy: action and resource")
    return Statement(
        allows=one["Effect"] == "Allow",
        principals=frozenset(_principals(ask, one.get("Principal"))),
        actions=tuple(action.lower() for action in actions),
        resources=resources,
        conditions=tuple(_conditions(ask, one.get("Condition", {}))),
    )


def _kinds(pattern: str) -> set[int]:
    """Return what the actions that match *pattern* are about: BUCKET, OBJECT or both. Empty: there is none."""
    known = glob(pattern)
    return {kind for kind, names in _ACTIONS.items() if any(known.fullmatch(name) for name in names)}


def _named(arn: str, bucket: str) -> Iterator[int]:
    """Yield what *arn* names, the ARN of a bucket, of objects in it, or a pattern of both."""
    if glob(arn).fullmatch(bucket):
        yield BUCKET
    if arn != bucket:
        yield OBJECT


def _principals(ask: S3Request, stated: Any) -> Iterator[str]:
    if stated == EVERYBODY:
        yield EVERYBODY
        return
    if not isinstance(stated, dict) or not stated:
        raise _malformed(ask, "a principal is * or an account")
    for kind, names in stated.items():
        if kind not in {"AWS", "CanonicalUser"}:
            raise _lacking(ask, f"principal {kind} in a policy")
        for name in _texts(ask, names, "Principal"):
            account = _ACCOUNT.fullmatch(name) if kind == "AWS" else None
            if kind == "AWS" and name != EVERYBODY and account is None:
                raise ask.refused("MalformedPolicy: principal")
            yield account[1] if account else name


def _conditions(ask: S3Request, stated: Any) -> Iterator[PolicyCondition]:
    if not isinstance(stated, dict) or not all(isinstance(one, dict) for one in stated.values()):
        raise _malformed(ask, "a condition is an operator with keys and values")
    for operator, keys in stated.items():
        for key, values in keys.items():
            holds = operator_of(operator)
            of_addresses = "IpAddress" in operator and key.lower() != SOURCE_IP_KEY
            if holds is None or not is_known(key) or of_addresses:
                raise _lacking(ask, f"condition {operator} of {key} in a policy")
            wanted = tuple(_texts(ask, values, key))
            try:
                holds(SOURCE_IP, wanted)
            except ValueError as error:
                raise _malformed(ask, f"{wanted} are no addresses") from error
            yield PolicyCondition(operator, key, wanted)


def _texts(ask: S3Request, stated: Any, name: str) -> Iterator[str]:
    listed = stated if isinstance(stated, list) else [stated]
    for one in listed:
        if not isinstance(one, str | bool):
            raise _malformed(ask, f"{name} is a text or a list of texts")
        yield one if isinstance(one, str) else str(one).lower()
    if not listed:
        raise _malformed(ask, f"{name} is empty")


def _malformed(ask: S3Request, why: str) -> Refused:
    return ask.refused("MalformedPolicy", message=f"The policy is not valid: {why}")


def _lacking(ask: S3Request, what: str) -> Refused:
    return ask.refused("NotImplemented", message=f"the simulated S3 has no {what}")
