"""The benchmark runs and writes what it says; how fast things are is not for a test to judge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
LAYERS = ("client", "mock", "wire")


def bench(tmp_path, *arguments):
    written = tmp_path / "made" / "numbers.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--json", str(written), *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(written.read_text()), done.stdout


def test_quick_benchmark_prints_a_table_and_writes_every_number(tmp_path):
    """`python -m tests.bench --quick --json PATH` measures each layer, boto3, a marked test, and pytest's start."""
    pytest.importorskip("boto3")
    pytest.importorskip("aiobotocore")
    found, said = bench(tmp_path)
    parts = found["parts"]
    assert parts["requests"].keys() == {
        *(f"{kind} S3Client {server}" for kind in ("503", "PUT", "GET") for server in (*LAYERS, "bare")),
        *(f"{kind} aiohttp {server}" for kind in ("503", "PUT", "GET") for server in ("mock", "wire", "bare")),
    }
    assert parts["boto3"].keys() == {
        f"{kind} boto3 {server}" for kind in ("503", "PUT", "GET") for server in ("wire", "bare process")
    }
    assert parts["large"].keys() == {f"PUT of 64 MiB boto3 {server}" for server in ("wire", "bare process")}
    assert {"unmarked", "no request", "one request client", "one request wire"} <= parts["tests"].keys()
    assert parts["startup"].keys() == {"added", "of that, imports"}
    assert parts["journal"].keys() == {
        f"{layer}, {keys}" for layer in LAYERS for keys in ("the same key", "a new key each time")
    }
    for part in ("requests", "boto3", "tests"):
        for case in parts[part].values():
            assert case["here"]["cpu"]["median"] >= case["here"]["cpu"]["least"] > 0
            assert case["here"]["wall"]["least"] > 0
    assert parts["startup"]["of that, imports"]["here"]["cpu"]["least"] > 0
    assert all(case["here"]["bytes"]["least"] > 0 for case in parts["journal"].values())
    assert {f"{kind} {number} S3Client" for kind in ("PUT", "GET") for number in (1, 64)} < parts["client"].keys()
    assert all(case["here"]["peak"]["least"] > 0 for case in parts["client"].values())
    assert found["versions"].keys() >= {"python", "aiohttp", "pytest", "pytest-asyncio"}
    assert all(promise["met"] is (promise["found"] <= promise["at_most"]) for promise in found["promised"])
    assert said.count("ok  ") + said.count("MISSED") == len(found["promised"]) == 27
    assert found["slower"] == []


def test_other_python_measures_along(tmp_path):
    """`--against PYTHON` has both sides measure the same cases, and says what is slower here by more than 5 %."""
    pytest.importorskip("boto3")
    found, said = bench(tmp_path, "boto3", "--against", sys.executable)
    assert [side["name"] for side in found["sides"]] == ["here", "against"]
    assert all(case.keys() == {"here", "against"} for case in found["parts"]["boto3"].values())
    assert found["parts"].keys() == {"boto3"}
    assert said.count("SLOWER") == len(found["slower"])


def test_part_that_is_none_is_refused(tmp_path):
    command = [sys.executable, "-m", "tests.bench", "requsts"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no such part: requsts; there are requests, boto3" in done.stderr
