"""Whole numbers as HTTP and S3 write them: ASCII digits, with no sign and no space."""

from __future__ import annotations


def whole_number(text: str | None, digits: int = 19) -> int | None:
    """Return the number that *text* is, if it has at most so many *digits*: 64 bits hold 19. None: it is no number."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= digits):
        return None
    return int(text)
