"""URLs, queries, and what may go into a request."""

from __future__ import annotations

from email.header import decode_header, make_header
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_asyncio_client._core.addressing import (
    build_url,
    canonical_query,
    check_bucket,
    check_headers,
    check_key,
    check_new_bucket,
    metadata_headers,
    quote,
    quote_key,
)
from s3_asyncio_client.exceptions import S3InvalidRequestError

AWS = "https://s3.eu-west-1.amazonaws.com"
UNRESERVED = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("key", "encoded"),
    [
        ("a/b.txt", "a/b.txt"),
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("100%", "100%25"),
        ("a%20b", "a%2520b"),
        ("~user", "~user"),
        ("//x//", "//x//"),
        ("../a/./b", "../a/./b"),
        ("/lead", "/lead"),
        ("käse", "k%C3%A4se"),
        ("🪣", "%F0%9F%AA%A3"),
        ("a?b#c&d=e", "a%3Fb%23c%26d%3De"),
        ("(*)!'", "%28%2A%29%21%27"),
        ("\n", "%0A"),
    ],
)
def test_keys_are_encoded_by_rfc_3986(key, encoded):
    """Only unreserved characters and slashes stand for themselves."""
    assert quote_key(key) == encoded
    assert quote(key) == encoded.replace("/", "%2F")


@given(key=TEXT)
def test_encoding_is_reversible_and_plain_ascii(key):
    """Decoding gives the key back, and nothing but unreserved characters, "%" and "/" is left."""
    assert unquote(quote_key(key), errors="strict") == key
    assert unquote(quote(key), errors="strict") == key
    assert set(quote_key(key)) <= UNRESERVED | {"%", "/"}


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({}, ""),
        ({"uploads": ""}, "uploads="),
        ({"b": "2", "a": "1"}, "a=1&b=2"),
        ({"a/b": "c d+e"}, "a%2Fb=c%20d%2Be"),
        ({"é": "1", "z": "2", "A": "3", "a": "4"}, "%C3%A9=1&A=3&a=4&z=2"),
        ({"a-b": "1", "a": "2", "a!": "3"}, "a=2&a%21=3&a-b=1"),
    ],
)
def test_queries_are_sorted_by_their_encoded_names(params, query):
    """The order is that of the encoded names, which is not that of the names."""
    assert canonical_query(params) == query


@pytest.mark.parametrize(
    ("endpoint", "bucket", "key", "url"),
    [
        (AWS, "photos", "a/b", "https://photos.s3.eu-west-1.amazonaws.com/a/b"),
        (AWS, "b", "k", "https://b.s3.eu-west-1.amazonaws.com/k"),
        (AWS, "photos", None, "https://photos.s3.eu-west-1.amazonaws.com"),
        (AWS + "/", "photos", None, "https://photos.s3.eu-west-1.amazonaws.com"),
        (AWS, None, None, AWS),
        ("https://s3.example.com:9000/prefix/", "photos", "k", "https://photos.s3.example.com:9000/prefix/k"),
        (AWS, "my.photos", "k", AWS + "/my.photos/k"),
        (AWS, "Photos", "k", AWS + "/Photos/k"),
        (AWS, "my_photos", "k", AWS + "/my_photos/k"),
        (AWS, "photos-", "k", AWS + "/photos-/k"),
        (AWS, "a" * 63, "k", f"https://{'a' * 63}.s3.eu-west-1.amazonaws.com/k"),
        (AWS, "a" * 64, "k", f"{AWS}/{'a' * 64}/k"),
        ("http://s3.example.com", "photos", "k", "http://s3.example.com/photos/k"),
        ("http://127.0.0.1:9000", "photos", "k", "http://127.0.0.1:9000/photos/k"),
        ("http://127.0.0.1:9000/", "photos", None, "http://127.0.0.1:9000/photos"),
        ("https://minio.example/s3/api", "photos", "k", "https://minio.example/s3/api/photos/k"),
        (AWS, "photos", "/lead", "https://photos.s3.eu-west-1.amazonaws.com//lead"),
        (AWS, "photos", "../a//b/.", "https://photos.s3.eu-west-1.amazonaws.com/../a//b/."),
    ],
)
def test_urls(endpoint, bucket, key, url):
    """The bucket is a label of an `https://s3.` host where TLS allows it, a path segment elsewhere; keys stay whole."""
    assert build_url(endpoint, bucket, key) == url


@given(key=TEXT.filter(bool))
def test_the_key_can_be_read_back_from_the_url(key):
    """No key disturbs the host or the query, and none is tidied."""
    parts = urlsplit(build_url("http://127.0.0.1:9000", "photos", key))
    assert (parts.netloc, parts.query, parts.fragment) == ("127.0.0.1:9000", "", "")
    assert unquote(parts.path).removeprefix("/photos/") == key


@pytest.mark.parametrize("bucket", ["b", "bb", "bucket", "My_Bucket", "a.b", "-", "a" * 255])
def test_bucket_names_of_any_server_pass(bucket):
    """Names that S3 no longer creates but other servers have are let through."""
    check_bucket(bucket)


@pytest.mark.parametrize(
    "bucket", ["", ".", "..", "a..b", "a/b", "a b", "käse", "a\n", "\na", "a?b", "a:b", "a%2Fb", "a" * 256]
)
@pytest.mark.parametrize("check", [check_bucket, check_new_bucket])
def test_bucket_names_of_no_server_are_refused(check, bucket):
    """A name that would change the URL, or that nobody has, raises InvalidBucketName and shows itself."""
    with pytest.raises(S3InvalidRequestError) as caught:
        check(bucket)
    assert caught.value.error_code == "InvalidBucketName"
    assert repr(bucket)[:40] in caught.value.message


