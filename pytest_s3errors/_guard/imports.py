"""What has to be done to a module is done when it is there: at once, or as soon as somebody imports it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

Act = Callable[[ModuleType], None]


class _Finder:
    """Finds a watched module as everybody else would, and acts on it right after it was executed.

    Neither this nor the loader derives from `importlib.abc`, whose import takes a child longer than all the rest.
    """

    def __init__(self) -> None:
        self.acts: dict[str, list[Act]] = {}
        self._finding: set[str] = set()

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        del path, target
        if name not in self.acts or name in self._finding:
            return None
        self._finding.add(name)
        try:
            spec = find_spec(name)
        finally:
            self._finding.discard(name)
        if spec is None or spec.loader is None:
            return None
        spec.loader = _Loader(spec.loader, self.acts[name])  # type: ignore[assignment]
        return spec


class _Loader:
    """Another loader, and what is to be done after it."""

    def __init__(self, loader: Loader, acts: list[Act]) -> None:
        self._loader = loader
        self._acts = acts

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # What looks at the module later, such as inspect or a resource reader, finds its own loader.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _executed.add(module.__name__)
        for act in self._acts:
            act(module)


_finder = _Finder()
_executed: set[str] = set()


def when_imported(name: str, act: Act) -> None:
    """Call *act* with the module *name*, now if it is imported, and whenever it is from now on."""
    watch(name)
    acts = _finder.acts[name]
    if act not in acts:
        acts.append(act)
    if is_imported(name):
        act(sys.modules[name])


def watch(name: str) -> None:
    """See to it that what `when_imported` is told while *name* is being imported is done after that."""
    _finder.acts.setdefault(name, [])
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def is_imported(name: str) -> bool:
    """Return whether the module *name* is here, and not just being executed."""
    module = sys.modules.get(name)
    return module is not None and (name in _executed or not getattr(module.__spec__, "_initializing", False))
