"""Dialects: what other stores say otherwise and refuse, through a simulator whose clock stands still."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.dialects import DIALECTS, dialect_at
from pytest_s3errors._core.s3.errors.catalogue import CODES, error_reply
from pytest_s3errors._core.s3.errors.messages import RECORDED
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator
from s3_asyncio_client._core.operations import OPERATIONS

PAGE = Path(__file__).parents[3] / "docs/reference/dialects.md"


class Spoken:
    """A store of one dialect; `now` is its clock."""

    def __init__(self, dialect=None, *rules) -> None:
        self.now = 0.0
        self.simulator = Simulator(
            store=S3Store(now=lambda: datetime(2026, 5, 1, tzinfo=UTC)),
            clock=lambda: self.now,
            dialect=dialect,
            rules=rules,
        )
        self.simulator.armed = True

    def __call__(self, method, target, body=b"", host="store.example", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        entry = self.simulator.begin(parse_call(method=method, target=target, headers={"host": host, **named}))
        return self.simulator.answer(entry, body).answer


@pytest.mark.parametrize(
    ("dialect", "status", "code", "message", "retry_after"),
    [
        ("aws", 503, "SlowDown", "Please reduce your request rate.", None),
        ("minio", 503, "SlowDown", "Resource requested is unreadable, please reduce your request rate", "120"),
        ("r2", 429, "TooManyRequests", "Please reduce your request rate.", None),
    ],
)
def test_a_rule_speaks_the_dialect(dialect, status, code, message, retry_after):
    """SlowDown is what the store says where S3 says SlowDown."""
    reply = Spoken(dialect, fail_rule(("SlowDown",), {}))("GET", "/bucket/key")
    assert (reply.status, reply.code, reply.message) == (status, code, message)
    assert reply.headers.get("Retry-After") == retry_after


def test_what_a_test_states_stays():
    """Status, message and headers of the rule outweigh those of the dialect."""
    stated = {"status": 500, "message": "Mine", "headers": {"Retry-After": "1"}}
    reply = Spoken("minio", fail_rule(("SlowDown",), stated))("GET", "/bucket/key")
    assert (reply.status, reply.message, reply.headers["Retry-After"]) == (500, "Mine", "1")


MINIOS = "Resource requested is unreadable, please reduce your request rate"
DELETES = b"<Delete><Object><Key>fails</Key></Object><Object><Key>%s</Key></Object></Delete>" % (b"k" * 1025)


@pytest.mark.parametrize("operation", ["CopyObject", "CompleteMultipartUpload"])
def test_an_error_inside_a_200_speaks_the_dialect(operation):
    """Where a source shows that; it stays a 200."""
    asked = {
        "CopyObject": ("PUT", "/bucket/copy", {"x_amz_copy_source": "bucket/key"}),
        "CompleteMultipartUpload": ("POST", "/bucket/key?uploadId=1", {}),
    }
    rule = fail_rule(("error_in_200",), {"code": "SlowDown", "operation": operation})
    method, target, headers = asked[operation]
    said = {name: Spoken(name, rule)(method, target, **headers) for name in DIALECTS}
    assert {(reply.status, reply.code) for reply in said.values()} == {(200, "SlowDown")}
    assert {name for name, reply in said.items() if reply.message == MINIOS} == {"minio"}
    assert said["minio"].headers["Retry-After"] == "120"


def errors_in(body):
    """Code and message of each key that was not deleted."""
    return re.findall(r"<Code>([^<]*)</Code><Message>([^<]*)</Message>", bytes(body).decode())


@pytest.mark.parametrize(
    ("dialect", "message"),
    [("aws", CODES["SlowDown"].message), ("minio", MINIOS), ("r2", CODES["SlowDown"].message)],
)
def test_the_errors_of_single_keys_speak_the_dialect(dialect, message):
    """Where a source shows that."""
    rule = fail_rule(("partial_delete",), {"keys": "fails", "code": "SlowDown"})
    s3 = Spoken(dialect, rule)
    s3("PUT", "/bucket/other")
    reply = s3("POST", "/bucket?delete", DELETES)
    assert errors_in(reply.body) == [("KeyTooLongError", CODES["KeyTooLongError"].message), ("SlowDown", message)]


def test_a_message_of_the_test_stays_inside_a_200():
    """With the characters that XML escapes."""
    stated = {"keys": "fails", "code": "SlowDown", "message": "a < b"}
    s3 = Spoken("minio", fail_rule(("partial_delete",), stated))
    s3("PUT", "/bucket/other")
    reply = s3("POST", "/bucket?delete", DELETES)
    assert errors_in(reply.body)[1] == ("SlowDown", "a &lt; b")


def test_a_broken_answer_breaks_off_in_the_dialect():
    """The half of an error that arrives is the store's."""
    r2 = Spoken("r2", fail_rule(("truncated_body",), {"at": 150}))
    r2("PUT", "/bucket/key")
    assert b"<Code>InvalidObjectName</Code>" in bytes(r2("GET", f"/bucket/{'k' * 1025}").body)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_what_is_in_the_dialect_stays(dialect):
    """No row translates what another row, or itself, has made."""
    call = parse_call(method="GET", target="/bucket/key", headers={"host": "store.example"})
    for code in CODES:
        once = dialect.spoken(error_reply(code, call), call)
        assert dialect.spoken(once, call) == once


