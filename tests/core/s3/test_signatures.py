"""Version 4 and 2 signatures as S3 checks them; botocore signs, and AWS's worked examples."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from unittest.mock import patch
from urllib.parse import quote, unquote

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.s3 import answer
from pytest_s3errors._core.s3.access import Access, Credentials
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.messages import ErrorReply
from pytest_s3errors._core.s3.store import S3Store

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
STAMP = "20260501T120000Z"
HOST = "s3.us-east-1.amazonaws.com"
KNOWN = Credentials(access_key="AKIDKNOWN", secret_key="known/secret")
TEMPORARY = Credentials(access_key="ASIATEMP", secret_key="temp", session_token="to/ken==")
DECLARED = Access(known=(KNOWN, TEMPORARY), declared=True)
UNDECLARED = Access(known=(KNOWN, TEMPORARY))
QUERY_AUTH = "AuthorizationQueryParametersError"
REFUSALS = {
    "AccessDenied", "AuthorizationHeaderMalformed", QUERY_AUTH, "InvalidAccessKeyId", "InvalidToken",
    "RequestTimeTooSkewed", "SignatureDoesNotMatch",
}  # fmt: skip

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
AWKWARD = st.sampled_from(
    [" ", "+", "%", "%20", "//", "/./", "/../", "/", "~", "é", "🪣", "a", "?", "#", "&", "=", "*"]
)
KEYS = st.lists(AWKWARD | TEXT, min_size=1, max_size=5).map("".join).filter(bool)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Range", "x-amz-meta-b", "X-Amz-Meta-A", "If-Match"]), VALUES
)
PARAMS = st.dictionaries(st.sampled_from(["prefix", "é", "a b", "response-content-type", "X-Id", "z", "~"]), TEXT)


def url_of(key="key", params=(), host=HOST):
    """Return an encoded URL of bucket/key."""
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in dict(params).items())
    return f"https://{host}/bucket/{quote(key, safe='/~')}{'?' if query else ''}{query}"


def _botocore_at(now):
    """Have botocore sign as if it were *now*; up to 1.40 it asks `datetime` itself."""
    if hasattr(auth, "get_current_datetime"):
        return patch("botocore.auth.get_current_datetime", lambda *_, **__: now)

    class Standing(datetime):
        @classmethod
        def utcnow(cls):
            return now

    return patch("botocore.auth.datetime", SimpleNamespace(datetime=Standing))


def signed(method="GET", url=None, *, who=KNOWN, kind=auth.S3SigV4Auth, region="us-east-1", at=NOW, data=b"", **kwargs):
    """Return method, URL and headers as botocore signs and sends them; `headers` are those to sign."""
    headers = kwargs.pop("headers", {})
    request = AWSRequest(
        method, url or url_of(), headers=dict(headers), data=data, auth_path=kwargs.pop("auth_path", None)
    )
    credentials = BotocoreCredentials(who.access_key, who.secret_key, who.session_token)
    args = (credentials,) if kind in {auth.HmacV1Auth, auth.HmacV1QueryAuth} else (credentials, "s3", region)
    with (
        _botocore_at(at.replace(tzinfo=None)),
        patch("botocore.auth.formatdate", lambda *_, **__: format_datetime(at, usegmt=True)),
    ):
        kind(*args, **kwargs).add_auth(request)
    sent = {name.lower(): value.strip() for name, value in request.headers.items()}
    return method, request.url, {"host": request.url.split("/")[2], **sent}


def ask(request, access=DECLARED, *, body=b"", now=NOW, **changes):
    """Ask an S3 in which bucket/key exists; *changes* replace headers, `_` for `-`, None takes one away."""
    method, url, headers = request
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    headers = {name: value for name, value in headers.items() if value is not None}
    store = S3Store(now=lambda: now)
    store.put("bucket", "key", b"body")
    call = parse_call(method=method, target="/" + url.split("/", 3)[3], headers=headers)
    return answer(store, call, body, new_id=lambda: "id", access=access)


def code(reply):
    """Return an error's code, or the status."""
    return reply.code if isinstance(reply, ErrorReply) else reply.status


