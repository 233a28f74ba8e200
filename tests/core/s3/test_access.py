"""Who is known, and how the marker says it."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_access import access_of
from pytest_s3errors._core.s3.access import Access, Credentials

ALWAYS = Credentials(access_key="ALWAYS", secret_key="known")


def test_no_secret_in_repr():
    """Secret key and session token are not in the text of what holds them."""
    shown = repr(Access(known=(Credentials(access_key="AK", secret_key="hush", session_token="quiet"),)))
    assert "AK" in shown
    assert "hush" not in shown
    assert "quiet" not in shown


def test_each_access_key_is_an_account():
    """Owner ids have S3's form and are another for each access key, whatever its secret."""
    one, again, other = (Credentials(access_key=key, secret_key=secret) for key, secret in ("A1", "A2", "B1"))
    assert len(one.owner_id) == 64
    assert int(one.owner_id, 16)
    assert len(one.account_id) == 12
    assert one.account_id.isdigit()
    assert one.owner_id == again.owner_id != other.owner_id


def test_nothing_declared():
    """Without a marker the test credentials are known, and nobody is refused for being another."""
    assert access_of([], ALWAYS) == Access(known=(ALWAYS,))


@pytest.mark.parametrize(
    ("marks", "known", "anonymous"),
    [
        ([((), {})], ["ALWAYS"], False),
        ([(("A", "a"), {})], ["A", "ALWAYS"], False),
        ([(("A", "a"), {}), (("B", "b"), {"session_token": "t"})], ["A", "B", "ALWAYS"], False),
        ([(("A", "a"), {}), ((), {"anonymous": True})], ["A", "ALWAYS"], True),
        ([((), {}), (("A", "a"), {})], ["ALWAYS", "A"], False),
        ([(("ALWAYS", "other"), {})], ["ALWAYS"], False),
    ],
)
def test_declared(marks, known, anonymous):
    """Markers add up, their accounts are in their order, and the test credentials stay known."""
    access = access_of(marks, ALWAYS)
    assert [one.access_key for one in access.known] == known
    assert (access.declared, access.anonymous) == (True, anonymous)


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        (("A",), {}, "together"),
        ((None, "s3cr3t"), {}, "together"),
        (("A", "s3cr3t", "t"), {}, "session_token= by name"),
        (("A", b"s3cr3t"), {}, "secret_key=...): allowed is a non-empty string, not bytes"),
        (("", "s3cr3t"), {}, "access_key=...): allowed is a non-empty string"),
        (("A/B", "s3cr3t"), {}, "'A/B'"),
        (("A", "s3cr3t"), {"session_token": 1}, "session_token=...): allowed is a non-empty string, not int"),
        ((), {"session_token": "t"}, "needs the access key"),
        ((), {"anonymous": 1}, "allowed are True and False"),
        ((), {"anonymus": True}, "did you mean 'anonymous'?"),
    ],
)
def test_wrong_spelling(args, kwargs, said):
    """A wrong argument is named with what is allowed, and no secret is repeated."""
    with pytest.raises(RuleError) as error:
        access_of([(args, kwargs)], ALWAYS)
    assert said in str(error.value)
    assert "s3cr3t" not in str(error.value)


def test_one_key_with_two_secrets():
    """An access key has one secret key; the same marker twice is no contradiction."""
    assert len(access_of([(("A", "a"), {}), (("A", "a"), {})], ALWAYS).known) == 2
    with pytest.raises(RuleError, match="comes twice"):
        access_of([(("A", "a"), {}), (("A", "b"), {})], ALWAYS)
