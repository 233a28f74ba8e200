"""A program's side of the turns: measure when it is asked to, and tell.

A program runs in the Python of one side, which may have an older version of the package. So it knows nothing but what
the documentation promises.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Iterator

_ASKED, _TOLD = map(int, os.environ["BENCH_PIPES"].split())


def turns(case: str, figures: dict[str, float] | None = None) -> Iterator[int]:
    """Yield how many repetitions to make, once for each turn, and tell the seconds that each of them took.

    What the program puts into *figures* during a turn is told as well.
    """
    _tell(case)
    while times := int(os.read(_ASKED, 64)):
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        yield times
        took = {"cpu": (time.process_time() - cpu) / times, "wall": (time.perf_counter() - wall) / times}
        _tell(took | (figures or {}))


def _tell(what: object) -> None:
    os.write(_TOLD, json.dumps(what).encode() + b"\n")
