"""The table of operations agrees with botocore's model wherever that can tell."""

from __future__ import annotations

import botocore.session

from s3_asyncio_client._core.operations import BUCKET, OBJECT, OPERATIONS, SERVICE, names_of

MODEL = botocore.session.get_session().get_service_model("s3")
# Names that AWS kept for an operation that has a newer one.
REPLACED = {"GetBucketLifecycle", "GetBucketNotification", "PutBucketLifecycle", "PutBucketNotification"}
MODELLED = sorted(set(MODEL.operation_names) - REPLACED)
# Without a method in botocore.
OF_BROWSERS = {"PostObject", "CORSPreflight"}
OF_LATER_VERSIONS = ("Annotation", "Abac", "BucketMetadata", "UpdateObjectEncryption")


def body_of(shape):
    """What kind of body *shape* is sent as."""
    if shape is None:
        return ""
    payload = shape.serialization.get("payload")
    if payload is None:
        return "xml" if any("location" not in one.serialization for one in shape.members.values()) else ""
    sent = shape.members[payload]
    if sent.serialization.get("eventstream"):
        return "events"
    return {"blob": "bytes", "string": "json"}.get(sent.type_name, "xml")


def test_has_a_row_for_every_operation_and_no_other():
    """The names are botocore's, less replaced ones, plus the two that browsers alone send."""
    assert set(MODELLED) <= set(OPERATIONS)
    more = set(OPERATIONS) - set(MODELLED)
    assert {name for name in more if not any(part in name for part in OF_LATER_VERSIONS)} == OF_BROWSERS
    assert list(OPERATIONS) == sorted(OPERATIONS)


def test_a_row_agrees_with_the_model():
    """Method, level, both bodies and the digest that S3 wants are those of the model."""
    for name in MODELLED:
        model, row = MODEL.operation_model(name), OPERATIONS[name]
        path = model.http["requestUri"].partition("?")[0]
        level = OBJECT if "{Key+}" in path else BUCKET if path != "/" else SERVICE
        digest = model.http_checksum_required or model.http_checksum.get("requestChecksumRequired", False)
        assert (row.method, row.level) == (model.http["method"], level), name
        assert (row.takes, row.answers) == (body_of(model.input_shape), body_of(model.output_shape)), name
        assert row.digest == bool(digest), name


def test_a_row_that_makes_something_writes():
    """GET and HEAD change nothing; what makes something does, and a copy's 200 can turn out an error."""
    rows = {name: OPERATIONS[name] for name in MODELLED}
    assert [name for name, row in rows.items() if row.makes and not row.writes] == []
    assert [name for name, row in rows.items() if row.late and not (row.writes and row.answers)] == []


def test_what_changes_nothing_although_its_method_would():
    """Two operations send a body and leave S3 as it was."""
    changing = names_of(lambda row: row.method in {"PUT", "POST", "DELETE"})
    assert changing - names_of(lambda row: row.writes) == {"SelectObjectContent", "WriteGetObjectResponse"}


def test_a_request_that_names_an_upload_is_about_one():
    """The parameter by which an upload is named leads to these alone."""
    uploads = {"AbortMultipartUpload", "CompleteMultipartUpload", "ListParts", "UploadPart", "UploadPartCopy"}
    assert names_of(lambda row: row.needs_upload) == uploads


def test_the_actions_are_permissions():
    """Listing is a permission of the bucket, whatever the operation is called; most operations have their own."""
    assert {OPERATIONS[name].action for name in ("HeadBucket", "ListObjects", "ListObjectsV2")} == {"ListBucket"}
    assert {OPERATIONS[name].action for name in ("PutObject", "UploadPart", "CopyObject")} == {"PutObject"}
    assert OPERATIONS["GetBucketAcl"].action == "GetBucketAcl"
