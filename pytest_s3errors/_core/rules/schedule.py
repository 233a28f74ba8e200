"""Rules: which requests fail, when, and how. They are pure values; `ArmedRule` adds the counters of one test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from pytest_s3errors._core.s3.messages import Call

from .counting import Passed, Ranges, Rate
from .faults import Fault
from .matching import ANY, Difference, Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One marker or one call of the controller.

    `outcomes` has one entry for `s3_fail`, repeated under `times`, and one per matching request for `s3_script`
    (None: the request passes). `after`, `every`, `times` count matching requests that no earlier rule took. Requests
    below `rate` pass. `window_s` is the time range in seconds, counted from when the rule was set, in which it takes
    requests. A rule without outcomes takes none: it slows every response by `delay_s` and to `bytes_per_second`.
    `spelling` is the rule as the user wrote it, and `place` where, if known; both are for messages.
    """

    outcomes: tuple[Fault | None, ...]
    match: Match = ANY
    times: int | None = None
    after: int = 0
    every: int = 1
    probability: float = 1.0
    rate: Rate | None = None
    delay_s: float = 0.0
    bytes_per_second: float | None = None
    window_s: tuple[float, float] | None = None
    optional: bool = False
    spelling: str = "rule"
    place: str = ""

    @property
    def connects(self) -> bool:
        """Whether an outcome is a failed connection."""
        return any(fault is not None and fault.stage == "connect" for fault in self.outcomes)

    def may_not_show(self, fault: Fault | None) -> bool:
        """Return whether only the answer tells if *fault*, or the slow body of a rule without faults, can show."""
        return fault.about_the_answer if fault is not None else not (self.outcomes or self.delay_s)


class Firing(NamedTuple):
    """One request taken by a rule. `fault` None: the rule only lets it pass, or slows it.

    `number` counts from 1. A tuple for the same reason as `Exchange`.
    """

    rule: ArmedRule
    fault: Fault | None
    number: int


class Counted(NamedTuple):
    """A request that a rule counted before it knew the answer: whether it was due then, and whether the rule fired."""

    rule: ArmedRule
    due: bool
    fired: bool


class ArmedRule:
    """A rule with its counters in one test."""

    def __init__(self, rule: Rule, *, from_body: bool = False, since_s: float = 0.0) -> None:
        self.rule = rule
        self.from_body = from_body
        self.since_s = since_s
        self.matched = 0
        self.due = 0
        self.fired = 0
        self.cancelled = False
        self.nearest: tuple[Difference, Call] | None = None
        self._ranges = Ranges()
        self._passed = None if rule.rate is None else Passed(rule.rate)

    @property
    def remaining(self) -> int | None:
        """How many more times it can fire. None: no limit."""
        if self.cancelled:
            return 0
        return None if self.rule.times is None else self.rule.times - self.fired

    def take(
        self, call: Call, draw: Callable[[], float], now_s: float = 0.0, unsure: list[Counted] | None = None
    ) -> Firing | None:
        """Count *call* if it matches, and take it if the rule is due. *draw* returns a number in [0, 1).

        If only the answer tells whether *call* counts, add it to *unsure*; see `take_back`.
        """
        rule = self.rule
        if self.cancelled or (rule.times is not None and self.fired >= rule.times):
            return None
        difference = rule.match.difference(call, self._ranges)
        if difference is not None:
            if self.nearest is None or difference.rank > self.nearest[0].rank:
                self.nearest = (difference, call)
            return None
        fault = rule.outcomes[self.fired % len(rule.outcomes)] if rule.outcomes else None
        difference = None if rule.window_s is None else self._out_of_window(rule.window_s, now_s)
        if difference is None and fault is not None and not fault.applies_to(call):
            difference = _unfit(fault, call)
        if difference is not None:
            self.nearest = (
                self.nearest if self.nearest and self.nearest[0].rank == difference.rank else (difference, call)
            )
            return None
        self.matched += 1
        due = self.matched > rule.after and not (self._passed is not None and self._passed.allows(call, now_s))
        self.due += due
        fires = due and not self.due % rule.every and (rule.probability >= 1 or draw() < rule.probability)
        self.fired += fires
        if unsure is not None and rule.may_not_show(fault):
            unsure.append(Counted(self, due, fires))
        return Firing(self, fault, self.fired) if fires else None

    def take_back(self, counted: Counted, call: Call, why: Difference) -> None:
        """Forget *call*: its answer is one that the fault can't show on."""
        self.matched -= 1
        self.due -= counted.due
        self.fired -= counted.fired
        self.nearest = (why, call)

    def _out_of_window(self, window_s: tuple[float, float], now_s: float) -> Difference | None:
        first, last = (self.since_s + second for second in window_s)
        if first <= now_s < last:
            return None
        return Difference("test time", f"{first:g} s up to {last:g} s", f"{now_s:g} s", 98)


def _unfit(fault: Fault, call: Call) -> Difference:
    """Return why *fault* can't show on *call*."""
    if fault.stage == "connect":
        return Difference("url", f"one with https, where {fault.kind} can show", repr(call.url.partition(":")[0]), 99)
    return Difference("operation", f"one whose answer can show {fault.kind}", repr(call.operation), 99)


class Schedule:
    """The rules of one test, in the order in which they are asked."""

    __slots__ = ("_draw", "_slowing", "_taking", "asks_answers", "connects", "rules")

    def __init__(self, rules: tuple[Rule, ...], draw: Callable[[], float], since_s: float = 0.0) -> None:
        self._draw = draw
        self.rules = tuple(ArmedRule(rule, since_s=since_s) for rule in rules)
        self._sort()

    def add(self, armed: ArmedRule) -> None:
        """Add *armed* after the present rules of the test's body and before those of its markers."""
        place = sum(other.from_body for other in self.rules)
        self.rules = (*self.rules[:place], armed, *self.rules[place:])
        self._sort()

    def _sort(self) -> None:
        self._taking = tuple(armed for armed in self.rules if armed.rule.outcomes)
        self._slowing = tuple(armed for armed in self.rules if not armed.rule.outcomes)
        self.connects = any(armed.rule.connects for armed in self.rules)
        """Whether a rule makes connections fail, so that it must be asked before one is made."""
        self.asks_answers = any(
            armed.rule.may_not_show(f) for armed in self.rules for f in armed.rule.outcomes or (None,)
        )
        """Whether a rule is about some answers only, so that it may count a request and take that back."""

    def take(self, call: Call, now_s: float = 0.0, unsure: list[Counted] | None = None) -> Firing | None:
        """Let the first rule that matches and is due take the request. Later rules do not see it.

        *unsure* gets the rules that counted it although its answer may turn out to be none that they are about.
        """
        return self._first(self._taking, call, now_s, unsure)

    def slow(self, call: Call, now_s: float = 0.0, unsure: list[Counted] | None = None) -> Firing | None:
        """Return the first rule that slows the response, whoever takes the request. *unsure* is as for `take`."""
        return self._first(self._slowing, call, now_s, unsure) if self._slowing else None

    def _first(
        self, rules: tuple[ArmedRule, ...], call: Call, now_s: float, unsure: list[Counted] | None
    ) -> Firing | None:
        for armed in rules:
            firing = armed.take(call, self._draw, now_s, unsure)
            if firing is not None:
                return firing
        return None

    @property
    def unfired(self) -> list[ArmedRule]:
        """Return the rules that had to fire and did not."""
        return [armed for armed in self.rules if not armed.fired and not armed.rule.optional]
