"""The clients' numbers for people, and what was promised of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .clients import FLOOR

# What, the client, what answers it, compared with what, by which clock, the most.
# Where a second process or a thread works along, only wall time is the whole of a call.
_PROMISES = (
    ("aiohttp", "wire", "aioresponses", "cpu", 1.0),
    ("aiohttp", "mock", "aioresponses", "cpu", 1.2),
    ("httpx", "mock", "respx", "cpu", 1.2),
    ("boto3", "wire", "bare process", "wall", 1.4),
    ("boto3", "wire", "mock_aws", "wall", 1.0),
    # A thread is how moto's documentation starts its server for tests of a client that mock_aws does not reach.
    ("aiobotocore", "wire", "moto server, thread", "wall", 0.2),
    # A process does not share the interpreter's lock, which flatters moto's figures; it is shown beside.
    ("aiobotocore", "wire", "moto server", "wall", 0.2),
)


def targets(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What was promised beside what was found; of several requests the one that does worst.

    `floor` is what the client alone takes, times the same: on a server in another process that answers fixed bytes.
    """
    older = found["older"]
    promised = list(_compared(found, ""))
    if older:
        promised += _compared(older, f" (aiohttp {older['versions']['aiohttp']})")
    return [{"floor": None, "met": promise["found"] <= promise["at_most"], **promise} for promise in promised]


def _compared(found: dict[str, Any], where: str) -> Iterator[dict[str, Any]]:
    for client, ours, other, clock, limit in _PROMISES:
        # Where aioresponses does not work as it is, it is compared as far as it can be helped.
        rows = _ratio_rows(found, client, ours, other) or _ratio_rows(found, client, ours, f"{other}, fitted")
        if not rows:
            continue
        worst = max(rows, key=lambda row: row[clock])
        floors = [row for row in _ratio_rows(found, client, FLOOR, other) if row["request"] == worst["request"]]
        yield {
            "what": f"{client} on {ours}, times {worst['to']}{where}, {worst['request']}",
            "found": worst[clock],
            "at_most": limit,
            "floor": floors[0][clock] if floors else None,
        }


def _ratio_rows(found: dict[str, Any], client: str, ours: str, other: str) -> list[dict[str, Any]]:
    wanted = (client, ours, other)
    return [row for row in found["ratios"] if (row["client"], row["server"], row["to"]) == wanted]


def table(found: dict[str, Any]) -> list[str]:
    """The numbers line by line."""
    lines = ["processor time of this process (wall time in brackets), medians", ""]
    lines += _one(found)
    if found["older"]:
        only = [row for row in found["older"]["not_measured"] if row["client"] == "aiohttp"]
        lines += ["", *_one(found["older"] | {"not_measured": only})]
    lines += ["", "promised"]
    for promise in found["targets"]:
        word = "ok" if promise["met"] else "MISSED"
        line = f"  {word:7} {promise['what']}: {promise['found']:.2f}, at most {promise['at_most']:g}"
        if promise["floor"] is not None:
            line += f"; the client alone {promise['floor']:.2f}"
            line += ", so it is out of reach" * (promise["floor"] > promise["at_most"])
        lines.append(line)
    return lines


def _one(found: dict[str, Any]) -> list[str]:
    lines = [", ".join(f"{name} {number}" for name, number in found["versions"].items())]
    lines.append(f"  {'µs per request':33}{'503':>20}{'GET':>20}{'PUT':>20}")
    by_way: dict[tuple[str, str], dict[str, str]] = {}
    for row in found["client_us"]:
        by_way.setdefault((row["client"], row["server"]), {})[row["request"]] = _both(row, 0)
    for (client, server), cells in by_way.items():
        shown = "".join(f"{cells.get(request, '-'):>20}" for request in ("503", "GET", "PUT"))
        lines.append(f"  {client:11} {server:20} {shown}")
    lines += [f"  {row['client']:11} {row['server']:20}  {row['why']}" for row in found["not_measured"]]
    return lines


def _both(took: dict[str, float], digits: int) -> str:
    return f"{took['cpu']:.{digits}f} ({took['wall']:.{digits}f})"
