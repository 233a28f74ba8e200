"""Form uploads; boto3's presigned posts and urllib3's encoding of forms are the judges."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import encode_multipart_formdata

from pytest_s3errors._core.body import PIECE_BYTES, LongBody
from pytest_s3errors._core.s3 import answer
from pytest_s3errors._core.s3.access import Access, Credentials
from pytest_s3errors._core.s3.auth import version2
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.form import FormError, parse_form
from pytest_s3errors._core.s3.messages import ErrorReply
from pytest_s3errors._core.s3.store import S3Store

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
HOST = "s3.us-east-1.amazonaws.com"
KNOWN = Credentials(access_key="AKIDKNOWN", secret_key="known/secret")
DECLARED = Access(known=(KNOWN,), declared=True)


class Forms:
    """An S3 that takes forms; its clock stands still."""

    def __init__(self, access=DECLARED, now=NOW) -> None:
        self.access = access
        self.store = S3Store(now=lambda: now)
        self.store.create_bucket("bucket")

    def __call__(self, fields, file=b"body", filename="f.txt", /, *, bucket="bucket", **headers):
        """Post *fields* and a file, None for none."""
        parts = [*dict(fields).items(), *([("file", (filename, file))] if file is not None else [])]
        body, kind = encode_multipart_formdata(parts, boundary="B0undary")
        return self.post(body, kind, bucket, **headers)

    def post(self, body, kind="multipart/form-data; boundary=B0undary", bucket="bucket", **headers):
        """Post a body as it is."""
        named = {"host": HOST, "content-type": kind, "content-length": str(len(body)), **headers}
        call = parse_call(method="POST", target=f"/{bucket}", headers=named)
        return answer(self.store, call, body, new_id=lambda: "id", access=self.access)

    def body(self, key="key"):
        """Return what is stored."""
        return self.store.get("bucket", key).body


def code(reply):
    """Return an error's code, or the status."""
    return reply.code if isinstance(reply, ErrorReply) else reply.status


def signed(conditions, *, key="key", who=KNOWN, expiration="2026-05-01T13:00:00Z", policy=None, **fields):
    """Return the fields of a form with a version 2 signature."""
    document = {"expiration": expiration, "conditions": conditions} if policy is None else policy
    text = base64.b64encode(json.dumps(document).encode()).decode()
    signature = version2.sign(who.secret_key, text)
    return {"key": key, **fields, "AWSAccessKeyId": who.access_key, "policy": text, "signature": signature}


FITTING = [{"bucket": "bucket"}, ["starts-with", "$key", ""]]


@pytest.fixture(scope="session")
def judge():
    """Return a function that makes a client whose signatures a form shall carry."""
    import botocore.session
    from botocore.config import Config

    session = botocore.session.Session(profile=None)

    def client(version, token=None):
        return session.create_client(
            "s3",
            region_name="us-east-1",
            aws_access_key_id=KNOWN.access_key,
            aws_secret_access_key=KNOWN.secret_key,
            aws_session_token=token,
            config=Config(signature_version=version),
        )

    return client


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("token", [None, "to/ken"])
@pytest.mark.parametrize("access", ["declared", "undeclared"])
def test_a_presigned_post(judge, version, token, access):
    """What boto3 presigns is stored, with its metadata; with another secret, policy or token it is refused."""
    known = Credentials(access_key=KNOWN.access_key, secret_key=KNOWN.secret_key, session_token=token)
    access = Access(known=(known,), declared=access == "declared")
    forms = Forms(access, now=datetime.now(UTC))
    given = {"acl": "private", "x-amz-meta-colour": "blue", "Content-Type": "text/plain"}
    made = judge(version, token).generate_presigned_post(
        "bucket",
        "in/${filename}",
        given,
        [*({name: value} for name, value in given.items()), ["content-length-range", 1, 9]],
    )
    reply = forms(made["fields"], b"hello", "C:\\a\\b.txt")
    assert reply.status == 204
    stored = forms.store.get("bucket", "in/b.txt")
    assert (stored.body, stored.content_type, dict(stored.metadata)) == (b"hello", "text/plain", {"colour": "blue"})
    assert reply.headers["ETag"] == f'"{stored.etag}"'
    other = Credentials(access_key=KNOWN.access_key, secret_key="other", session_token=token)
    assert code(Forms(Access(known=(other,)), now=datetime.now(UTC))(made["fields"])) == "SignatureDoesNotMatch"
    assert code(forms({**made["fields"], "policy": made["fields"]["policy"][:-4] + "fX0="})) == "SignatureDoesNotMatch"
    assert code(forms({**made["fields"], "x-amz-security-token": "other"})) == "InvalidToken"


