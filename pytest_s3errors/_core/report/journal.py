"""The requests and their responses, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._core.redact import redact_url

if TYPE_CHECKING:
    from pytest_s3errors._core.rules.faults import Fault
    from pytest_s3errors._core.rules.schedule import Counted, Firing
    from pytest_s3errors._core.s3.messages import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One request that the simulated S3 received.

    Times are seconds of test time. `ended_s` is None until the response is complete. `status` is None if no response
    with a status was sent. `error_code` is S3's code, `fault` the name of an injected network fault. `rule` is the rule
    that took the request, as the user wrote it. `body_size` is the number of bytes in the request's body, without the
    framing of aws-chunked.
    """

    __module__ = "pytest_s3errors"

    operation: str | None
    bucket: str | None
    key: str | None
    part: int | None
    method: str
    url: str
    endpoint: str
    status: int | None
    error_code: str | None
    fault: str | None
    rule: str | None
    started_s: float
    ended_s: float | None
    body_size: int


class Entry:
    """A record that is being written. There is one per request, so it is small and its fields are set in place."""

    __slots__ = (
        "answer_size",
        "answer_whole",
        "begun",
        "body_size",
        "call",
        "due_s",
        "ended",
        "ended_s",
        "error_code",
        "firing",
        "heard",
        "slowing",
        "started_s",
        "status",
        "unsure",
    )

    def __init__(self, call: Call, firing: Firing | None, started_s: float) -> None:
        self.call = call
        self.firing = firing
        self.started_s = started_s
        self.ended_s: float | None = None
        self.status: int | None = None
        self.error_code: str | None = None
        self.heard = False  # its client still waited when the answer began
        self.body_size = 0
        self.answer_size = self.answer_whole = 0  # bytes of the response's body: sent, and before a fault cut it
        self.due_s = started_s  # when its response is complete, if there is one
        self.slowing: Firing | None = None
        self.unsure: list[Counted] | None = None  # rules that counted it, and may take that back when S3 has answered
        # Positions in the order of all starts and ends, several of which can share one instant of test time.
        self.begun = 0
        self.ended: int | None = None

    @property
    def injected(self) -> Fault | None:
        """What a rule does to the request. None: S3 itself answers."""
        return self.firing.fault if self.firing else None

    @property
    def fault(self) -> str | None:
        """The name of the injected network fault. None: an error response or an untouched request."""
        fault = self.injected
        return fault.kind if fault and fault.kind != "error" else None

    @property
    def answered(self) -> bool:
        """Whether the response to a read has a body, the document of an error included."""
        return self.answer_whole > 0 or self.error_code not in {None, "NotModified"}

    @property
    def content_size(self) -> int:
        """The bytes of the request's body without the framing of aws-chunked."""
        decoded = whole_number(self.call.headers.get("x-amz-decoded-content-length"))
        return self.body_size if decoded is None else min(self.body_size, decoded)

    def record(self) -> Record:
        """Return the entry as a frozen value."""
        call = self.call
        return Record(
            operation=call.operation,
            bucket=call.bucket,
            key=call.key,
            part=call.part,
            method=call.method,
            url=redact_url(call.url),
            endpoint=call.endpoint,
            status=self.status,
            error_code=self.error_code,
            fault=self.fault,
            rule=self.firing.rule.rule.spelling if self.firing else None,
            started_s=self.started_s,
            ended_s=self.ended_s,
            body_size=self.content_size,
        )
