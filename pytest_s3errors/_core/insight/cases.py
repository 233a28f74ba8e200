"""What a sweep tries: which faults, at which requests, in which order.

`CONDITIONS` lists the faults of a sweep, the most productive first. The operation table says which network faults can
happen to an operation; S3 can refuse any. The list excludes faults that no client can notice, and faults that leave S3
in a state that no client can repair: they would blame correct code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from pytest_s3errors._core.rules.classes import class_of_error
from pytest_s3errors._core.rules.faults import FAULTS
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.s3.errors.catalogue import CODES
from s3_asyncio_client._core.operations import OPERATIONS

from .targets import after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.rules.schedule import Rule

    from .targets import Target


@dataclass(frozen=True, slots=True)
class Condition:
    """One fault, as the first argument and further options of `s3_fail`. `quick`: a quick sweep tries it."""

    what: str | int
    options: Mapping[str, Any] = field(default_factory=dict)
    quick: bool = True

    def __str__(self) -> str:
        """Return it as a report names it."""
        return " ".join([str(self.what), *(f"{name.rstrip('_')}={value}" for name, value in self.options.items())])

    @property
    def shows_as(self) -> str:
        """The class of error, a name of `classes.CLASSES`."""
        if isinstance(self.what, int):
            return class_of_error(self.what, None)
        return FAULTS[self.what].shows_as if self.what in FAULTS else class_of_error(CODES[self.what].status, self.what)

    @property
    def transient(self) -> bool:
        """Whether it goes away by itself, so that a retry is right."""
        return self.shows_as != "4xx"

    def can_hit(self, target: Target) -> bool:
        """Return whether this can happen to *target* and can be noticed there."""
        if isinstance(self.what, int) or self.what not in FAULTS:
            return True
        row, kind = OPERATIONS[target.identity.operation], FAULTS[self.what]
        fits = kind.can_show_on(row.name) and kind.happens_to(row)
        fits = fits and not (kind.needs_tls and target.scheme != "https")
        noticeable = kind.shows_as != "corruption" or row.answers == "bytes"  # only those have a checksum
        return bool(fits) and noticeable and (target.answered or not kind.needs_body)


CONDITIONS: Final = (
    Condition("AccessDenied"),
    Condition("lost_response"),
    Condition("InternalError"),
    Condition("connection_reset"),
    Condition("stall"),
    Condition("truncated_body"),
    Condition("corrupted_body"),
    Condition("short_body"),
    Condition("error_in_200"),
    Condition("partial_delete"),
    Condition("SlowDown"),
    Condition("malformed_xml"),
    Condition("stalled_body"),
    Condition("disconnect", quick=False),
    Condition("reset_body", quick=False),
    Condition("lost_response", {"as_": "InternalError"}, quick=False),
    Condition("lost_response", {"as_": "stall"}, quick=False),
    Condition("connection_refused", quick=False),
    Condition("connect_timeout", quick=False),
    Condition("ServiceUnavailable", quick=False),
    Condition("RequestTimeout", quick=False),
    Condition("html_body", {"status": 502}, quick=False),
    Condition("garbage", quick=False),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One fault at one request: only there ("once"), or there and at each further attempt ("always").

    With *under*, it happens while that other case plays, at a request that the code makes because of it. If it was
    *drawn*, it may be at any request.
    """

    target: Target
    condition: Condition
    mode: str
    under: Case | None = None
    drawn: bool = False

    @property
    def alone(self) -> Case:
        """Return this case without those under which it plays."""
        return replace(self, under=None, drawn=False)

    @property
    def faults(self) -> tuple[Case, ...]:
        """Return this case and those under which it plays, the outermost first."""
        return (*(self.under.faults if self.under else ()), self)

    def rule(self, journal: Sequence[Entry]) -> Rule:
        """Return the rule for this case. *journal* is that of the run with `target`."""
        kind = FAULTS.get(str(self.condition.what))
        skip = after(self.target, journal, about_bodies=kind is not None and kind.needs_body)
        options = {**self.condition.options, **self.target.match}
        options |= {"after": skip} if skip else {}
        options |= {"times": 1} if self.mode == "once" else {}
        return fail_rule((self.condition.what,), {**options, "optional": True})


def condition_of(name: str | int) -> tuple[Condition, ...]:
    """Return the faults that *name* means: a fault, an S3 error code, a class of errors or an HTTP status.

    Empty: it is unknown.
    """
    if isinstance(name, int):
        return (Condition(name),)
    found = tuple(one for one in CONDITIONS if name in {one.what, one.shows_as})
    return found or ((Condition(name),) if name in FAULTS or name in CODES else ())


def cases_of(
    targets: Sequence[Target],
    conditions: Iterable[Condition],
    modes: Iterable[str],
    *,
    one_of_a_kind: bool = False,
    one_of_a_class: bool = False,
    under: Case | None = None,
) -> list[Case]:
    """Return what to try at *targets*, the most productive first.

    With *one_of_a_kind* one request represents all of its kind. With *one_of_a_class* a few faults represent all.
    """
    if one_of_a_kind:
        kinds: dict[tuple[object, ...], Target] = {}
        for target in targets:
            kinds.setdefault(target.kind, target)
        targets = list(kinds.values())
    tried = [one for one in conditions if one.quick or not one_of_a_class]
    return [
        Case(target=target, condition=condition, mode=mode, under=under)
        for mode in modes
        for condition in tried
        for target in targets
        if condition.can_hit(target)
    ]
