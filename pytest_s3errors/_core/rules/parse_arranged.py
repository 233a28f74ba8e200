"""Turn the arguments of `s3_bucket` and `s3_object` into changes of a store. Refuse common mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import methodcaller
from typing import Any

from pytest_s3errors._core.s3.store import S3Store
from s3_asyncio_client._core.bucket_names import new_name_problem

from .arguments import RuleError, all_by_name, boolean, known_options, no_address, region_name
from .parse_rule import spell

_PLACES = {"s3_bucket": ("name", "region"), "s3_object": ("bucket", "key", "body")}
_REQUIRED = {"s3_bucket": ("name",), "s3_object": ("bucket", "key")}
_BUCKET_OPTIONS = ("name", "region", "versioning", "access_points")


def arranged_by(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Callable[[S3Store], object]:
    """Return a function that does to a store what ``name(*args, **kwargs)`` says. *name* is "s3_bucket" or "s3_object".

    It is tried once on a separate store.

    Raises:
        RuleError: an argument is missing, unknown or given twice, or S3 can't have such a bucket or object.
    """
    _check(name, args, kwargs)
    act = methodcaller("declare_bucket" if name == "s3_bucket" else "put", *args, **kwargs)
    try:
        act(S3Store(now=lambda: _ANY_TIME))
    except (TypeError, ValueError) as error:
        raise RuleError(f"{spell(name, args, kwargs)}: {error}") from None
    return act  # for any store, including that of another process or server


_ANY_TIME = datetime.fromtimestamp(0, UTC)


def _check(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    written = spell(name, args, kwargs)
    given = all_by_name(name, args, kwargs, _PLACES[name])
    missing = [place for place in _REQUIRED[name] if place not in given]
    if missing:
        raise RuleError(f"{written} needs {' and '.join(missing)}, such as {_EXAMPLES[name]}")
    for place in _REQUIRED[name]:
        no_address(written, place, given[place])
    if name == "s3_bucket":
        _check_bucket(written, given)


_EXAMPLES = {"s3_bucket": 's3_bucket("data")', "s3_object": 's3_object("data", "dir/key", b"content")'}


def _check_bucket(written: str, given: Mapping[str, Any]) -> None:
    known_options("s3_bucket", given, _BUCKET_OPTIONS)
    boolean("s3_bucket", "versioning", given.get("versioning", False))
    bucket = given["name"]
    # A short name is convenient in a test; the store checks the rest.
    padded = f"{bucket}xxx" if isinstance(bucket, str) and len(bucket) < len("xxx") else bucket
    problem = new_name_problem(padded) if isinstance(padded, str) else "is not a str"
    if problem:
        raise RuleError(f"{written}: S3 has no bucket named {bucket!r}: it {problem}")
    region_name(written, given.get("region", "us-east-1"))
