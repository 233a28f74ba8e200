"""What the markers and options of one test say about its S3, and the simulator that this makes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_s3errors._core.report.limits import RequestLimits
from pytest_s3errors._core.rules.parse_backend import MEMORY, BackendSpec
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.access import OPEN, Access
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator

from . import backend_for

if TYPE_CHECKING:
    from .requests import WhileWorking


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The simulated S3 of one test. Another process gets it as it is.

    `silence_s` is for how many real seconds a client may wait while nothing else moves.
    """

    seed: str = ""
    rules: tuple[Rule, ...] = ()
    limits: RequestLimits = RequestLimits()  # noqa: RUF009 - a frozen value
    silence_s: float = 30.0
    access: Access = OPEN
    backend: BackendSpec = MEMORY
    dialect: str | None = None

    def simulator(
        self,
        *,
        clock: Callable[[], float],
        lock: AbstractContextManager[object],
        where: Callable[[], str] = str,
        begins: Callable[[], object] = bool,
        while_working: WhileWorking = nullcontext,
    ) -> Simulator:
        """Return a simulator for this process, on an empty store or on the other S3 that does the work."""
        return Simulator(
            store=S3Store(now=lambda: datetime.now(UTC)),
            backend=backend_for(self.backend, self.access, while_working),
            rules=self.rules,
            seed=self.seed,
            clock=clock,
            lock=lock,
            limits=self.limits,
            where=where,
            begins=begins,
            access=self.access,
            dialect=self.dialect,
        )
