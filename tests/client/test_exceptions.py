"""The exception tree: classes, attributes, text, and what survives a trip through pickle and copy."""

from __future__ import annotations

import copy
import pickle
import sys
import traceback
import types

import pytest

from s3_asyncio_client import exceptions
from s3_asyncio_client.exceptions import (
    CircuitOpenError,
    S3AccessDeniedError,
    S3ClientError,
    S3ConnectionError,
    S3Error,
    S3IntegrityError,
    S3InvalidRequestError,
    S3NotFoundError,
    S3ResponseError,
    S3ServerError,
    S3TimeoutError,
)

PARENTS = {
    S3ClientError: S3Error,
    S3NotFoundError: S3ClientError,
    S3AccessDeniedError: S3ClientError,
    S3InvalidRequestError: S3ClientError,
    S3ServerError: S3Error,
    S3ConnectionError: S3Error,
    S3TimeoutError: S3Error,
    S3IntegrityError: S3Error,
    S3ResponseError: S3Error,
}
CLASSES = [S3Error, *PARENTS]
FULL = {
    "request_id": "4442587FB7D0A2F9",
    "host_id": "aGVsbG8=",
    "operation": "GetObject",
    "bucket": "photos",
    "key": "käse/2024.jpg",
    "retry_after": 2.5,
    "details": {"Resource": "/photos/x"},
}
ROUND_TRIPS = [
    copy.copy,
    copy.deepcopy,
    *(lambda e, p=p: pickle.loads(pickle.dumps(e, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
]


@pytest.mark.parametrize(("child", "parent"), PARENTS.items())
def test_each_class_stands_where_the_tree_says(child, parent):
    """The direct parent of each class is the one the contract draws."""
    assert child.__bases__[0] is parent


def test_the_network_errors_are_builtin_errors_too():
    """Code that knows only Python's own errors catches the network's failures."""
    assert issubclass(S3ConnectionError, ConnectionError)
    assert issubclass(S3TimeoutError, TimeoutError)


def test_an_open_circuit_is_no_answer_of_s3():
    """CircuitOpenError is outside the tree, so that `except S3Error` does not take it for a failed request."""
    assert not issubclass(CircuitOpenError, S3Error)
    assert CircuitOpenError(retry_in_s=1.5).retry_in_s == 1.5
    assert CircuitOpenError("shut").message == str(CircuitOpenError("shut")) == "shut"
    assert CircuitOpenError("shut").retry_in_s is None


def test_all_lists_every_class():
    """What the module defines publicly is in its `__all__`."""
    assert set(exceptions.__all__) == {cls.__name__ for cls in [*CLASSES, CircuitOpenError]}


@pytest.mark.parametrize("cls", CLASSES)
def test_all_attributes_are_kept(cls):
    """Every class takes message, status and code by position and the rest by keyword, and has them as attributes."""
    error = cls("gone", 418, "Teapot", **FULL)
    assert vars(error) == {"message": "gone", "status_code": 418, "error_code": "Teapot", **FULL}
    assert error.args == ("gone",)


@pytest.mark.parametrize("cls", CLASSES)
def test_what_is_not_given_is_none(cls):
    """With the message alone, only the narrow classes know a status and a code."""
    error = cls("gone")
    assert error.details == {}
    assert {error.request_id, error.host_id, error.operation, error.bucket, error.key, error.retry_after} == {None}


@pytest.mark.parametrize(
    ("cls", "status", "code"),
    [
        (S3NotFoundError, 404, "NoSuchKey"),
        (S3AccessDeniedError, 403, "AccessDenied"),
        (S3InvalidRequestError, 400, "InvalidRequest"),
    ],
)
def test_narrow_classes_have_defaults(cls, status, code):
    """The narrow classes need no argument at all."""
    error = cls()
    assert (error.status_code, error.error_code) == (status, code)
    assert str(error) == f"{code} ({status}): {error.message}"
    assert error.message


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("gone", 404, "NoSuchKey"), "NoSuchKey (404): gone"),
        (("gone", 503, None), "HTTP 503: gone"),
        (("gone", None, None), "gone"),
        (("gone", None, "NoSuchKey"), "gone"),
        (("gone", 503, ""), "HTTP 503: gone"),
    ],
)
def test_text_has_one_of_three_forms(cls, arguments, text):
    """`str()` is code, status and message; status and message; or the message alone: for OSErrors as well."""
    assert str(cls(*arguments)) == text


def test_repr_shows_what_is_known_and_only_that():
    """`repr()` has the class, the message and the attributes that are set."""
    error = S3NotFoundError("gone", bucket="b", key="k")
    assert repr(error) == "S3NotFoundError('gone', status_code=404, error_code='NoSuchKey', bucket='b', key='k')"
    assert repr(S3Error("x", details={"A": "b"})) == "S3Error('x', details={'A': 'b'})"