@pytest.mark.parametrize("kind", [auth.S3SigV4Auth, auth.S3SigV4QueryAuth, auth.HmacV1Auth, auth.HmacV1QueryAuth])
@pytest.mark.parametrize("who", [KNOWN, TEMPORARY])
@given(key=KEYS, params=PARAMS, headers=HEADERS, method=st.sampled_from(["GET", "PUT", "HEAD", "DELETE"]))
def test_what_botocore_signs_is_let_in(kind, who, key, params, headers, method):
    """Whatever key, query and headers it has, a signed request is judged by what it asks, not by its signature."""
    fits = {"expires": 10_000_000} if kind is auth.HmacV1QueryAuth else {}
    request = signed(method, url_of(key, params), who=who, kind=kind, headers=headers, **fits)
    assert code(ask(request, Access(known=(who,), declared=True))) not in REFUSALS


@pytest.mark.parametrize("access", [DECLARED, UNDECLARED])
@pytest.mark.parametrize("kind", [auth.S3SigV4Auth, auth.S3SigV4QueryAuth, auth.HmacV1Auth, auth.HmacV1QueryAuth])
@pytest.mark.parametrize("broken", ["secret", "path", "query", "method", "signature"])
def test_a_wrong_signature(access, kind, broken):
    """Another secret, path, query, method or signature than the signed one is SignatureDoesNotMatch, always."""
    who = Credentials(access_key=KNOWN.access_key, secret_key="other") if broken == "secret" else KNOWN
    fits = {"expires": 10_000_000} if kind is auth.HmacV1QueryAuth else {}
    method, url, headers = signed(url=url_of(params={"versionId": "a"}), who=who, kind=kind, **fits)
    if broken == "signature":
        url = url.replace("Signature=", "Signature=0")
        if "authorization" in headers:
            headers["authorization"] = headers["authorization"][:-4] + "AAA="
    url = {"path": url.replace("key", "kez"), "query": url.replace("versionId=a", "versionId=b")}.get(broken, url)
    reply = ask(("HEAD" if broken == "method" else method, url, headers), access)
    assert code(reply) == "SignatureDoesNotMatch"
    names = ["AWSAccessKeyId", "StringToSign", "SignatureProvided", "StringToSignBytes"]
    names += ["CanonicalRequest", "CanonicalRequestBytes"] if "SigV4" in kind.__name__ else []
    assert [name for name, _ in reply.elements] == names
    elements = dict(reply.elements)
    assert elements["AWSAccessKeyId"] == KNOWN.access_key
    assert bytes.fromhex(elements["StringToSignBytes"]).decode() == elements["StringToSign"]
    assert elements["SignatureProvided"] in headers.get("authorization", unquote(url))


def test_the_canonical_request_that_is_told():
    """SignatureDoesNotMatch tells the canonical request whose hash is in the string to sign."""
    reply = ask(signed(url=url_of("a b", {"z": "é", "b": ""})), host="other.example")
    elements = dict(reply.elements)
    assert elements["CanonicalRequest"].split("\n")[:4] == ["GET", "/bucket/a%20b", "b=&z=%C3%A9", "host:other.example"]
    digest = hashlib.sha256(bytes.fromhex(elements["CanonicalRequestBytes"])).hexdigest()
    assert elements["StringToSign"].split("\n") == [
        "AWS4-HMAC-SHA256",
        STAMP,
        "20260501/us-east-1/s3/aws4_request",
        digest,
    ]


@pytest.mark.parametrize("kind", [auth.S3SigV4Auth, auth.S3SigV4QueryAuth, auth.HmacV1Auth, auth.HmacV1QueryAuth])
def test_a_foreign_key(kind):
    """Another access key is InvalidAccessKeyId where access is declared, and anybody's where it is not."""
    who = Credentials(access_key="AKIDOTHER", secret_key="x")
    fits = {"expires": 10_000_000} if kind is auth.HmacV1QueryAuth else {}
    reply = ask(signed(who=who, kind=kind, **fits))
    assert code(reply) == "InvalidAccessKeyId"
    assert reply.elements == (("AWSAccessKeyId", "AKIDOTHER"),)
    assert code(ask(signed(who=who, kind=kind, **fits), UNDECLARED)) == 200


@pytest.mark.parametrize(
    ("access", "expected"),
    [(DECLARED, "AccessDenied"), (UNDECLARED, 200), (Access(declared=True, anonymous=True), 200)],
)
def test_an_unsigned_request(access, expected):
    """Without a signature nobody gets in where access is declared, unless anonymous requests are let in."""
    assert code(ask(("GET", url_of(), {"host": HOST}), access)) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(900, 200), (901, "RequestTimeTooSkewed")])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("kind", [auth.S3SigV4Auth, auth.HmacV1Auth])
