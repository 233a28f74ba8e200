"""Measure what the package costs: print a table, write JSON.

With --against, an older version measures along, turn by turn, and the table says where this one is slower.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from . import startup
from .sides import HERE, Figures, Side, against, play

_SLOWER = 1.05


class Part(NamedTuple):
    """A part of the benchmark: what it shows, in which unit, times what, and how it is measured."""

    title: str
    unit: str
    scale: float
    measure: Callable[[Sequence[Side], bool], Figures]


def _requests(sides: Sequence[Side], quick: bool) -> Figures:
    return play(sides, "per_request.py", rounds=2 if quick else 18, times=10 if quick else 100)


def _tests(sides: Sequence[Side], quick: bool) -> Figures:
    return play(sides, "-p", "turn_taking", "marked_tests.py", rounds=2 if quick else 12, times=2 if quick else 50)


def _boto3(sides: Sequence[Side], quick: bool) -> Figures:
    return play(sides, "boto3_calls.py", rounds=2 if quick else 30, times=5 if quick else 20)


def _large(sides: Sequence[Side], quick: bool) -> Figures:
    return play(sides, "large_puts.py", rounds=1 if quick else 15, times=1 if quick else 2)


def _journal(sides: Sequence[Side], quick: bool) -> Figures:
    found: Figures = {}
    for layer, requests in {"client": 100_000, "mock": 20_000, "wire": 20_000}.items():
        times = 300 if quick else requests
        most = f"s3_max_requests = {2 * times}\ns3_max_alike = {2 * times}\n"
        found |= play(sides, "-k", layer, "journal_size.py", rounds=1, times=times, more=most)
    return found


def _startup(sides: Sequence[Side], quick: bool) -> Figures:
    return startup.measure(sides, rounds=1 if quick else 15)


def _client(sides: Sequence[Side], quick: bool) -> Figures:
    small, found = ("PUT=1", "GET=1", "PUT=64", "GET=64"), {}
    size, listing = (1 if quick else 256) << 20, f"list={2000 if quick else 100_000}"
    for times, rounds, client, *cases in (
        (640, 6, "S3Client", *small),
        (640, 6, "aiohttp", *small),
        (640, 6, "signed", *small),
        (640, 6, "aiobotocore", *small),
        *((1, 3, client, listing) for client in ("S3Client", "aiobotocore")),
        *((1, 3, client, f"{way}={size}") for client in ("S3Client", "aiohttp") for way in ("up", "down")),
        (1, 3, "signed", f"up={size}"),
    ):
        found |= play(
            sides,
            "transfers.py",
            client,
            *cases,
            rounds=1 if quick else rounds,
            times=min(times, 64) if quick else times,
            tests=False,
        )
    return found


PARTS = {
    "requests": Part("a request", "µs", 1e6, _requests),
    "boto3": Part("a call of boto3", "µs", 1e6, _boto3),
    "large": Part("a large upload", "ms", 1e3, _large),
    "tests": Part("a test", "ms", 1e3, _tests),
    "startup": Part("the start of pytest", "ms", 1e3, _startup),
    "client": Part("the client alone: at so many at once, of so many bytes or keys", "ms", 1e3, _client),
    "journal": Part("what is kept of a faulted request", "bytes", 1, _journal),
}


class Promise(NamedTuple):
    """What a case may take at most: by itself, beyond another case, or times another one."""

    part: str
    case: str
    at_most: float
    minus: str | None = None
    times: str | None = None
    clock: str = "cpu"


PROMISES = (
    Promise("requests", "503 S3Client client", 25.0),
    Promise("requests", "503 S3Client wire", 2.0, times="503 S3Client bare"),
    Promise("startup", "added", 15.0),
    Promise("tests", "no request", 2.0, minus="unmarked"),
    Promise("tests", "one request wire", 1.5, minus="unmarked"),
    # The server is in a thread here and in a process there, so only wall time is the whole of a call.
    Promise("boto3", "503 boto3 wire", 1.2, times="503 boto3 bare process", clock="wall"),
    Promise("boto3", "GET boto3 wire", 1.25, times="GET boto3 bare process", clock="wall"),
    Promise("boto3", "PUT boto3 wire", 1.25, times="PUT boto3 bare process", clock="wall"),
    Promise("large", "PUT of 64 MiB boto3 wire", 1.3, times="PUT of 64 MiB boto3 bare process", clock="wall"),
    # What takes more processor time makes fewer requests per second. A bare client signs nothing and checks nothing.
    *(
        Promise("client", f"{kind} {number} S3Client", most, times=f"{kind} {number} {other}")
        for other, most in {"aiohttp": 1 / 0.8, "signed": 1.5, "aiobotocore": 1 / 3}.items()
        for kind in ("PUT", "GET")
        for number in (1, 64)
    ),
    *(
        Promise("client", f"{kind} {256 << 20} S3Client", 1 / 0.9, times=f"{kind} {256 << 20} aiohttp", clock="wall")
        for kind in ("up", "down")
    ),
    Promise("client", f"up {256 << 20} S3Client", 1 / 0.9, times=f"up {256 << 20} signed", clock="wall"),
    *(Promise("client", f"{kind} {256 << 20} S3Client", 64.0 * 2**20, clock="peak") for kind in ("up", "down")),
    Promise("client", "list 100000 S3Client", 1 / 5, times="list 100000 aiobotocore"),
    *(
        Promise("journal", f"{layer}, {keys}", most, clock="bytes")
        for keys, most in {"the same key": 250.0, "a new key each time": 400.0}.items()
        for layer in ("client", "mock", "wire")
    ),
)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one or more of {', '.join(PARTS)}; default: all")
    parser.add_argument("--against", metavar="PYTHON_OR_WHEEL", help="what to compare with, measured side by side")
    parser.add_argument("--json", type=Path, help="where to write the numbers; build/bench.json or build/clients.json")
    parser.add_argument("--quick", action="store_true", help="few repetitions: to see that it runs, not how fast")
    parser.add_argument("--clients", action="store_true", help="other clients and tools instead of this plugin's parts")
    parser.add_argument(
        "--python-with-aiohttp-3.13", dest="older", metavar="PATH", help="where aioresponses works without help"
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if options.clients:
        # Here, since it takes what the first table does not.
        from . import clients, clients_table

        found = clients.measure(quick=options.quick, older=options.older)
        found["targets"] = clients_table.targets(found)
        lines = clients_table.table(found)
    else:
        with ExitStack() as stack:
            other = [stack.enter_context(against(options.against))] if options.against else []
            found = measure([HERE, *other], options.parts or list(PARTS), quick=options.quick)
        lines = list(table(found))
    path = options.json or Path("build/clients.json" if options.clients else "build/bench.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")
    print("\n".join(lines))
    print(f"\nwritten to {path}")


def measure(sides: Sequence[Side], parts: Sequence[str], *, quick: bool) -> dict[str, Any]:
    """All numbers, as they go into the JSON file: the median and the least of the turns by part, case, side, clock."""
    figures = {name: PARTS[name].measure(sides, quick) for name in parts}
    found: dict[str, Any] = {
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("pytest-s3errors", "aiohttp", "pytest", "pytest-asyncio")},
        "quick": quick,
        "sides": [side._asdict() for side in sides],
        "parts": {
            name: {
                case: {side: _summary(turns, PARTS[name].scale) for side, turns in taken.items()}
                for case, taken in cases.items()
            }
            for name, cases in figures.items()
        },
    }
    return found | {
        # Quick ones have cases of other sizes.
        "promised": [_kept(p, figures[p.part]) for p in PROMISES if p.part in parts and p.case in figures[p.part]],
        "slower": [
            f"{name}: {case}"
            for name, cases in found["parts"].items()
            for case, by_side in cases.items()
            if len(by_side) > 1 and all(ratio > _SLOWER for ratio in _ratios(by_side))
        ],
    }


def _summary(turns: Sequence[dict[str, float]], scale: float) -> dict[str, dict[str, float]]:
    numbers = {clock: [turn[clock] for turn in turns] for clock in turns[0]}
    if "bytes" in numbers:
        numbers = {"bytes": numbers["bytes"]}
    scales = {"cpu": scale, "wall": scale}
    return {
        clock: {"median": median(n) * scales.get(clock, 1), "least": min(n) * scales.get(clock, 1)}
        for clock, n in numbers.items()
    }


def _ratios(by_side: dict[str, Any]) -> list[float]:
    """How many times the other side's median and least this side took."""
    here, other = ((side.get("bytes") or side["cpu"]) for side in by_side.values())
    return [here[which] / other[which] for which in ("median", "least")]


