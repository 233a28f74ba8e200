"""Act on a module that is imported: at once if it is already, otherwise right after its import."""

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
    """Find a watched module as the import system would, and act on it right after its execution.

    Neither this class nor the loader derives from `importlib.abc`: importing that would take longer than all the rest.
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
        spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
        return spec


class _Loader:
    """Another loader, and the actions that follow it."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # Code that inspects the module later, such as inspect or a resource reader, finds its own loader.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _executed.add(module.__name__)
        _act(module, module.__name__)


_finder = _Finder()
_executed: set[str] = set()
_acted: dict[str, ModuleType] = {}  # the last module of each name for which all was done


def when_imported(name: str, act: Act) -> None:
    """Call *act* with the module *name*: now if it is imported, and at each later import."""
    watch(name)
    acts = _finder.acts[name]
    if act not in acts:
        acts.append(act)
        if is_imported(name):
            act(sys.modules[name])


def catch_up() -> None:
    """Act on the modules that were imported while somebody had taken the finder away, as pytester does."""
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    modules = sys.modules
    for name in _finder.acts:
        module = modules.get(name)
        if module is not None and module is not _acted.get(name) and is_imported(name):
            _act(module, name)


def _act(module: ModuleType, name: str) -> None:
    _acted[name] = module
    for act in _finder.acts[name]:
        act(module)


def watch(name: str) -> None:
    """Delay actions that `when_imported` gets while *name* is being imported until that import is done."""
    _finder.acts.setdefault(name, [])
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def is_imported(name: str) -> bool:
    """Return whether the module *name* is imported completely."""
    module = sys.modules.get(name)
    return module is not None and (name in _executed or not getattr(module.__spec__, "_initializing", False))