def test_a_clock_that_is_off(kind, sign, seconds, expected):
    """Fifteen minutes are tolerated; beyond them both times are told, the client's as it wrote it (fact 55)."""
    reply = ask(signed(kind=kind), now=NOW + sign * timedelta(seconds=seconds))
    assert code(reply) == expected
    if isinstance(reply, ErrorReply):
        server = f"{NOW + sign * timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
        stated = STAMP if kind is auth.S3SigV4Auth else "Fri, 01 May 2026 12:00:00 GMT"
        assert reply.elements == (
            ("RequestTime", stated), ("ServerTime", server), ("MaxAllowedSkewMilliseconds", "900000")
        )  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-901, "AccessDenied"), (-900, 200), (0, 200), (60, 200), (61, "AccessDenied")]
)
def test_the_time_of_a_presigned_url(seconds, expected):
    """It holds from a quarter of an hour before it was signed to the second in which it expires (fact 54)."""
    now = NOW + timedelta(seconds=seconds)
    reply = ask(signed(kind=auth.S3SigV4QueryAuth, expires=60), now=now)
    assert code(reply) == expected
    if isinstance(reply, ErrorReply):
        times = (("Expires", "2026-05-01T12:01:00Z"), ("ServerTime", f"{now:%Y-%m-%dT%H:%M:%SZ}"))
        told = ("X-Amz-Date", "1777636800000") if seconds < 0 else ("X-Amz-Expires", "60")  # minio#2638
        assert reply.elements == (told, *times)


@pytest.mark.parametrize("kind", [auth.S3SigV4Auth, auth.S3SigV4QueryAuth])
def test_a_header_that_is_not_signed(kind):
    """An x-amz-* header that the signature leaves out is AccessDenied with its name (fact 58)."""
    reply = ask(signed(kind=kind), x_amz_meta_b="1", x_amz_acl="private")
    assert code(reply) == "AccessDenied"
    assert reply.elements == (("HeadersNotSigned", "x-amz-acl, x-amz-meta-b"),)


@pytest.mark.parametrize(
    ("old", "new", "element"),
    [
        ("us-east-1", "eu-west-1", ("Region", "us-east-1")),
        ("/s3/", "/ec2/", None),
        ("aws4_request", "aws5_request", None),
        ("20260501", "20260502", None),
        ("20260501", "2026-05-01", None),
        ("AKIDKNOWN/", "", None),
        ("Credential=AKIDKNOWN", "Credential=", None),
    ],
)
@pytest.mark.parametrize("kind", [auth.S3SigV4Auth, auth.S3SigV4QueryAuth])
def test_a_malformed_credential(kind, old, new, element):
    """Each field of a credential is checked; a wrong region is told the right one, nothing else is told one."""
    method, url, headers = signed(kind=kind)
    if kind is auth.S3SigV4Auth:
        headers["authorization"] = headers["authorization"].replace(old, new)
        expected = "AuthorizationHeaderMalformed"
    else:
        head, _, tail = url.replace("%2F", "/").partition("&X-Amz-Date")
        host, _, query = head.partition("?")
        url = f"{host}?{query.replace(old, new, 1)}&X-Amz-Date{tail}"
        expected = QUERY_AUTH
    reply = ask((method, url, headers))
    assert (code(reply), reply.status) == (expected, 400)
    assert reply.elements == (() if element is None else (element,))
    told = element is not None and kind is auth.S3SigV4Auth  # LSREC, of a HEAD
    assert reply.headers == ({"x-amz-bucket-region": "us-east-1"} if told else {})


@pytest.mark.parametrize("name", ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"])
def test_a_missing_query_parameter(name):
    """A presigned URL needs all six of its parameters."""
    method, url, headers = signed(kind=auth.S3SigV4QueryAuth)
    assert code(ask((method, url.replace(f"X-Amz-{name}=", f"X-Not-{name}="), headers))) == QUERY_AUTH


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
        ("Expires=60", "Expires=x"),
        ("Expires=60", "Expires=-1"),
        ("Expires=60", "Expires=604801"),
        (f"Date={STAMP}", "Date=2026-05-01"),
    ],
)
def test_a_wrong_query_parameter(old, new):
    """Each of them has its form, and its limit."""
    method, url, headers = signed(kind=auth.S3SigV4QueryAuth, expires=60)
    reply = ask((method, url.replace(old, new), headers))
    assert (code(reply), reply.status, reply.elements) == (QUERY_AUTH, 400, ())


