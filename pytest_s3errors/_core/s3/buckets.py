"""Operations on buckets themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from s3_asyncio_client._core.bucket_names import new_name_problem

from .access_points import ALIAS_END
from .acls import born_blocked, bucket_ownership
from .commit import DEFAULT_REGION
from .documents import MAX_XML_BYTES, XML, Elements, parse_xml, text_of, xml_response
from .hosts import region_of
from .listings import make_token, number_of, read_token
from .messages import Response
from .object_lock import is_born_locked
from .payload import receive
from .permissions import owner_of
from .policies import ARN
from .records import ENABLED
from .regions import REGIONS
from .tags import created_bucket_tags
from .times import iso_date

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from .bucket_record import Bucket
    from .request import S3Request

_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+){1,3}-[0-9]{1,2}", re.ASCII)
_MAX_BUCKETS = 10_000
_ARN = "x-amz-bucket-arn"
_NARROWING = frozenset({"bucket-region", "continuation-token", "max-buckets", "prefix"})


def create_bucket(ask: S3Request) -> Response:
    """Create the bucket. For an existing one see fact 35."""
    if new_name_problem(ask.bucket) is not None:
        raise ask.refused("InvalidBucketName")
    configuration = _configuration(ask)
    location, tags = _wanted_location(ask, configuration), created_bucket_tags(ask, configuration)
    region = _region_at(location)
    ownership, acl = bucket_ownership(ask)
    existing = ask.store.bucket(ask.bucket)
    if existing is None:
        made = ask.store.add_bucket(ask.bucket, region, ask.caller.owner_id or "")
        made.location, made.tags, made.ownership, made.acl = location, tags, ownership, acl
        made.public_access_block = born_blocked(ask)
        if is_born_locked(ask):
            made.locked = True
            made.set_versioning(ENABLED)
    elif ask.access.declared and owner_of(ask, existing) != ask.caller.owner_id:
        raise ask.refused("BucketAlreadyExists")
    elif tags or not existing.region == region == DEFAULT_REGION:
        raise ask.refused("BucketAlreadyOwnedByYou")
    else:
        existing.acl = acl
    at = f"/{ask.bucket}" if region == DEFAULT_REGION else f"http://{ask.bucket}.s3.amazonaws.com/"
    return Response(status=200, headers={"Location": at, _ARN: ARN + ask.bucket})


def head_bucket(ask: S3Request) -> Response:
    """Return whether the bucket exists, and its region."""
    bucket = ask.readable_bucket()
    by_alias = bucket.name != ask.call.bucket and (ask.call.bucket or "").endswith(ALIAS_END)
    headers = {"x-amz-bucket-region": bucket.region, "x-amz-access-point-alias": str(by_alias).lower()}
    return Response(status=200, headers={**XML, **headers, _ARN: ARN + bucket.name})


def delete_bucket(ask: S3Request) -> Response:
    """Delete an empty bucket. Versions and delete markers count as content."""
    bucket = ask.readable_bucket()
    if bucket.versions:
        raise ask.refused("BucketNotEmpty: versions")
    if bucket.objects:
        raise ask.refused("BucketNotEmpty")
    if ask.bucket in ask.store.access_points.values():
        raise ask.refused("BucketHasAccessPointsAttached")
    ask.store.remove_bucket(ask.bucket)
    return Response(status=204)


def get_bucket_location(ask: S3Request) -> Response:
    """Return the bucket's location. For us-east-1 it is empty."""
    bucket = ask.readable_bucket()
    location = bucket.location or bucket.region
    return xml_response("LocationConstraint", "" if location == DEFAULT_REGION else location)


def list_buckets(ask: S3Request) -> Response:
    """Return the buckets, sorted by name."""
    query = ask.call.query
    limit = _max_buckets(ask)
    prefix, token, region = (query.get(name, "") for name in ("prefix", "continuation-token", "bucket-region"))
    if "bucket-region" in query:
        _check_region(ask, region)
    after = read_token(ask, token) if token else ""
    found = [bucket for name in ask.store.buckets if (bucket := ask.store.bucket(name)) is not None]
    if ask.access.declared:
        found = [b for b in found if owner_of(ask, b) == ask.caller.owner_id]
    found = [b for b in found if b.name.startswith(prefix) and b.name > after and region.lower() in {"", b.region}]
    page = found[:limit]
    listed = [("Bucket", _listed(ask, bucket)) for bucket in page]
    children: Elements = [("Owner", [("ID", ask.caller.owner_id or "")]), ("Buckets", listed)]
    if "prefix" in query:
        children.append(("Prefix", prefix))
    if len(page) < len(found):
        children.append(("ContinuationToken", make_token(page[-1].name)))
    return xml_response("ListAllMyBucketsResult", children)


def _listed(ask: S3Request, bucket: Bucket) -> list[tuple[str, str]]:
    """Return a bucket's entry in a listing. It has a region only if the request narrows the listing."""
    told = [("Name", bucket.name), ("CreationDate", iso_date(bucket.created))]
    if not _NARROWING.isdisjoint(ask.call.query):
        told.append(("BucketRegion", bucket.region))
    return [*told, ("BucketArn", ARN + bucket.name)]


def _max_buckets(ask: S3Request) -> int:
    limit = number_of(ask, "max-buckets", _MAX_BUCKETS)
    if not 1 <= limit <= _MAX_BUCKETS:
        raise ask.bad_argument("max-buckets", str(limit), "max-buckets")
    return limit


def _check_region(ask: S3Request, region: str) -> None:
    """Refuse to list the buckets of a region that AWS does not have, or of another one than the endpoint's."""
    if region.lower() not in REGIONS:
        raise ask.bad_argument("bucket-region", None, "bucket region", region)
    if region_of(ask.call.endpoint) not in {None, region.lower()}:
        raise ask.bad_argument("bucket-region", None, "bucket region elsewhere")


def _configuration(ask: S3Request) -> ET.Element | None:
    body = receive(ask).body
    return parse_xml(ask, body, "CreateBucketConfiguration") if bytes(body[:MAX_XML_BYTES]).strip() else None


def _wanted_location(ask: S3Request, configuration: ET.Element | None) -> str:
    """Return the location that the LocationConstraint names. The default is us-east-1.

    The endpoint of a region only creates buckets in that region, and the constraint must name it. The endpoint of
    us-east-1, which is also the global one, creates buckets in any region. A host without a region counts as that.
    """
    served = region_of(ask.call.endpoint) or DEFAULT_REGION
    wanted = None if configuration is None else text_of(configuration, "LocationConstraint")
    if served != DEFAULT_REGION and served != _region_at(wanted):
        situation = "IllegalLocationConstraintException: region"
        raise ask.refused(situation, wanted or "unspecified")
    if wanted is None:
        return DEFAULT_REGION
    # A constraint must not name us-east-1.
    if wanted == DEFAULT_REGION or not _REGION.fullmatch(_region_at(wanted)):
        raise ask.refused("InvalidLocationConstraint", elements={"LocationConstraint": wanted})
    return wanted


def _region_at(location: str | None) -> str:
    """Return the region of a location. `EU` is the old name of eu-west-1; S3 returns it for buckets created with it."""
    return "eu-west-1" if location == "EU" else location or ""
