"""What can go wrong: the table of network faults, and the frozen value that says which one a rule injects.

The table feeds the argument checks, the simulator and the reference page. `stage` says how much S3 does:
``connect`` (there is no connection, S3 never sees the request), ``instead`` (S3 receives the request and does nothing)
or ``after`` (S3 does the work, then the response is damaged).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, get_args

from s3_asyncio_client._core.operations import names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_s3errors._core.s3.messages import Call
    from s3_asyncio_client._core.operations import Operation

Stage = Literal["connect", "instead", "after"]

SLOW_BYTES_PER_SECOND: Final = 65_536


# Operations whose success has a body that can be cut or corrupted.
WITH_BODY: Final = names_of(lambda row: row.answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One network fault: its stage, its options besides those of every rule, and what the wire shows.

    `shows_as` is its class of error, a name of `classes.CLASSES`; "" if it is no error. `happens_to` names the
    operations that it happens to outside of tests; a rule may play it elsewhere.
    """

    stage: Stage
    wire: str
    shows_as: str = ""
    options: frozenset[str] = frozenset()
    needs_body: bool = False
    needs_tls: bool = False
    operation: str | None = None
    happens_to: Callable[[Operation], object] = lambda _row: True

    def applies_to(self, call: Call) -> bool:
        """Tell whether this fault can show on *call* or in the answer to it at all."""
        return self.can_show_on(call.operation) and not (self.needs_tls and not call.url.startswith("https:"))

    def can_show_on(self, operation: str | None) -> bool:
        """Return whether this fault can show on *operation* or in its response."""
        if self.operation is not None:
            return operation == self.operation
        return not self.needs_body or operation in WITH_BODY


_AT = frozenset({"at"})
_CUT = frozenset({"at", "chunked"})

_connect, _instead, _after = (partial(FaultKind, stage=stage) for stage in get_args(Stage))
_damage = partial(_after, options=_CUT, needs_body=True)

FAULTS: Final[Mapping[str, FaultKind]] = {
    "connection_refused": _connect(shows_as="connection", wire="nobody listens: RST to the SYN"),
    "dns_failure": _connect(shows_as="connection", wire="the host name does not resolve"),
    "tls_failure": _connect(shows_as="connection", wire="the server breaks off the TLS handshake", needs_tls=True),
    "connect_timeout": _connect(shows_as="timeout", wire="no answer to the SYN, until the client gives up"),
    "connection_reset": _instead(
        shows_as="connection", wire="RST before any byte of the answer, after `at` of the request's body", options=_AT
    ),
    "disconnect": _instead(
        shows_as="connection", wire="FIN before any byte of the answer, after `at` of the request's body", options=_AT
    ),
    "stall": _instead(shows_as="timeout", wire="the request is read and never answered"),
    "lost_response": _after(
        shows_as="lost answer",
        wire="S3 did the work, then the answer is lost: the write happened",
        happens_to=lambda row: row.writes,
        options=frozenset({"as_"}),
    ),
    "truncated_body": _damage(shows_as="cut body", wire="the headers promise the whole body; FIN after `at`"),
    "reset_body": _damage(shows_as="cut body", wire="the headers promise the whole body; RST after `at`"),
    "stalled_body": _damage(shows_as="timeout", wire="the headers promise the whole body; silence after `at`"),
    "short_body": _damage(shows_as="corruption", wire="the body ends at `at`, and Content-Length agrees"),
    "slow_body": _damage(
        wire="the body comes at `bytes_per_second`", options=frozenset({"bytes_per_second", "chunked"})
    ),
    "corrupted_body": _damage(
        shows_as="corruption", wire="right length, ETag of the true bytes, one bit wrong at `at`"
    ),
    "malformed_xml": _after(
        shows_as="protocol",
        wire="the XML of the answer is cut short; a 500 cut short where S3 answers without XML",
    ),
    "empty_body": _instead(shows_as="protocol", wire="status 200 and no body"),
    "html_body": _instead(shows_as="protocol", wire="a load balancer's HTML page", options=frozenset({"status"})),
    "garbage": _instead(shows_as="protocol", wire="bytes that are not HTTP"),
    "error_in_200": _instead(
        shows_as="error in 200",
        wire="status 200, keep-alive white space, then `<Error>`",
        happens_to=lambda row: row.late == "error",
        options=frozenset({"code", "message"}),
    ),
    "partial_delete": _after(
        shows_as="error in 200",
        wire="DeleteObjects answers 200 with `<Error>` for the keys that match `keys`",
        options=frozenset({"keys", "code", "message"}),
        operation="DeleteObjects",
    ),
    "redirect": _instead(
        shows_as="4xx", wire="301 or 307 with x-amz-bucket-region", options=frozenset({"status", "region"})
    ),
    "replaced_object": _after(
        shows_as="corruption",
        wire="FIN after `at` of a read; by the next one another writer has replaced the object",
        options=_CUT | {"body"},
        operation="GetObject",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What one firing of a rule does. `kind` is a name of `FAULTS`, or "error" for a response with an error status.

    `at` is a number of body bytes (int) or a share of the body (float). It counts the response's body if that is
    damaged (None: half of it), or the request's for a fault before the response (None: all of it). `early` responds
    after the request's head and closes. `retry_after` is in seconds. `headers` and `body` replace or extend what S3
    would have sent; the `body` of "replaced_object" is what the other writer stored.
    """

    kind: str
    status: int | None = None
    code: str | None = None
    message: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    at: int | float | None = None
    as_: str = "reset"
    keys: str = "*"
    region: str | None = None
    chunked: bool = False
    bytes_per_second: float = SLOW_BYTES_PER_SECOND
    early: bool = False

    def applies_to(self, call: Call) -> bool:
        """Tell whether this fault can show on *call* or in the answer to it at all."""
        return self.kind == "error" or FAULTS[self.kind].applies_to(call)

    @property
    def about_the_answer(self) -> bool:
        """Whether it shows only on some answers: on one with a body, or on one that names a key."""
        return self.kind in _ABOUT_ANSWERS

    @property
    def stage(self) -> Stage:
        """How much S3 does, see the module's docstring."""
        return "instead" if self.kind == "error" else FAULTS[self.kind].stage

    @property
    def needs_request_body(self) -> bool:
        """Whether S3 needs the request's body before this fault can show."""
        return self.stage == "after" or self.kind in _READ_FIRST

    def cut(self, size: int) -> int:
        """Return how many of *size* body bytes come before the fault. At least one is missing, if there is one."""
        return max(0, min(_count(0.5 if self.at is None else self.at, size), size - 1))

    def reads(self, size: int | None) -> int | None:
        """Return how many bytes of a request body of *size* (None: unknown) S3 reads before the fault. None: all."""
        if self.early:
            return 0
        if self.kind not in _BREAKS_OFF or self.at is None or (size is None and isinstance(self.at, float)):
            return None
        return _count(self.at, size or 0)


_ABOUT_ANSWERS: Final = {name for name, kind in FAULTS.items() if kind.needs_body or kind.operation}
_BREAKS_OFF: Final = frozenset({"connection_reset", "disconnect"})
_READ_FIRST: Final = _BREAKS_OFF | {"stall", "empty_body", "error_in_200"}


def _count(at: float, size: int) -> int:
    return int(size * at) if isinstance(at, float) else at
