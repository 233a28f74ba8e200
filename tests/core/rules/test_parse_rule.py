"""What the user may write, and what is said to everything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.play.outcomes import _KINDS
from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.faults import FAULTS
from pytest_s3errors._core.rules.parse_rule import FAIL_OPTIONS, fail_rule, outage_rule, script_rule, slow_rule
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.errors.catalogue import CODES

WRONG = [
    ((), {"status": 503, "time": 2}, "did you mean 'times'"),
    (("SlowDwn",), {}, "did you mean 'SlowDown'"),
    (("conection_reset",), {}, "did you mean 'connection_reset'"),
    ((), {"status": 99}, "from 300 to 599"),
    ((), {"status": 600}, "from 300 to 599"),
    ((), {"status": "503"}, "from 300 to 599"),
    ((), {"status": 200}, "error_in_200"),
    ((503,), {"times": -1}, "whole number from 1"),
    ((503,), {"times": 0}, "whole number from 1"),
    ((503,), {"times": True}, "whole number from 1"),
    ((503,), {"times": 1.5}, "None for all"),
    ((503,), {"after": -1}, "whole number from 0"),
    ((503,), {"every": 0}, "whole number from 1"),
    ((503,), {"probability": 0}, "above 0, up to 1"),
    ((503,), {"probability": 1.1}, "above 0, up to 1"),
    ((503,), {"probability": float("nan")}, "above 0, up to 1"),
    ((503,), {"delay": -1}, "0 or more"),
    ((503,), {"retry_after": "soon"}, "a number of seconds"),
    ((503,), {"operation": "PutObjects"}, "did you mean 'PutObject'"),
    ((503,), {"operation": 7}, "an S3 operation name"),
    ((503,), {"part": 0}, "from 1 to 10000"),
    ((503,), {"part": 10_001}, "from 1 to 10000"),
    ((503,), {"method": "FETCH"}, "DELETE, GET"),
    ((503,), {"bucket": ""}, "non-empty string"),
    ((503,), {"header": "Range"}, "a mapping"),
    ((503,), {"headers": {"X": "a\r\nb"}}, "one-line"),
    ((503,), {"body": 7}, "bytes or str"),
    ((503,), {"optional": "yes"}, "True and False"),
    ((503,), {"layer": "wires"}, "did you mean 'wire'"),
    ((503,), {"at": 3}, "truncated_body"),
    ((503,), {"status": 500}, "names the status twice"),
    ((503, 500), {}, "one positional argument"),
    ((), {}, "does not say what fails"),
    ((None,), {}, "does not say what fails"),
    ((3.5,), {}, "an S3 error code, an HTTP status or the name of a fault"),
    (("truncated_body",), {"at": 1.5}, "0.0 to 1.0"),
    (("truncated_body",), {"status": 500}, 'options of "truncated_body" are: at'),
    (("truncated_body",), {"operation": "PutObject"}, "without one"),
    (("partial_delete",), {"operation": "PutObject"}, "DeleteObjects only"),
    (("redirect",), {"status": 302}, "301 and 307"),
    (("lost_response",), {"as_": "rest"}, "did you mean 'reset'"),
    (("lost_response",), {"as_": "rst"}, "(as_='rst'): allowed are reset, disconnect, stall and an S3 error code"),
    (("lost_response",), {"as_": 503}, "(as_=503): allowed are reset, disconnect, stall and an S3 error code"),
    (
        (503,),
        {"endpoint": "http://h.example:9000/x"},
        "endpoint='http://h.example:9000/x'): allowed is a host, such as 'h.example:9000'",
    ),
    (("lost_response",), {"as_": "lost_response"}, "allowed are reset, disconnect, stall and an S3 error code"),
    (("redirect",), {"region": "eu\r\nX: 1"}, "a name such as 'eu-central-1'"),
    ((503,), {"delay": 10**400}, "a number of seconds, 0 or more"),
    ((503,), {"probability": -(10**400)}, "above 0, up to 1"),
    (("truncated_body",), {"at": 10**400}, "a count of bytes"),
    ((503,), {"headers": {"a b": "c"}}, "header names"),
    ((503,), {"operation": []}, "an S3 operation name"),
    ((503,), {"operation": "PutObject, GetObject"}, "several are a list: ['PutObject', 'GetObject']"),
    ((3.5,), {"status": 503}, "an S3 error code, an HTTP status or the name of a fault"),
]


def test_a_mistake_is_named_with_what_is_allowed():
    """Each wrong argument gets a message of its own."""
    for args, kwargs, says in WRONG:
        with pytest.raises(RuleError) as caught:
            assert fail_rule(args, kwargs) is None
        assert says in str(caught.value)
        assert str(caught.value).startswith("s3_fail"), says


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((), {}, "at least one outcome"),
        ((503, "okay"), {}, "did you mean 'ok'"),
        (([503, "ok"],), {}, "s3_script([503, 'ok']): outcomes go one by one, without a list: s3_script(503, 'ok')"),
        ((503,), {"times": 2}, "no option 'times'"),
        ((503,), {"bukcet": "b"}, "did you mean 'bucket'"),
    ],
)
def test_a_wrong_script_is_named(args, kwargs, says):
    """A script takes outcomes and match options, nothing else."""
    with pytest.raises(RuleError) as caught:
        script_rule(args, kwargs)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((), {}, "says what is slow"),
        ((2.0,), {"first_byte": 3.0}, "got first_byte= twice"),
        ((2.0, 1000, 503), {}, "3 positional arguments came"),
    ],
)
def test_what_is_slow_is_said_once(args, kwargs, says):
    """By its place or by its name, and at least one of the two."""
    with pytest.raises(RuleError) as caught:
        slow_rule(args, kwargs)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "argument"), [(fail_rule, 503), (script_rule, 503), (outage_rule, 45), (slow_rule, 2.0)]
)
@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"layer": "wires"}, "did you mean 'wire'"),
        ({"optional": "yes"}, "True and False"),
        ({"part": 2, "operation": "PutObject"}, "only UploadPart and UploadPartCopy have parts"),
    ],
)
def test_options_of_every_rule_are_checked_in_each(rule, argument, option, says):
    """A misspelled layer must not mean the default one."""
    with pytest.raises(RuleError) as caught:
        rule((argument,), option)
    assert says in str(caught.value)


def test_status_and_code_can_be_given_in_each_way():
    """`s3_fail(503)`, `status=503`, `"SlowDown"`, `code="SlowDown"` and both halves together."""
    assert fail_rule((503,), {}).outcomes == fail_rule((), {"status": 503}).outcomes
    assert fail_rule(("SlowDown",), {}).outcomes == fail_rule((), {"code": "SlowDown"}).outcomes
    fault = fail_rule((), {"code": "XStoreBusy", "status": 503}).outcomes[0]
    assert fault is not None
    assert (fault.code, fault.status) == ("XStoreBusy", 503)


def test_every_code_and_fault_can_be_named():
    """Whatever stands in the catalogue or in the table of faults is a valid first argument."""
    for name in (*CODES, *FAULTS):
        assert isinstance(fail_rule((name,), {}), Rule)


def test_every_fault_has_something_that_plays_it():
    """The table of faults and the table of what they do have the same names."""
    assert set(_KINDS) == set(FAULTS)


def test_a_rule_is_shown_as_it_was_written():
    """Messages quote the marker; a long value is cut."""
    rule = fail_rule(("SlowDown",), {"times": 2, "body": b"x" * 500})
    assert rule.spelling.startswith("s3_fail('SlowDown', times=2, body=b'xxx")
    assert len(rule.spelling) < 120


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)


@given(
    what=st.lists(junk | st.sampled_from(["SlowDown", 503, *FAULTS]), max_size=2),
    options=st.dictionaries(st.sampled_from([*FAIL_OPTIONS, "tmies"]), junk, max_size=3),
)
def test_any_argument_gives_a_rule_or_a_rule_error(what, options):
    """Nothing else comes out, whatever goes in."""
    try:
        rule = fail_rule(tuple(what), options)
    except RuleError as error:
        assert str(error)  # noqa: PT017 - the message is the point
    else:
        assert isinstance(rule, Rule)


@pytest.mark.parametrize(("given", "sent"), [(0, "0"), (1_000_000, "1000000"), (1234567.25, "1234567.25"), (2.0, "2")])
def test_retry_after_has_no_exponent(given, sent):
    """Whole seconds stay whole."""
    (fault,) = fail_rule((503,), {"retry_after": given}).outcomes
    assert fault is not None
    assert fault.headers == (("Retry-After", sent),)


def test_a_code_of_another_store_stands_beside_its_status():
    """However the status is given."""
    rules = [fail_rule((503,), {"code": "Busy"}), fail_rule((), {"status": 503, "code": "Busy"})]
    assert [(rule.outcomes[0].status, rule.outcomes[0].code) for rule in rules] == [(503, "Busy")] * 2
