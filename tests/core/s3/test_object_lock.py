"""Object lock: its configuration, retention, legal hold, and what gets past them."""

from __future__ import annotations

import pytest

BYPASS = {"x_amz_bypass_governance_retention": "true"}
CONFIGURATION = "<ObjectLockConfiguration><ObjectLockEnabled>{}</ObjectLockEnabled>{}</ObjectLockConfiguration>"
DEFAULT = "<Rule><DefaultRetention>{}</DefaultRetention></Rule>"
RETENTION = "<Retention><Mode>{}</Mode><RetainUntilDate>{}</RetainUntilDate></Retention>"
HOLD = "<LegalHold><Status>{}</Status></LegalHold>"
# The clock of the tests stands at noon of 2026-05-01.
TOMORROW, NEXT_WEEK, PAST = "2026-05-02T12:00:00Z", "2026-05-08T12:00:00.000Z", "2026-05-01T12:00:00Z"
DAY = 24 * 3600
DIGEST = {"content_md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}  # of no bytes


@pytest.fixture
def locked(s3):
    """An S3 with a bucket that has object lock and one version of an object."""
    s3("PUT", "/bucket", x_amz_bucket_object_lock_enabled="true")
    s3.version = s3("PUT", "/bucket/key", b"data").headers["x-amz-version-id"]
    s3.named = f"/bucket/key?versionId={s3.version}"
    return s3


def retain(s3, mode, until, **headers):
    return s3("PUT", "/bucket/key?retention", RETENTION.format(mode, until).encode(), **headers)


def configure(s3, enabled="Enabled", rule=""):
    return s3("PUT", "/bucket?object-lock", CONFIGURATION.format(enabled, rule).encode())


def test_a_bucket_is_born_with_object_lock(locked, code):
    """It has versions, which it can't be without any more."""
    told = locked("GET", "/bucket?object-lock").body
    assert told.endswith(b"><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>")
    body = b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
    assert code(locked("PUT", "/bucket?versioning", body)) == "InvalidBucketState"


def test_a_bucket_gets_object_lock_later(s3, code):
    """Once it has versions."""
    s3("PUT", "/bucket")
    assert code(s3("GET", "/bucket?object-lock")) == "ObjectLockConfigurationNotFoundError"
    assert code(configure(s3)) == "InvalidBucketState"
    s3.store.bucket("bucket").set_versioning("Enabled")
    assert code(configure(s3)) == "200"
    assert b"<ObjectLockEnabled>Enabled<" in s3("GET", "/bucket?object-lock").body


@pytest.mark.parametrize(
    ("enabled", "rule", "expected"),
    [
        ("Disabled", "", "MalformedXML"),
        ("Enabled", "<Rule/>", "MalformedXML"),
        ("Enabled", DEFAULT.format("<Mode>GOVERNANCE</Mode>"), "MalformedXML"),
        ("Enabled", DEFAULT.format("<Days>1</Days>"), "MalformedXML"),
        ("Enabled", DEFAULT.format("<Mode>STRICT</Mode><Days>1</Days>"), "MalformedXML"),
        ("Enabled", DEFAULT.format("<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>"), "MalformedXML"),
        ("Enabled", DEFAULT.format("<Mode>GOVERNANCE</Mode><Days>0</Days>"), "InvalidArgument"),
        ("Enabled", DEFAULT.format("<Mode>GOVERNANCE</Mode><Days>-1</Days>"), "InvalidArgument"),
        ("Enabled", DEFAULT.format("<Mode>GOVERNANCE</Mode><Days>36501</Days>"), "InvalidArgument"),
        ("Enabled", DEFAULT.format("<Mode>COMPLIANCE</Mode><Years>101</Years>"), "InvalidArgument"),
        ("Enabled", DEFAULT.format("<Mode>COMPLIANCE</Mode><Years>100</Years>"), "200"),
    ],
)
def test_a_configuration_is_checked(locked, code, enabled, rule, expected):
    """It switches on, and its default has a mode and one span."""
    assert code(configure(locked, enabled, rule)) == expected


@pytest.mark.parametrize(("span", "until"), [("Days", "2026-05-03"), ("Years", "2028-04-30")])
def test_new_objects_are_retained_by_default(locked, span, until):
    """From when they are written, unless the write says otherwise; what was there is not."""
    rule = DEFAULT.format(f"<Mode>GOVERNANCE</Mode><{span}>2</{span}>")
    configure(locked, rule=rule)
    assert rule.encode() in locked("GET", "/bucket?object-lock").body
    assert "x-amz-object-lock-mode" not in locked("GET", "/bucket/key").headers
    locked("PUT", "/bucket/key", **DIGEST)
    locked("PUT", "/bucket/copy", x_amz_copy_source="bucket/key")
    for key in ("key", "copy"):
        found = locked("HEAD", f"/bucket/{key}").headers
        assert found["x-amz-object-lock-mode"] == "GOVERNANCE"
        assert found["x-amz-object-lock-retain-until-date"].startswith(until)
    configure(locked)
    locked("PUT", "/bucket/key", b"new")
    assert "x-amz-object-lock-mode" not in locked("GET", "/bucket/key").headers


def test_a_retention_ends_when_it_says(locked, code):
    """Who waits until the time that is told can delete the version."""
    retain(locked, "COMPLIANCE", "2026-05-01T12:00:01.234567Z")
    told = locked("HEAD", "/bucket/key").headers["x-amz-object-lock-retain-until-date"]
    assert told == "2026-05-01T12:00:01.000Z"
    assert f"<RetainUntilDate>{told}<".encode() in locked("GET", "/bucket/key?retention").body
    locked.wait(0.9)
    assert code(locked("DELETE", locked.named)) == "AccessDenied"
    locked.wait(0.1)
    assert code(locked("DELETE", locked.named)) == "204"


MODE, UNTIL, LEGAL = (f"x_amz_object_lock_{name}" for name in ("mode", "retain_until_date", "legal_hold"))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({MODE: "GOVERNANCE", UNTIL: TOMORROW}, "200"),
        ({LEGAL: "ON"}, "200"),
        ({MODE: "GOVERNANCE"}, "InvalidArgument"),
        ({UNTIL: TOMORROW}, "InvalidArgument"),
        ({MODE: "STRICT", UNTIL: TOMORROW}, "InvalidArgument"),
        ({MODE: "COMPLIANCE", UNTIL: PAST}, "InvalidArgument"),
        ({MODE: "COMPLIANCE", UNTIL: "soon"}, "InvalidArgument"),
        ({LEGAL: "on"}, "InvalidArgument"),
    ],
)
def test_a_write_states_its_lock(locked, code, headers, expected):
    """Mode and date together, a date to come, ON or OFF; and the bytes have a digest."""
    assert code(locked("PUT", "/bucket/new", b"", **headers, **DIGEST)) == expected
    assert locked.store.exists("bucket", "new") == (expected == "200")
    if expected == "200":
        read = locked("GET", "/bucket/new").headers
        assert {read[name.replace("_", "-")][:10] for name in headers} == {value[:10] for value in headers.values()}
        assert code(locked("PUT", "/bucket/new", b"", **headers)) == "InvalidRequest"
        assert code(locked("PUT", "/other/new", b"", **headers, **DIGEST)) == "InvalidRequest"