def _kept(promise: Promise, cases: Figures) -> dict[str, Any]:
    """What was promised beside what was found here, by medians."""
    turns, other = (
        [turn[promise.clock] for turn in cases[case][HERE.name]] if case else []
        for case in (promise.case, promise.minus or promise.times)
    )
    part = PARTS[promise.part]
    what = f"{part.title}, {promise.case}"
    if promise.times:
        found, what = median(turns) / median(other), f"{what}, times {promise.times}"
    else:
        of_memory = promise.clock in ("bytes", "peak")
        found = (median(turns) - (median(other) if promise.minus else 0)) * (1 if of_memory else part.scale)
        what += (f" beyond {promise.minus}" if promise.minus else "") + f", {'bytes' if of_memory else part.unit}"
    return {"what": what, "found": found, "at_most": promise.at_most, "met": found <= promise.at_most}


def table(found: dict[str, Any]) -> Iterator[str]:
    """The numbers for people, line by line."""
    yield ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    yield "processor time (wall time in brackets), medians; of two sides also how many times the other's this one takes"
    for name, cases in found["parts"].items():
        yield from ("", f"{PARTS[name].title}, {PARTS[name].unit}")
        for case, by_side in cases.items():
            shown = "".join(f"{_shown(side):>24}" for side in by_side.values())
            ratio = f"{_ratios(by_side)[0]:8.2f}" if len(by_side) > 1 else ""
            yield f"  {case:32}{shown}{ratio}"
    yield from ("", "promised")
    for promise in found["promised"]:
        word = "ok" if promise["met"] else "MISSED"
        yield f"  {word:7} {promise['what']}: {promise['found']:.2f}, at most {promise['at_most']:g}"
    yield from (f"  SLOWER  {what}" for what in found["slower"])


def _shown(side: dict[str, dict[str, float]]) -> str:
    if "bytes" in side:
        return f"{side['bytes']['median']:.0f}"
    digits = 1 if side["cpu"]["median"] >= 10 else 2
    wall = f" ({side['wall']['median']:.{digits}f})" if "wall" in side else ""
    peak = f" {side['peak']['median'] / 2**20:.0f} MiB" if "peak" in side else ""
    return f"{side['cpu']['median']:.{digits}f}{wall}{peak}"


if __name__ == "__main__":
    main()
