"""A request's head is read as its sender meant it; botocore and our client are the senders."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_s3errors._core.s3.calls import parse_call
from s3_asyncio_client._core.addressing import build_url
from s3_asyncio_client._core.operations import OPERATIONS

unhurried = settings(deadline=None)
any_key = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)
awkward_key = st.text(st.sampled_from("ab/.+% ~é\u2603\U0001f600?#&=:'()\n\\"), min_size=1, max_size=20) | any_key


@pytest.mark.parametrize("endpoint", ["https://s3.us-east-1.amazonaws.com", "http://127.0.0.1:9000"])
@unhurried
@given(key=awkward_key)
def test_reads_bucket_and_key_of_our_clients_urls(endpoint, key):
    """What s3_asyncio_client builds from a bucket and a key is read back as that bucket and key."""
    url = build_url(endpoint, "some-bucket", key)
    call = parse_call(method="GET", target=url, headers={})
    assert (call.bucket, call.key, call.url) == ("some-bucket", key, url)
    assert call.endpoint == urlsplit(endpoint).netloc


@unhurried
@given(raw=st.binary(min_size=1, max_size=30))
def test_no_byte_of_a_key_is_lost(raw):
    """A percent-encoded key gives its bytes back, UTF-8 or not."""
    call = parse_call(method="GET", target="/b/" + quote(raw, safe=""), headers={"host": "h"})
    assert call.key.encode(errors="surrogateescape") == raw


@pytest.mark.parametrize("key", ["/lead", "a//b", "a/./b/../c", "..", "a+b", "/", "//", "a/"])
def test_a_key_is_not_tidied(key):
    """Slashes, dots and plus signs of a key stay, in both addressing styles."""
    assert parse_call(method="GET", target=f"/b/{key}", headers={"host": "s3.amazonaws.com"}).key == key
    assert parse_call(method="GET", target=f"/{key}", headers={"host": "b.s3.amazonaws.com"}).key == key


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        ("prefix=a+b%2Bc%20d", {"prefix": "a b+c d"}),
        ("a&b=&c=1=2", {"a": "", "b": "", "c": "1=2"}),
        ("&&a=1&", {"a": "1"}),
        ("a=1&a=2", {"a": "1"}),
        ("x%2Did=%E2%98%83", {"x-id": "\u2603"}),
        ("", {}),
        ("=1", {}),
    ],
)
def test_reads_the_query(raw, query):
    """Names and values are decoded, a plus is a space, a bare name is empty, a repeated one counts last."""
    assert dict(parse_call(method="GET", target=f"/b?{raw}", headers={"host": "h"}).query) == query


@pytest.mark.parametrize(
    ("target", "host", "url", "bucket", "key"),
    [
        ("https://b.s3.amazonaws.com/k?x=1", None, "https://b.s3.amazonaws.com/k?x=1", "b", "k"),
        ("http://h:9000", None, "http://h:9000/", None, None),
        ("http://h:9000?list-type=2", None, "http://h:9000/?list-type=2", None, None),
        ("http://me:secret@h/b/k", None, "http://h/b/k", "b", "k"),
        ("https://127.0.0.1:1/b/k", "s3.amazonaws.com", "https://s3.amazonaws.com/b/k", "b", "k"),
        ("/b/http://x", "h", "https://h/b/http://x", "b", "http://x"),
        ("/b/k", None, "https://in-header/b/k", "b", "k"),
        ("*", "h", "https://h*", None, None),
    ],
)
def test_reads_whole_urls_and_paths(target, host, url, bucket, key):
    """The host is the one given, else a whole URL's, else the Host header's; passwords are dropped."""
    call = parse_call(method="GET", target=target, headers={"host": "in-header"}, host=host)
    assert (call.url, call.bucket, call.key) == (url, bucket, key)


def test_an_empty_bucket_name_is_kept_for_the_model_to_refuse():
    """A path of two slashes and a key names a bucket without a name; it must not pass for ListBuckets."""
    call = parse_call(method="GET", target="//key", headers={"host": "s3.amazonaws.com"})
    assert (call.bucket, call.key, call.operation) == ("", "key", "GetObject")


@unhurried
@given(target=st.text(max_size=30), host=st.text(max_size=30))
def test_parses_whatever_comes(target, host):
    """No request target and no Host header makes parsing fail."""
    call = parse_call(method="GET", target=target, headers={"host": host}, endpoints=["x"])
    assert call.operation in {*OPERATIONS, None}
