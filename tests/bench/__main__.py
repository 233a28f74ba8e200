"""Measure everything, print a table, write JSON."""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import journal, marked, requests, startup
from .timing import Took, middle, middle_difference, middle_ratio


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="where to write the numbers; build/bench.json or build/clients.json")
    parser.add_argument("--quick", action="store_true", help="few repetitions: to see that it runs, not how fast")
    parser.add_argument("--clients", action="store_true", help="other clients and tools instead of this plugin's parts")
    parser.add_argument(
        "--python-with-aiohttp-3.13", dest="older", metavar="PATH", help="where aioresponses works without help"
    )
    options = parser.parse_args()
    if options.clients:
        # Here, since it takes what the first table does not.
        from . import clients, clients_table

        found = clients.measure(quick=options.quick, older=options.older)
        found["targets"] = clients_table.targets(found)
        lines = clients_table.table(found)
    else:
        found = measure(quick=options.quick)
        lines = table(found)
    path = options.json or Path("build/clients.json" if options.clients else "build/bench.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")
    print("\n".join(lines))
    print(f"\nwritten to {path}")


def measure(*, quick: bool) -> dict[str, Any]:
    """All numbers, as they go into the JSON file: processor time and wall time, medians."""
    taken = requests.measure(rounds=2 if quick else 25, requests=10 if quick else 150)
    with tempfile.TemporaryDirectory() as directory:
        starts = startup.measure(Path(directory), pairs=1 if quick else 25)
        import_ms = startup.import_ms(Path(directory))
    with tempfile.TemporaryDirectory() as directory:
        tests = marked.measure(Path(directory), rounds=1 if quick else 5, tests=5 if quick else 300)
    plain = tests[marked.KINDS[0]]
    added = {kind: middle_difference(list(zip(tests[kind], plain, strict=True))) for kind in marked.KINDS[1:]}
    found = {
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("pytest-s3errors", "aiohttp", "pytest", "pytest-asyncio")},
        "quick": quick,
        "request_us": [
            {"request": case.request, "through": case.client, "server": case.server, **middle(took)._asdict()}
            for case, took in taken.items()
        ],
        "wire_to_bare": [
            {"request": request, "through": client, **middle_ratio(requests.pairs(taken, client, request))._asdict()}
            for request in ("503", "PUT", "GET")
            for client in ("S3Client", "aiohttp")
        ],
        "startup_ms": {
            "without": middle([without for _, without in starts])._asdict(),
            "added": middle_difference(starts)._asdict(),
            "imports": import_ms,
        },
        "journal_bytes": journal.measure(requests=300 if quick else 100_000),
        "test_ms": {"unmarked": middle(plain)._asdict()} | {kind: took._asdict() for kind, took in added.items()},
    }
    return found | {"targets": targets(found)}


def targets(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What was promised beside what was found, in processor time."""
    faulted = found["request_us"][0]
    assert (faulted["request"], faulted["through"], faulted["server"]) == ("503", "S3Client", "client")
    kept, new = ([cells[keys] for cells in found["journal_bytes"].values()] for keys in journal.KEYS)
    promises = (
        ("client layer, a faulted request, µs", faulted["cpu"], 25.0),
        ("wire layer, a faulted request, times the bare server", found["wire_to_bare"][0]["cpu"], 2.0),
        ("added to the start of pytest, ms", found["startup_ms"]["added"]["cpu"], 15.0),
        ("added by a marker, a test without a request, ms", found["test_ms"]["no request"]["cpu"], 2.0),
        ("added by a marker, a test with a request, ms", found["test_ms"]["one request, wire"]["cpu"], 2.0),
        ("kept of a faulted request that repeats one, bytes, at any layer", max(kept), 250.0),
        ("kept of a faulted request for a new key, bytes, at any layer", max(new), 400.0),
    )
    return [{"what": what, "found": value, "at_most": limit, "met": value <= limit} for what, value, limit in promises]


def table(found: dict[str, Any]) -> list[str]:
    """The numbers for people, line by line."""
    lines = [", ".join(f"{name} {number}" for name, number in found["versions"].items())]
    lines += ["processor time (wall time in brackets), medians", "", "µs per request"]
    lines += [f"  {row['request']:4} {row['through']:9} {row['server']:7} {_both(row)}" for row in found["request_us"]]
    lines += ["", "wire layer, times the bare server"]
    lines += [f"  {row['request']:4} {row['through']:9} {_both(row, 2)}" for row in found["wire_to_bare"]]
    start = found["startup_ms"]
    lines += ["", "start of pytest, ms"]
    lines += [f"  {what:22} {_both(start[what])}" for what in ("without", "added")]
    lines += [f"  {'of that, imports':22} {start['imports']:8.1f}"]
    lines += ["", "one test, ms: without a marker, then what a marked one adds"]
    lines += [f"  {what:28} {_both(took, 2)}" for what, took in found["test_ms"].items()]
    lines += ["", "bytes kept of a faulted request"]
    for layer, cells in found["journal_bytes"].items():
        lines += [f"  {layer:7} {keys:20} {size:8.0f}" for keys, size in cells.items()]
    lines += ["", "promised"]
    for promise in found["targets"]:
        word = "ok" if promise["met"] else "MISSED"
        lines.append(f"  {word:7} {promise['what']}: {promise['found']:.2f}, at most {promise['at_most']:g}")
    return lines


def _both(took: dict[str, Any], digits: int = 1) -> str:
    both = Took(took["cpu"], took["wall"])
    return f"{both.cpu:8.{digits}f} ({both.wall:.{digits}f})"


if __name__ == "__main__":
    main()
