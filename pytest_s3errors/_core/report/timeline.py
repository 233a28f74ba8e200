"""The timeline as values: a row per request, the rules that took them, and folds for what does not fit a screen.

`timeline_of` creates the rows, `folded` reduces them to one screen, and renderers such as `timeline_text` show them. A
row has fields but no layout, so no renderer has to parse the text of another. `as_values` and `from_values` carry a
timeline in a report between processes.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

from .attempts import failed

if TYPE_CHECKING:
    from pytest_s3errors._core.s3.messages import Call

    from .journal import Entry

_SCREEN = 40  # lines
_HEAD = 24
_TAIL = 12
_ALIKE = 4  # The minimum number of similar rows in a run that can be folded.
SHOWN_S = 0.01
"""A shorter wait is the client's own work, not a backoff or a delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One firing of a rule: the rule's place in `Timeline.rules`, and the `number` of the firing `of` its `times`."""

    rule: int
    number: int
    of: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request.

    Times are seconds of test time; `wait_s` is the time since the request before it ended. `details` narrow the
    target: the part, the range, the prefix of a listing. Sizes are bytes: `body_size` of the request's body,
    `answer_size` of the answer's body as it was sent, `answer_whole` of that body before a fault cut it.
    `well`: a client has no reason to retry. `marked`: the request caused a failure.
    """

    started_s: float
    ended_s: float | None
    wait_s: float
    operation: str
    place: str
    details: tuple[str, ...]
    body_size: int
    answer_size: int
    answer_whole: int
    status: int | None
    code: str | None
    fault: str | None
    uses: tuple[Use, ...]
    well: bool
    marked: bool = False

    @property
    def height(self) -> int:
        """The number of lines of the row, including one for the wait before it."""
        return 2 if self.wait_s >= SHOWN_S else 1

    @property
    def likeness(self) -> object:
        """What rows that can be folded together have in common. None: the row must stay visible."""
        if self.marked:
            return None
        rules = tuple(use.rule for use in self.uses)
        return self.operation, self.place, self.details, self.status, self.code, self.fault, rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Requests that are left out. `alike`: each is like the row above."""

    requests: int
    failed: int
    marked: int = 0
    alike: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Rows in the order of the requests, and the rules that took one, as the user wrote them."""

    rows: tuple[Row | Fold, ...] = ()
    rules: tuple[str, ...] = ()


def timeline_of(entries: Sequence[Entry], marked: Container[int] = frozenset()) -> Timeline:
    """Return the timeline of *entries*. *marked* are the positions of those that caused a failure."""
    rules: dict[int, int] = {}  # By identity: two markers may be written alike but count separately.
    spellings = []
    waits = [0.0, *(_wait_s(earlier, later) for earlier, later in pairwise(entries))]
    rows = []
    for position, (entry, wait_s) in enumerate(zip(entries, waits, strict=False)):
        uses = []
        for firing in (entry.firing, entry.slowing):
            if firing is not None:
                rule = firing.rule.rule
                if id(firing.rule) not in rules:
                    rules[id(firing.rule)] = len(rules)
                    spellings.append(rule.spelling)
                uses.append(Use(rule=rules[id(firing.rule)], number=firing.number, of=rule.times))
        rows.append(_row(entry, wait_s, tuple(uses), marked=position in marked))
    return Timeline(rows=tuple(rows), rules=tuple(spellings))


def _wait_s(earlier: Entry, later: Entry) -> float:
    return 0.0 if earlier.ended_s is None else max(0.0, later.started_s - earlier.ended_s)


def _row(entry: Entry, wait_s: float, uses: tuple[Use, ...], *, marked: bool) -> Row:
    call = entry.call
    return Row(
        started_s=entry.started_s,
        ended_s=entry.ended_s,
        wait_s=wait_s,
        operation=call.operation or call.method,
        place=_place(call),
        details=_details(call),
        body_size=entry.content_size,
        answer_size=entry.answer_size,
        answer_whole=entry.answer_whole,
        status=entry.status,
        code=entry.error_code,
        fault=entry.fault,
        uses=uses,
        well=not failed(entry) and entry.error_code is None,
        marked=marked,
    )


def target(call: Call) -> str:
    """Return the operation and its target: ``UploadPart bucket/key part 3``."""
    return " ".join(filter(None, (call.operation or call.method, _place(call), *_details(call))))


def _place(call: Call) -> str:
    return "/".join(part for part in (call.bucket, call.key) if part)


def _details(call: Call) -> tuple[str, ...]:
    operation = call.operation or ""
    found = (
        f"part {call.part}" if call.part else "",
        call.headers.get("range", "") if operation.startswith(("Get", "Head")) else "",
        f"prefix={call.query['prefix']}" if operation.startswith("List") and call.query.get("prefix") else "",
    )
    return tuple(filter(None, found))


def folded(timeline: Timeline) -> Timeline:
    """Return *timeline* in at most one screen: fold runs of similar rows, then leave out the middle."""
    rows = timeline.rows
    if _height(rows) > _SCREEN:
        rows = _without_repeats(rows)
    if _height(rows) > _SCREEN:
        rows = _without_middle(rows)
    return Timeline(rows=rows, rules=timeline.rules)


def _height(rows: Sequence[Row | Fold]) -> int:
    return sum(row.height if isinstance(row, Row) else 1 for row in rows)


def _without_repeats(rows: Sequence[Row | Fold]) -> tuple[Row | Fold, ...]:
    shown: list[Row | Fold] = []
    for likeness, run in groupby(rows, key=lambda row: row.likeness if isinstance(row, Row) else None):
        first, *rest = run
        if likeness is not None and len(rest) + 1 >= _ALIKE:
            shown += [first, _fold(rest, alike=True)]
        else:
            shown += [first, *rest]
    return tuple(shown)


def _without_middle(rows: Sequence[Row | Fold]) -> tuple[Row | Fold, ...]:
    head = tail = 0
    while _height(rows[: head + 1]) <= _HEAD:
        head += 1
    while _height(rows[len(rows) - tail - 1 :]) <= _TAIL:
        tail += 1
    return (*rows[:head], _fold(rows[head : len(rows) - tail]), *rows[len(rows) - tail :])


def _fold(rows: Sequence[Row | Fold], *, alike: bool = False) -> Fold:
    """Return one fold for *rows*, which may include folds."""
    folds = [row if isinstance(row, Fold) else Fold(requests=1, failed=not row.well, marked=row.marked) for row in rows]
    return Fold(
        requests=sum(fold.requests for fold in folds),
        failed=sum(fold.failed for fold in folds),
        marked=sum(fold.marked for fold in folds),
        alike=alike,
    )


def as_values(timeline: Timeline) -> dict[str, Any]:
    """Return *timeline* as lists, dicts, texts and numbers, as JSON and pytest-xdist carry them."""
    rows = [asdict(row) for row in timeline.rows]
    for row in rows:
        if "uses" in row:
            row |= {"details": list(row["details"]), "uses": list(row["uses"])}
    return {"rows": rows, "rules": list(timeline.rules)}


def from_values(values: Mapping[str, Any]) -> Timeline:
    """Return the timeline that `as_values` turned into *values*."""
    rows = tuple(_row_of(row) if "uses" in row else Fold(**row) for row in values["rows"])
    return Timeline(rows=rows, rules=tuple(values["rules"]))


def _row_of(values: Mapping[str, Any]) -> Row:
    uses = tuple(Use(**use) for use in values["uses"])
    return Row(**{**values, "details": tuple(values["details"]), "uses": uses})
