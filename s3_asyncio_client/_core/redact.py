"""Remove secrets from texts. Only this module knows what a secret looks like.

Known secrets (a client's own keys) go first, wherever they are. Then come secrets recognized by their shape: key ids,
values after names such as "Signature=", Authorization headers, users in URLs. A query with any of these is removed as a
whole, since a presigned query grants access to its reader. Every pattern consumes what it matches, so the time is
linear in the length of the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HIDDEN = "***"
"""The replacement of a secret."""

MIN_SECRET_CHARS = 8
"""Shorter ones are only hidden by their place in a text: no service issues such secrets, and they may be words."""

_NAMES = (
    r"(?:signature|credential|password|security[_-]?token|session[_-]?token|access[_-]?key[_-]?id"
    r"|access[_-]?token|customer[_-]?key|secret[_-]?(?:access[_-]?)?key)"
)
_IS = r"""\\?["']? {0,20}(?:=|:|%3D|%3d) ?\\?["']?"""  # pytest lines up the values of local variables
_VALUE = re.compile(rf"""({_NAMES}{_IS})[^&\s,;"'<>\\]+""", re.IGNORECASE)
_SECRET_NAME = re.compile(rf"{_NAMES}(?:=|%3D)", re.IGNORECASE)
_AUTHORIZATION = re.compile(rf"""(authorization{_IS})[^"'\r\n<>\\]+""", re.IGNORECASE)
_KEY_ID = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{12,}")
_USER = re.compile(r"""(\w://|(?<!\w)["'](?=[^\s/"'<>@:]+:))[^\s/"'<>]+@""")  # or quoted, as the first part of a URL
_QUERY = re.compile(r"""\?[^\s"'<>]+""")
# Every shape above contains one of these, but few texts do: for most texts this search is the only cost.
_SIGNS = ("=", ":", "%3", "AKIA", "ASIA")

# S3 sends these elements to help debug a signature. They contain the signature, the key id, the token, whole requests.
_SECRET_ELEMENT = re.compile(r"StringToSign|CanonicalRequest|SignatureProvided|.*Bytes|Token-.*|AWSAccessKeyId")
_SECRET_ARGUMENT = re.compile(r"authorization|x-amz-(signature|credential|security-token)", re.IGNORECASE)


_URL_ARGUMENT = re.compile(
    r"([?&](?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId)=)[^&]*", re.IGNORECASE
)
_URL_USER = re.compile(r"^(\w+://)[^/@]*@")
_CUT_CHARS = 16
"""The shortest rest of a long secret, before or after the "..." of a shortened repr, that is hidden."""


def redact_url(url: str) -> str:
    """Return one *url* without user, signature, credential and token. The rest of its query stays readable."""
    if "=" not in url and "@" not in url:  # most have neither
        return url
    return _URL_USER.sub(r"\1", _URL_ARGUMENT.sub(rf"\1{HIDDEN}", url))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return *text* with "***" in place of every secret. A second call changes nothing.

    Args:
        text: Any text: a message, a traceback, a URL, the repr of headers.
        secrets: Keys and tokens that are hidden wherever they are whole words, percent-encoded too. Those with fewer
            than MIN_SECRET_CHARS characters are ignored.
    """
    for secret in sorted(secrets, key=len, reverse=True) if secrets else ():  # one may be the beginning of another
        if len(secret) >= MIN_SECRET_CHARS:
            spellings = {re.escape(spelling) for spelling in (secret, quote(secret), quote(secret, safe=""))}
            text = re.sub(rf"(?<![A-Za-z0-9])(?:{'|'.join(sorted(spellings))})(?![A-Za-z0-9])", HIDDEN, text)
            if "..." in text and len(secret) > 2 * _CUT_CHARS:
                first, last = re.escape(secret[:_CUT_CHARS]), re.escape(secret[-_CUT_CHARS:])
                text = re.sub(rf"{first}[\w+/=%-]*(?=\.\.\.)|(?<=\.\.\.)[\w+/=%-]*{last}", HIDDEN, text)
    for sign in _SIGNS:  # a regular expression takes four times as long
        if sign in text:
            return _redacted(text)
    return text


def _redacted(text: str) -> str:
    before = None
    while before != text:  # what one pattern leaves may look like a secret to another
        before = text
        text = _USER.sub(rf"\1{HIDDEN}@", text)
        text = _QUERY.sub(lambda query: f"?{HIDDEN}" if _SECRET_NAME.search(query[0]) else query[0], text)
        text = _AUTHORIZATION.sub(rf"\1{HIDDEN}", text)
        text = _KEY_ID.sub(HIDDEN, _VALUE.sub(rf"\1{HIDDEN}", text))
    return text


def safe_elements(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the elements of an error document that may be shown, each redacted, in the same order."""
    shown = {name: redact(value) for name, value in fields.items() if not _SECRET_ELEMENT.fullmatch(name)}
    for name in fields:  # an InvalidArgument about the Authorization header echoes it; several are numbered
        if name.startswith("ArgumentName") and _SECRET_ARGUMENT.fullmatch(fields[name]):
            shown.pop(name.replace("Name", "Value"), None)
    return shown
