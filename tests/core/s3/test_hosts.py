"""S3's host names, in all their forms, and the names that only look like them."""

from __future__ import annotations

import itertools

import pytest

from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.hosts import base_of, is_amazon_host, is_s3_host, region_of, split_host

HOSTS = [
    ("s3.amazonaws.com", "us-east-1"),
    ("s3.us-east-1.amazonaws.com", "us-east-1"),
    ("s3.eusc-de-east-1.amazonaws.com", "eusc-de-east-1"),
    ("s3-us-west-2.amazonaws.com", "us-west-2"),
    ("s3-external-1.amazonaws.com", "us-east-1"),
    ("s3.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
    ("s3.dualstack.ap-southeast-2.amazonaws.com", "ap-southeast-2"),
    ("s3-fips.us-west-2.amazonaws.com", "us-west-2"),
    ("s3-fips-us-gov-west-1.amazonaws.com", "us-gov-west-1"),
    ("s3-fips.dualstack.us-west-2.amazonaws.com", "us-west-2"),
    ("s3-accelerate.amazonaws.com", "us-east-1"),
    ("s3-accelerate.dualstack.amazonaws.com", "us-east-1"),
    ("s3express-usw2-az1.us-west-2.amazonaws.com", "us-west-2"),
    ("s3express-fips-use1-az4.us-east-1.amazonaws.com", "us-east-1"),
    ("s3express-control.us-west-2.amazonaws.com", "us-west-2"),
    ("s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    ("s3.dualstack.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
    ("s3.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
    ("s3.dualstack.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
    ("s3.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
    ("s3-fips.dualstack.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
    ("s3.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"),
    ("s3.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"),
    ("s3-accesspoint.eu-west-1.amazonaws.com", "eu-west-1"),
    ("s3-accesspoint-fips.dualstack.us-east-1.amazonaws.com", "us-east-1"),
    ("accesspoint.s3-global.amazonaws.com", "us-east-1"),
    ("s3-object-lambda.us-east-1.amazonaws.com", "us-east-1"),
    ("bucket.vpce-0a1b-2c3d.s3.us-east-1.vpce.amazonaws.com", "us-east-1"),
]

OTHERS = [
    "sqs.us-east-1.amazonaws.com",
    "s3-control.us-east-1.amazonaws.com",
    "123456789012.s3-control.us-east-1.amazonaws.com",
    "b.s3-website-us-east-1.amazonaws.com",
    "b.s3-website.eu-central-1.amazonaws.com",
    "s3-outposts.us-east-1.amazonaws.com",
    "evil-s3.amazonaws.com.example.org",
    "evil-s3.amazonaws.com",
    "s3.amazonaws.com.example.org",
    "s3.amazonaws.co",
    "s3xamazonaws.com",
    "s3.us-east.amazonaws.com",
    "amazonaws.com",
    "s3.example.com",
    "127.0.0.1:9000",
    "",
]


def test_splits_amazons_hosts():
    """Each form is S3's, with and without a bucket and a port; the bucket is all that stands in front."""
    buckets = [None, "b", "my.bucket.name", "s3", "s3.us-east-1", "x--usw2-az1--x-s3"]
    for (host, region), bucket, port in itertools.product(HOSTS, buckets, ["", ":443"]):
        whole = (f"{bucket}.{host}" if bucket else host) + port
        assert is_s3_host(whole), whole
        assert is_s3_host(whole.upper()), whole
        assert split_host(whole, ()) == (host + port, bucket)
        assert region_of(whole) == region, whole


def test_leaves_other_hosts_alone():
    """Another service, a look-alike or another company is not S3, and names no bucket."""
    assert [host for host in OTHERS if is_s3_host(host)] == []
    assert [host for host in OTHERS if region_of(host) is not None] == []
    assert [split_host(host, ()) for host in OTHERS] == [(host, None) for host in OTHERS]


@pytest.mark.parametrize(
    "host",
    [
        "sts.amazonaws.com",
        "sqs.us-east-1.amazonaws.com:443",
        "123456789012.s3-control.us-east-1.amazonaws.com",
        "ap.op-0123.s3-outposts.us-east-1.amazonaws.com",
        "b.s3-website-us-east-1.amazonaws.com",
        "s3tables.us-east-1.amazonaws.com",
        "s3tables.us-east-1.api.aws",
        "rds.us-east-1.amazonaws.com",
        "STS.eusc-de-east-1.amazonaws.EU",
        "sqs.us-iso-east-1.c2s.ic.gov",
        "169.254.169.254",
        "169.254.170.2:80",
        "[fd00:ec2::254]",
        "fd00:ec2::254",
    ],
)
def test_amazons_other_endpoints(host):
    """Services beside S3, and where machines learn their credentials."""
    assert is_amazon_host(host)
    assert not is_s3_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "s3.us-east-1.amazonaws.com",
        "b.s3.eu-isoe-west-1.cloud.adc-e.uk",
        "db.c0ffee.us-east-1.rds.amazonaws.com",
        "lb-1.us-east-1.elb.amazonaws.com",
        "ec2-1-2-3-4.compute-1.amazonaws.com",
        "x1.execute-api.eu-west-1.amazonaws.com",
        "amazonaws.com.example.org",
        "evilamazonaws.com",
        "127.0.0.1:9000",
        "169.254.169.25",
        "",
    ],
)
def test_what_is_not_another_endpoint_of_amazons(host):
    """S3 itself, what customers run, and look-alikes."""
    assert not is_amazon_host(host)


def test_the_access_point_is_the_bucket():
    """An access point's label stands where a bucket's does."""
    host = "reports-123456789012.s3-accesspoint.eu-west-1.amazonaws.com"
    assert split_host(host, ()) == ("s3-accesspoint.eu-west-1.amazonaws.com", "reports-123456789012")


@pytest.mark.parametrize(
    ("host", "endpoints", "expected"),
    [
        ("store.example", ("store.example",), ("store.example", None)),
        ("b.store.example", ("store.example",), ("store.example", "b")),
        ("b.STORE.example", ("Store.Example",), ("store.example", "b")),
        ("b.c.store.example:9000", ("store.example",), ("store.example:9000", "b.c")),
        ("b.store.example:9000", ("store.example:9000",), ("store.example:9000", "b")),
        ("b.store.example:9001", ("store.example:9000",), ("b.store.example:9001", None)),
        ("bstore.example", ("store.example",), ("bstore.example", None)),
        ("b.store.example", (), ("b.store.example", None)),
        ("s3.store.example", ("store.example", "s3.store.example"), ("s3.store.example", None)),
        ("b.s3.store.example", ("store.example", "s3.store.example"), ("s3.store.example", "b")),
        ("b.localhost:1", ("other", "localhost:1"), ("localhost:1", "b")),
        ("[::1]:9000", ("localhost",), ("[::1]:9000", None)),
        ("[::1]", (), ("[::1]", None)),
    ],
)
def test_splits_the_hosts_of_other_stores(host, endpoints, expected):
    """A label in front of a known endpoint is a bucket; the longest known name decides, and its port if it has one."""
    assert split_host(host, endpoints) == expected


@pytest.mark.parametrize(
    ("host", "paths"),
    [
        ("gw.example.com", ("/s3/deep", "/s3")),
        ("bucket.gw.example.com:8080", ("/s3/deep", "/s3")),
        ("GW.example.com", ("/s3/deep", "/s3")),
        ("other.example.com", ()),
        ("127.0.0.1:9000", ("/swift/v1",)),
        ("127.0.0.1:9001", ()),
        ("plain.internal", ()),
    ],
)
def test_the_path_before_the_bucket(host, paths):
    """It belongs to an endpoint; a neighbor's on another port has none."""
    endpoints = ("gw.example.com/s3", "gw.example.com/s3/deep", "127.0.0.1:9000/swift/v1", "plain.internal")
    assert base_of(host, endpoints) == paths


@pytest.mark.parametrize(
    ("target", "bucket", "key"),
    [
        ("/s3/data/a/b", "data", "a/b"),
        ("/s3/data", "data", None),
        ("/s3", None, None),
        ("/s3/", None, None),
        ("/s3data/k", "s3data", "k"),
        ("/data/k", "data", "k"),
        ("/s3/s3/s3", "s3", "s3"),
    ],
)
def test_a_gateway_under_a_path(target, bucket, key):
    """Bucket and key begin behind the endpoint's own path; the URL stays whole, as it was signed."""
    call = parse_call(method="GET", target=target, headers={"host": "gw.example.com"}, endpoints=["gw.example.com/s3"])
    assert (call.bucket, call.key) == (bucket, key)
    assert call.url == f"https://gw.example.com{target}"