@pytest.mark.parametrize("kind", [auth.S3SigV4Auth, auth.S3SigV4QueryAuth, auth.HmacV1Auth, auth.HmacV1QueryAuth])
def test_session_tokens(kind):
    """A wrong token is InvalidToken, a token that is not needed too; temporary keys without theirs are unknown."""
    fits = {"expires": 10_000_000} if kind is auth.HmacV1QueryAuth else {}
    cases = {
        (TEMPORARY, "other"): "InvalidToken",
        (KNOWN, "token"): "InvalidToken",
        (TEMPORARY, None): "InvalidAccessKeyId",
    }
    for (known, token), expected in cases.items():
        who = Credentials(access_key=known.access_key, secret_key=known.secret_key, session_token=token)
        reply = ask(signed(who=who, kind=kind, **fits))
        assert code(reply) == expected
        assert "token" not in str(reply.elements)


@pytest.mark.parametrize("path", ["/bucket", "/bucket/"])
def test_a_bucket_by_version_2(path):
    """The path of a bucket is signed as it is sent, or with a slash more, as botocore does it."""
    kind, url = auth.HmacV1Auth, f"https://{HOST}/bucket?location"
    assert code(ask(signed(url=url, kind=kind, auth_path=path))) == 200
    assert code(ask(signed(url=url, kind=kind, auth_path="/bucket//"))) == "SignatureDoesNotMatch"
    assert code(ask(signed(url=f"https://{HOST}/bucket?versioning", kind=kind, auth_path=path))) == 200


def test_the_host_that_names_the_bucket():
    """Version 2 signs the bucket in the path, wherever it stands in the request."""
    url = f"https://bucket.{HOST}/key"
    assert code(ask(signed(url=url, kind=auth.HmacV1Auth, auth_path="/bucket/key"))) == 200
    assert code(ask(signed(url=url, kind=auth.HmacV1Auth))) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("stated", ["", "yesterday", "Tue, 07 Jul 1950 21:53:04 GMT"])
def test_a_time_that_is_none(stated):
    """x-amz-date counts before Date, even where it is no time, or one before S3's."""
    assert code(ask(signed(kind=auth.HmacV1Auth), x_amz_date=stated)) == "AccessDenied"


def test_a_url_that_holds_for_no_second():
    """With X-Amz-Expires=0 a presigned URL has expired when it is made."""
    assert code(ask(signed(kind=auth.S3SigV4QueryAuth, expires=0))) == "AccessDenied"


def test_two_signatures():
    """A signature in the header and one in the query are one too many."""
    method, url, _ = signed(kind=auth.S3SigV4QueryAuth)
    reply = ask((method, url, signed()[2]))
    assert code(reply) == "InvalidArgument"
    assert dict(reply.elements)["ArgumentName"] == "Authorization"


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("", "AccessDenied"),
        ("Bearer x", "InvalidArgument"),
        ("AWS x", "InvalidArgument"),
        ("AWS  x:y", "InvalidArgument"),
        ("AWS x:y:z", "InvalidArgument"),
        ("AWS4-HMAC-SHA256", "InvalidArgument"),
        ("AWS4-HMAC-SHA256 Credential=a", "AuthorizationHeaderMalformed"),
        ("AWS4-HMAC-SHA256 Credential=a,SignedHeaders=host", "AuthorizationHeaderMalformed"),
    ],
)
def test_an_authorization_of_no_form(authorization, expected):
    """What is no signature is refused by its form where access is declared, and not looked at elsewhere."""
    sent = {"host": HOST, "authorization": authorization, "x-amz-date": STAMP, "x-amz-content-sha256": "0" * 64}
    request = ("GET", url_of(), sent)
    assert code(ask(request)) == expected
    assert code(ask(request, UNDECLARED)) == 200


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("Basic U1Q6", "Unsupported Authorization Type"),  # versitygw#1512
        ("Basic", "Authorization header is invalid -- one and only one ' ' (space) required"),  # s3_website#178
        ("AWS  a:b", "Authorization header is invalid -- one and only one ' ' (space) required"),  # BACKLOT
        ("AWS a:b:c", "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature"),  # BACKLOT
        (
            "AWS4-HMAC-SHA256 Credential=a,SignedHeaders=host",
            (
                "The authorization header is malformed; the authorization header requires three components: "
                "Credential, SignedHeaders, and Signature."
            ),  # ex_aws#537
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=b",
            (
                "The authorization header is malformed; the Credential is mal-formed; expecting "
                '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
            ),  # deb-s3#157
        ),
    ],
)
def test_says_what_is_wrong_with_the_header(authorization, message):
    """In the words that were reported of S3."""
    assert ask(signed(), authorization=authorization).message == message


