"""Load retry specifications from the package's ``retries.toml`` or from the user's file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pytest_s3errors._core.insight import retry_rules
from pytest_s3errors._core.insight.retry_rules import Specification, specification_of

__all__ = ["TABLES", "specification", "specifications"]

TABLES = Path(retry_rules.__file__).with_name("retries.toml")


@cache
def specifications(path: Path = TABLES) -> Mapping[str, Specification]:
    """Return the specifications in the TOML file at *path*, by name.

    Raises:
        OSError: the file can't be read.
        ValueError: it is not TOML, or a table is not a specification.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: specification_of(name, table) for name, table in tables.items()}


def specification(name: str) -> Specification:
    """Return the specification *name*: one of the package's, or ``path/to/file.toml:name``.

    Raises:
        OSError: the file can't be read.
        ValueError: there is no such specification.
    """
    path, _, short = name.rpartition(":")
    known = specifications(Path(path)) if path else specifications()
    if short not in known:
        raise ValueError(f"there is no specification {short!r}; there are {', '.join(known)}")
    return known[short]
