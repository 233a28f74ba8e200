"""The table of recorded messages: each has a source and is sorted, and the model asks for none that it lacks."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import pytest_s3errors
from pytest_s3errors._core.s3.errors.catalogue import CODES
from pytest_s3errors._core.s3.errors.messages import _BACKLOT, _LSREC, _OTHERS, _VGW, RECORDED, said

PACKAGE = Path(pytest_s3errors.__file__).parent


# Where a call names its situation, and the code that goes without saying there.
NAMED = {"said": (0, ""), "refused": (0, ""), "refusal": (0, ""), "denied": (1, "AccessDenied: ")}
NAMED |= {"bad_argument": (2, "InvalidArgument: ")}


def situations_asked():
    """Every literal situation of the package, with its number of values."""
    texts = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    named = re.compile(rf"\b({'|'.join(NAMED)})\s*\(")  # what names none is not parsed, which would take a second
    for path in filter(lambda path: named.search(texts[path]), texts):
        for node in ast.walk(ast.parse(texts[path])):
            func = getattr(node, "func", None)
            name = getattr(func, "attr", getattr(func, "id", None))
            if name not in NAMED:
                continue
            args = [arg for arg in node.args if ast.unparse(arg) not in {"call", "ask.call"} or name == "denied"]
            place, code = NAMED[name]
            for first in args[place : place + 1]:
                if isinstance(first, ast.Constant) and (code or ": " in first.value):
                    yield f"{path.name}:{node.lineno}", f"{code}{first.value}", len(args) - place - 1


def test_every_situation_names_a_code():
    for situation, text in RECORDED.items():
        assert situation.partition(":")[0] in CODES, situation
        assert text or situation == "InvalidArgument: canned ACL", situation  # the one that S3 says nothing in


def test_is_sorted():
    tables = (_LSREC, _VGW, _BACKLOT, _OTHERS)
    assert all(list(table) == sorted(table) for table in tables)
    assert len(RECORDED) == sum(map(len, tables))


def test_the_model_asks_only_for_what_is_recorded():
    asked = list(situations_asked())
    assert asked
    for place, situation, count in asked:
        assert situation in RECORDED, place
        places = RECORDED[situation].replace("{{", "").count("{}")
        assert places == count, f"{place}: {situation} takes {places} values"


def test_a_code_sends_its_recorded_message():
    for situation in RECORDED:
        if ":" not in situation:
            assert CODES[situation].message == said(situation)


def test_an_unknown_situation_is_a_mistake_of_ours():
    with pytest.raises(KeyError, match=re.escape("NoSuchKey: nonsense")):
        said("NoSuchKey: nonsense")
