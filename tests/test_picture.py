"""The picture in the README is what the failing test beside its script shows today."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

IMAGES = Path(__file__).parents[1] / "docs/images"


def test_the_picture_is_fresh(pytester, monkeypatch):
    """Drawn again it is the same file, which is well-formed and has a line for each request."""
    spec = importlib.util.spec_from_file_location("timeline", IMAGES / "timeline.py")
    timeline = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(timeline)
    shutil.copy(IMAGES / "test_notes.py", pytester.path)
    monkeypatch.setenv("COLUMNS", "80")
    result = pytester.runpytest("-p", "no:cacheprovider", "--color=yes")
    result.assert_outcomes(failed=1)
    drawn = (IMAGES / "timeline.svg").read_text(encoding="utf-8")
    assert drawn == timeline.picture(result.outlines), "run python docs/images/timeline.py"
    assert "".join(ET.fromstring(drawn).itertext()).count("PutObject\xa0notes/monday.txt") == 3
