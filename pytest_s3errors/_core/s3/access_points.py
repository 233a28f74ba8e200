"""Access points: further names by which requests may call a bucket, and what they may ask of it by them.

Sources: S3 User Guide, "Referencing access points" and "Access point compatibility".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ALIAS_END = "-s3alias"
ACCESS_POINTS = "s3-accesspoint"
"""In the host of an access point."""

ON_BUCKETS = frozenset(
    {"DeleteObjects", "GetBucketAcl", "GetBucketLocation", "GetBucketPolicy", "HeadBucket"}
    | {"ListMultipartUploads", "ListObjectVersions", "ListObjects", "ListObjectsV2"}
)
"""What may be asked of the bucket by an access point, beside everything about its objects."""

_ARN = re.compile(r"arn:aws[a-z-]*:s3:([a-z0-9-]+):(\d{12}):accesspoint[/:]([a-z0-9][a-z0-9-]{1,48}[a-z0-9])", re.ASCII)
_ALIAS = re.compile(r"[a-z0-9][a-z0-9-]*" + ALIAS_END, re.ASCII)


def label_of(name: str) -> str:
    """Return what stands for *name* where a host or a path has a bucket: an ARN's is made of its name and account."""
    found = _ARN.fullmatch(name)
    return name if found is None else f"{found[3]}-{found[2]}"


def check_access_points(names: object, region: str) -> Iterable[str]:
    """Return *names*; raise TypeError or ValueError unless all are ARNs in *region*, or aliases, of access points."""
    if not isinstance(names, list | tuple):
        raise TypeError(f"access_points is a list of ARNs and aliases, not {type(names).__name__}")
    for name in names:
        found = _ARN.fullmatch(name) if isinstance(name, str) else None
        if found is not None and found[1] != region:
            raise ValueError(f"the access point {name!r} is in {found[1]}, its bucket in {region}: pass region=")
        if found is None and not (isinstance(name, str) and _ALIAS.fullmatch(name)):
            arn, alias = f"arn:aws:s3:{region}:123456789012:accesspoint/reports", f"reports{ALIAS_END}"
            raise ValueError(f"{name!r} is no access point of a bucket; allowed are {arn!r} and {alias!r}, for example")
    return names
