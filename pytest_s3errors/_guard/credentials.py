"""botocore's credentials in a test: those of the environment at the time of signing. None outlive the test.

A client created without credentials never gets any. A session keeps the first that it finds, so those of a test would
sign later requests. Here both look up credentials when they use them.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any

from .environment import keys_now
from .owner import current

signed_with: set[str] = set()
"""The key ids, secret keys and tokens by which botocore signed. Its objects may be gone when a report is made."""


def secrets_of(credentials: Any) -> set[str]:
    """Return what *credentials* hold now. Some refresh themselves in a property, so this reads none.

    They may be a mock or a class of the user's. Signing must not fail because of them.
    """
    held = getattr(credentials, "__dict__", {})
    found = [held.get(name) or held.get(f"_{name}") for name in ("access_key", "secret_key", "token")]
    return {text for text in found if isinstance(text, str) and text}


def sign_with(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a wrapper of a signer's `get_auth_instance`, which needs credentials of the *kind* of its package."""

    def signing_now(get: Callable[..., Any]) -> Callable[..., Any]:
        def getting(signer: Any, *args: Any, **kwargs: Any) -> Any:
            found = signer._credentials  # noqa: SLF001 - what the wrapped method reads
            if found is not None:
                signed_with.update(secrets_of(found))
            if _is_hermetic() and _has_none(found):
                kwargs["request_credentials"] = kwargs.get("request_credentials") or _credentials(kind)
            return get(signer, *args, **kwargs)

        return getting

    return signing_now


def find_with(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a wrapper of `Session.get_credentials` that finds credentials in a test and keeps none of them."""

    def finding_now(get: Callable[..., Any]) -> Callable[..., Any]:
        async def getting_async(session: Any) -> Any:
            before, found = session._credentials, await get(session)  # noqa: SLF001 - where the wrapped method keeps them
            return chosen(session, before, found)

        def getting(session: Any) -> Any:
            before, found = session._credentials, get(session)  # noqa: SLF001
            return chosen(session, before, found)

        def chosen(session: Any, before: Any, found: Any) -> Any:
            if not _is_hermetic():
                return found
            session._credentials = before  # noqa: SLF001
            return _credentials(kind) if found is None else found

        return getting_async if inspect.iscoroutinefunction(inspect.unwrap(get)) else getting

    return finding_now


def without_metadata(retrieve: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that asks the machine's metadata for keys, except in a test, which has its own or none."""

    async def none() -> dict[str, str]:
        return {}

    def retrieving(fetcher: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_hermetic() or "AWS_EC2_METADATA_SERVICE_ENDPOINT" in os.environ:
            return retrieve(fetcher, *args, **kwargs)
        return none() if inspect.iscoroutinefunction(inspect.unwrap(retrieve)) else {}

    return retrieving


def _is_hermetic() -> bool:
    owner = current()
    return owner is not None and owner.hermetic


def _has_none(credentials: Any) -> bool:
    """Return whether there are no credentials, or only some that require a request to the network."""
    if credentials is None:
        return True
    from botocore.credentials import RefreshableCredentials  # noqa: PLC0415 - the signer has imported it

    return isinstance(credentials, RefreshableCredentials)


def _credentials(kind: str) -> Any:
    if kind == "aiobotocore":
        from aiobotocore.credentials import AioCredentials  # noqa: PLC0415

        return AioCredentials(*keys_now())
    from botocore.credentials import Credentials  # noqa: PLC0415

    return Credentials(*keys_now())
