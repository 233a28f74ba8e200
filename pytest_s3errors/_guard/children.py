"""Child processes of a test: they find its server, and Python children have their own guard.

A forked child has the parent's memory but none of its threads. Its requests go to the parent's server over a socket,
never to the copy of the store. A spawned worker installs its guard while it reads its preparation data, even if an
older fork server starts it. Any other Python child gets a `sitecustomize`. All children get the environment, whatever
mapping they were started with. A child reports an escape in a file. A job of a process pool brings its guard along,
since its worker may be older than the test.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shlex
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import inherit
from .imports import when_imported
from .owner import binding, current
from .seams import wrap

if TYPE_CHECKING:
    from .door import Gate
    from .environment import Environment

_SITE = str(Path(__file__).parent / "site")
_ROOT = str(Path(__file__).parent.parent.parent)

# Copies and relatives of multiprocessing: joblib brings loky along, celery stands on billiard.
_LOKYS = ("loky", "joblib.externals.loky")
_POOLS = ("multiprocessing.pool", "billiard.pool")

# Programs with their own network code that send what their arguments name.
_SENDING = frozenset({"aria2c", "curl", "httpie", "hurl", "wget", "wget2", "xh"})


class Children:
    """What the child processes of one test get.

    Args:
        gate: Decides which requests are S3's.
        port: Starts the test's server if necessary, and returns its port.
        plan: Returns what the guard of a child needs to know besides the port.
        environment: The test's. None: the plugin does not set it.
    """

    def __init__(
        self,
        gate: Gate,
        port: Callable[[], int],
        plan: Callable[[], Mapping[str, Any]],
        environment: Environment | None,
    ) -> None:
        self.gate = gate
        self._port = port
        self._plan = plan
        self._environment = environment
        self._notes: Path | None = None
        self._over = False

    def server(self) -> str:
        """Return the URL of the test's server."""
        return f"http://127.0.0.1:{self._port()}"

    def plan(self) -> inherit.Plan:
        """Return the plan of a guard in a child."""
        if self._notes is None and not self._over:
            handle, name = tempfile.mkstemp(prefix="s3errors-", suffix=".jsonl")
            os.close(handle)
            self._notes = Path(name)
        return {
            **self._plan(),
            "port": None if self._over else self._port(),
            "notes": str(self._notes or os.devnull),
            "root": _ROOT,
            "python": [sys.prefix, *sys.version_info[:2]],
        }

    def environment(self, given: Mapping[str, str] | None) -> dict[str, str]:
        """Return the environment of a child that is started with *given*. None: this process's environment."""
        known = {
            os.fsdecode(name): os.fsdecode(value) for name, value in (os.environ if given is None else given).items()
        }
        if self._environment is not None:
            known = self._environment.of_child(known)
        known[inherit.VARIABLE] = json.dumps(self.plan())
        path = known.get("PYTHONPATH")
        if _SITE not in (path or "").split(os.pathsep):
            known["PYTHONPATH"] = f"{_SITE}{os.pathsep}{path}" if path else _SITE
        return known

    def preparation(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return a spawned worker's preparation *data* with its guard in it."""
        made = inherit.Preparation(data)
        made.plan, made.environment = self.plan(), self._changes()
        return made

    def job(self, function: Callable[..., Any], names: set[str]) -> inherit.Job:
        """Return a pool's job *function* with its guard, and add the *names* of the variables that it sets."""
        changes = self._changes()
        names.update(changes)
        return inherit.Job(function, self.plan(), changes)

    def _changes(self) -> dict[str, str | None]:
        found = self.environment(None)
        changed = () if self._environment is None else self._environment.changed()
        return {name: found.get(name) for name in (*changed, inherit.VARIABLE, "PYTHONPATH")}

    def check(self, words: list[str]) -> None:
        """Raise if the program of the command line *words* would send a request to S3 itself."""
        if not any(Path(word).name in _SENDING for word in words):
            return
        for word in words:
            parts = urlsplit(word if "://" in word else f"https://{word}")
            with contextlib.suppress(ValueError):
                host, port = parts.hostname or "", parts.port
                if self.gate.is_s3(host, port) or self.gate.is_refused(host, port):
                    raise self.gate.escape(host, f"by {Path(words[0]).name}, which brings its own sockets")

    def collect(self) -> list[str]:
        """Return the problems that children recorded and that fail the test, once."""
        if self._notes is None:
            return []
        noted = [json.loads(line) for line in self._notes.read_text().splitlines()]
        self._notes.write_text("")
        return noted

    def end(self, gate: Gate) -> None:
        """Cut off children that what the test left begins later: they find no server, and *gate* refuses them.

        From now on nothing here leads to the test, since what it left may live as long as the process.
        """
        plan = self._plan()
        self._over, self._plan, self.gate = True, lambda: plan, gate
        self._port = lambda: 0  # where nobody listens
        if self._notes is not None:
            self._notes.unlink(missing_ok=True)
            self._notes = None
        if self._environment is not None:
            self._environment.end(self.server)


@functools.cache
def install() -> None:
    """Give each child its guard from now on."""
    when_imported("subprocess", lambda module: wrap(module, "Popen._execute_child", _execute))
    for module in ("multiprocessing", "billiard", *(f"{name}.backend" for name in _LOKYS)):
        when_imported(f"{module}.spawn", _spawn)
    for module in ("concurrent.futures.process", *(f"{name}.process_executor" for name in _LOKYS)):
        when_imported(module, _executor)
    for module in _POOLS:
        when_imported(module, _pool)
    for name in ("posix_spawn", "posix_spawnp", "execve"):
        wrap(os, name, _with_environment)
    wrap(os, "system", _checked)
    wrap(os, "fork", _quiet_fork)
    _fork_hooks()


def _care() -> Children | None:
    owner = current()
    return owner.children if owner is not None and isinstance(owner.children, Children) else None


def _execute(execute: Callable[..., Any]) -> Callable[..., Any]:
    # The environment is the seventh argument in every version since 3.11, on every system.
    def executing(popen: Any, args: Any, *given: Any) -> Any:
        care = _care()
        if care is not None:
            care.check(_words(args))
            given = (*given[:5], care.environment(given[5]), *given[6:])
        return execute(popen, args, *given)

    return executing


def _prepare(prepare: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def preparing(*args: Any, **kwargs: Any) -> dict[str, Any]:
        data, care = prepare(*args, **kwargs), _care()
        return data if care is None else care.preparation(data)

    return preparing


def _spawn(module: Any) -> None:
    wrap(module, "get_preparation_data", _prepare)


def _executor(module: Any) -> None:
    wrap(module, "ProcessPoolExecutor.submit", _submit)


def _pool(module: Any) -> None:
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        wrap(module, f"Pool.{name}", _submit)


def _submit(submit: Callable[..., Any]) -> Callable[..., Any]:
    """Bind each job of a process pool to its test: a pool of the session works for whichever test runs, or for none."""

    def bind(pool: Any, job: Callable[..., Any]) -> Any:
        care = None if _is_of_threads(pool) else _care()
        names: set[str] = vars(pool).setdefault("_s3errors_names", set())
        if care is not None:
            return care.job(job, names)
        return inherit.Job(job, None, {name: os.environ.get(name) for name in names}) if names else job

    return binding(submit, bind)


def _is_of_threads(pool: Any) -> bool:
    return any(isinstance(pool, sys.modules[name].ThreadPool) for name in _POOLS if name in sys.modules)


def _with_environment(act: Callable[..., Any]) -> Callable[..., Any]:
    def acting(path: Any, argv: Any, env: Any, *rest: Any, **kwargs: Any) -> Any:
        care = _care()
        if care is not None:
            care.check([os.fsdecode(word) for word in argv])
            env = care.environment(env)
        return act(path, argv, env, *rest, **kwargs)

    return acting


def _checked(system: Callable[[Any], int]) -> Callable[[Any], int]:
    def calling(command: Any) -> int:
        care = _care()
        if care is None:
            return system(command)
        care.check(_words(command))
        for name, value in care.environment(None).items():
            os.putenv(name, value)
        try:
            return system(command)
        finally:
            for name in (inherit.VARIABLE, "PYTHONPATH"):
                os.unsetenv(name) if name not in os.environ else os.putenv(name, os.environ[name])

    return calling


def _words(args: Any) -> list[str]:
    if isinstance(args, str | bytes):
        args = [args]
    elif isinstance(args, os.PathLike):
        args = [os.fspath(args)]
    found: list[str] = []
    for word in args:
        text = os.fsdecode(word)
        try:
            found += shlex.split(text) if " " in text else [text]  # a shell gets its command line as one word
        except ValueError:
            found += text.split()
    return found


_hooked: list[bool] = []


def _fork_hooks() -> None:
    if not _hooked and hasattr(os, "register_at_fork"):
        _hooked.append(True)
        os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


_plan_of_fork: list[inherit.Plan] = []


def _before_fork() -> None:
    care = _care()
    _plan_of_fork[:] = [] if care is None else [care.plan()]  # start the server now: its threads stay with the parent


def _after_fork() -> None:
    care = _care()
    if _plan_of_fork and care is not None:
        for name, value in care.environment(None).items():
            os.putenv(name, value)  # for children of the child, which this process does not see
        inherit.enter(_plan_of_fork.pop())


def _quiet_fork(fork: Callable[[], int]) -> Callable[[], int]:
    """Hide Python's warning of a fork with other threads. The child does not need our server's thread."""

    def forking() -> int:
        others = [thread for thread in threading.enumerate() if thread.name != "simulated S3"]
        if _care() is None or len(others) > 1:
            return fork()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return fork()

    return forking