def test_a_form_that_is_not_signed():
    """It is anybody's where access is not declared, and denied where it is, unless the bucket is public."""
    assert code(Forms(Access(known=(KNOWN,)))({"key": "key"})) == 204
    forms = Forms()
    assert code(forms({"key": "key"})) == "AccessDenied"
    forms.store.bucket("bucket").ownership = "ObjectWriter"
    forms.store.bucket("bucket").acl = "public-read-write"
    assert code(forms({"key": "key", "acl": "public-read"})) == "AccessDenied"
    forms.store.bucket("bucket").public_access_block = None
    assert code(forms({"key": "key", "acl": "public-read"})) == 204
    assert forms.store.get("bucket", "key").acl == "public-read"


def test_who_signed():
    """A foreign key is InvalidAccessKeyId; a signature in a header has no place beside a form."""
    other = Credentials(access_key="AKIDOTHER", secret_key="x")
    assert code(Forms()(signed(FITTING, who=other))) == "InvalidAccessKeyId"
    assert code(Forms(Access(known=(KNOWN,)))(signed(FITTING, who=other))) == 204
    assert code(Forms()(signed(FITTING), authorization="AWS a:b")) == "CredentialsNotSupported"


@pytest.mark.parametrize("name", ["key", "AWSAccessKeyId", "Signature"])
def test_a_missing_field(name):
    """Each field that a signed form needs is named where it is missing (fact 59)."""
    fields = {key: value for key, value in signed(FITTING).items() if key.lower() != name.lower()}
    reply = Forms()(fields)
    assert (code(reply), dict(reply.elements)["ArgumentName"]) == ("InvalidArgument", name)


@pytest.mark.parametrize("name", ["x-amz-signature", "x-amz-credential", "x-amz-date"])
def test_a_missing_field_of_version_4(judge, name):
    """Those of a version 4 signature too."""
    made = judge("s3v4").generate_presigned_post("bucket", "key")["fields"]
    del made[name]
    assert code(Forms(now=datetime.now(UTC))(made)) == "InvalidArgument"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("x-amz-algorithm", "AWS4-HMAC-SHA1", "InvalidArgument"),
        ("x-amz-credential", "AKIDKNOWN/today/us-east-1/s3/aws4_request", "InvalidArgument"),
        ("x-amz-credential", "AKIDKNOWN", "InvalidArgument"),
    ],
)
def test_a_wrong_field_of_version_4(judge, name, value, expected):
    """Algorithm and scope are checked as anywhere."""
    made = judge("s3v4").generate_presigned_post("bucket", "key")["fields"]
    assert code(Forms(now=datetime.now(UTC))({**made, name: value})) == expected


def test_a_wrong_region_in_a_form(judge):
    """It is named with the right one, as a field of the form (meteor-slingshot#150)."""
    made = judge("s3v4").generate_presigned_post("bucket", "key")["fields"]
    credential = "AKIDKNOWN/20260501/eu-west-1/s3/aws4_request"
    reply = Forms(now=datetime.now(UTC))({**made, "x-amz-credential": credential})
    assert (code(reply), reply.message) == ("InvalidArgument", "the region 'eu-west-1' is wrong; expecting 'us-east-1'")
    named = (("ArgumentName", "X-Amz-Credential"), ("ArgumentValue", credential))
    assert reply.elements == (*named, ("Region", "us-east-1"))


