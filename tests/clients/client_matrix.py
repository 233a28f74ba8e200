"""Ten scenarios and the ways of a connection to fail, the same for every client, and what is noted of each."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from client_page import Row, expect

if TYPE_CHECKING:
    from pytest_s3errors._core.s3.store import S3Store
    from pytest_s3errors._test.controller import S3Errors, S3Server

MIB = 1024 * 1024
BUCKET = "bucket"
BODY = bytes(range(256)) * 400
# In more than one part with the part sizes of every client here.
BIG = bytes(9 * MIB)
KEYS = ("a", "b", "c")

Action = Callable[["Context"], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is asked of a client, and the rule that stands in its way; `what` None: no rule."""

    name: str
    action: Literal["get", "put", "upload", "delete"]
    what: str | int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    there: bool = True


SCENARIOS = (
    Scenario(name="throttled twice", action="get", what="SlowDown", options={"times": 2}),
    Scenario(name="500 for ever", action="put", what=500),
    Scenario(name="one reset", action="get", what="connection_reset", options={"times": 1, "operation": "GetObject"}),
    Scenario(
        name="one truncated GET", action="get", what="truncated_body", options={"times": 1, "operation": "GetObject"}
    ),
    Scenario(
        name="one error in a 200",
        action="upload",
        what="error_in_200",
        options={"times": 1, "operation": "CompleteMultipartUpload"},
    ),
    Scenario(
        name="one lost answer", action="put", what="lost_response", options={"times": 1, "operation": "PutObject"}
    ),
    Scenario(name="403", action="get", what="AccessDenied"),
    Scenario(name="404", action="get", there=False),
    Scenario(name="one redirect", action="get", what="redirect", options={"times": 1}),
    Scenario(name="partial delete", action="delete", what="partial_delete", options={"keys": "b"}),
)
BROKEN = ("connection_reset", "disconnect", "truncated_body", "reset_body")
# No connection at all: for clients that are rerouted; whoever was given a URL has connected to a server that is there.
UNCONNECTED = ("connection_refused", "dns_failure", "tls_failure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where S3 is for a client that has to be told, and a folder for its files."""

    server: S3Server
    presign: Callable[..., str]
    folder: Path

    def url(self, method: str, key: str | None, **params: str) -> str:
        """A presigned URL of the bucket's *key*."""
        return self.presign(method, BUCKET, key, params=params)


class Failed(Exception):
    """A failure in another process; `name` is what that process called it."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(f"{name}\n{text}")
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client: its actions, each None if it has none of this kind, and how it was set up.

    `get` returns the bytes of the object `key`, `put` and `upload` write BODY and BIG to it, in one request and in
    parts; `delete` deletes KEYS in one request and returns those that the client says are gone. `prepare` puts there
    what `get` reads, `stored` tells whether a write arrived.
    """

    name: str
    packages: tuple[str, ...]
    setup: str
    get: Action | None = None
    put: Action | None = None
    upload: Action | None = None
    delete: Action | None = None
    content: bytes = BODY
    prepare: Callable[[Context, S3Store], None] = lambda _context, store: void(store.put(BUCKET, "key", BODY))
    stored: Callable[[Context, S3Store, bytes], bool] = lambda _context, store, body: is_there(store, body)
    # Which request of a write is lost, where there is more than one.
    lost: dict[str, str] = field(default_factory=dict)

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """Those that this client has an action for."""
        return tuple(scenario for scenario in SCENARIOS if getattr(self, scenario.action) is not None)


def void(_value: object) -> None:
    """Nothing of it."""


def is_there(store: S3Store, body: bytes) -> bool:
    """Whether the object `key` is there, with all of *body*."""
    return store.exists(BUCKET, "key") and store.get(BUCKET, "key").body == body


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Runs clients in one test."""

    errors: S3Errors
    store: S3Store
    context: Context

    def scenario(self, client: Client, scenario: Scenario) -> None:
        """Run *scenario* and compare the requests, the end and the data with the page's row."""
        self.store.create_bucket(BUCKET)
        if scenario.action == "get" and scenario.there:
            client.prepare(self.context, self.store)
        for key in KEYS if scenario.action == "delete" else ():
            self.store.put(BUCKET, key, b"x")
        before = self.errors.attempts()
        with contextlib.ExitStack() as rules:
            if scenario.what is not None:
                lost = client.lost if scenario.what == "lost_response" else {}
                rules.enter_context(self.errors.fail(scenario.what, **scenario.options, **lost))
            value, error = _ended(getattr(client, scenario.action), self.context)
        requests = _counted(self.errors, before)
        row = Row(requests=requests, end=_end(error), data=self._data(client, scenario, value, error))
        expect(client.name, client.packages, client.setup, scenario.name, row)

    def broken(self, client: Client, fault: str, error: str) -> None:
        """Read with *fault* at every GetObject, or connection: the client's own *error* comes out, as the page says."""
        assert client.get is not None
        self.store.create_bucket(BUCKET)
        client.prepare(self.context, self.store)
        before = self.errors.attempts()
        with self.errors.fail(fault, **({} if fault in UNCONNECTED else {"operation": "GetObject"})):
            _, raised = _ended(client.get, self.context)
        requests = _counted(self.errors, before)
        assert raised is not None, f"{fault}: returned as if nothing were wrong"
        assert _name(raised) == error, raised
        expect(client.name, client.packages, client.setup, fault, Row(requests=requests, end=f"`{error}`", data=""))

    def _data(self, client: Client, scenario: Scenario, value: Any, error: BaseException | None) -> str:
        if scenario.action == "get":
            if error is not None:
                return "none"
            return "right" if value == client.content else "**wrong**"
        if scenario.action == "delete":
            if error is not None:
                return "it knows"
            told = set(value) == set(KEYS) - set(self.store.keys(BUCKET))
            return "it knows" if told else "**it says that all are gone**"
        body = BIG if scenario.action == "upload" else BODY
        stored = client.stored(self.context, self.store, body)
        if error is not None:
            return "stored all the same" if stored else "not stored"
        return "right" if stored else "**wrong**"


def _ended(action: Action, context: Context) -> tuple[Any, Exception | None]:
    """What *action* returned, or the error that it ended with."""
    try:
        value = action(context)
        if inspect.iscoroutine(value):
            value = asyncio.run(value)
    except (AssertionError, Warning):
        raise  # the test's, and no client's
    except Exception as error:  # noqa: BLE001 - whatever the client raises is the finding
        return None, error
    return value, None


def _counted(errors: S3Errors, before: int) -> str:
    """The requests by operation, in order of their first; without those that prepared the scene."""
    counts = Counter(str(request.operation) for request in errors.requests[before:])
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _name(error: BaseException) -> str:
    """The class of *error*, with its module as users would have to spell it."""
    if isinstance(error, Failed):
        return error.name
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _end(error: BaseException | None) -> str:
    return "returns" if error is None else f"`{_name(error)}`"
