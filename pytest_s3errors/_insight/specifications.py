"""Load retry specifications from the package's ``retries.toml`` or from the user's file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pytest_s3errors._core.insight import retry_rules
from pytest_s3errors._core.insight.retry_rules import Specification, specification_of

TABLES = Path(retry_rules.__file__).with_name("retries.toml")


@cache
def specifications() -> Mapping[str, Specification]:
    """Return the package's specifications, by name."""
    return _in_file(TABLES)


def _in_file(path: Path) -> Mapping[str, Specification]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return {name: specification_of(name, table) for name, table in tables.items()}
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def specification(name: str) -> Specification:
    """Return the specification *name*: one of the package's, or ``path/to/file.toml:name``.

    Raises:
        OSError: the file can't be read.
        ValueError: there is no such specification, the file is not TOML, or a table is not a specification.
    """
    path, _, short = name.rpartition(":") if isinstance(name, str) else ("", "", name)
    known = _in_file(Path(path)) if path else specifications()
    if short not in known:
        more = "" if path else "; one of your own is path/to/file.toml:name"
        raise ValueError(f"there is no specification {short!r}; there are {', '.join(known)}{more}")
    return known[short]
