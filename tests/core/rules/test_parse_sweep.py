"""What `s3_sweep` can say."""

from __future__ import annotations

import re

import pytest

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_sweep import SweepSpec, sweep_of


def test_each_argument_by_name_or_by_place():
    assert sweep_of((), {}) == SweepSpec()
    spec = sweep_of(("stall", "Upload*"), {"modes": "once", "survive": "all", "budget": 5, "shards": 8})
    assert spec.faults == ("stall",)
    assert spec.operation is not None
    assert spec.operation[0]("UploadPart")
    assert (spec.modes, spec.survive, spec.budget, spec.shards) == (("once",), "all", 5, 8)
    assert sweep_of((), {"faults": ["5xx", "SlowDown", "lost answer"]}).faults == ("5xx", "SlowDown", "lost answer")
    assert sweep_of((), {"faults": [503, "stall"]}).faults == (503, "stall")
    assert [step.fault for step in sweep_of((), {"random": "503 at PutObject; stall at PutObject 2"}).schedule] == [
        503,
        "stall",
    ]


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((), {"fault": "stall"}, "s3_sweep() has no option 'fault'; did you mean 'faults'?"),
        (("stal",), {}, "s3_sweep(faults='stal'): it is no network fault*; did you mean 'stall'?"),
        ((7,), {}, "s3_sweep(faults=7): allowed is an HTTP status from 300 to 599"),
        (([503, True],), {}, "s3_sweep(faults=True): allowed is an HTTP status from 300 to 599"),
        (([2.5],), {}, "s3_sweep(faults=[2.5]): allowed is a name or an HTTP status, or a list of them"),
        ((), {"operation": "PutObjects"}, "did you mean 'PutObject'?"),
        ((), {"modes": "twice"}, "s3_sweep(modes=...): 'twice' is not one of once, always"),
        ((), {"modes": ()}, "s3_sweep(modes=()): allowed is a name, or a list of them"),
        ((), {"survive": "some"}, "'some' is not one of transient, nothing, all"),
        ((), {"budget": 0}, "s3_sweep(budget=0): allowed is a number of seconds, above 0"),
        ((), {"shards": 0}, "s3_sweep(shards=0): allowed is a whole number from 1 up"),
        (("stall",), {"faults": "stall"}, "got faults= twice"),
    ],
)
def test_mistakes(args, kwargs, says):
    pattern = ".*".join(map(re.escape, says.split("*")))
    with pytest.raises(RuleError, match=pattern):
        sweep_of(args, kwargs)
