"""Names of operations, as botocore's model has them."""

from __future__ import annotations

import pytest
from botocore.session import Session

from s3_asyncio_client._core.naming import object_read, operation_name

MODEL = Session().get_service_model("s3")


def request_of(name):
    """Build the smallest request of an operation: its URI and all that is required in the query and headers."""
    model = MODEL.operation_model(name)
    http, shape = model.http, model.input_shape
    required = [shape.members[member].serialization for member in shape.required_members]
    path, _, query = http["requestUri"].partition("?")
    params = dict(pair.partition("=")[::2] for pair in query.split("&") if pair and not pair.startswith("x-id="))
    params |= {where["name"]: "1" for where in required if where.get("location") == "querystring"}
    headers = {where["name"]: "1" for where in required if where.get("location") == "header"}
    return http["method"], "k" if "{Key+}" in path else None, params, headers


@pytest.mark.parametrize(
    "name",
    [
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateBucket",
        "CreateMultipartUpload",
        "DeleteBucket",
        "DeleteObject",
        "DeleteObjects",
        "GetBucketLocation",
        "GetObject",
        "HeadBucket",
        "HeadObject",
        "ListMultipartUploads",
        "ListObjectVersions",
        "ListObjects",
        "ListObjectsV2",
        "ListParts",
        "PutObject",
        "UploadPart",
        "UploadPartCopy",
    ],
)
def test_names_are_those_of_the_model(name):
    """The request that the model describes gets the model's name."""
    assert operation_name(*request_of(name)) == name


@pytest.mark.parametrize(
    ("method", "params", "headers", "name"),
    [
        ("PUT", {"uploadId": "id", "partNumber": "1"}, {"X-Amz-Copy-Source": "/a/b"}, "UploadPartCopy"),
        ("PUT", None, {"x-amz-copy-source": "/a/b"}, "CopyObject"),
        ("GET", {"versionId": "v", "partNumber": "1"}, None, "GetObject"),
        ("GET", {"versionId": "v", "acl": ""}, None, "GET ?acl"),
        ("PATCH", None, None, "PATCH"),
    ],
)
def test_parameters_and_headers_decide(method, params, headers, name):
    """Copies are told by their header, parts by their parameters; what has no name is called by its request."""
    assert operation_name(method, "k", params, headers) == name


@pytest.mark.parametrize(("name", "reads"), [("GetObject", True), ("GET ?acl", False), ("HeadObject", False)])
def test_only_get_object_reads_an_object(name, reads):
    """A subresource's body is not the object's bytes."""
    assert object_read(name) is reads
