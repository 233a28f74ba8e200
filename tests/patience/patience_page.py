"""docs/reference/patience.md and its picture, made of docs/reference/patience.json.

With S3ERRORS_MEASURE=1 the tests of this folder measure, and with S3ERRORS_UPDATE_DOCS=1 they write what they saw (in one process, no `-n`, in each
environment whose clients changed). ``python tests/patience/patience_page.py`` makes page and picture again.
"""

# ruff: noqa: E501, RUF001 - lines and dashes of the page
from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs" / "reference"
DATA, PAGE, PICTURE = (DOCS / f"patience.{kind}" for kind in ("json", "md", "svg"))

_PROSE = """# How patient are clients?

Each client was measured from outside with [`s3_retries`](fixtures.md#s3_retries), with its default settings unless the row says otherwise: a fresh client for each probe, one GetObject, virtual time.
The tests of this package measure again, and fail where a client does something else.
What to do about it is in [How patient is my client?](../howto/patience.md)

![Share of calls that outlast an outage, by its length](patience.svg)

A call outlasts an outage if its last attempt comes after it.
The picture is about 500 InternalError from a server without latency; a curve is made of {fewest} or {most} calls, and right within some 20 points.
For requests that take long themselves, such as a stall, a call lasts longer by its timeouts.
obstore is missing: it waits in native code, which no virtual clock reaches.

| client | attempts at 500 | seconds of 500 outlasted | SlowDown | 429 | reset | stall | DNS | Retry-After | retries until it stops trying |
|---|---|---|---|---|---|---|---|---|---|
"""
_LEGEND = """
The third column has the least and the most patient call seen, and the middle one.
*Retry-After* says whether a wait of five seconds that the server asks for is kept, by `Retry-After` or by `x-amz-retry-after`.
The last column is the quota: of 500s if no call succeeds in between; then each call is tried once.

"""


def figures(profile: Any) -> dict[str, Any]:
    """What the page keeps of a profile; `outlasted_s` is sorted."""
    waited = profile.header_waits_s
    kept = [
        name
        for name, probe in (("Retry-After", "retry_after_5"), ("x-amz-retry-after", "x_amz_retry_after_10000"))
        if (waited[probe] or 0) >= 5
    ]
    if kept == ["Retry-After", "x-amz-retry-after"] and (waited["x_amz_retry_after_0"] or 0) >= 5:
        kept = []  # its waits are as long anyway
    return {
        "attempts": {name: profile.attempts[name] for name in SHOWN},
        "headers": kept,
        "retries": profile.retries.get("transient"),
        "refill": profile.refill,
        "outlasted_s": sorted(round(sum(waits), 3) for waits in profile.waits_s["transient"]),
    }


SHOWN = ("500", "SlowDown", "429", "reset", "stall", "dns")


def read() -> dict[str, dict[str, Any]]:
    """The figures of each client, by its name on the page, in the order of the page."""
    return json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else {}


def write(rows: dict[str, dict[str, Any]]) -> None:
    """Keep *rows*, and make page and picture of them."""
    DATA.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(rows), encoding="utf-8")
    PICTURE.write_text(picture(rows), encoding="utf-8")


def page(rows: dict[str, dict[str, Any]]) -> str:
    """The page."""
    calls = sorted({len(row["outlasted_s"]) for row in rows.values() if row["outlasted_s"][-1]})
    versions = "".join(f"- {name}: {row['version']}. {row['setup']}\n" for name, row in rows.items())
    return (
        _PROSE.format(fewest=calls[0], most=calls[-1]) + "".join(map(_line, rows, rows.values())) + _LEGEND + versions
    )


def _line(name: str, row: dict[str, Any]) -> str:
    attempts = [f"{count}" if count <= 20 else "> 20" for count in row["attempts"].values()]
    lasted = row["outlasted_s"]
    outlasted = f"{lasted[0]:.2f} to {lasted[-1]:.2f}, {lasted[len(lasted) // 2]:.2f}" if lasted[-1] else "0"
    stops = f"{row['retries']}, a success in {row['refill']} buys one" if row["retries"] else "–"
    if attempts[0] == "1":
        stops = "never tries again"
    cells = [name, attempts[0], outlasted, *attempts[1:], ", ".join(row["headers"]) or "–", stops]
    return f"| {' | '.join(cells)} |\n"


# The picture: seconds on a logarithmic axis.
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 960, 520, 60, 310, 20, 50
_LEAST, _MOST = 0.01, 100.0
_COLORS = (
    "#0969da",
    "#cf222e",
    "#1a7f37",
    "#9a6700",
    "#8250df",
    "#bf3989",
    "#0a7ea4",
    "#57606a",
    "#d1570a",
    "#116329",
    "#000",
)


def _x(seconds: float) -> float:
    share = math.log(max(seconds, _LEAST) / _LEAST) / math.log(_MOST / _LEAST)
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(share: float) -> float:
    return round(_TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM), 1)


def picture(rows: dict[str, dict[str, Any]]) -> str:
    """The share of calls that outlast an outage of so many seconds, a curve for each client that tries again."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="13" role="img">',
        "<title>Share of calls that outlast an outage, by its length in seconds</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for seconds in (0.01, 0.1, 1, 10, 100):
        x = _x(seconds)
        parts.append(f'<path d="M{x} {_y(1)}V{_y(0)}" stroke="#d1d9e0"/>')
        parts.append(f'<text x="{x}" y="{_y(0) + 18}" text-anchor="middle">{seconds:g} s</text>')
    for percent in (0, 25, 50, 75, 100):
        y = _y(percent / 100)
        parts.append(f'<path d="M{_LEFT} {y}H{_x(_MOST)}" stroke="#d1d9e0"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{percent} %</text>')
    parts.append(f'<text x="{_x(1)}" y="{_HEIGHT - 10}" text-anchor="middle">length of the outage</text>')
    patient = [(name, row["outlasted_s"]) for name, row in rows.items() if row["outlasted_s"][-1] > 0]
    for at, (name, lasted) in enumerate(patient):
        color, dash = _COLORS[at % len(_COLORS)], ' stroke-dasharray="6 4"' if at % 2 else ""
        curve = f"M{_LEFT} {_y(1)}"
        for rank, seconds in enumerate(lasted, 1):
            curve += f"H{_x(seconds)}V{_y(1 - rank / len(lasted))}"
        parts.append(f'<path d="{curve}" fill="none" stroke="{color}" stroke-width="2"{dash}/>')
        y, x = _TOP + 14 + 20 * at, _WIDTH - _RIGHT + 15
        parts.append(f'<path d="M{x} {y - 4}h24" stroke="{color}" stroke-width="3"{dash}/>')
        parts.append(f'<text x="{x + 30}" y="{y}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    write(read())
