"""Read certificate bundles only when a handshake needs them. The simulated S3 never does.

urllib3 makes OpenSSL read the certificates of all authorities for each connection, and httpx for each client. That
takes some 20 ms, most of the time of a short test. Only a file that could be read before is deferred, so a missing or
broken one is still an error where the client expects it.
"""

from __future__ import annotations

import functools
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_s3errors._guard.seams import Seams

# Methods that use a context's certificates.
_NEEDING = ("wrap_socket", "wrap_bio", "get_ca_certs", "cert_store_stats")
_FILES = "_s3errors_put_off"

_Bundle = tuple[str, int, int, int]
_read: set[_Bundle] = set()


def install(seams: Seams, is_ours: Callable[[Any], bool]) -> None:
    """Defer what `SSLContext.load_verify_locations` would read, for the owner of *seams*.

    A deferred file is read before it is needed, even after the test: the client with its context may outlive the test.
    *is_ours* tells whether a socket is connected to the simulated S3, which needs no certificates.
    """
    load = seams.original(ssl.SSLContext, "load_verify_locations")

    @functools.wraps(load)
    def put_off(context: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        # A subclass may need the certificates in other ways.
        plain = capath is None and cadata is None and type(context) is ssl.SSLContext
        bundle = _bundle(cafile) if plain else None
        if bundle in _read:
            _defer(context, cafile, load, is_ours)
            return
        load(context, cafile, capath, cadata)
        if bundle is not None:
            _read.add(bundle)

    seams.setattr(ssl.SSLContext, "load_verify_locations", put_off)


def _bundle(path: Any) -> _Bundle | None:
    """Return the identity and state of the file at *path*. None: there is no file."""
    try:
        found = Path(path).stat()
    except (OSError, TypeError, ValueError):
        return None
    return str(path), found.st_ino, found.st_mtime_ns, found.st_size


def _defer(
    context: ssl.SSLContext, cafile: Any, load: Callable[[ssl.SSLContext, Any], None], is_ours: Callable[[Any], bool]
) -> None:
    """Call *load* with *cafile* before *context* is used with a socket that is not ours."""
    own = vars(context)
    files = own.setdefault(_FILES, {})
    files[cafile] = None  # each once, in order

    def needing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name != "wrap_socket" or not is_ours(args[0] if args else kwargs["sock"]):
            for shadow in (_FILES, *_NEEDING):
                own.pop(shadow, None)
            for file in files:
                load(context, file)
        return getattr(type(context), name)(context, *args, **kwargs)

    own.update({name: functools.partial(needing, name) for name in _NEEDING})
