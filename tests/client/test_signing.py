"""SigV4, judged by AWS's worked examples and by botocore."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from s3_asyncio_client._core.addressing import build_url, canonical_query
from s3_asyncio_client._core.signing import (
    EMPTY_SHA256,
    STREAMING_PAYLOAD,
    UNSIGNED_PAYLOAD,
    ChunkSigner,
    Credentials,
    encoded_length,
    presign_url,
    sign_request,
    signature_of,
)

# AWS's sample key, in halves so that no scanner takes it for a leaked one.
SAMPLE = Credentials("AKIAIOSFODNN7" + "EXAMPLE", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY")
TIME = datetime(2013, 5, 24, tzinfo=UTC)
HOST = "https://examplebucket.s3.amazonaws.com"
STAMP = "%Y%m%dT%H%M%SZ"

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
AWKWARD = st.sampled_from(
    [" ", "+", "%", "%20", "//", "/./", "/../", "/", "~", "é", "🪣", "a", "?", "#", "&", "=", "*"]
)
KEYS = st.lists(AWKWARD | TEXT, min_size=1, max_size=5).map("".join).filter(bool)
PARAMS = st.dictionaries(KEYS, TEXT, max_size=4)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "content-length", "Range", "x-amz-acl", "X-Amz-Meta-A%s", "If-Match", "Expect", "User-Agent"]
    ),
    VALUES,
    max_size=5,
)
ENDPOINTS = st.sampled_from(
    [
        "https://s3.eu-west-1.amazonaws.com",
        "http://127.0.0.1:9000",
        "http://minio.example:80",
        "https://minio.example:443/prefix",
        "https://minio.example:8443",
        "http://[::1]:9000",
    ]
)
TOKENS = st.none() | st.text("ABCabc0123+/=", min_size=1, max_size=40)


def sign(**changes):
    given_ = {
        "method": "GET",
        "url": f"{HOST}/test.txt",
        "params": {},
        "headers": {},
        "payload_hash": EMPTY_SHA256,
        "credentials": SAMPLE,
        "region": "us-east-1",
        "now": TIME,
    }
    return sign_request(**given_ | changes)


@pytest.mark.parametrize(
    ("request_", "signature"),
    [
        ({"headers": {"Range": "bytes=0-9"}}, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        (
            {
                "method": "PUT",
                "url": f"{HOST}/test%24file.text",
                "headers": {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
                "payload_hash": hashlib.sha256(b"Welcome to Amazon S3.").hexdigest(),
            },
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            {"url": HOST, "params": {"lifecycle": ""}},
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            {"url": f"{HOST}/", "params": {"prefix": "J", "max-keys": "2"}},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
    ids=["GET object", "PUT object", "GET lifecycle", "list objects"],
)
def test_aws_worked_examples_for_the_authorization_header(request_, signature):
    """The four examples of "Signature Calculations for the Authorization Header" come out."""
    assert signature_of(sign(**request_)) == signature


def test_aws_worked_example_as_a_whole():
    """The Authorization header has the documented form, and all that is signed is returned to be sent."""
    assert sign(headers={"Range": "bytes=0-9"}) == {
        "Range": "bytes=0-9",
        "Host": "examplebucket.s3.amazonaws.com",
        "x-amz-content-sha256": EMPTY_SHA256,
        "x-amz-date": "20130524T000000Z",
        "Authorization": (
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7" + "EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        ),
    }


def test_aws_worked_example_for_a_presigned_url():
    """The example of "Authenticating Requests: Using Query Parameters" comes out."""
    url = presign_url(
        method="GET",
        url=f"{HOST}/test.txt",
        params={},
        credentials=SAMPLE,
        region="us-east-1",
        now=TIME,
        expires_in=86400,
    )
    assert url == (
        f"{HOST}/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7"
        "EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
        "&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


def test_aws_worked_example_for_a_chunked_upload():
    """Seed, both chunks and the last frame have the documented signatures and the documented length."""
    signed = sign(
        method="PUT",
        url="https://s3.amazonaws.com/examplebucket/chunkObject.txt",
        headers={
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
            "Content-Encoding": "aws-chunked",
            "x-amz-decoded-content-length": "66560",
            "Content-Length": "66824",
        },
        payload_hash=STREAMING_PAYLOAD,
    )
    assert signature_of(signed) == "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    signer = ChunkSigner(signature_of(signed), credentials=SAMPLE, region="us-east-1", now=TIME)
    frames = [signer.encode(chunk) for chunk in (b"a" * 65536, b"a" * 1024, b"")]
    assert frames == [
        b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n%b\r\n"
        % (b"a" * 65536),
        b"400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n%b\r\n"
        % (b"a" * 1024),
        b"0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n",
    ]
    assert sum(map(len, frames)) == encoded_length(66560, 65536) == 66824


@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"]),
    endpoint=ENDPOINTS,
    bucket=st.sampled_from(["photos", "my.photos"]),
    key=KEYS,
    params=PARAMS,
    headers=HEADERS,
    body=st.binary(max_size=20) | st.none(),
    token=TOKENS,
)
def test_headers_are_signed_as_botocore_signs_them(*, method, endpoint, bucket, key, params, headers, body, token):
    """For random requests the Authorization header is botocore's, byte for byte; a body of None is not signed."""
    url = build_url(endpoint, bucket, key)
    judge = AWSRequest(method=method, url=url, params=params, headers=headers, data=body or b"")
    judge.context["client_config"] = Config(s3={"payload_signing_enabled": body is not None})
    S3SigV4Auth(BotocoreCredentials("AKID", "secret", token), "s3", "eu-west-1").add_auth(judge)
    ours = sign(
        method=method,
        url=url,
        params=params,
        headers=headers,
        payload_hash=UNSIGNED_PAYLOAD if body is None else hashlib.sha256(body).hexdigest(),
        credentials=Credentials("AKID", "secret", token),
        region="eu-west-1",
        now=datetime.strptime(judge.headers["X-Amz-Date"], STAMP).replace(tzinfo=UTC),
    )
    assert ours["Authorization"] == judge.headers["Authorization"]
    assert {name.lower(): value for name, value in ours.items() if name != "Host"} == {
        name.lower(): value for name, value in judge.headers.items()
    }