def test_an_upload_and_a_copy_state_theirs(locked):
    """The completed object is locked as its upload said; a copy never takes the source's lock."""
    locked("POST", "/bucket/parts?uploads", **{LEGAL: "ON", MODE: "COMPLIANCE", UNTIL: TOMORROW})
    part = locked("PUT", "/bucket/parts?partNumber=1&uploadId=upload-1", b"", **DIGEST)
    etag = part.headers["ETag"]
    listed = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
    document = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
    locked("POST", "/bucket/parts?uploadId=upload-1", document)
    assert locked("HEAD", "/bucket/parts").headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    locked("PUT", "/bucket/copy", x_amz_copy_source="bucket/parts")
    assert "x-amz-object-lock-legal-hold" not in locked("HEAD", "/bucket/copy").headers
    locked("PUT", "/bucket/copy", x_amz_copy_source="bucket/parts", **{LEGAL: "OFF"})
    assert locked("HEAD", "/bucket/copy").headers["x-amz-object-lock-legal-hold"] == "OFF"


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_a_retained_version_stays(locked, code, mode):
    """It can be hidden by a delete marker, and deleted when its time is over; bypassing is for GOVERNANCE alone."""
    assert code(retain(locked, mode, TOMORROW)) == "200"
    assert code(locked("DELETE", locked.named)) == "AccessDenied"
    listed = f"<Object><Key>key</Key><VersionId>{locked.version}</VersionId></Object>"
    reply = locked("POST", "/bucket?delete", f"<Delete>{listed}</Delete>".encode())
    assert b"<Code>AccessDenied</Code>" in reply.body
    assert code(locked("DELETE", "/bucket/key")) == "204"
    if mode == "COMPLIANCE":
        assert code(locked("DELETE", locked.named, **BYPASS)) == "AccessDenied"
        locked.wait(DAY + 1)
        assert code(locked("DELETE", locked.named)) == "204"
    else:
        assert code(locked("DELETE", locked.named, **BYPASS)) == "204"