MALFORMED = "The authorization header is malformed; "
PARSING = "Error parsing the X-Amz-Credential parameter; "
NO_DAY = 'incorrect date format "2026-05-01". This date in the credential must be in the format "yyyyMMdd".'
OTHER_REGION = "the region 'eu-west-1' is wrong; expecting 'us-east-1'"
OTHER_DAY = 'Invalid credential date "20260502". This date is not the same as X-Amz-Date: "20260501".'


@pytest.mark.parametrize(
    ("old", "new", "in_header", "in_query"),
    [
        ("us-east-1", "eu-west-1", *[OTHER_REGION] * 2),  # comfyui#34
        ("us-east-1", "", *["a non-empty region must be provided in the credential."] * 2),
        ("/s3/", "/ec2/", *['incorrect service "ec2". This endpoint belongs to "s3".'] * 2),
        ("aws4_request", "aws5", *['incorrect terminal "aws5". This endpoint uses "aws4_request".'] * 2),
        ("20260501", "2026-05-01", NO_DAY, NO_DAY),
        ("20260501", "20260231", *[NO_DAY.replace("2026-05-01", "20260231")] * 2),
        ("20260501", "20260502", "Invalid credential date. Date is not the same as X-Amz-Date.", None),  # storage#68
        ("20260501/us-east-1/s3", "20260502/eu-west-1/ec2", *[OTHER_REGION] * 2),
        ("AKIDKNOWN/20260501/us-east-1", "OTHER/20260501/eu-west-1", *[OTHER_REGION] * 2),
    ],
)  # fmt: skip
def test_says_what_is_wrong_with_a_credential(old, new, in_header, in_query):
    """In the header and in the query, and of several what S3 finds first (BACKLOT)."""
    method, url, headers = signed()
    changed = headers["authorization"].replace(old, new, 1)
    assert ask((method, url, {**headers, "authorization": changed})).message == MALFORMED + in_header
    method, url, headers = signed(kind=auth.S3SigV4QueryAuth)
    target, _, query = url.replace("%2F", "/").partition("?")
    url = f"{target}?{query.replace(old, new, 1)}"
    assert ask((method, url, headers)).message == (PARSING + in_query if in_query else OTHER_DAY)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (  # BACKLOT, and before what is missing
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential",
            "X-Amz-Algorithm=AWS4-HMAC-SHA1&Credential",
            'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
        ),
        (  # S3SignerAWS#12
            f"Date={STAMP}",
            "Date=2026-05-01",
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
        ),
        ("Expires=60", "Expires=60.0", "X-Amz-Expires should be a number"),  # cookiecutter-resonant#369
        ("Expires=60", "Expires=-1", "X-Amz-Expires must be non-negative"),  # fog#3528
        (  # aws_auth#31
            "Expires=60",
            "Expires=604801",
            (
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less "
                "than 604800 seconds"
            ),
        ),
        (f"Date={STAMP}", "Date=20260502T000000Z", "Request is not yet valid"),  # BACKLOT: before the credential
        ("us-east-1%2Fs3&X-Amz-Date=20260501", "x%2Fs3&X-Amz-Date=20260430", "Request has expired"),
    ],
)
def test_says_what_is_wrong_with_a_presigned_url(old, new, message):
    """In the words that S3 sends."""
    method, url, headers = signed(kind=auth.S3SigV4QueryAuth, expires=60)
    changed = url.replace("%2Faws4_request", "", 1) if "us-east-1" in old else url
    assert old in changed
    assert ask((method, changed.replace(old, new), headers)).message == message


