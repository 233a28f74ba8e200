"""--s3-report: one page, tried in a real Chromium: widths, colors, filters, keys, hostile names, 2,000 tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_s3errors._core.report.coverage import coverage_of
from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.rules.faults import Fault
from pytest_s3errors._core.rules.schedule import ArmedRule, Firing, Rule
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._insight.page import page, values_of

HOSTILE = "test_it.py::test_[</script><script>document.title='caught'</script><img src=x onerror=alert(1)>]"
FAULT = Fault(kind="error")


def entries(number: int, key: str = "key") -> list[Entry]:
    """A PutObject that is tried three times and a GetObject that breaks off."""
    rule = ArmedRule(Rule(outcomes=(FAULT,), times=2, spelling="s3_fail('SlowDown', operation='PutObject', times=2)"))
    cut = ArmedRule(Rule(outcomes=(Fault(kind="truncated_body"),), spelling="s3_fail('truncated_body')"))
    made = []
    for at, (method, status, code, firing) in enumerate(
        [
            ("PUT", 503, "SlowDown", Firing(rule, FAULT, 1)),
            ("PUT", 503, "SlowDown", Firing(rule, FAULT, 2)),
            ("PUT", 200, None, None),
            ("GET", 200, None, Firing(cut, cut.rule.outcomes[0], 1)),
        ]
    ):
        call = parse_call(method=method, target=f"/data/{key}-{number}", host="s3.us-east-1.amazonaws.com", headers={})
        entry = Entry(call, firing, float(at))
        entry.heard = True
        entry.ended_s, entry.begun, entry.ended = at + 0.5, 2 * at, 2 * at + 1
        entry.status, entry.error_code, entry.body_size = status, code, 10 if method == "PUT" else 0
        entry.answer_size, entry.answer_whole = (5, 10) if method == "GET" else (0, 0)
        made.append(entry)
    return made


def told(name: str, came: list[Entry], outcome: str = "passed", error: str = "") -> dict:
    """What the page is told of one test."""
    return {"id": name, "outcome": outcome, "error": error, **values_of(came, frozenset())}


def whole_page(count: int = 250) -> str:
    """A page of *count* tests, three of which are not like the others."""
    tests = [told(f"tests/test_some_module.py::test_number[{n}]", entries(n)) for n in range(count)]
    tests.append(told(HOSTILE, entries(0, "folder/" * 40), outcome="failed", error="AssertionError: assert 1 == 2"))
    tests.append(told("tests/test_other.py::test_head", [], outcome="failed"))
    return page(
        coverage=coverage_of(entries(0), checked_before=2),
        tests=tests,
        findings=[swept(f"tests/test_some_module.py::test_number[{n}]", clean=n > 1) for n in range(count)],
        profiles=[{"id": name, "lines": [["500", f"{n} attempts"]]} for n, name in enumerate((HOSTILE, "other"))],
    )


def swept(name: str, *, clean: bool) -> dict:
    """A sweep of two requests by three faults: one is torn, one survives; a pair of faults leaks."""
    timeline = values_of(entries(0), frozenset())
    runs = [
        [[0], [0], ["once"], "survived", "", "", timeline],
        [[0], [0], ["always"], "survived" if clean else "torn", HOSTILE, "@pytest.mark.s3_sweep", timeline],
        [[1], [2], ["once"], "gave up", "S3Error", "", timeline],
        [[0, 1], [0, 1], ["once", "once"], "survived" if clean else "leak", "an upload", "", timeline],
    ]
    faults = ["AccessDenied", "stall", "connection_reset"]
    return {"id": name, "summary": "4 runs", "requests": ["PutObject a", "GetObject a"], "faults": faults, "runs": runs}


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "s3-report.html"
    path.write_text(whole_page(), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser, file):
    """Open the page at a width; what it asks for besides itself, and what it complains about, fails the test."""
    problems, contexts = [], []

    def open_page(width: int = 1280, scheme: str = "light", path: Path = file):
        context = browser.new_context(viewport={"width": width, "height": 850}, color_scheme=scheme)
        contexts.append(context)
        shown = context.new_page()
        shown.on("console", lambda message: problems.append(message.text))
        shown.on("pageerror", lambda error: problems.append(str(error)))
        shown.on("request", lambda request: None if request.url == path.as_uri() else problems.append(request.url))
        shown.goto(path.as_uri())
        return shown

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def names(shown) -> list[str]:
    return [text.partition("\u00a0")[0] for text in shown.locator("#list summary").all_inner_texts()]


def focused(shown) -> str:
    return shown.evaluate("document.activeElement.innerText ?? ''")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(opened, width, scheme):
    """With tests open, long keys and the table of coverage; in either color scheme."""
    shown = opened(width, scheme)
    for head in [*shown.locator("#list summary").all()[:3], shown.locator("#findings summary").first]:
        head.click()
    shown.locator("#findings td button").first.click()
    for place in ("list", "findings"):
        shown.locator(f"#{place} .row").nth(3).wait_for()
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    background = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]


def test_failed_tests_come_first_and_names_are_only_text(opened):
    """A name may hold a script or a tag; numbers in names sort as numbers."""
    shown = opened()
    first, second, third, fourth = names(shown)[:4]
    assert HOSTILE in first
    assert "test_head" in second
    assert "test_number[0]" in third
    assert "test_number[1]" in fourth
    assert shown.title() == "S3 errors report"
    assert shown.locator("img").count() == 0
    assert shown.locator("#total").inner_text() == "2 failed, 250 passed"


def test_a_test_opens_as_a_waterfall(opened):
    """A bar for each request where it was in time, waits between attempts of one call, rules below."""
    shown = opened()
    shown.locator("#list summary").nth(2).click()
    rows = shown.locator(".row")
    rows.nth(3).wait_for()
    assert rows.all_inner_texts()[1].split("\n")[0] == "attempt 2: PutObject data/key-0 10 B"
    assert "503 SlowDown ← [1], 2 of 2 (waited 0.500 s)" in rows.nth(1).inner_text()
    assert "GetObject data/key-0 5 B of 10 B" in rows.nth(3).inner_text()
    assert shown.locator(".wait").count() == 2
    lefts = [rows.nth(n).locator(".bar").bounding_box()["x"] for n in range(4)]
    assert lefts == sorted(set(lefts))
    assert "[1] s3_fail('SlowDown', operation='PutObject', times=2)" in shown.locator(".body pre").inner_text()


@pytest.mark.parametrize(
    ("control", "value", "count"),
    [
        ("operation", "GetObject", 251),
        ("fault", "throttle", 251),
        ("outcome", "failed", 2),
        ("search", "TEST_NUMBER[24", 11),
    ],
)
def test_every_filter_works(opened, control, value, count):
    """And the button takes it back."""
    shown = opened()
    if control == "search":
        shown.fill("#search", value)
    else:
        shown.select_option(f"#{control}", value)
    assert shown.locator("#count").inner_text() == f"{count} of 252 tests"
    assert len(names(shown)) == min(count, 100)
    shown.click("#clear")
    assert shown.locator("#count").inner_text() == "252 of 252 tests"


def test_filters_are_about_one_request(opened):
    """A throttled GetObject is another thing than a test with a GetObject and something throttled."""
    shown = opened()
    shown.select_option("#operation", "GetObject")
    shown.select_option("#fault", "throttle")
    assert shown.locator("#count").inner_text() == "0 of 252 tests"


def test_the_rest_of_a_long_list_is_a_click_away(opened):
    """A hundred at a time."""
    shown = opened()
    for count in (100, 200, 252):
        assert len(names(shown)) == count
        if count < 252:
            shown.click("#more")
    assert not shown.locator("#more").is_visible()


def test_every_key_works(opened):
    """Next, previous, open, failed, search, clear, coverage, colors, help."""
    shown = opened()
    keys = shown.keyboard
    keys.press("j")
    assert HOSTILE in focused(shown)
    keys.press("j")
    keys.press("f")
    assert "test_head" in focused(shown)
    keys.press("k")
    assert HOSTILE in focused(shown)
    keys.press("Enter")
    rows = shown.locator("details[open] .row")
    rows.nth(3).wait_for()  # the page makes them when the browser says that it is open, a moment later
    assert rows.count() == 4
    keys.press("/")
    keys.type("jkf")
    assert shown.locator("#count").inner_text() == "0 of 252 tests"
    keys.press("Escape")
    assert shown.locator("#count").inner_text() == "252 of 252 tests"
    keys.press("c")
    assert shown.locator("#coverage").bounding_box()["y"] < 850
    keys.press("d")
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    keys.press("?")
    assert shown.locator("#help").is_visible()
    keys.press("Escape")
    assert not shown.locator("#help").is_visible()


def test_a_cell_of_coverage_leads_to_its_tests_or_to_its_marker(opened):
    """A count filters, a dash shows what to paste."""
    shown = opened()
    shown.get_by_label("GetObject, cut body: met, 1 times").click()
    assert shown.locator("#operation").input_value() == "GetObject"
    assert shown.locator("#count").inner_text() == "251 of 252 tests"
    shown.get_by_label("PutObject, lost answer: missing").click()
    marker = '@pytest.mark.s3_fail("lost_response", operation="PutObject", times=1)'
    assert shown.locator("#marker").inner_text() == marker
    assert shown.get_by_label("PutObject, throttle: checked, 2 times").inner_text() == "2"


def test_a_map_of_a_sweep_leads_to_its_runs(opened):
    """Request by fault, the worst verdict of a cell; the runs of a cell with their requests, the worst first."""
    shown = opened()
    sweeps = shown.locator("#findings > div > details")
    heads = [text.partition("\n")[0] for text in sweeps.locator("summary").all_inner_texts()]
    assert [head.split()[0] for head in heads] == ["2", "2", "248"]
    sweeps.nth(0).locator("summary").click()
    cells = sweeps.nth(0).locator("td")
    cells.nth(3).wait_for()
    assert cells.all_inner_texts() == ["torn", "", "", "g"]  # nothing else was tried
    assert sweeps.nth(0).locator("thead").inner_text().split() == ["request", "AccessDenied", "connection_reset"]
    shown.get_by_label("PutObject a, AccessDenied: torn (always), survived (once)").click()
    runs = sweeps.nth(0).locator("details")
    assert ["torn" in runs.nth(0).inner_text(), "survived" in runs.nth(1).inner_text(), runs.count()] == [True, True, 2]
    assert HOSTILE in runs.nth(0).inner_text()
    assert runs.nth(0).locator("pre").first.inner_text() == "@pytest.mark.s3_sweep"
    assert runs.nth(0).locator(".row").count() == 4
    sweeps.nth(0).get_by_text("1 runs with several faults").click()
    assert "AccessDenied (once) at PutObject a, then stall (once) at GetObject a" in runs.nth(0).inner_text()
    sweeps.nth(2).locator("summary").first.click()
    sweeps.nth(2).locator("details").nth(247).wait_for()


def test_keys_lead_to_the_sweeps_and_from_cell_to_cell(opened):
    """Arrows stay within the table."""
    shown = opened()
    keys = shown.keyboard
    keys.press("s")
    assert "test_number[0]" in focused(shown)
    keys.press("Enter")
    shown.locator("#findings td button").first.focus()
    keys.press("ArrowUp")
    assert focused(shown) == "torn"
    keys.press("ArrowRight")
    assert focused(shown) == "g"
    keys.press("c")
    assert shown.evaluate("document.activeElement.ariaLabel") == "GetObject, throttle: missing"
    keys.press("ArrowDown")
    assert shown.evaluate("document.activeElement.ariaLabel") == "PutObject, throttle: checked, 2 times"


def test_profiles_stand_side_by_side(opened):
    """A line for each probe; the name of a test is only text."""
    shown = opened()
    assert shown.locator("#profiles td").all_inner_texts() == ["0 attempts", "1 attempts"]
    assert HOSTILE in shown.locator("#profiles th").nth(1).inner_text()


def test_two_thousand_tests_are_under_five_megabytes_and_open_at_once(opened, tmp_path):
    """The best of up to ten openings, since the machine may have other things to do."""
    path = tmp_path / "large.html"
    path.write_text(whole_page(2000), encoding="utf-8")
    assert path.stat().st_size < 5_000_000
    took = "performance.getEntriesByType('navigation')[0].domComplete"
    assert any(opened(path=path).evaluate(took) < 1000 for _ in range(10))


def test_a_test_with_many_requests_shows_the_first_ones():
    """And how many there were; a page does not grow beyond reason."""
    many = [one for n in range(100) for one in entries(n)]
    values = values_of(many, frozenset())
    assert (len(values["rows"]), values["requests"]) == (200, 400)
    tests = [{"id": str(n), "outcome": "passed", "error": "", **values} for n in range(1000)]
    assert len(page(coverage=coverage_of([], checked_before=0), tests=tests)) < 5_000_000