@pytest.mark.parametrize(
    ("fields", "conditions", "holds"),
    [
        ({}, [], False),
        ({}, [{"key": "key"}], False),
        ({}, [{"bucket": "other"}, {"key": "key"}], False),
        ({}, [{"bUcKeT": "bucket"}, ["StArTs-WiTh", "$KeY", "k"]], True),
        ({}, [{"bucket": "bucket"}, ["eq", "$key", "kez"]], False),
        ({}, [{"bucket": "bucket"}, ["eq", "key", "key"]], False),
        ({}, [*FITTING, ["content-length-range", "test", "10"]], False),
        ({"acl": "private"}, FITTING, False),
        ({"aCl": "private"}, [*FITTING, {"acl": "private"}], True),
        ({}, [*FITTING, {"acl": "private"}], False),
        ({}, [*FITTING, ["starts-with", "$x-amz-meta-a", ""]], True),
        ({"x-ignore-me": "1"}, FITTING, True),
        ({"x-amz-meta-a": "1"}, FITTING, False),
        ({"x-amz-meta-a": "1"}, [*FITTING, ["starts-with", "$x-amz-meta-a", "2"]], False),
        ({"Content-Type": "image/png,image/gif"}, [*FITTING, ["starts-with", "$Content-Type", "image/"]], True),
        ({"Content-Type": "image/png,text/html"}, [*FITTING, ["starts-with", "$Content-Type", "image/"]], False),
    ],
)
def test_conditions(fields, conditions, holds):
    """Every condition has to hold, and every field to have one, the bucket too; names in any case."""
    reply = Forms()(signed(conditions, **fields))
    assert code(reply) == (204 if holds else "AccessDenied")
    assert holds or reply.message.startswith("Invalid according to Policy: ")


@pytest.mark.parametrize(("size", "expected"), [(1, "EntityTooSmall"), (2, 204), (4, 204), (5, "EntityTooLarge")])
@pytest.mark.parametrize("limits", [[2, 4], ["2", "4"]])
def test_the_size_of_the_file(size, limits, expected):
    """It has to be within the policy's range, which is told where it is not."""
    reply = Forms()(signed([*FITTING, ["content-length-range", *limits]]), b"x" * size)
    assert code(reply) == expected
    if isinstance(reply, ErrorReply):
        limit = ("MaxSizeAllowed", "4") if size > 4 else ("MinSizeAllowed", "2")
        assert reply.elements == (("ProposedSize", str(size)), limit)


def test_the_time_of_a_policy():
    """A policy holds to the second of its expiration."""
    form = signed(FITTING)
    assert code(Forms(now=NOW + timedelta(hours=1))(form)) == 204
    assert code(Forms(now=NOW + timedelta(hours=1, seconds=1))(form)) == "AccessDenied"


UNTIL = "2026-05-01T13:00:00.000Z"


def until(*conditions):
    """Return a policy of *conditions*."""
    return {"expiration": UNTIL, "conditions": [*FITTING, *conditions]}


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ([], "Invalid JSON."),
        ({}, "Policy missing expiration."),
        ({"expiration": UNTIL}, "Policy missing conditions."),
        ({"conditions": FITTING}, "Policy missing expiration."),
        ({"EXPIRATION": UNTIL, "conditions": FITTING}, "Policy missing expiration."),
        ({"expiration": UNTIL, "CONDITIONS": FITTING}, "Policy missing conditions."),
        ({**until(), "more": 1}, 'Unexpected: "more"'),
        ({**until(), "expiration": "tomorrow"}, "Invalid 'expiration' value: 'tomorrow'"),
        ({**until(), "expiration": "2026-13-01T13:00:00Z"}, "Invalid 'expiration' value: '2026-13-01T13:00:00Z'"),
        ({**until(), "expiration": 1}, "Invalid JSON."),
        ({"expiration": UNTIL, "conditions": {}}, "Invalid 'conditions' value: must be a List."),
        (until(True), "Invalid condition test: must be a List or Object."),
        (until({}), "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."),
        (until({"key": 1}), "Invalid Simple-Condition: value must be a string."),
        (until([]), "Invalid Condition: missing operation identifier."),
        (until([1]), "Invalid JSON."),
        (until(["is", "$key", "key"]), "Invalid Condition: unknown operation 'is'."),
        (until(["eq", "$key"]), "Invalid eq: wrong number of arguments."),
        (until(["eq", "$key", 1]), "Invalid JSON."),
        (until(["content-length-range", 0]), "Invalid content-length-range: wrong number of arguments."),
        (until(["content-length-range", -1, 0]), "Invalid JSON."),
        (until(["content-length-range", False, True]), "Invalid JSON."),
    ],
)
def test_what_is_no_policy(policy, why):
    """It is InvalidPolicyDocument, not a condition that fails (VGW)."""
    reply = Forms()(signed(None, policy=policy))
    assert (code(reply), reply.message) == ("InvalidPolicyDocument", f"Invalid Policy: {why}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting '{' but found End-of-Input"),
        ("{}", "invalid Base64 encoding."),
        ("é", "invalid Base64 encoding."),
        ("W10", "invalid Base64 encoding."),
        ("////", "Invalid JSON."),
        ("W1tbW1tbW1tb", "Invalid JSON."),
    ],
)
def test_what_is_no_json(text, why):
    """Nor is what is not JSON in base64 (VGW, ember-uploader#43); an empty policy field is no policy either."""
    fields = {**signed(FITTING), "policy": text, "signature": version2.sign(KNOWN.secret_key, text)}
    reply = Forms()(fields)
    assert (code(reply), reply.message) == ("InvalidPolicyDocument", f"Invalid Policy: {why}")


