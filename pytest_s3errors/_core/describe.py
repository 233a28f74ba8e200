"""Texts of a failing test: the timeline, and why a rule never fired."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from .journal import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .journal import Entry
    from .messages import Call
    from .rules import ArmedRule

_SCREEN = 40
_HEAD = 24
_TAIL = 12
_WAIT_SHOWN_S = 0.01  # below it is the client's own work, no backoff


def timeline(entries: Sequence[Entry]) -> str:
    """One line per request, with the waits between; long runs folded to one screen."""
    if not entries:
        return "no request reached the simulated S3"
    width = max(len(target(entry.call)) for entry in (*entries[:_HEAD], *entries[-_TAIL:]))
    if len(entries) <= _SCREEN:
        return "\n".join(_lines(entries, 0, len(entries), width))
    folded = len(entries) - _HEAD - _TAIL
    return "\n".join(
        [
            *_lines(entries, 0, _HEAD, width),
            f"           ... {folded} more requests, {_count_failed(entries[_HEAD:-_TAIL])} of them failed ...",
            *_lines(entries, len(entries) - _TAIL, len(entries), width),
        ]
    )


def _lines(entries: Sequence[Entry], first: int, stop: int, width: int) -> list[str]:
    lines = []
    for index in range(first, stop):
        entry = entries[index]
        before = entries[index - 1].ended_s if index else None
        if before is not None and entry.started_s - before >= _WAIT_SHOWN_S:
            lines.append(f"           : {entry.started_s - before:.3f} s")
        lines.append(f"{entry.started_s:8.3f} s {target(entry.call):<{width}}  {result(entry)}{_rule(entry)}".rstrip())
    return lines


def _count_failed(entries: Sequence[Entry]) -> int:
    return sum(entry.status is None or entry.status >= HTTPStatus.MULTIPLE_CHOICES for entry in entries)


def target(call: Call) -> str:
    """Operation and what it is about: ``UploadPart bucket/key part 3``."""
    name = call.operation or call.method
    where = "/".join(part for part in (call.bucket, call.key) if part)
    return " ".join(filter(None, (name, where, f"part {call.part}" if call.part else "")))


def result(entry: Entry) -> str:
    """What came back: status and code, or the name of the network fault."""
    parts = [str(entry.status) if entry.status else "", entry.error_code or "", entry.fault or ""]
    text = " ".join(filter(None, parts))
    return text or ("no answer yet" if entry.ended_s is None else "no answer")


def _rule(entry: Entry) -> str:
    if entry.firing is None:
        return ""
    rule = entry.firing.rule.rule
    total = f" of {rule.times}" if rule.times is not None else ""
    return f"  <- {rule.spelling}, {entry.firing.number}{total}"


def never_fired(armed: ArmedRule, entries: Sequence[Entry]) -> str:
    """Why *armed* never fired: what it waited for, what came, and the first field that differed."""
    rule = armed.rule
    lines = [f"{rule.spelling} never fired."]
    if armed.matched:
        waits = [
            text
            for text in (
                f"after={rule.after} lets {rule.after} pass" if rule.after else "",
                f"every={rule.every} takes each {rule.every}. one" if rule.every > 1 else "",
                f"probability={rule.probability} said no each time" if rule.probability < 1 else "",
            )
            if text
        ]
        lines.append(f"  {_requests(armed.matched)} matched, but {', '.join(waits) or 'none was due'}.")
    elif armed.nearest is not None:
        difference, call = armed.nearest
        lines += [
            f"  {_requests(len(entries))} came; the nearest was {target(call)} ({call.method} {redact(call.url)}).",
            f"  The first field that differed: {difference.field}: wanted {difference.wanted}, came {difference.came}.",
        ]
    else:
        takers = sorted({e.firing.rule.rule.spelling for e in entries if e.firing})
        if takers:
            lines.append(f"  Every request was taken by an earlier rule: {', '.join(takers)}.")
        elif armed.cancelled:
            lines.append("  It was cancelled before a request came.")
        else:
            lines.append("  No request reached the simulated S3: did the test use a client whose requests it sees?")
    lines.append("  If it need not fire, write optional=True.")
    return "\n".join(lines)


def _requests(count: int) -> str:
    return f"{count} request" if count == 1 else f"{count} requests"