@pytest.mark.parametrize("expires", ["", "x", "1e9", " 1", "2147483648", "-9223372036854775809"])
def test_an_expiry_that_is_none(expires):
    """Version 2 states seconds since 1970, and S3 takes 31 bits of them (BACKLOT)."""
    method, url, headers = signed(kind=auth.HmacV1QueryAuth, expires=10_000_000)
    reply = ask((method, re.sub(r"Expires=\d+", f"Expires={quote(expires)}", url), headers), UNDECLARED)
    if expires:
        assert reply.message == f"Invalid date (should be seconds since epoch): {expires}"
    assert code(reply) == "AccessDenied"


@pytest.mark.parametrize("kind", [auth.S3SigV4Auth, auth.HmacV1Auth])
def test_says_that_there_is_no_time(kind):
    """As reported of S3 (vertx-s3-client#5)."""
    reply = ask(signed(kind=kind), x_amz_date="yesterday")
    assert reply.message == "AWS authentication requires a valid Date or x-amz-date header"


def test_the_time_comes_first():
    """Before the form of the header and its credential (BACKLOT); the key of an unsigned header comes last."""
    later, other = NOW + timedelta(hours=1), Credentials(access_key="AKIDOTHER", secret_key="x")
    assert code(ask(signed(), authorization="AWS4-HMAC-SHA256 a", now=later)) == "RequestTimeTooSkewed"
    assert code(ask(signed(who=other, kind=auth.HmacV1Auth), now=later)) == "RequestTimeTooSkewed"
    assert code(ask(signed(who=other), x_amz_acl="private")) == "AccessDenied"
    method, url, headers = signed(who=other, kind=auth.HmacV1QueryAuth, expires=10_000_000)
    assert code(ask((method, re.sub(r"Expires=\d+", "Expires=1", url), headers))) == "AccessDenied"


def test_the_headers_that_are_to_be_signed():
    """Content-MD5 is one of them, the hash of the body is none (BACKLOT)."""
    reply = ask(signed(), content_md5="1B2M2Y8AsgTpgAmY7PhCfg==")
    assert reply.elements == (("HeadersNotSigned", "content-md5"),)
    method, url, headers = signed()
    unsigned = headers["authorization"].replace("x-amz-content-sha256;", "")
    assert code(ask((method, url, {**headers, "authorization": unsigned}))) == "SignatureDoesNotMatch"


def test_says_which_header_is_missing():
    """In the words that were reported of S3 (versitygw#1427)."""
    reply = ask(signed(), x_amz_content_sha256=None)
    assert reply.message == "Missing required header for this request: x-amz-content-sha256"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"x_amz_date": None}, "AccessDenied"),
        ({"x_amz_date": "yesterday"}, "AccessDenied"),
        ({"x_amz_date": None, "date": "Fri, 31 Feb 2026 12:00:00 GMT"}, "AccessDenied"),
        ({"x_amz_date": None, "date": "Fri, 31 Dec 9999 23:59:59 -0100"}, "AccessDenied"),
        ({"x_amz_content_sha256": None}, "InvalidRequest"),
        ({"x_amz_content_sha256": "abc"}, "InvalidArgument"),
    ],
)
def test_a_header_that_a_signature_needs(changes, expected):
    """The time and the hash of the body have to be there, in their form."""
    assert code(ask(signed(), **changes)) == expected


def test_a_date_header_will_do():
    """The time may stand in Date, in HTTP's form."""
    when = {"Date": "Fri, 01 May 2026 12:00:00 GMT"}
    method, url, headers = signed(headers=when)
    assert "x-amz-date" not in headers
    assert code(ask((method, url, headers))) == 200


def test_the_region_of_the_bucket():
    """Where access is declared a request is signed for the bucket's region, whichever the endpoint."""
    request = signed(url=url_of(host="127.0.0.1:9000"), region="eu-west-1")
    reply = ask(request)
    assert (code(reply), reply.elements) == ("AuthorizationHeaderMalformed", (("Region", "us-east-1"),))
    assert code(ask(request, UNDECLARED)) == 200


@pytest.mark.parametrize("header", ["été", "\u540d"])
@pytest.mark.parametrize("read_as", ["latin-1", "utf-8"])
def test_headers_beyond_ascii(header, read_as):
    """A header is signed by its bytes, whether a layer reads them as latin-1 or gives the client's own text."""
    with patch.object(auth.SigV4Auth, "_header_value", lambda _, value: " ".join(value.split())):
        request = signed("PUT", headers={"x-amz-meta-a": header}, data=b"")
    assert code(ask(request, x_amz_meta_a=header.encode().decode(read_as))) == 200


