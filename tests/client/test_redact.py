"""What a secret looks like, and that it goes."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3_asyncio_client._core.redact import MIN_SECRET_CHARS, redact, redact_url, safe_elements
from s3_asyncio_client._core.signing import Credentials, presign_url

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "GET https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Signature=abc failed",
            "GET https://b.s3.amazonaws.com/k?*** failed",
        ),
        ("/k?AWSAccessKeyId=A&Expires=1&Signature=abc", "/k?***"),
        ("https://h/k?list-type=2&prefix=a", "https://h/k?list-type=2&prefix=a"),
        ("next=https%3A%2F%2Fh%2Fk%3FX-Amz-Signature%3Dabc", "next=https%3A%2F%2Fh%2Fk%3FX-Amz-Signature%3D***"),
        ("https://user:pa@ss@h/k", "https://***@h/k"),
        ("{'Authorization': 'AWS4-HMAC-SHA256 Credential=AK/x, Signature=abc'}", "{'Authorization': '***'}"),
        ("Authorization: Bearer abc.def\nHost: h", "Authorization: ***\nHost: h"),
        ("Credential=AK/2026/s3, SignedHeaders=h, Signature=abc", "Credential=***, SignedHeaders=h, Signature=***"),
        ("{'x-amz-security-token': 'abc/+=', 'range': '0-1'}", "{'x-amz-security-token': '***', 'range': '0-1'}"),
        ("x-amz-server-side-encryption-customer-key: abc=", "x-amz-server-side-encryption-customer-key: ***"),
        ("aws_secret_access_key = abc/def", "aws_secret_access_key = ***"),
        ('S3Client("AKIAIOSFODNN7EXAMPLE", secret_key="abc")', 'S3Client("***", secret_key="***")'),
        ('{\\"SecretAccessKey\\": \\"abc\\"}', '{\\"SecretAccessKey\\": \\"***\\"}'),
        ("secret_key    = 'abc'", "secret_key    = '***'"),
        (
            "{'SSECustomerKey': 'abc', 'SSECustomerKeyMD5': 'def'}",
            "{'SSECustomerKey': '***', 'SSECustomerKeyMD5': 'def'}",
        ),
        ("netloc='user:pass@h', to='a@b.c'", "netloc='***@h', to='a@b.c'"),
        ("the signature does not match: check the key", "the signature does not match: check the key"),
        ("", ""),
    ],
)
def test_what_lets_somebody_in_is_hidden(text, shown):
    """Values go, names and what is harmless stay; a second time changes nothing."""
    assert redact(text) == shown
    assert redact(shown) == shown


PIECES = [
    "?",
    "&",
    "signature",
    "=",
    "%3D",
    ":",
    "://",
    "@",
    "abc",
    " ",
    "'",
    '"',
    "\\",
    "Authorization",
    "AKIA" + "A" * 12,
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@example("'Authorization:// \\@")
def test_twice_is_as_good_as_once(text):
    """Records may be redacted where they are made and again where they are logged."""
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("spelling", [SECRET, quote(SECRET), quote(SECRET, safe="")])
def test_a_known_secret_is_hidden_wherever_it_stands(spelling):
    """Also without a name before it, and percent-encoded."""
    assert redact(f"so <{spelling}> was sent", [SECRET]) == "so <***> was sent"


def test_of_two_known_secrets_the_longer_goes_first():
    """A token that begins with a key leaves no tail of itself."""
    assert redact("abcdefgh-tail abcdefgh", ["abcdefgh", "abcdefgh-tail"]) == "*** ***"


@pytest.mark.parametrize(("length", "hidden"), [(-1, False), (0, True), (1, True)])
def test_short_words_are_no_secrets(length, hidden):
    """A key of fewer characters than MIN_SECRET_CHARS may be any word of a message."""
    secret = "s" * (MIN_SECRET_CHARS + length)
    assert (redact(f"a {secret} b", [secret]) == "a *** b") is hidden


def test_a_known_secret_inside_a_word_stays():
    """Only whole words are compared."""
    assert redact("a passwords list", ["password"]) == "a passwords list"


@given(
    st.text("abcdefghijklmnopqrstuvwxyzABC0123456789/+=", min_size=16, max_size=60),
    st.text("abcdefghijklmnopqrstuvwxyzABC0123456789/+", min_size=16, max_size=40),
    st.sampled_from(["{}", "failed: {}", "URL('{}')", '{{"url": "{}"}}', "<{}>", "see {}, please"]),
)
def test_no_presigned_url_is_left_whole(token, secret, frame):
    """Of any presigned URL in any surroundings, signature, credential and token are gone."""
    url = presign_url(
        method="GET",
        url="https://b.s3.amazonaws.com/k",
        params={"response-content-type": "text/plain"},
        credentials=Credentials("AKIAIOSFODNN7EXAMPLE", secret, token),
        region="us-east-1",
        now=datetime(2026, 1, 1, tzinfo=UTC),
        expires_in=60,
    )
    shown = redact(frame.format(url))
    signature = url.partition("X-Amz-Signature=")[2][:64]
    assert len(signature) == 64
    for forbidden in (signature, "AKIA", quote(token, safe=""), "X-Amz"):
        assert forbidden not in shown
    assert "https://b.s3.amazonaws.com/k?***" in shown


@pytest.mark.parametrize(
    "evil",
    ["?" * 100_000, "signature" * 10_000, "x://" * 25_000, "authorization " * 8_000, "a=" * 50_000, "@://" * 25_000],
)
def test_a_long_text_takes_linear_time(evil):
    """A server can't keep the client busy with a text made for it."""
    redact(evil[:100])
    before_s = time.process_time()
    redact(evil)
    assert time.process_time() - before_s < 2  # quadratic time would be minutes


def test_elements_that_hold_secrets_are_left_out():
    """What S3 sends to debug a signature is dropped, and so is an argument that echoes a header."""
    fields = {
        "Code": "InvalidArgument",
        "StringToSign": "AWS4",
        "CanonicalRequestBytes": "00",
        "AWSAccessKeyId": "AKIA",
        "Token-0": "t",
        "ArgumentName1": "Authorization",
        "ArgumentValue1": "AWS4 x",
        "ArgumentName2": "prefix",
        "ArgumentValue2": "a",
    }
    assert safe_elements(fields) == {
        "Code": "InvalidArgument",
        "ArgumentName1": "Authorization",
        "ArgumentName2": "prefix",
        "ArgumentValue2": "a",
    }


@pytest.mark.parametrize("shown", [f"{SECRET[:20]}...", f"...{SECRET[-18:]}", f"{SECRET[:17]}...{SECRET[-16:]}"])
def test_what_a_repr_leaves_of_a_secret_goes_too(shown):
    """Long values are cut in the middle."""
    assert SECRET[:16] not in redact(f"token = {shown}", [SECRET])
    assert SECRET[-16:] not in redact(f"token = {shown}", [SECRET])


def test_the_query_of_a_url_can_be_read():
    """Its signature and its user can't."""
    url = "https://u:p@h/k?versionId=1&X-Amz-Signature=abc&X-Amz-Expires=60"
    assert redact_url(url) == "https://h/k?versionId=1&X-Amz-Signature=***&X-Amz-Expires=60"