@pytest.mark.parametrize(
    ("dialect", "method", "target", "headers", "status", "code", "message"),
    [
        ("r2", "PUT", "/bucket/copy", {"x_amz_copy_source": "bucket/key", "x_amz_checksum_algorithm": "SHA256"}, 501,
         "NotImplemented", "Header 'x-amz-checksum-algorithm' with value 'SHA256' not implemented"),
        ("r2", "PUT", f"/bucket/{'k' * 1025}", {}, 400, "InvalidObjectName", None),
        ("b2", "PUT", "/bucket/key", {"x_amz_checksum_crc32": "AAAAAA=="}, 400, "InvalidArgument",
         "Unsupported header 'x-amz-checksum-crc32' received for this API call."),
        ("b2", "PUT", "/bucket/key", {"x_amz_acl": "public-read"}, 400, "InvalidArgument",
         "Unsupported value for canned acl 'public-read'"),
        ("b2", "PUT", "/bucket/key", {"if_none_match": "*"}, 501, "NotImplemented",
         "A header you provided implies functionality that is not implemented"),
        ("b2", "PUT", "/bucket/key", {"x_amz_storage_class": "STANDARD_IA"}, 501, "NotImplemented",
         "Backblaze only supports the 'STANDARD' storage class, and not STANDARD_IA"),
        ("minio", "PUT", "/bucket/key", {"x_amz_meta_a": "m" * 3000}, 400, "InvalidArgument",
         "Your metadata headers exceed the maximum allowed metadata size."),
    ],
)  # fmt: skip
def test_what_a_store_refuses(dialect, method, target, headers, status, code, message):
    """With the code, status and message of the source; S3 itself, asked the same, says something else."""
    replies = [Spoken(name)(method, target, **headers) for name in (dialect, "aws")]
    assert (replies[0].status, replies[0].code) == (status, code)
    assert message in {None, replies[0].message}
    assert (replies[1].status, replies[1].code) != (status, code)


def test_r2_takes_one_write_a_second_per_key():
    """The second one is 429, whatever writes; another key, a read, and a second later are none of it."""
    r2 = Spoken("r2")
    assert r2("PUT", "/bucket/key", b"1").status == 200
    r2.now = 0.9
    assert (r2("PUT", "/bucket/key", b"2").status, r2("PUT", "/bucket/other").status) == (429, 200)
    assert r2("GET", "/bucket/key").body == b"1"
    r2.now = 1.0
    assert r2("PUT", "/bucket/key", b"3").status == 200


@pytest.mark.parametrize(
    ("sizes", "expected"), [((6, 6, 1), None), ((6, 7, 1), "InvalidPart"), ((6, 7), "InvalidPart")]
)
def test_r2_wants_parts_of_one_size(sizes, expected):
    """All parts but the last have to be as large as the first."""
    r2 = Spoken("r2")
    upload = re.search(rb"<UploadId>(\w+)<", bytes(r2("POST", "/bucket/key?uploads").body))[1].decode()
    listed = ""
    for number, size in enumerate(sizes, 1):
        part = r2("PUT", f"/bucket/key?partNumber={number}&uploadId={upload}", bytes(size * 1024**2))
        listed += f"<Part><PartNumber>{number}</PartNumber><ETag>{part.headers['ETag']}</ETag></Part>"
    body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
    assert r2("POST", f"/bucket/key?uploadId={upload}", body).code == expected


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("account.r2.cloudflarestorage.com", "r2"),
        ("account.eu.r2.cloudflarestorage.com:443", "r2"),
        ("s3.us-west-004.backblazeb2.com", "b2"),
        ("s3.us-east-1.amazonaws.com", "aws"),
        ("r2.cloudflarestorage.com.example", "aws"),
        ("minio.example:9000", "aws"),
    ],
)
def test_a_host_tells_its_store(host, name):
    """Only one that can be no other's; the marker outweighs it."""
    assert dialect_at(host).name == name
    rule = fail_rule(("SlowDown",), {})
    assert Spoken(None, rule)("GET", "/bucket/key", host=host).status == (429 if name == "r2" else 503)
    assert Spoken("aws", rule)("GET", "/bucket/key", host=host).status == 503


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_rows_are_of_codes_and_operations_that_there_are(dialect):
    """Each has a source; a situation is a recorded one."""
    for name, row in dialect.codes.items():
        assert row.source
        assert name in RECORDED if ": " in name else name in CODES
    for row in dialect.refuses:
        assert row.source
        assert row.operations <= set(OPERATIONS)


def rows_of(dialect):
    """The rows of the page's table, of one dialect."""
    for name, row in dialect.codes.items():
        spec = CODES[name.partition(":")[0]]
        status = row.status or spec.status
        more = [f'"{row.message}"'] if row.message else []
        more += [f"{header}: {value}" for header, value in row.headers.items()]
        yield f"| `{name}` | {status} `{row.code or spec.code}` | {', '.join(more)} | {row.source} |"
    for row in dialect.refuses:
        header = f"`{row.header}`".replace("|", "\\|")
        operations = ", ".join(sorted(row.operations))
        yield f"| {header} in {operations} | {row.status} `{row.code}` | {row.message or ''} | {row.source} |"


@pytest.mark.parametrize("dialect", [one for one in DIALECTS.values() if one.name != "aws"], ids=lambda one: one.name)
def test_the_page_has_every_row(dialect):
    """docs/reference/dialects.md shows the table as it is."""
    page = PAGE.read_text(encoding="utf-8").splitlines()
    assert [row for row in rows_of(dialect) if row not in page] == []
