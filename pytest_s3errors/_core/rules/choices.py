"""The words that options and markers accept."""

from typing import Final

LAYERS: Final = ("client", "mock", "wire")
TIMES: Final = ("virtual", "real")
SERVERS: Final = ("thread", "process")
ENVIRONMENTS: Final = ("test", "keep")
SWEEPS: Final = ("off", "quick", "full")
