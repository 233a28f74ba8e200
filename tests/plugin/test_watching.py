"""`s3_errors.watch` and `s3_errors.served`: expectations of breakers and caches that are not ours."""

from __future__ import annotations

import enum

import pytest

from pytest_s3errors._test.watching import Watching


class State(enum.Enum):
    SHUT = "closed"
    OPEN = "open"
    HALF_OPEN = 3


class Pasted:
    """As people paste it."""

    def __init__(self, state="closed"):
        self.state = state


class Named:
    """A state that is an object, as pybreaker's."""

    def __init__(self, name):
        self.name = name


class Wrapped:
    """A state that has the state, as aiobreaker's."""

    def __init__(self, state):
        self.state = state


class Slotted:
    __slots__ = ("state",)

    def __init__(self):
        self.state = "closed"


class Computed:
    """A property over what is set."""

    def __init__(self):
        self._failures = 0

    @property
    def state(self):
        return "open" if self._failures > 1 else "closed"


@pytest.fixture
def watching():
    watching = Watching()
    with watching.running(lambda: 0):
        yield watching


@pytest.mark.parametrize(
    ("values", "states"),
    [
        (["open", "half-open", "closed"], ["closed", "open", "half_open", "closed"]),
        ([State.OPEN, State.HALF_OPEN, State.SHUT], ["closed", "open", "half_open", "closed"]),
        ([Named("opened"), Named("half-opened"), Named("closed")], ["closed", "open", "half_open", "closed"]),
        ([Wrapped(State.OPEN), Wrapped(State.SHUT)], ["closed", "open", "closed"]),
        (["open", "open", "closed"], ["closed", "open", "closed"]),
    ],
    ids=["text", "enum", "object", "wrapped", "repeated"],
)
@pytest.mark.parametrize("kind", [Pasted, Slotted])
def test_every_state_is_seen_in_whatever_it_is_kept(watching, kind, values, states):
    """Each change in order, a repetition once."""
    breaker = kind()
    watching.follow(breaker, "state")
    for value in values:
        breaker.state = value
    assert watching.circuits == [(None, states)]


def test_a_computed_state_is_seen(watching):
    """The attribute that changes is not the one that is read."""
    breaker = Computed()
    watching.follow(breaker, "state")
    for _ in range(3):
        breaker._failures += 1
    assert watching.circuits == [(None, ["closed", "open"])]


def test_the_breaker_is_as_before_when_the_body_ends():
    """Its class too; what it does later is nobody's."""
    watching, breaker = Watching(), Pasted()
    with watching.running(lambda: 0):
        watching.follow(breaker, "state")
        assert isinstance(breaker, Pasted)
        assert type(breaker).__name__ == "Pasted"
    assert type(breaker) is Pasted
    breaker.state = "open"
    assert watching.circuits == [(None, ["closed"])]


def test_what_has_no_state_is_refused(watching):
    """With the attribute to name."""
    with pytest.raises(TypeError, match=r"a Pasted has no attribute 'current_state'"):
        watching.follow(Pasted(), "current_state")


def test_what_python_does_not_let_be_followed_is_refused(watching):
    """An object of C, say."""
    with pytest.raises(TypeError, match="can't follow a complex"):
        watching.follow(1j, "real")


def test_a_breaker_that_was_pasted_meets_the_expectation(run):
    """From its marker to the verdict."""
    run(
        """
        class Breaker:
            def __init__(self):
                self.state, self.failures = "closed", 0

            def call(self, act):
                try:
                    return act()
                except ZeroDivisionError:
                    self.failures += 1
                    if self.failures > 2:
                        self.state = "open"

        @pytest.mark.s3_expect(circuit=["closed", "open"])
        def test_it(s3_errors):
            breaker = Breaker()
            s3_errors.watch(breaker)
            for _ in range(3):
                breaker.call(lambda: 1 / 0)

        @pytest.mark.s3_expect(served_by="local_cache")
        def test_a_cache(s3_errors):
            s3_errors.served("local_cache")
        """
    ).assert_outcomes(passed=2)


def test_the_messages_name_the_way(run):
    """For who has a breaker or a cache of another library."""
    result = run(
        """
        @pytest.mark.s3_expect(circuit=["closed", "open"], served_by="local_cache")
        def test_it(s3_errors):
            pass
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*s3_errors.watch(breaker)*", "*s3_errors.served()*"])


@pytest.mark.parametrize("fake", [False, True])
def test_jitter_of_the_shipped_retry_comes_from_the_seed(run, fake):
    """The same seed, the same delays; another one, others. A test's own `random.random` wins."""
    source = """
        import random
        import pytest
        from s3_asyncio_client import retry_with_exponential_backoff

        @pytest.mark.s3_fail(503, times=3)
        async def test_it(s3_client, s3_clock, monkeypatch):
            FAKE
            await retry_with_exponential_backoff(lambda: s3_client.put_object("b", "k", b""))
            print("slept", s3_clock.sleeps)
        """.replace("FAKE", "monkeypatch.setattr(random, 'random', lambda: 0.5)" if fake else "")

    def slept(seed):
        result = run(source, f"--s3-seed={seed}", "-s")
        result.assert_outcomes(passed=1)
        return next(line.partition("slept ")[2] for line in result.outlines if "slept " in line)

    first = slept(1)
    assert slept(1) == first
    assert (slept(2) == first) is fake
    assert (first == "[1.05, 2.1, 4.2]") is fake