@pytest.mark.parametrize("round_trip", ROUND_TRIPS)
def test_attributes_notes_and_text_survive_a_copy(round_trip):
    """Workers hand errors to their parents by pickle: nothing may be lost on the way."""
    for cls in CLASSES:
        error = cls("gone", 418, "Teapot", **FULL)
        error.add_note("gave up after 4 attempts")
        again = round_trip(error)
        assert type(again) is cls
        assert again is not error, cls
        assert vars(again) == vars(error), cls
        assert again.__notes__ == ["gave up after 4 attempts"], cls
        assert (again.args, str(again), repr(again)) == (error.args, str(error), repr(error))


@pytest.mark.parametrize("round_trip", ROUND_TRIPS)
def test_an_open_circuit_survives_a_copy(round_trip):
    """CircuitOpenError keeps its keyword-only time."""
    again = round_trip(CircuitOpenError("shut", retry_in_s=3.0))
    assert (type(again), str(again), again.retry_in_s) == (CircuitOpenError, "shut", 3.0)


class OwnError(S3ConnectionError):
    """A subclass as a user might write it, with a signature of its own."""

    def __init__(self, shard: int) -> None:
        super().__init__(f"shard {shard} is away")
        self.shard = shard


@pytest.mark.parametrize("round_trip", [copy.copy, copy.deepcopy])
def test_a_subclass_with_another_signature_survives_a_copy(round_trip):
    """Copying does not call `__init__`, whose parameters a subclass may have changed."""
    again = round_trip(OwnError(7))
    assert (type(again), again.shard, str(again)) == (OwnError, 7, "shard 7 is away")


def test_details_are_the_errors_own():
    """Changing the mapping that was passed, or a deep copy, does not change the error."""
    details = {"Region": "eu-west-1"}
    error = S3Error("moved", details=details)
    details["Region"] = "elsewhere"
    copy.deepcopy(error).details["Region"] = "elsewhere"
    assert error.details == {"Region": "eu-west-1"}


def test_except_star_takes_a_class_out_of_a_group():
    """A group of errors can be split along the tree."""
    caught = []
    try:
        raise ExceptionGroup("two", [S3NotFoundError("a"), S3TimeoutError("b")])
    except* S3ClientError as group:
        caught += group.exceptions
    except* TimeoutError as group:
        caught += group.exceptions
    assert [type(error) for error in caught] == [S3NotFoundError, S3TimeoutError]


def test_the_cause_is_kept():
    """`raise ... from` works for the classes that are OSErrors too."""
    cause = OSError(104, "reset")
    with pytest.raises(S3ConnectionError) as caught:
        raise S3ConnectionError("the connection was reset", operation="PutObject") from cause
    assert caught.value.__cause__ is cause
    assert caught.value.errno is None


def test_a_subclass_with_another_signature_survives_pickle(monkeypatch):
    """Pickling does not call `__init__` either."""
    monkeypatch.setitem(sys.modules, "shards", types.ModuleType("shards"))
    sys.modules["shards"].OwnError = OwnError
    monkeypatch.setattr(OwnError, "__module__", "shards")
    error = OwnError(7)
    error.add_note("the third time today")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.shard, str(again)) == (OwnError, 7, "shard 7 is away")
    assert again.__notes__ == ["the third time today"]


@pytest.mark.parametrize("cls", [*CLASSES, CircuitOpenError])
def test_a_note_on_a_copy_is_not_one_of_the_original(cls):
    """A copy has lists and dicts of its own: changing it leaves the original as it was."""
    error = cls("gone")
    error.add_note("first")
    again = copy.copy(error)
    again.add_note("second")
    assert error.__notes__ == ["first"]
    assert again.__notes__ == ["first", "second"]
    if isinstance(again, S3Error):
        again.details["Region"] = "eu-west-1"
        assert error.details == {}


@pytest.mark.parametrize("cls", [*CLASSES, CircuitOpenError])
def test_notes_are_printed_below_the_error(cls):
    """`add_note` works as on any exception: Python prints the note, `str()` stays as it was."""
    error = cls("gone")
    error.add_note("while reading the index")
    assert "while reading the index" not in str(error)
    assert traceback.format_exception_only(error)[-1] == "while reading the index\n"


def test_a_group_of_errors_survives_pickle():
    """What a TaskGroup raises in a worker reaches the parent whole."""
    group = ExceptionGroup("two", [S3NotFoundError("a", bucket="b"), ExceptionGroup("in", [S3TimeoutError("c")])])
    again = pickle.loads(pickle.dumps(group))
    assert again.exceptions[0].bucket == "b"
    assert again.subgroup(TimeoutError).exceptions[0].exceptions[0].message == "c"


def test_except_star_leaves_the_rest():
    """Classes of the tree are taken out of nested groups one by one; what none took is raised on."""
    seen = []

    def handle():
        try:
            raise ExceptionGroup(
                "all", [S3AccessDeniedError(), ExceptionGroup("in", [S3ServerError("x", 503), S3ConnectionError("y")])]
            )
        except* S3ServerError as group:
            seen.append(group)
        except* ConnectionError as group:
            seen.append(group)

    with pytest.raises(ExceptionGroup) as left:
        handle()
    assert [type(group.exceptions[0].exceptions[0]) for group in seen] == [S3ServerError, S3ConnectionError]
    assert [type(error) for error in left.value.exceptions] == [S3AccessDeniedError]