EXAMPLE = Credentials(
    access_key="AKIAIOSFODNN7" + "EXAMPLE", secret_key="wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
)
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
CHUNKS = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
TRAILER_SEED = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
TRAILER_CHUNKS = (
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILER_SIGNATURE = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"


def example(*, trailers, seed=None, chunks=None, end=None, data=b"a" * 66560):
    """Return the answer to AWS's worked example of a chunked upload, with or without trailers."""
    seed, chunks = seed or (TRAILER_SEED if trailers else SEED), chunks or (TRAILER_CHUNKS if trailers else CHUNKS)
    headers = {
        "content-encoding": "aws-chunked",
        "content-length": "66824",
        "host": "s3.amazonaws.com",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-date": "20130524T000000Z",
        "x-amz-decoded-content-length": "66560",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
    }
    if trailers:
        del headers["content-length"]
        headers["x-amz-content-sha256"] += "-TRAILER"
        headers["x-amz-trailer"] = "x-amz-checksum-crc32c"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={EXAMPLE.access_key}/20130524/us-east-1/s3/aws4_request,"
        f"SignedHeaders={';'.join(sorted(headers))},Signature={seed}"
    )
    pieces = (data[:65536], data[65536:], b"")
    body = b"".join(
        b"%x;chunk-signature=%s\r\n%s\r\n" % (len(p), c.encode(), p) for p, c in zip(pieces, chunks, strict=True)
    )
    if trailers:
        end = TRAILER_SIGNATURE if end is None else end
        sealed = f"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:{end}\r\n\r\n"
        body = body[:-2] + sealed.encode()
    request = ("PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", headers)
    return ask(request, Access(known=(EXAMPLE,), declared=True), body=body, now=datetime(2013, 5, 24, tzinfo=UTC))


@pytest.mark.parametrize("trailers", [False, True])
def test_the_worked_example_of_signed_chunks(trailers):
    """AWS's own example of an upload in signed chunks is stored."""
    assert code(example(trailers=trailers)) == 200


@pytest.mark.parametrize("trailers", [False, True])
@pytest.mark.parametrize("broken", [0, 1, 2, "data", "seed", "missing", "trailer"])
def test_a_chunk_with_a_wrong_signature(trailers, broken):
    """One wrong signature of a chunk, or of the trailers, or one wrong byte, and nothing is stored."""
    chunks = list(TRAILER_CHUNKS if trailers else CHUNKS)
    changes = {"seed": {"seed": "0" * 64}, "data": {"data": b"a" * 66559 + b"b"}, "trailer": {"end": "0" * 64}}
    if isinstance(broken, int):
        chunks[broken] = "0" * 64
    if broken == "missing":
        chunks[0] = ""
    reply = example(trailers=trailers, chunks=chunks, **changes.get(broken, {}))
    expected = 200 if broken == "trailer" and not trailers else "SignatureDoesNotMatch"
    assert code(reply) == expected
    if expected != 200 and broken != "seed":
        assert [name for name, _ in reply.elements][-1] == "StringToSignBytes"


@given(authorization=st.text(max_size=60).map("AWS4-HMAC-SHA256 Credential=AKIDKNOWN/".__add__) | st.text(max_size=40))
def test_no_authorization_raises(authorization):
    """Whatever stands in the header, S3 answers."""
    code(ask(("GET", url_of(), {"host": HOST, "authorization": authorization, "x-amz-date": STAMP})))


@given(
    params=st.dictionaries(
        st.sampled_from(["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token"]),
        st.sampled_from(
            ["", "0", "60", STAMP, "00010101T000000Z", "99991231T235959Z", "AWS4-HMAC-SHA256", "host", "AKIDKNOWN"]
        )
        | st.just("AKIDKNOWN/20260501/us-east-1/s3/aws4_request")
        | TEXT,
    )
)
def test_no_presigned_query_raises(params):
    """Whatever stands in the query, S3 answers."""
    v4 = {f"X-Amz-{name}": value for name, value in params.items()}
    v2 = {name if name in {"Expires", "Signature"} else "AWSAccessKeyId": value for name, value in params.items()}
    for query in (v4, v2):
        code(ask(("GET", url_of(params=query), {"host": HOST})))
