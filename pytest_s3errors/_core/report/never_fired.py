"""The message for a rule that never fired: what it waited for, what arrived, and the first field that differed."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_s3errors._core.rules.schedule import ArmedRule
from s3_asyncio_client._core.redact import redact_url

from .journal import Entry
from .timeline import target


def never_fired(armed: ArmedRule, entries: Sequence[Entry], *, place: str = "", causes: Sequence[str] = ()) -> str:
    """Return why *armed* never fired: what it waited for, what arrived, and the first field that differed.

    *place* is where the rule is written. *causes* say what may have kept all requests from arriving.
    """
    rule = armed.rule
    lines = [f"{rule.spelling} never fired.", *([f"  It is at {place}."] if place else [])]
    if armed.matched:
        waits = [
            text
            for text in (
                f"after={rule.after} lets {rule.after} pass" if rule.after else "",
                f"every={rule.every} takes each {rule.every}. one" if rule.every > 1 else "",
                f"the rate of {rule.rate.limit} in {rule.rate.seconds:g} s was never exceeded" if rule.rate else "",
                f"probability={rule.probability} said no each time" if rule.probability < 1 else "",
            )
            if text
        ]
        lines.append(f"  {_requests(armed.matched)} matched, but {', '.join(waits) or 'none was due'}.")
    elif armed.nearest is not None:
        difference, call = armed.nearest
        lines += [
            f"  {_requests(len(entries))} came; the nearest was {target(call)} ({call.method} {redact_url(call.url)}).",
            f"  The first field that differed: {difference.field}: wanted {difference.wanted}, came {difference.came}.",
        ]
    else:
        takers = sorted({e.firing.rule.rule.spelling for e in entries if e.firing})
        if takers:
            lines.append(f"  Every request was taken by an earlier rule: {', '.join(takers)}.")
        elif armed.cancelled:
            lines.append("  It was cancelled before a request came.")
        else:
            lines += ["  No request reached the simulated S3.", *(f"  {cause}" for cause in causes)]
        return "\n".join(lines)
    lines.append("  If it need not fire, write optional=True.")
    return "\n".join(lines)


def _requests(count: int) -> str:
    return f"{count} request" if count == 1 else f"{count} requests"
