"""What has to be done to a module is done when it is there: at once, or as soon as somebody imports it."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

Act = Callable[[ModuleType], None]


class _Finder(importlib.abc.MetaPathFinder):
    """Finds a watched module as everybody else would, and acts on it right after it was executed."""

    def __init__(self) -> None:
        self.acts: dict[str, list[Act]] = {}
        self._finding: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if name not in self.acts or name in self._finding:
            return None
        self._finding.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._finding.discard(name)
        if spec is None or spec.loader is None:
            return None
        spec.loader = _Loader(spec.loader, self.acts[name])
        return spec


class _Loader(importlib.abc.Loader):
    """Another loader, and what is to be done after it."""

    def __init__(self, loader: importlib.abc.Loader, acts: list[Act]) -> None:
        self._loader = loader
        self._acts = acts

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # What looks at the module later, such as inspect or a resource reader, finds its own loader.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        for act in self._acts:
            act(module)


_finder = _Finder()


def when_imported(name: str, act: Act) -> None:
    """Call *act* with the module *name*, now if it is imported, and whenever it is from now on."""
    acts = _finder.acts.setdefault(name, [])
    if act not in acts:
        acts.append(act)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    if is_imported(name):
        act(sys.modules[name])


def is_imported(name: str) -> bool:
    """Return whether the module *name* is here, and not just being executed."""
    module = sys.modules.get(name)
    return module is not None and not getattr(module.__spec__, "_initializing", False)
