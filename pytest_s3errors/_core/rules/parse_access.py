"""Turn the arguments of `s3_credentials` markers into an `Access`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_s3errors._core.s3.access import Access, Credentials

from .arguments import RuleError, boolean, known_options

_NAME = "s3_credentials"
_OPTIONS = ("session_token", "anonymous")


def access_of(marks: Sequence[tuple[Sequence[Any], Mapping[str, Any]]], always: Credentials) -> Access:
    """Return the access that the markers declare together. Each marker is a pair of arguments and keywords.

    *always* stays known besides the others: in the place of a marker without keys, or after all of them.

    Raises:
        RuleError: an argument is wrong. The message names it and what is allowed.
    """
    known: dict[str, Credentials] = {}
    anonymous = False
    for args, kwargs in marks:
        known_options(_NAME, kwargs, _OPTIONS)
        anonymous |= boolean(_NAME, "anonymous", kwargs.get("anonymous", False))
        given = _credentials(args, kwargs.get("session_token")) or always
        if known.setdefault(given.access_key, given) != given:
            raise RuleError(f"{_NAME}({given.access_key!r}, ...) comes twice, with different secrets")
    known.setdefault(always.access_key, always)
    return Access(known=tuple(known.values()), declared=bool(marks), anonymous=anonymous)


def _credentials(args: Sequence[Any], session_token: Any) -> Credentials | None:
    # Never quote the value: it may be a secret.
    if len(args) > len(("access_key", "secret_key")):
        raise RuleError(f"{_NAME}() takes an access key and a secret key, and session_token= by name")
    access_key, secret_key = (*args, None, None)[:2]
    if (access_key is None) != (secret_key is None):
        raise RuleError(f"{_NAME}() takes an access key and a secret key together, or neither for the test credentials")
    for option, value in (("access_key", access_key), ("secret_key", secret_key), ("session_token", session_token)):
        if value is not None and (not isinstance(value, str) or not value):
            raise RuleError(f"{_NAME}({option}=...): allowed is a non-empty string, not {type(value).__name__}")
    if access_key is None:
        if session_token is not None:
            raise RuleError(f"{_NAME}(session_token=...) needs the access key and the secret key that it belongs to")
        return None
    if not set(access_key) <= _KEY_CHARACTERS:
        raise RuleError(f"{_NAME}({access_key!r}, ...): an access key is made of A-Z, a-z, 0-9, '_', '.' and '-'")
    return Credentials(access_key=access_key, secret_key=secret_key, session_token=session_token)


_KEY_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