@given(
    method=st.sampled_from(["GET", "PUT", "DELETE", "HEAD"]),
    endpoint=ENDPOINTS,
    key=KEYS,
    params=PARAMS,
    token=TOKENS,
    expires_in=st.integers(1, 604800),
)
def test_urls_are_presigned_as_botocore_presigns_them(*, method, endpoint, key, params, token, expires_in):
    """For random requests the parameters and the signature are botocore's."""
    url = build_url(endpoint, "photos", key)
    judge = AWSRequest(method=method, url=url, params=params)
    S3SigV4QueryAuth(BotocoreCredentials("AKID", "secret", token), "s3", "eu-west-1", expires_in).add_auth(judge)
    theirs = parse_qs(urlsplit(judge.url).query, keep_blank_values=True, strict_parsing=True)
    ours = presign_url(
        method=method,
        url=url,
        params=params,
        credentials=Credentials("AKID", "secret", token),
        region="eu-west-1",
        now=datetime.strptime(theirs["X-Amz-Date"][0], STAMP).replace(tzinfo=UTC),
        expires_in=expires_in,
    )
    assert parse_qs(urlsplit(ours).query, keep_blank_values=True, strict_parsing=True) == theirs
    assert ours.startswith(f"{url}?")


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"url": f"{HOST}/test.tx"},
        {"url": f"{HOST}//test.txt"},
        {"url": f"{HOST}/./test.txt"},
        {"url": "https://other.s3.amazonaws.com/test.txt"},
        {"url": "https://examplebucket.s3.amazonaws.com:8443/test.txt"},
        {"params": {"versionId": ""}},
        {"headers": {"Range": "bytes=0-9"}},
        {"payload_hash": UNSIGNED_PAYLOAD},
        {"region": "eu-west-1"},
        {"now": datetime(2013, 5, 24, 0, 0, 1, tzinfo=UTC)},
        {"credentials": Credentials(SAMPLE.access_key, SAMPLE.secret_key + "x")},
        {"credentials": Credentials(SAMPLE.access_key, SAMPLE.secret_key, "token")},
    ],
)
def test_every_part_of_a_request_is_signed(change):
    """A request that differs in any one part has another signature."""
    assert signature_of(sign(**change)) != signature_of(sign())


def test_spelling_that_http_does_not_see_changes_nothing():
    """Order and case of headers and runs of spaces make no difference to the signature."""
    one = sign(headers={"X-Amz-Acl": "private", "Content-Type": "text/plain;  charset=utf-8"})
    two = sign(headers={"content-type": " text/plain; charset=utf-8 ", "x-amz-acl": "private"})
    assert one["Authorization"] == two["Authorization"]


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "expect",
        "User-Agent",
        "Transfer-Encoding",
        "X-Amzn-Trace-Id",
        "traceparent",
        "TE",
    ],
)
def test_headers_that_change_on_the_way_are_sent_but_not_signed(name):
    """A proxy that rewrites such a header does not break the request."""
    signed = sign(headers={name: "x"})
    assert signed[name] == "x"
    assert signature_of(signed) == signature_of(sign())


