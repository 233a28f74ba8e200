"""Send values through a pipe between two processes of one user, as pickles."""

from __future__ import annotations

import copyreg
import io
import pickle
from collections import ChainMap
from types import MappingProxyType
from typing import Any, BinaryIO, cast


def _read_only(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(values)  # pickle can't find the class itself by its name


# The standard table plus read-only mappings.
_TABLE: Any = ChainMap({MappingProxyType: lambda it: (_read_only, (dict(it),))}, cast("Any", copyreg.dispatch_table))


def write(pipe: BinaryIO, value: Any) -> None:
    """Send *value* whole, or not at all.

    Raises:
        OSError: the other end is closed.
        TypeError: *value* contains something that can't be pickled, such as a lambda.
    """
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _TABLE
    try:
        pickler.dump(value)
    except (pickle.PicklingError, AttributeError) as error:
        raise TypeError(f"this can't be sent to another process: {error}") from error
    pipe.write(buffer.getbuffer())
    pipe.flush()


def read(pipe: BinaryIO) -> Any:
    """Return the next value.

    Raises:
        EOFError: the other end is closed.
    """
    try:
        return pickle.load(pipe)  # noqa: S301 - our own process wrote it
    except (pickle.UnpicklingError, OSError) as error:
        raise EOFError from error