@pytest.mark.parametrize(
    ("before", "after", "without", "bypassing"),
    [
        (("GOVERNANCE", TOMORROW), ("GOVERNANCE", NEXT_WEEK), "200", "200"),
        (("GOVERNANCE", NEXT_WEEK), ("GOVERNANCE", TOMORROW), "AccessDenied", "200"),
        (("GOVERNANCE", TOMORROW), ("COMPLIANCE", NEXT_WEEK), "AccessDenied", "200"),
        (("GOVERNANCE", TOMORROW), None, "AccessDenied", "200"),
        (("COMPLIANCE", TOMORROW), ("COMPLIANCE", NEXT_WEEK), "200", "200"),
        (("COMPLIANCE", NEXT_WEEK), ("COMPLIANCE", TOMORROW), "AccessDenied", "AccessDenied"),
        (("COMPLIANCE", TOMORROW), ("GOVERNANCE", NEXT_WEEK), "AccessDenied", "AccessDenied"),
        (("COMPLIANCE", TOMORROW), None, "AccessDenied", "AccessDenied"),
    ],
)
@pytest.mark.parametrize("headers", [{}, BYPASS])
def test_what_becomes_of_a_retention(locked, code, before, after, without, bypassing, headers):
    """It can always grow; all else is for those who bypass GOVERNANCE."""
    retain(locked, *before)
    body = b"<Retention/>" if after is None else RETENTION.format(*after).encode()
    expected = bypassing if headers else without
    assert code(locked("PUT", "/bucket/key?retention", body, **headers)) == expected
    told = locked("GET", "/bucket/key?retention")
    if expected == "200" and after is None:
        assert code(told) == "NoSuchObjectLockConfiguration"
    else:
        mode, until = after if expected == "200" else before
        assert f"<Mode>{mode}</Mode><RetainUntilDate>{until[:10]}" in told.body.decode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (RETENTION.format("STRICT", TOMORROW), "MalformedXML"),
        (RETENTION.format("GOVERNANCE", PAST), "InvalidArgument"),
        (RETENTION.format("GOVERNANCE", "soon"), "MalformedXML"),
        ("<Retention><Mode>GOVERNANCE</Mode></Retention>", "MalformedXML"),
        ("<Retention/>", "200"),
    ],
)
def test_a_retention_is_checked(locked, code, body, expected):
    """Mode and date together, and a date to come."""
    assert code(locked("PUT", "/bucket/key?retention", body.encode())) == expected


def test_a_legal_hold_holds_until_it_is_off(locked, code):
    """Nothing gets past it."""
    assert code(locked("GET", "/bucket/key?legal-hold")) == "NoSuchObjectLockConfiguration"
    assert code(locked("PUT", "/bucket/key?legal-hold", HOLD.format("MAYBE").encode())) == "MalformedXML"
    assert code(locked("PUT", "/bucket/key?legal-hold", HOLD.format("ON").encode())) == "200"
    assert b"<Status>ON</Status>" in locked("GET", "/bucket/key?legal-hold").body
    for headers in ({}, BYPASS):
        assert code(locked("DELETE", locked.named, **headers)) == "AccessDenied"
    locked("PUT", "/bucket/key?legal-hold", HOLD.format("OFF").encode())
    assert code(locked("DELETE", locked.named)) == "204"


@pytest.mark.parametrize("target", ["/bucket/key?retention", "/bucket/key?legal-hold"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_bucket_without_object_lock(s3, code, method, target):
    """It is missing its configuration, whatever the object."""
    s3("PUT", "/bucket/key", b"data")
    body = RETENTION.format("GOVERNANCE", TOMORROW) if "retention" in target else HOLD.format("ON")
    assert code(s3(method, target, body.encode())) == "InvalidRequest"
    assert code(s3(method, target.replace("key", "absent"), body.encode())) == "InvalidRequest"
    assert code(s3("DELETE", "/bucket/key", **BYPASS)) == "InvalidArgument"


@pytest.mark.parametrize("subresource", ["retention", "legal-hold"])
def test_a_version_that_is_not_there(locked, code, subresource):
    """A key that is absent, and a delete marker, have no lock."""
    assert code(locked("GET", f"/bucket/absent?{subresource}")) == "NoSuchKey"
    marker = locked("DELETE", "/bucket/key").headers["x-amz-version-id"]
    assert code(locked("GET", f"/bucket/key?{subresource}&versionId={marker}")) == "MethodNotAllowed"
