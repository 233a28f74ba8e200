"""Draw docs/images/timeline.svg: what pytest shows of the failing test beside this script.

    python docs/images/timeline.py

A test draws it again and compares.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
COLORS = {"31": "#ff7b72", "2": "#8b949e"}
NO_BREAK = "\xa0"  # SVG folds other blanks
WIDTH, LINE, MARGIN = 7.8, 19, 16  # of a character, of a line, around the text; pixels at 13 px


def main() -> None:
    """Run the test and write the picture."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=yes", HERE / "test_notes.py"]
    output = subprocess.run(command, env={**os.environ, "COLUMNS": "80"}, capture_output=True, text=True, check=False)
    (HERE / "timeline.svg").write_text(picture(output.stdout.splitlines()), encoding="utf-8")


def picture(output: list[str]) -> str:
    """Return the timeline in *output*, pytest's lines with their colors, as SVG."""
    begin = next(number for number, line in enumerate(output) if " S3 timeline " in line)
    end = next(number for number, line in enumerate(output) if "short test summary" in line)
    lines = output[begin:end]
    width, height = 80 * WIDTH + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    texts = "".join(
        f'<text x="{MARGIN + column * WIDTH:g}" y="{MARGIN + (number + 0.75) * LINE:g}" fill="{color}"'
        f' textLength="{len(text) * WIDTH:g}">{escape(text).replace(" ", NO_BREAK)}</text>\n'
        for number, line in enumerate(lines)
        for column, color, text in spans(line)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" role="img">\n'
        f"<title>The S3 timeline of a failing test</title>\n"
        f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n'
        f"{texts}</svg>\n"
    )


def spans(line: str) -> Iterator[tuple[int, str, str]]:
    """Yield the column, the color and the text of each piece of *line*, without the blanks around it."""
    column, color = 0, "#e6edf3"
    for code, text in re.findall(r"\x1b\[(\d*)m|([^\x1b]+)", line):
        if not text:
            color = COLORS.get(code, "#e6edf3")
            continue
        if text.strip():
            yield column + len(text) - len(text.lstrip()), color, text.strip()
        column += len(text)


if __name__ == "__main__":
    main()