@pytest.mark.parametrize("name", ["host", "HOST", "X-Amz-Date", "authorization", "X-AMZ-CONTENT-SHA256"])
def test_headers_of_the_signature_cannot_be_given(name):
    """A caller's own Host or date is replaced, not sent beside ours."""
    assert sign(headers={name: "x"}) == sign()


def test_the_headers_passed_in_stay_as_they_are():
    """Signing returns a new dict."""
    headers = {"Range": "bytes=0-9"}
    sign(headers=headers)
    assert headers == {"Range": "bytes=0-9"}


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("http://h:80", "h"),
        ("https://h:443", "h"),
        ("http://h:443", "h:443"),
        ("http://h:9000", "h:9000"),
        ("http://[::1]:9000", "[::1]:9000"),
        ("http://H.Example", "h.example"),
    ],
)
def test_the_host_is_named_as_http_clients_name_it(endpoint, host):
    """The default port is left out and an IPv6 address has brackets."""
    assert sign(url=f"{endpoint}/b/k")["Host"] == host


@pytest.mark.parametrize("expires_in", [0, -1, 604801])
def test_presigned_urls_have_a_limited_life(expires_in):
    """S3 takes 1 second to 7 days; the message says so."""
    with pytest.raises(ValueError, match=rf"1 and 604800 .* not {expires_in}"):
        presign(expires_in)


@pytest.mark.parametrize("expires_in", [1, 604800])
def test_both_ends_of_the_life_are_allowed(expires_in):
    """1 second and 7 days are in range."""
    assert f"&X-Amz-Expires={expires_in}&" in presign(expires_in)


@pytest.mark.parametrize("expires_in", [1.5, "60", True, None])
def test_a_life_that_is_no_int_is_a_type_error(expires_in):
    """A fraction of a second or a timedelta is the caller's mistake."""
    with pytest.raises(TypeError, match="expires_in must be an int"):
        presign(expires_in)


def presign(expires_in):
    return presign_url(
        method="GET",
        url=f"{HOST}/k",
        params={},
        credentials=SAMPLE,
        region="us-east-1",
        now=TIME,
        expires_in=expires_in,
    )


@given(size=st.integers(0, 3000), chunk_size=st.integers(1, 1000))
def test_the_encoded_length_is_the_length_of_the_frames(size, chunk_size):
    """Content-Length is known before the first chunk is made, for whole and broken multiples."""
    signer = ChunkSigner("0" * 64, credentials=SAMPLE, region="us-east-1", now=TIME)
    chunks = [b"x" * min(chunk_size, size - start) for start in range(0, size, chunk_size)]
    assert encoded_length(size, chunk_size) == sum(len(signer.encode(chunk)) for chunk in [*chunks, b""])


@pytest.mark.parametrize(("size", "chunk_size"), [(-1, 1), (1, 0), (1, -1)])
def test_lengths_that_are_none_are_refused(size, chunk_size):
    """A negative size or empty chunks are the caller's mistake."""
    with pytest.raises(ValueError, match=rf"not {size} and {chunk_size}"):
        encoded_length(size, chunk_size)


def test_each_chunk_signature_depends_on_all_before():
    """Swapping, changing or leaving out a chunk changes the signatures after it."""

    def last(*chunks):
        signer = ChunkSigner("0" * 64, credentials=SAMPLE, region="us-east-1", now=TIME)
        return [signer.encode(chunk) for chunk in [*chunks, b""]][-1]

    assert len({last(b"a", b"b"), last(b"b", b"a"), last(b"a"), last(b"ab"), last()}) == 5


def test_secrets_are_not_shown():
    """Neither the repr of credentials nor what is sent has the secret; the token is sent, but not shown."""
    credentials = Credentials("AKID", "the-secret", "the-token")
    assert repr(credentials) == "Credentials(access_key='AKID')"
    sent = sign(credentials=credentials)
    assert "the-secret" not in repr(sent)
    assert sent["x-amz-security-token"] == "the-token"


def test_the_query_to_send_is_the_query_that_is_signed():
    """A presigned URL keeps the caller's parameters, encoded once."""
    url = presign_url(
        method="GET",
        url=f"{HOST}/k",
        params={"response-content-type": "text/plain; a=b+c"},
        credentials=SAMPLE,
        region="us-east-1",
        now=TIME,
        expires_in=60,
    )
    assert f"&{canonical_query({'response-content-type': 'text/plain; a=b+c'})}&" in url