@pytest.mark.parametrize(
    ("asked", "status"), [(None, 204), ("200", 200), ("201", 201), ("204", 204), ("404", 204), ("", 204)]
)
def test_the_status_of_success(asked, status):
    """It is 204 unless the form asks for 200 or 201; the latter has a document."""
    forms = Forms(Access())
    reply = forms({"key": "a/b c", **({} if asked is None else {"success_action_status": asked})})
    assert reply.status == status
    location = f"https://{HOST}/bucket/a%2Fb%20c"
    assert reply.headers["Location"] == location
    assert forms.body("a/b c") == b"body"
    expected = f"<PostResponse><Location>{location}</Location><Bucket>bucket</Bucket><Key>a/b c</Key><ETag>"
    assert (expected.encode() in reply.body) == (status == 201)


@pytest.mark.parametrize("name", ["success_action_redirect", "redirect"])
def test_a_redirect(name):
    """The client is sent on, with bucket, key and ETag in the query; what is no URL is as if it were not there."""
    etag = "%22841a2d689ad86bd1611447453c22c6fc%22"
    for target, expected in (
        ("http://x.example/done", f"http://x.example/done?bucket=bucket&key=a%20b&etag={etag}"),
        ("https://x.example/?a=1", f"https://x.example/?a=1&bucket=bucket&key=a%20b&etag={etag}"),
    ):
        reply = Forms(Access())({"key": "a b", name: target})
        assert (reply.status, reply.headers["Location"]) == (303, expected)
    for target in ("javascript:1", "http://x\r\nSet-Cookie: a=b", "/here", "http://[", "http://é"):
        assert Forms(Access())({"key": "a b", name: target}).status in {204, 303}
        assert "\r" not in Forms(Access())({"key": "a b", name: target}).headers["Location"]


def test_fields_of_the_object():
    """System headers, tags, storage class and checksum come from fields; a wrong checksum is refused."""
    forms = Forms(Access())
    tags = "<Tagging><TagSet><Tag><Key>a b</Key><Value>1&amp;2=</Value></Tag></TagSet></Tagging>".replace("&amp;", "+")
    fields = {"key": "key", "Cache-Control": "no-store", "x-amz-storage-class": "GLACIER_IR", "tagging": tags}
    assert code(forms({**fields, "x-amz-checksum-crc32": "2J9kKg=="})) in {204, "BadDigest"}
    assert code(forms(fields)) == 204
    stored = forms.store.get("bucket", "key")
    assert dict(stored.headers) == {"cache-control": "no-store", "x-amz-storage-class": "GLACIER_IR"}
    assert dict(stored.tags) == {"a b": "1+2="}
    assert code(forms({**fields, "x-amz-checksum-sha256": "sailorjerry"})) == "InvalidRequest"
    assert code(forms({**fields, "tagging": "<Tagging"})) == "MalformedXML"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("x-amz-meta-a", "1\r\nSet-Cookie: a=b", "InvalidArgument"),
        ("x-amz-meta-a b", "1", "InvalidArgument"),
        ("acl", "public-read", "AccessControlListNotSupported"),
        ("x-amz-storage-class", "COLD", "InvalidStorageClass"),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256", "InvalidArgument"),
    ],
)
def test_fields_that_an_object_can_not_have(field, value, expected):
    """A field that is no header, or no value of S3's, is refused, and nothing is stored."""
    forms = Forms(Access())
    assert code(forms({"key": "key", field: value})) == expected
    assert forms.store.keys("bucket") == []


