"""The `s3_sweep` fixture: what a test tells the sweep that runs it."""

from __future__ import annotations

from pytest_s3errors._core.insight.verdicts import FAILING
from pytest_s3errors._core.rules.arguments import RuleError, one_of

_ALLOWED = ("unfinished_uploads", "connections", "tasks", "threads", *sorted(FAILING))


class S3Sweep:
    """Tell a sweep what the code under test promised, and what is no finding for this test."""

    __module__ = "pytest_s3errors"

    def __init__(self, case: str | None = None) -> None:
        self._case = case
        self.acknowledged: dict[tuple[str, str], bytes | None] = {}
        self.allowed: set[str] = set()

    @property
    def case(self) -> str | None:
        """The rule of this run, written as a marker. None: the run has no fault."""
        return self._case

    def acknowledge(self, bucket: str, key: str, body: bytes | None) -> None:
        """State that the code reported *body* as stored, or with None the key as deleted. S3 must hold that at the end.

        Raises:
            RuleError: *body* is not bytes; it is a ValueError.
        """
        if body is not None and not isinstance(body, bytes | bytearray | memoryview):
            raise RuleError(f"s3_sweep.acknowledge(body={body!r}): allowed is bytes, or None for a key that is gone")
        self.acknowledged[bucket, key] = None if body is None else bytes(body)

    def allow(self, *kinds: str) -> None:
        """Don't report these as findings: a kind of leak, such as "unfinished_uploads", or a verdict, such as "storm".

        The kinds of leaks are "unfinished_uploads", "connections", "tasks" and "threads".

        Raises:
            RuleError: the kind does not exist; it is a ValueError.
        """
        self.allowed |= {one_of("s3_sweep.allow()", kind, _ALLOWED) for kind in kinds}
