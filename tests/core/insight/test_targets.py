"""Requests by identity: the same request in another run is found again, whatever the order of arrival."""

from __future__ import annotations

from pytest_s3errors._core.insight.targets import Names, after, identities, targets_of

from .journals import journal

PARTS = ["POST /b/k?uploads", *(f"PUT /b/k?uploadId=u&partNumber={n} 9" for n in (1, 2, 3)), "POST /b/k?uploadId=u 5"]


def names(first, second):
    return Names([entry.call for entry in first], [entry.call for entry in second])


def found(first, second):
    return targets_of(first, second, names(first, second))


def test_the_order_of_arrival_is_no_identity():
    first, second = journal(*PARTS), journal(PARTS[0], PARTS[3], PARTS[1], PARTS[2], PARTS[4])
    known = names(first, second)
    assert sorted(identities(first, known), key=str) == sorted(identities(second, known), key=str)
    assert len(found(first, second)) == len(PARTS)


def test_a_request_is_the_kth_of_its_identity():
    entries = journal("PUT /b/k 1", "PUT /b/other 1", "PUT /b/k 1")
    targets = found(entries, entries)
    assert [(one.identity.place, one.number) for one in targets] == [
        (("b", "k"), 1),
        (("b", "other"), 1),
        (("b", "k"), 2),
    ]
    assert [after(one, entries) for one in targets] == [0, 0, 1]


def test_a_range_narrows_and_a_read_without_one_counts_those_before_it():
    entries = journal("GET /b/k bytes=0-4", "GET /b/k bytes=5-9", "GET /b/k")
    targets = found(entries, entries)
    assert targets[1].match["header"] == {"Range": "bytes=5-9"}
    assert [after(one, entries) for one in targets] == [0, 0, 2]


def test_names_that_change_are_numbered_by_first_appearance():
    first = journal("PUT /b/run-1a2b/x.csv 1", "PUT /b/fixed 1", "PUT /b/run-3c4d/y.csv 1", "GET /b/run-1a2b/x.csv")
    second = journal("PUT /b/run-9f8e/x.csv 1", "PUT /b/fixed 1", "PUT /b/run-7777/y.csv 1", "GET /b/run-9f8e/x.csv")
    targets = found(first, second)
    assert [one.identity.place[1] for one in targets] == ["#1", "fixed", "#2", "#1"]
    assert [one.match["key"] for one in targets] == ["run-*/x.csv", "fixed", "run-*/y.csv", "run-*/x.csv"]
    assert after(targets[2], first) == 0


def test_names_without_anything_in_common_are_found_by_their_place():
    first, second = journal("PUT /b/aaa 1", "PUT /b/bbb 1"), journal("PUT /b/ccc 1", "PUT /b/ddd 1")
    targets = found(first, second)
    assert [sorted(one.match) for one in targets] == [["bucket", "operation"]] * 2
    assert [after(one, first) for one in targets] == [0, 1]


def test_wildcards_in_a_key_stand_for_themselves():
    entries = journal("PUT /b/a*b 1", "PUT /b/a[1] 1")
    assert [one.match["key"] for one in found(entries, entries)] == ["a[*]b", "a[[]1]"]


def test_a_request_of_one_run_only_is_no_target():
    first, second = journal("PUT /b/k 1", "HEAD /b/k"), journal("PUT /b/k 1")
    assert [one.identity.operation for one in found(first, second)] == ["PutObject"]


def test_kinds_tell_first_middle_and_last_part():
    entries = journal(PARTS[0], *(f"PUT /b/k?uploadId=u&partNumber={n} 9" for n in range(1, 9)), PARTS[-1])
    assert len({one.kind for one in found(entries, entries)}) == 2 + 3


def test_kinds_tell_an_empty_body_and_a_repetition():
    entries = journal("PUT /b/a 1", "PUT /b/b 1", "PUT /b/c 0", "PUT /b/b 1", "PUT /b/d 1", "PUT /b/e 1")
    kinds = [one.kind for one in found(entries, entries)]
    assert kinds[1] != kinds[2]
    assert kinds[1] != kinds[3]
    assert kinds[1] == kinds[4]