def test_no_file_and_no_key():
    """A form has exactly one file, and a key that is not empty."""
    reply = Forms(Access())({"key": "key"}, None)
    assert (code(reply), reply.message) == ("InvalidArgument", "POST requires exactly one file upload per request.")
    assert reply.elements == (("ArgumentName", "file"), ("ArgumentValue", "0"))  # react-native-fs#992
    assert code(Forms(Access())({"key": ""})) == "InvalidArgument"
    assert code(Forms(Access())({"key": "k" * 1025})) == "KeyTooLongError"
    assert code(Forms(Access())({"key": "key"}, bucket="Not_there!")) == "InvalidBucketName"


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/mixed; boundary=B0undary"]
)
def test_what_is_no_form(kind):
    """Another content type is PreconditionFailed, not RequestIsNotMultiPartContent as documented (fact 59)."""
    reply = Forms(Access()).post(b"--B0undary--", kind)
    assert (code(reply), reply.status, [name for name, _ in reply.elements]) == (
        "PreconditionFailed",
        412,
        ["Condition"],
    )


PART = b'--B0undary\r\nContent-Disposition: form-data; name="key"\r\n\r\nkey\r\n'
FILE = b'--B0undary\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: a/b\r\n\r\nbody'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (PART + FILE + b"\r\n--B0undary--", 204),
        (b"preamble\r\n" + PART + FILE + b"\r\n--B0undary--\r\nepilogue", 204),
        (PART.replace(b'"', b"") + FILE + b"\r\n--B0undary \t\r\nwhatever", 204),
        (PART + FILE, "MalformedPOSTRequest"),
        (PART + FILE + b"\r\n--B0undar", "MalformedPOSTRequest"),
        (b"", "MalformedPOSTRequest"),
        (PART, "MalformedPOSTRequest"),
        (PART[:-2], "MalformedPOSTRequest"),
        (PART[:40], "MalformedPOSTRequest"),
        (b"--B0undaryX" + PART[10:] + FILE + b"\r\n--B0undary--", "MalformedPOSTRequest"),
        (PART.replace(b"name=", b"nome=") + FILE + b"\r\n--B0undary--", "MalformedPOSTRequest"),
        (PART.replace(b"\r\nkey\r\n", b"\r\n\xff\r\n") + FILE + b"\r\n--B0undary--", "MalformedPOSTRequest"),
        (b"--B0undary--", "InvalidArgument"),
        (PART + b"x" * 30_000, "MaxPostPreDataLengthExceededError"),
        (PART.replace(b"\r\nkey\r\n", b"x" * 30_000) + FILE, "MaxPostPreDataLengthExceededError"),
        (PART.replace(b"\r\nkey\r\n", b"\r\n" + b"x" * 30_000) + FILE, "MaxPostPreDataLengthExceededError"),
    ],
)
def test_forms_by_the_byte(body, expected):
    """A form is read as far as the file; what is not well-formed before that, or does not end, is refused."""
    forms = Forms(Access())
    assert code(forms.post(body)) == expected
    if expected == 204:
        assert forms.body() == b"body"


def test_a_form_without_a_boundary():
    """The boundary has to be named."""
    assert (
        code(Forms(Access()).post(PART + FILE + b"\r\n--B0undary--", "multipart/form-data")) == "MalformedPOSTRequest"
    )


@given(
    fields=st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True).filter("file".__ne__), st.text(max_size=20)
    ),
    file=st.binary(max_size=60),
    filename=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
)
def test_what_is_encoded_is_read(fields, file, filename):
    """Fields, file and its name come out as they went in."""
    body, kind = encode_multipart_formdata([*fields.items(), ("file", (filename, file))])
    form = parse_form(kind, body)
    assert (dict(form.fields), form.file) == (fields, file)
    assert form.filename == filename.replace('"', "%22") or '"' in filename or "\\" in filename


@given(body=st.binary(max_size=80).map(b"--b\r\nContent-Disposition: form-data; ".__add__) | st.binary(max_size=60))
def test_reading_raises_its_own_errors_only(body):
    """Any bytes are a form or refused as none."""
    try:
        parse_form("multipart/form-data; boundary=b", body)
    except FormError:
        return


class _Source:
    def __init__(self, data):
        self.data = data

    def read(self, start, end):
        """Return bytes of it."""
        return self.data[start:end]


@pytest.mark.parametrize("short", range(-3, 16))
def test_a_long_file(short):
    """A file that is not in memory is found too, wherever between two pieces it ends."""
    file = b"x" * (PIECE_BYTES - short)
    data, kind = encode_multipart_formdata([("key", "key"), ("file", ("f", file))], boundary="B0undary")
    assert parse_form(kind, LongBody(_Source(data), 0, len(data))).file == file
