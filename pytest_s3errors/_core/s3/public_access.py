"""Ownership controls and the public access block: what keeps ACLs and policies from making a bucket public.

Since April 2023 a new bucket has no ACLs (BucketOwnerEnforced) and blocks public access in all four ways.
Sources: S3 User Guide, "Controlling ownership of objects" and "Blocking public access to your Amazon S3 storage".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .access import OWNERSHIPS
from .documents import text_of, xml_response
from .grants import FULL, grants_of
from .messages import Response
from .payload import configuration
from .permissions import owner_of
from .records import BUCKET_OWNER_ENFORCED, PUBLIC_BLOCKS, Grant

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from .request import S3Request

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def put_bucket_ownership_controls(ask: S3Request) -> Response:
    """Set who owns objects that others write. To disable ACLs, they must not grant anything."""
    bucket, wanted = configuration(ask, "OwnershipControls")
    rules = wanted.findall("Rule")
    ownership = text_of(rules[0], "ObjectOwnership") if len(rules) == 1 else None
    if ownership not in OWNERSHIPS:
        raise ask.refused("MalformedXML")
    owner = owner_of(ask, bucket)
    if ownership == BUCKET_OWNER_ENFORCED and set(grants_of(bucket.acl, owner, owner)) - {Grant(owner, FULL)}:
        raise ask.refused("InvalidBucketAclWithObjectOwnership")
    bucket.ownership = ownership
    return Response(status=200)


def get_bucket_ownership_controls(ask: S3Request) -> Response:
    """Return the rule."""
    ownership = ask.readable_bucket().ownership
    if not ownership:
        raise ask.refused("OwnershipControlsNotFoundError")
    rule = [("Rule", [("ObjectOwnership", ownership)])]
    return xml_response("OwnershipControls", rule)


def delete_bucket_ownership_controls(ask: S3Request) -> Response:
    """Remove the rule. The bucket then has ACLs, and each writer owns its objects."""
    ask.readable_bucket().ownership = ""
    return Response(status=204)


def put_public_access_block(ask: S3Request) -> Response:
    """Set all four switches. A switch that is not named is off."""
    bucket, wanted = configuration(ask, "PublicAccessBlockConfiguration")
    bucket.public_access_block = frozenset(name for name in PUBLIC_BLOCKS if _is_on(ask, wanted, name))
    return Response(status=200)


def _is_on(ask: S3Request, wanted: ET.Element, name: str) -> bool:
    text = text_of(wanted, name)
    value = False if text is None else _BOOLEANS.get(text.strip().lower())
    if value is None:
        raise ask.refused("MalformedXML")
    return value


def get_public_access_block(ask: S3Request) -> Response:
    """Return the four switches."""
    blocks = ask.readable_bucket().public_access_block
    if blocks is None:
        raise ask.refused("NoSuchPublicAccessBlockConfiguration")
    children = [(name, "true" if name in blocks else "false") for name in PUBLIC_BLOCKS]
    return xml_response("PublicAccessBlockConfiguration", children)


def delete_public_access_block(ask: S3Request) -> Response:
    """Remove the block, so that ACLs and policies can make the bucket public."""
    ask.readable_bucket().public_access_block = None
    return Response(status=204)
