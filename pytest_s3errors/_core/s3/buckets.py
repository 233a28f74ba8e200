"""Operations on buckets themselves."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from pytest_s3errors._core.s3.errors.envelope import Children, document

from .acls import bucket_ownership
from .documents import MAX_XML_BYTES, XML, malformed, parse_xml, text_of
from .hosts import region_of
from .messages import Response
from .names import bucket_name_problem
from .payload import receive
from .permissions import owner_of
from .store import DEFAULT_REGION
from .tags import created_bucket_tags
from .times import iso_date

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from .request import S3Request

_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+){1,3}-[0-9]{1,2}", re.ASCII)
_MAX_BUCKETS = 10_000


def create_bucket(ask: S3Request) -> Response:
    """Make the bucket; for one that exists see fact 35."""
    if bucket_name_problem(ask.bucket, creating=True) is not None:
        raise ask.refused("InvalidBucketName")
    configuration = _configuration(ask)
    region, tags = _wanted_region(ask, configuration), created_bucket_tags(ask, configuration)
    ownership, acl = bucket_ownership(ask)
    existing = ask.store.bucket(ask.bucket)
    if existing is None:
        made = ask.store.add_bucket(ask.bucket, region, ask.caller.owner_id or "")
        made.tags, made.ownership, made.acl = tags, ownership, acl
    elif ask.access.declared and owner_of(ask, existing) != ask.caller.owner_id:
        raise ask.refused("BucketAlreadyExists")
    elif tags or not existing.region == region == DEFAULT_REGION:
        raise ask.refused("BucketAlreadyOwnedByYou")
    return Response(status=200, headers={"Location": f"/{ask.bucket}", **_arn(ask.bucket)})


def head_bucket(ask: S3Request) -> Response:
    """Answer whether the bucket exists, and where it is."""
    bucket = ask.readable_bucket()
    headers = {**XML, "x-amz-bucket-region": bucket.region, "x-amz-access-point-alias": "false"}
    headers |= _arn(bucket.name)
    return Response(status=200, headers=headers)


def delete_bucket(ask: S3Request) -> Response:
    """Take an empty bucket out; versions and delete markers count."""
    bucket = ask.readable_bucket()
    if bucket.objects or bucket.versions:
        raise ask.refused("BucketNotEmpty")
    ask.store.remove_bucket(ask.bucket)
    return Response(status=204)


def get_bucket_location(ask: S3Request) -> Response:
    """Answer with the bucket's region; us-east-1 is spelled as nothing."""
    region = ask.readable_bucket().region
    # The one document of S3 that has text right in its root.
    text = "" if region == DEFAULT_REGION else escape(region)
    body = document("LocationConstraint", []).replace(b"></", f">{text}</".encode())
    return Response(status=200, headers=XML, body=body)


def list_buckets(ask: S3Request) -> Response:
    """Answer with the buckets, sorted by name; the continuation token is the last name of the page before."""
    query = ask.call.query
    limit = _max_buckets(ask)
    prefix, after, region = (query.get(name, "") for name in ("prefix", "continuation-token", "bucket-region"))
    found = [bucket for name in ask.store.buckets if (bucket := ask.store.bucket(name)) is not None]
    if ask.access.declared:
        found = [b for b in found if owner_of(ask, b) == ask.caller.owner_id]
    found = [b for b in found if b.name.startswith(prefix) and b.name > after and region in {"", b.region}]
    page = found if limit is None else found[:limit]
    listed = [
        ("Bucket", [("Name", b.name), ("CreationDate", iso_date(b.created)), *_region_of(ask, b.region)]) for b in page
    ]
    children: list[tuple[str, str | Children]] = [("Owner", [("ID", ask.caller.owner_id or "")]), ("Buckets", listed)]
    if len(page) < len(found):
        children.append(("ContinuationToken", page[-1].name))
    if prefix:
        children.append(("Prefix", prefix))
    return Response(status=200, headers=XML, body=document("ListAllMyBucketsResult", children))


def _region_of(ask: S3Request, region: str) -> list[tuple[str, str]]:
    """A bucket's region is told only to who asks for pages or regions, as the paginated form of the call does."""
    return [("BucketRegion", region)] if ask.call.query.keys() & {"max-buckets", "bucket-region"} else []


def _max_buckets(ask: S3Request) -> int | None:
    text = ask.call.query.get("max-buckets")
    if text is None:
        return None
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < len(str(_MAX_BUCKETS)) + 1 else 0
    if not 1 <= limit <= _MAX_BUCKETS:
        message = f"max-buckets must be an integer from 1 to {_MAX_BUCKETS}"
        raise ask.bad_argument("max-buckets", text, message)
    return limit


def _arn(bucket: str) -> dict[str, str]:
    return {"x-amz-bucket-arn": f"arn:aws:s3:::{bucket}"}


def _configuration(ask: S3Request) -> ET.Element | None:
    body = receive(ask).body
    return parse_xml(ask, body, "CreateBucketConfiguration") if bytes(body[:MAX_XML_BYTES]).strip() else None


def _wanted_region(ask: S3Request, configuration: ET.Element | None) -> str:
    """Return the region that the LocationConstraint or else the endpoint names; us-east-1 where neither does."""
    served = region_of(ask.call.endpoint)
    if configuration is None:
        if served not in {None, DEFAULT_REGION}:
            raise ask.refused("IllegalLocationConstraintException")
        return DEFAULT_REGION
    wanted = text_of(configuration, "LocationConstraint")
    if wanted is None:
        return served or DEFAULT_REGION
    if not wanted:
        raise malformed(ask)
    # us-east-1 is the region that no constraint may name.
    if wanted == DEFAULT_REGION or not (wanted == "EU" or _REGION.fullmatch(wanted)):
        raise ask.refused("InvalidLocationConstraint", elements={"LocationConstraint": wanted})
    return "eu-west-1" if wanted == "EU" else wanted
