"""Read botocore's own data files once per process, for tests.

Each test has a default session of its own, so that it reads the test's credentials. The session would also look for
the models of all services and parse those of S3 again: some 70 ms for each test that makes a client.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .owner import current
from .seams import wrap

_known: dict[tuple[str, str], Any] = {}


def keep(loaders: Any) -> None:
    """Keep what the module *loaders* finds and parses in botocore's folder. Files of the user's may change."""
    folder = f"{Path(loaders.__file__).parent}{os.sep}"
    for name in ("exists", "load_file"):
        wrap(loaders, f"JSONFileLoader.{name}", functools.partial(_once, name, folder))


def _once(name: str, folder: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def once(loader: Any, path: str) -> Any:
        owner = current()
        if owner is None or not owner.hermetic or not path.startswith(folder):
            return original(loader, path)
        if (name, path) not in _known:
            _known[name, path] = original(loader, path)
        return _known[name, path]

    return once
