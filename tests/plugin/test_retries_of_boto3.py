"""The installed boto3, from outside, is what its retry rules say; and what breaks a rule is named by its probe.

The figures are those of botocore 1.43.117 and 1.44.8. S3ERRORS_PATIENCE_TIMES=20 repeats all of it, with more calls.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import time

import boto3
import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.retries import standard

from pytest_s3errors._core.insight.retry_profile import PROBES
from pytest_s3errors._insight import probing

NEW = tuple(map(int, botocore.__version__.split(".")[:2])) >= (1, 44)
DEFAULT, STANDARD = ("standard", "aws-standard-2.1") if NEW else ("legacy", "aws-standard-2.0")
REPEATED = "S3ERRORS_PATIENCE_TIMES" in os.environ
TIMES = range(int(os.environ.get("S3ERRORS_PATIENCE_TIMES", "1")))
CALLS = 25 if REPEATED else 10

pytestmark = pytest.mark.s3_object("b", "k", b"1")


@pytest.fixture(autouse=True)
def seen_soon(monkeypatch):
    """None after 120 retries is no limit: the largest is of 100, and each request takes milliseconds."""
    if not REPEATED:
        monkeypatch.setattr(probing, "_MOST_RETRIES", 120)


@pytest.fixture
def samples(monkeypatch):
    """How many calls show the waits: one, where each wait is nine tenths of its bound, and 20 where they are drawn."""
    if REPEATED:
        return 20
    init = standard.ExponentialBackoff.__init__
    drawn = tuple((lambda: 0.9) if value is random.random else value for value in init.__defaults__)
    monkeypatch.setattr(init, "__defaults__", drawn)
    monkeypatch.setattr(random, "random", lambda: 0.9)  # of a mutant
    return 1


def client(**retries):
    """A client of its own."""
    return boto3.client("s3", region_name="us-east-1", config=Config(retries=retries) if retries else None)


def reading(**retries):
    """What makes a fresh client, and returns its call."""

    def make():
        s3 = client(**retries)

        def read():
            return s3.get_object(Bucket="b", Key="k")["Body"].read()

        return read

    return make


# By mode: attempts at 500 and the like, at 429, at BadDigest; retries until a call fails fast, of 500s, SlowDown,
# stalls; how many successes buy one back.
FIGURES = {
    "legacy": (5, 5, 5, {"transient": None, "throttling": None, "timeout": None}, None),
    "standard": (3, 3, 1, {"transient": 35, "throttling": 100, "timeout": 35}, 4)
    if NEW
    else (3, 1, 1, {"transient": 100, "throttling": 100, "timeout": 50}, 5),
}


@pytest.mark.parametrize("time_", TIMES)
@pytest.mark.parametrize("mode", FIGURES)
def test_every_figure_comes_out(s3_retries, mode, time_):
    """In less than 15 s of CPU."""
    began = time.process_time()
    s3 = client(mode=mode)
    profile = s3_retries.measure(
        factory=reading(mode=mode),
        write=lambda: s3.put_object(Bucket="b", Key="plain", Body=b"1"),
        conditional_write=lambda: s3.put_object(Bucket="b", Key="new", Body=b"1", IfNoneMatch="*"),
        create=lambda: s3.create_multipart_upload(Bucket="b", Key="upload"),
    )
    assert time.process_time() - began < 15
    transient, throttled, digest, retries, refill = FIGURES[mode]
    assert {profile.attempts[name] for name in ("500", "reset", "stall", "dns")} == {transient}
    assert (profile.attempts["429"], profile.attempts["BadDigest"]) == (throttled, digest)
    assert profile.attempts["OperationAborted"] == profile.attempts["ConditionalRequestConflict"] == 1
    assert (profile.retries, profile.refill) == (retries, refill)
    assert profile.refills_with_time is (None if mode == "legacy" else False)
    lost = {name: (one.attempts, one.returned) for name, one in profile.lost.items()}
    # The write is there, and who asked for it hears that it is not his.
    assert lost == {"lost_write": (2, True), "lost_conditional_write": (2, False), "lost_create": (2, True)}
    name = "legacy" if mode == "legacy" else STANDARD
    profile.check(name)
    assert profile.fits == (name, [])


# Percent of CALLS fresh clients whose one call outlasts an outage of so many seconds, with default settings.
SHARES = {
    "InternalError": {0.05: (100, 56), 0.5: (100, 0), 1: (100, 0), 3: (92, 0), 7: (48, 0)},
    "connection_reset": {0.05: (100, 80), 0.5: (100, 0), 1: (100, 0), 3: (96, 0), 7: (44, 0)},
    "SlowDown": {0.05: (100, 100), 0.5: (100, 96), 1: (100, 60), 3: (96, 0), 7: (72, 0)},
}


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # urllib3 leaves a connection that was reset to the GC
@pytest.mark.parametrize("time_", TIMES)
@pytest.mark.parametrize("what", SHARES)
def test_the_share_that_outlasts_an_outage(s3_errors, what, time_):
    """Each within the interval in which all 15 shares of the table lie with a chance of 99 %."""
    random.seed(time_)
    seen, wanted = {}, {}
    for seconds, shares in SHARES[what].items():
        lasted = 0
        for call in range(CALLS):
            if call % 10 == 0:  # ten calls leave some of a quota
                s3 = client()
            with s3_errors.outage(seconds, what=what, optional=True), contextlib.suppress(ClientError, BotoCoreError):
                s3.get_object(Bucket="b", Key="k")["Body"].read()
                lasted += 1
            s3.close()
        seen[seconds], wanted[seconds] = lasted / CALLS, shares[NEW] / 100
    for seconds, share in seen.items():
        mean = (share + wanted[seconds]) / 2
        assert abs(share - wanted[seconds]) <= 3.4 * math.sqrt(2 * mean * (1 - mean) / CALLS), (seconds, seen, wanted)


def test_what_one_client_has_left_is_not_measured(s3_retries, s3_errors, samples):
    """With one client for all probes its quota is bought back in between, by calls that succeed.

    This one has little left. Each further probe would need two dozen calls.
    """
    call = reading(mode="standard")()
    for _ in range(16 if NEW else 48):
        with s3_errors.fail(500), contextlib.suppress(ClientError):
            call()
    skip = PROBES.keys() - {"500", "SlowDown", "429", "BadDigest", "reset", "stall"}
    profile = s3_retries.measure(call, samples=samples, skip=skip)
    profile.check(STANDARD)
    assert (profile.fits, profile.retries) == ((STANDARD, []), {})


def _late_cap(standard):
    def delay_amount(self, context):
        return min(random.random() * self._get_base_scale(context) * 2 ** (context.attempt_number - 1), 20)

    return standard.ExponentialBackoff, "delay_amount", delay_amount


def _one_more(standard):
    init = standard.MaxAttemptsChecker.__init__
    return standard.MaxAttemptsChecker, "__init__", lambda self, most: init(self, most + 1)


# What is changed in botocore, the probe that has to name it, and further ones that it may change.
MUTANTS = {
    "cost 5": (
        lambda it: (it.RetryQuotaChecker, "_RETRY_COST", 5),
        {"retries, transient", "retries, timeout", "refill by successes"},
        {},
    ),
    "base 1 s": (
        lambda it: (it.ExponentialBackoff._DEFAULT_BACKOFF_CONFIG, "non_throttling_base_scale", 1),
        {"waits, transient"},
        {"x_amz_retry_after_0", "x_amz_retry_after_-1", "x_amz_retry_after_soon", "x_amz_retry_after_10000"},
    ),
    "cap after jitter": (_late_cap, {"waits, transient", "waits, throttling"}, {"x_amz_retry_after"}),
    "header not clamped": (
        lambda it: (it.ExponentialBackoff, "_RETRY_AFTER_MAX_ADDITIONAL", 10**6),
        {"x_amz_retry_after_10000"},
        {},
    ),
    "429 dropped": (lambda it: (it.ThrottlingStatusCodeChecker, "_THROTTLING_STATUS_CODES", []), {"429"}, {}),
    "no refill": (
        lambda it: (it.RetryQuotaChecker, "release_retry_quota", lambda *_args, **_more: None),
        {"refill by successes"},
        {},
    ),
    "no quota": (
        lambda it: (it.RetryQuotaChecker, "acquire_retry_quota", lambda *_args: True),
        {"retries, transient", "retries, throttling", "retries, timeout"},
        {},
    ),
    "attempts + 1": (_one_more, {"500", "SlowDown", "429", "reset", "stall"}, {"retried"}),
}


TOGETHER = (
    [[name] for name in MUTANTS]
    if REPEATED
    # Mutants of one line break, and may change, no probe in common.
    else [
        ["cost 5"],
        ["header not clamped", "429 dropped", "no refill"],
        ["base 1 s", "attempts + 1"],
        ["cap after jitter", "no quota"],
    ]
)


@pytest.mark.skipif(not NEW, reason="the mutants are of the rules of botocore 1.44")
@pytest.mark.parametrize("names", TOGETHER, ids=", ".join)
def test_a_mutant_is_named_by_the_probe_that_it_breaks(s3_retries, monkeypatch, samples, names):
    """And by no other that it leaves alone. A difference says whose rules it is, with the price of a retry."""
    broken, further = set(), set()
    for mutate, breaks, changes in map(MUTANTS.get, names):
        place, attribute, value = mutate(standard)
        (monkeypatch.setitem if isinstance(place, dict) else monkeypatch.setattr)(place, attribute, value)
        broken |= breaks
        further |= set(changes)
    attempts = 12 if "cap after jitter" in names else 3
    profile = s3_retries.measure(factory=reading(mode="standard", total_max_attempts=attempts), samples=samples)
    with pytest.raises(pytest.fail.Exception) as failure:
        profile.check(STANDARD, attempts=attempts)
    told = {line.strip().partition(": wanted")[0] for line in str(failure.value).splitlines() if ": wanted" in line}
    assert broken <= told
    if "retried" in further:
        further |= {probe for probe, count in profile.attempts.items() if count == 4}
    if "x_amz_retry_after" in further:  # the mutant knows no header
        further |= {"x_amz_retry_after_1500", "x_amz_retry_after_10000"}
    assert told <= broken | further
    if names == ["cost 5"]:
        assert "It fits aws-standard-2.1 best, but for 3 differences" in str(failure.value)
        (line,) = [line for line in str(profile).splitlines() if line.startswith("retries, transient")]
        assert line.split(maxsplit=2)[2] == "differs: wanted 35 retries, saw 100 retries (a cost of 5: the 2.0 rules)"
