"""Whatever botocore lets pass as parameters of an operation gets an answer of S3's, not a failure of ours."""

from __future__ import annotations

import contextlib
from functools import partial
from types import SimpleNamespace

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from documented import documented
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from inputs import World
from judging import HOST, Simulated
from minimal import parameters, value_of

from pytest_s3errors._core.s3 import SUPPORTED

# A browser's form and its preflight are no operations of any SDK.
OPERATIONS = sorted(SUPPORTED - {"PostObject", "CORSPreflight"})

# botocore or the URL's own grammar decide on these, not S3.
LEFT_TO_THE_CLIENT = {"ContentLength"}
UNKNOWN = set(documented("Parameters that fail the test"))
IDLE = set(documented("Parameters that change nothing"))


def world(judge):
    """Give the judge a new S3 with objects, versions, a delete marker and an upload with one part."""
    judge.s3 = Simulated()
    store = judge.s3.store
    store.put("bucket", "key", b"0123456789", tags={"name": "value"})
    store.put("bucket", "a/b", b"data")
    store.create_bucket("elsewhere", "eu-west-1")
    store.create_bucket("versioned", versioning=True)
    for body in (b"old", b"0123456789"):
        store.put("versioned", "key", body)
    store.delete("versioned", "key")
    # Without botocore, which would take most of the time of these tests.
    asked = partial(SimpleNamespace, url=f"https://{HOST}/bucket/parts?uploads", headers={}, body=b"data")
    _, _, begun = judge.s3(asked(method="POST"))
    upload_id = begun.decode().partition("<UploadId>")[2].partition("</UploadId>")[0]
    part = f"https://{HOST}/bucket/parts?partNumber=1&uploadId={upload_id}"
    assert judge.s3(asked(method="PUT", url=part))[0] == 200
    return World(store, upload_id)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_random_parameters(judging, operation):
    """The answer is a success or an error of the catalogue, in both cases one that the model knows."""

    @settings(max_examples=settings.default.max_examples // 3)
    @given(st.data())
    def holds(data):
        shape = judging.model.operation_model(operation)
        values = data.draw(world(judging).parameters(shape, UNKNOWN | LEFT_TO_THE_CLIENT))
        error = None
        try:
            getattr(judging.client, xform_name(operation))(**values)
        except ClientError as raised:
            error = raised.response["Error"]
        except ParamValidationError:  # not valid after all, by limits that stand nowhere else
            reject()
        assert judging.problems() == []
        assert judging.s3.simulator.problems == []
        if error is not None and error["Code"] == "NotImplemented":
            # S3 itself offers it not, and names the header; grants it would take where ACLs are on.
            assert "Header" in error or any(name.startswith("Grant") for name in values)

    holds()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_parameters_that_fail_the_test(judging, operation):
    """They are those on the page of limitations, and no others."""
    shape = judging.model.operation_model(operation).input_shape
    failing = set()
    for name, member in ({} if shape is None else shape.members).items():
        world(judging)
        values = {**parameters(judging.model, operation), name: value_of(member, name)}
        with contextlib.suppress(ClientError, ParamValidationError):
            getattr(judging.client, xform_name(operation))(**values)
        if judging.s3.simulator.problems:
            failing.add(name)
    assert failing == UNKNOWN & set(() if shape is None else shape.members)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_parameters_that_change_nothing(judging, operation):
    """The answer is the same with and without them."""
    shape = judging.model.operation_model(operation).input_shape
    for name in sorted(IDLE & set(() if shape is None else shape.members)):
        answers = []
        for more in ({}, {name: value_of(shape.members[name], name)}):
            world(judging)
            with contextlib.suppress(ClientError):
                getattr(judging.client, xform_name(operation))(**parameters(judging.model, operation), **more)
            answers.append(judging.s3.calls[-1][1])
        assert answers[0] == answers[1], name
