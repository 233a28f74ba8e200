"""What people write by mistake in `s3_bucket` and `s3_object`."""

from __future__ import annotations

import re

import pytest

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_arranged import arranged_by


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("s3_bucket", ("data",), {}),
        ("s3_bucket", ("b",), {"region": "eu-central-1", "versioning": True}),
        ("s3_bucket", ("data", "auto"), {}),
        ("s3_bucket", ("data", "us-west-004"), {}),
        ("s3_bucket", (), {"name": "my.bucket-1"}),
        ("s3_bucket", ("data", "us-gov-east-1"), {}),
        ("s3_object", ("data", "k"), {"body": b"x", "tags": {}}),
    ],
)
def test_what_is_right(name, args, kwargs):
    """Nothing is said of it."""
    arranged_by(name, args, kwargs)


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "says"),
    [
        ("s3_bucket", (), {}, 's3_bucket() needs name, such as s3_bucket("data")'),
        ("s3_object", ("data",), {}, "s3_object('data') needs key, such as"),
        (
            "s3_bucket",
            ("data", "auto", True),
            {},
            "s3_bucket(): only name, region go without a name; 3 positional arguments came",
        ),
        ("s3_bucket", ("data",), {"name": "data"}, "s3_bucket() got name= twice, by its place and by its name"),
        ("s3_bucket", ("data",), {"versionin": True}, "did you mean 'versioning'?"),
        (
            "s3_object",
            ("data", "k"),
            {"metadata": "m"},
            "s3_object('data', 'k', metadata='m'): metadata is a mapping, not",
        ),
        ("s3_object", ("data", "k"), {"last_modified": 1}, "last_modified is a datetime, not int"),
        ("s3_object", ("data", "k"), {"metadata": {1: "a"}}, "1 is no name: a name is a str, not int"),
        ("s3_object", ("data", "k"), {"tags": {1: "a"}}, "1 is no name: a name is a str, not int"),
        ("s3_object", ("data", "k"), {"metadata": {"a": "b\r\nc"}}, "no header carries 'a': 'b\\r\\nc'"),
        ("s3_object", ("data", "k"), {"metadata": {"a b": "c"}}, "no header carries 'a b': 'c'; a name has no spaces"),
        ("s3_object", ("data", "k"), {"content_type": 3}, "content_type is a str, not int"),
        ("s3_object", ("data", "k"), {"cache_control": "a\nb"}, "no header carries 'cache-control'"),
        ("s3_bucket", ("data",), {"versioning": "yes"}, "s3_bucket(versioning='yes'): allowed are True and False"),
        ("s3_bucket", ("My_Bucket",), {}, "s3_bucket('My_Bucket'): S3 has no bucket named 'My_Bucket': it must"),
        ("s3_bucket", ("data/dir",), {}, "S3 has no bucket named 'data/dir'"),
        ("s3_bucket", ("s3://data/dir",), {}, "name is 's3://data/dir'; here 'data' is the bucket and 'dir' the key"),
        ("s3_object", ("data", "s3://data/k"), {}, "key is 's3://data/k'; here 'data' is the bucket and 'k' the key"),
        ("s3_bucket", ("data", "us-esat-1"), {}, "S3 has no region 'us-esat-1'; did you mean 'us-east-1'?"),
        ("s3_bucket", ("data", "EU"), {}, "a region is a name such as 'eu-central-1', not 'EU'"),
        ("s3_bucket", ("data", 1), {}, "a region is a name such as 'eu-central-1', not 1"),
    ],
)
def test_mistakes(name, args, kwargs, says):
    """Each is named as the user wrote it."""
    with pytest.raises(RuleError, match=re.escape(says)):
        arranged_by(name, args, kwargs)
