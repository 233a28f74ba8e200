"""Every error that botocore's model declares for an operation reaches the code under test as the modelled class."""

from __future__ import annotations

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from minimal import parameters

SERVICE = botocore.session.Session(profile=None).get_service_model("s3")
MODELLED = [
    (operation, error.name)
    for operation in SERVICE.operation_names
    for error in SERVICE.operation_model(operation).error_shapes
]


def send(judge, operation):
    """Send the smallest request of *operation* and return the exception that it ends with."""
    with pytest.raises(ClientError) as raised:
        getattr(judge.client, xform_name(operation))(**parameters(SERVICE, operation))
    return raised.value


@pytest.mark.parametrize(("operation", "code"), MODELLED)
def test_a_rule_raises_the_modelled_class(judge, operation, code):
    """Class, code, status, both ids and the modelled members are those of the model; a HEAD has its status alone."""
    judge.s3.fail(code, operation=operation)
    error = send(judge, operation)
    (_, answer), status = judge.s3.calls[0], SERVICE.shape_for(code).metadata["error"]["httpStatusCode"]
    metadata = error.response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == status
    assert metadata["RequestId"] == answer.headers["x-amz-request-id"]
    assert metadata["HostId"] == answer.headers["x-amz-id-2"]
    if SERVICE.operation_model(operation).http["method"] == "HEAD":
        assert (type(error), error.response["Error"]["Code"]) == (ClientError, str(status))
    else:
        assert type(error) is judge.client.exceptions.from_code(code)
        assert error.response["Error"]["Code"] == code
        assert error.response["Error"]["Message"]
    assert judge.problems() == []


@pytest.mark.parametrize("operation", ["GetObject", "CopyObject", "UploadPartCopy"])
@pytest.mark.parametrize(
    ("stored", "members"),
    [
        ({"x_amz_storage_class": "GLACIER"}, {"StorageClass": "GLACIER"}),
        ({"x_amz_storage_class": "DEEP_ARCHIVE"}, {"StorageClass": "DEEP_ARCHIVE"}),
        (
            {"x_amz_storage_class": "INTELLIGENT_TIERING", "x_amz_archive_status": "ARCHIVE_ACCESS"},
            {"StorageClass": "INTELLIGENT_TIERING", "AccessTier": "ARCHIVE_ACCESS"},
        ),
    ],
    ids=lambda members: "-".join(members.values()),
)
def test_an_archived_object_tells_where_it_is(judge, operation, stored, members):
    """The members of InvalidObjectState are filled from the object."""
    judge.s3.store.put("bucket", "Key" if operation == "GetObject" else "source", b"cold", **stored)
    begun = judge.client.create_multipart_upload(Bucket="bucket", Key="key")
    values = {**parameters(SERVICE, operation), "Key": "Key"} | (
        {"UploadId": begun["UploadId"], "Key": "key"} if operation == "UploadPartCopy" else {}
    )
    with pytest.raises(judge.client.exceptions.InvalidObjectState) as raised:
        getattr(judge.client, xform_name(operation))(**values)
    found = raised.value.response
    assert {name: found.get(name) for name in ("StorageClass", "AccessTier") if found.get(name)} == members
    assert judge.problems() == []


def test_the_model_is_not_empty():
    """What the first test is parametrised with is there: botocore still keeps errors where they are looked for."""
    assert {("GetObject", "NoSuchKey"), ("GetObject", "InvalidObjectState")} <= set(MODELLED)
