"""The benchmark runs and writes what it says; how fast things are is not for a test to judge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent


def test_quick_benchmark_prints_a_table_and_writes_every_number(tmp_path):
    """`python -m tests.bench --quick --json PATH` measures each layer, the start of pytest and a marked test."""
    written = tmp_path / "made" / "numbers.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--json", str(written)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(written.read_text())
    measured = {(row["request"], row["through"], row["server"]) for row in found["request_us"]}
    by_client = {
        (request, "S3Client", server) for request in ("503", "PUT", "GET") for server in ("client", "wire", "bare")
    }
    by_aiohttp = {(request, "aiohttp", server) for request in ("503", "PUT", "GET") for server in ("wire", "bare")}
    assert measured == by_client | by_aiohttp
    assert {(row["request"], row["through"]) for row in found["wire_to_bare"]} == {
        key[:2] for key in by_aiohttp | by_client
    }
    assert all(row["cpu"] > 0 and row["wall"] > 0 for row in found["request_us"] + found["wire_to_bare"])
    assert found["startup_ms"].keys() == {"without", "added", "imports"}
    assert found["startup_ms"]["imports"] > 0
    assert {"unmarked", "no request", "one request, client", "one request, wire"} <= found["test_ms"].keys()
    assert found["journal_bytes"].keys() == {"client", "mock", "wire"}
    assert all(size > 0 for layer in found["journal_bytes"].values() for size in layer.values())
    assert found["versions"].keys() >= {"python", "aiohttp", "pytest", "pytest-asyncio"}
    assert all(promise["met"] is (promise["found"] <= promise["at_most"]) for promise in found["targets"])
    assert done.stdout.count("ok  ") + done.stdout.count("MISSED") == len(found["targets"]) == 7