@pytest.mark.parametrize("bucket", ["abc", "a-b", "a.b", "123", "a" * 63, "1.2.3", "1.2.3.4.5", "300.1.1.1"])
def test_new_buckets_with_good_names_pass(bucket):
    """Names by S3's rules, at both ends of the length."""
    check_new_bucket(bucket)


@pytest.mark.parametrize(
    "bucket",
    [
        "ab",
        "a" * 64,
        "Abc",
        "a_b",
        "-abc",
        "abc-",
        ".abc",
        "abc.",
        "192.168.5.4",
        "xn--abc",
        "sthree-abc",
        "amzn-s3-demo-x",
        "abc-s3alias",
        "abc--ol-s3",
        "abc.mrap",
        "abc--x-s3",
        "abc--table-s3",
    ],
)
def test_new_buckets_with_bad_names_are_refused(bucket):
    """Each rule of S3 for names of buckets has a name that breaks it."""
    check_bucket(bucket)
    with pytest.raises(S3InvalidRequestError) as caught:
        check_new_bucket(bucket)
    assert caught.value.error_code == "InvalidBucketName"


@pytest.mark.parametrize("value", [None, b"bytes", 3])
@pytest.mark.parametrize("check", [check_bucket, check_new_bucket, check_key])
def test_names_that_are_no_str_are_type_errors(check, value):
    """The message names the type that came."""
    with pytest.raises(TypeError, match=type(value).__name__):
        check(value)


@pytest.mark.parametrize("key", ["k", "/", "..", " ", "\n", "k" * 1023, "k" * 1024, "ä" * 512])
def test_keys_up_to_the_limit_pass(key):
    """Any key of 1 to 1024 bytes goes."""
    check_key(key)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "InvalidRequest"),
        ("k" * 1025, "KeyTooLongError"),
        ("ä" * 513, "KeyTooLongError"),
        ("\udc80", "InvalidURI"),
    ],
)
def test_keys_beyond_the_limits_are_refused(key, code):
    """Empty, too long in bytes (not characters), or without a UTF-8 form."""
    with pytest.raises(S3InvalidRequestError) as caught:
        check_key(key)
    assert caught.value.error_code == code


@pytest.mark.parametrize("value", ["", "x", "two words", "tab\there", "ümlaut"])
def test_good_headers_pass(value):
    """Any text without line breaks may be a value."""
    check_headers({"Content-Type": value, "x-amz-acl": value})


@pytest.mark.parametrize("check", [check_headers, metadata_headers])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a", "x\r\nInjected: 1"),
        ("a", "x\n"),
        ("a", "x\r"),
        ("a", "x\0"),
        ("", "x"),
        ("a b", "x"),
        ("a:", "x"),
        ("a\n", "x"),
        ("ä", "x"),
        ("x\r\nInjected", "1"),
    ],
)
def test_headers_that_would_break_the_request_are_refused(check, name, value):
    """No line break gets into a header, by name or by value; the value is not shown."""
    with pytest.raises(ValueError, match=r"header|metadata") as caught:
        check({name: value})
    assert "Injected: 1" not in str(caught.value)


@pytest.mark.parametrize("check", [check_headers, metadata_headers])
@pytest.mark.parametrize("pair", [("a", 3), ("a", None), ("a", b"x"), (3, "x")])
def test_headers_that_are_no_str_are_type_errors(check, pair):
    """A number as a value is the caller's mistake, said so."""
    with pytest.raises(TypeError, match="str"):
        check(dict([pair]))


def test_metadata_gets_the_prefix():
    """Plain values go as they are; no metadata is no header."""
    assert metadata_headers({"Author": "Ada L.", "n": ""}) == {"x-amz-meta-Author": "Ada L.", "x-amz-meta-n": ""}
    assert metadata_headers(None) == metadata_headers({}) == {}


@given(value=TEXT.filter(lambda text: not set(text) & set("\r\n\0")))
def test_metadata_values_can_be_read_back(value):
    """What goes into the header is printable ASCII in words of at most 75 characters, and decodes by RFC 2047."""
    (sent,) = metadata_headers({"a": value}).values()
    assert sent.isascii()
    assert sent.isprintable()
    if sent != value:
        assert max(map(len, sent.split(" "))) <= 75
        assert str(make_header(decode_header(sent))) == value


@pytest.mark.parametrize("length", [22, 23, 45, 46, 1000])
def test_long_values_are_cut_between_characters(length):
    """A value longer than one encoded word takes several, and no character is torn apart."""
    value = "ä" * length
    (sent,) = metadata_headers({"a": value}).values()
    words = sent.split(" ")
    assert len(words) == -(-length // 22)
    assert all(set(str(make_header(decode_header(word)))) == {"ä"} for word in words)
    assert str(make_header(decode_header(sent))) == value


@pytest.mark.parametrize("value", [" x", "x ", "=?UTF-8?B?eA==?=", "tab\tinside", "\x7f"])
def test_ascii_that_a_header_would_change_is_encoded(value):
    """Spaces at the ends, control characters and look-alikes of encoded words are kept by encoding them."""
    (sent,) = metadata_headers({"a": value}).values()
    assert sent.startswith("=?UTF-8?B?")
    assert str(make_header(decode_header(sent))) == value
