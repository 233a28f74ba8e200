"""A schedule of faults drawn by Hypothesis and played in the running test: the result of `strategies.schedules()`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._test.lifetime import running

if TYPE_CHECKING:
    from pytest_s3errors._core.rules.schedule import Rule


class S3Schedule(Sequence[str]):
    """The faults of one example, each as the text of its rule. They are active while the example runs."""

    __module__ = "pytest_s3errors"

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)

    def __repr__(self) -> str:
        """Return the rules, written as markers."""
        return f"[{', '.join(self)}]"

    def __len__(self) -> int:
        """Return the number of faults."""
        return len(self._rules)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        """Return one fault, or a slice of them."""
        return [rule.spelling for rule in self._rules][place]

    def begin(self) -> S3Schedule:
        """Start an example: reset S3 to its content before the first one, without requests, and activate the faults.

        Raises:
            RuleError: no test with this plugin is running.
        """
        run = running()
        if run is None:
            raise RuleError(
                "schedules() plays in a test that uses S3, and none runs. Give the test a fixture of this plugin, such"
                " as s3_store, or a marker, such as @pytest.mark.s3_bucket(...)"
            )
        run.restart(self._rules)
        return self
