"""Backends that replace the model in memory; each is imported where it is used."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_s3errors._core.rules.parse_backend import BackendSpec
    from pytest_s3errors._core.s3.access import Access
    from pytest_s3errors._core.s3.backend import Backend

    from .requests import Send, WhileWorking


def backend_for(spec: BackendSpec, access: Access, while_working: WhileWorking = nullcontext) -> Backend | None:
    """What *spec* names, as a test finds it at its start; None for the model in memory, which a simulator has itself.

    *access* says whose requests it takes; the test's clock stands still *while_working*.

    Raises:
        ImportError: moto is to do the work, and is not there or too old; the text says how to install it.
        BackendError: The server's name has no address.
    """
    if spec.name == "memory":
        return None
    from .requests import RequestBackend  # noqa: PLC0415 - only where it is used

    return RequestBackend(spec.name, _sender(spec), access, while_working)


def _sender(spec: BackendSpec) -> Send:
    if spec.name == "moto":
        from .moto import InMoto  # noqa: PLC0415 - only where it is used

        return InMoto()
    from .server import sender_to  # noqa: PLC0415 - only where it is used

    return sender_to(spec)
