"""Access points: ARN, alias and host lead to the bucket that declares them."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_arranged import arranged_by
from pytest_s3errors._core.s3 import answer
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.store import S3Store

ARN = "arn:aws:s3:us-east-1:123456789012:accesspoint/reports"
ALIAS = "reports-abc123-s3alias"
HOST = "reports-123456789012.s3-accesspoint.us-east-1.amazonaws.com"


@pytest.fixture
def s3(s3):
    """An S3 with a bucket that has an access point, an object in it, and no other bucket."""
    s3.store.declare_bucket("data", access_points=[ARN, ALIAS])
    s3.store.put("data", "a/b", b"report")
    return s3


@pytest.fixture
def at_host(s3):
    """Return a function that asks at the host of the access point."""

    def ask(method, target, body=b"", **headers):
        call = parse_call(method=method, target=target, headers={"host": HOST, **headers})
        return answer(s3.store, call, body, new_id=s3.new_id)

    return ask


def test_its_host(s3, at_host):
    """The bucket's label is the access point's name and account."""
    assert at_host("PUT", "/new", b"1").status == 200
    assert s3.store.get("data", "new").body == b"1"


def test_a_copy_from_its_arn(s3):
    """The key stands behind /object/, encoded or not."""
    for source in (f"{ARN}/object/a/b", f"{ARN}/object/a/b".replace(":", "%3A")):
        s3("PUT", "/data/copy", x_amz_copy_source=source)
        assert s3.store.get("data", "copy").body == b"report"
        s3.store.delete("data", "copy")


def test_what_tells_of_it(s3, at_host):
    """HeadBucket says whether it was asked by an alias; an upload tells the bucket's own name."""
    told = [s3("HEAD", f"/{ALIAS}"), s3("HEAD", "/data"), at_host("HEAD", "/")]
    assert [one.headers["x-amz-access-point-alias"] for one in told] == ["true", "false", "false"]
    assert b"<Bucket>data</Bucket>" in at_host("POST", "/key?uploads").body


@pytest.mark.parametrize(
    ("method", "target"),
    [("PUT", "/"), ("DELETE", "/"), ("PUT", "/?versioning"), ("GET", "/?versioning"), ("PUT", "/?tagging")],
)
def test_the_bucket_itself_is_out_of_reach(at_host, code, method, target):
    """It can't be changed or deleted by an access point."""
    assert code(at_host(method, target)) == "MethodNotAllowed"


def test_its_bucket_can_not_go(s3, code):
    """Before its access points do."""
    s3.store.delete("data", "a/b")
    assert code(s3("DELETE", "/data")) == "BucketHasAccessPointsAttached"


@pytest.mark.parametrize(
    ("method", "target"), [("GET", "/"), ("HEAD", "/"), ("GET", "/key"), ("PUT", "/key"), ("POST", "/key?uploads")]
)
def test_undeclared(s3, method, target):
    """At its host it is no access point, even where buckets need no declaration; an alias is no bucket."""
    host = {"host": HOST.replace("reports", "other-one")}
    for store in (s3.store, S3Store(now=s3.store.now)):
        reply = answer(store, parse_call(method=method, target=target, headers=host), b"", new_id=s3.new_id)
        assert (reply.status, reply.code, reply.elements) == (
            404,
            "NoSuchAccessPoint",
            (("AccessPointName", "other-one"),),
        )
    assert s3("GET", "/other-abc-s3alias").code == "NoSuchBucket"


def test_a_region_holds(s3, code):
    """As for the bucket itself."""
    s3.store.declare_bucket("far", "eu-west-1", access_points=["far-s3alias"])
    scope = "Credential=AKIDFOREIGN/20260501/us-east-1/s3/aws4_request"
    signed = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"
    assert code(s3("GET", "/far-s3alias", authorization=signed)) == "AuthorizationHeaderMalformed"


def test_a_memento_keeps_them(s3):
    restore = s3.store.memento()
    s3.store.access_points.clear()
    restore()
    assert s3("GET", f"/{ALIAS}/a/b").body == b"report"


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (ARN, "access_points is a list of ARNs and aliases, not str"),
        (["reports"], "'reports' is no access point of a bucket; allowed are 'arn:aws:s3:us-east-1:"),
        ([ARN.replace("s3:", "s3-outposts:")], "is no access point of a bucket"),
        ([7], "7 is no access point"),
        ([ARN.replace("us-east-1", "eu-west-1")], "is in eu-west-1, its bucket in us-east-1: pass region="),
    ],
)
def test_what_is_none_is_refused(points, says):
    """Before the test runs."""
    with pytest.raises(RuleError, match=says):
        arranged_by("s3_bucket", ("data",), {"access_points": points})
