"""Scoring as people do it, in a real browser: keyboard, undo, resume, touch, narrow, enlarged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amgs.tables import write_table

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


@pytest.fixture
def page(browser: Any, running: Any) -> Iterator[Any]:
    """A page of 1280 × 800; any error of its scripts fails the test. It closes before the room."""
    yield from open_page(browser, viewport={"width": 1280, "height": 800})


def open_page(browser: Any, **options: Any) -> Iterator[Any]:
    context = browser.new_context(**options)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert errors == []


def sign_in(page: Any, url: str, name: str = "Ada") -> str:
    """Sign in as a new rater; return the code that was shown."""
    page.goto(url)
    page.fill("#name", name)
    page.keyboard.press("Enter")
    page.wait_for_selector(".code")
    code = page.inner_text(".code")
    page.keyboard.press("Tab")
    page.click("text=I have written it down")
    wait_for_face(page, 1)
    return str(code)


def wait_for_face(page: Any, number: int) -> None:
    # `expect` asks again when the page under it is replaced; a function of ours that reads an
    # element would fail on the page before, which has none of that name.
    expect(page.locator("#count")).to_have_text(re.compile(f"^Face {number} "), timeout=30_000)


def saved(page: Any, words: str | re.Pattern[str] = "Saved") -> None:
    expect(page.locator("#saved")).to_have_text(words, timeout=30_000)


def test_twenty_faces_by_keyboard_alone(page: Any, running: Any) -> None:
    """Every answer is in the store as it was pressed, and the page goes on by itself."""
    sign_in(page, running.url)
    units = running.study.scale.unit_names
    keys = {0: "0", 1: "1", 2: "2", None: "x"}
    expected = {}
    for position in range(20):
        wait_for_face(page, position + 1)
        for number, unit in enumerate(units):
            score = (0, 1, 2, None)[(position + number) % 4]
            expected[position, unit] = score
            page.keyboard.press(keys[score])
    wait_for_face(page, 21)
    rows = running.study.store.scoring.all()
    assert {(r.position, r.unit): r.score for r in rows} == expected
    assert page.evaluate("document.getElementById('bar').value") == 20


def test_undo_goes_back_to_where_the_answer_was(page: Any, running: Any) -> None:
    sign_in(page, running.url)
    page.keyboard.type("11111")
    wait_for_face(page, 2)
    page.keyboard.press("2")
    saved(page)
    page.keyboard.press("u")
    saved(page, "Taken back")
    wait_for_face(page, 2)
    page.keyboard.press("u")
    wait_for_face(page, 1)
    pressed = page.locator('.unit button[aria-pressed="true"]')
    assert pressed.count() == 4
    assert len(running.study.store.scoring.all()) == 4


def test_a_key_too_many_changes_nothing(page: Any, running: Any) -> None:
    """Neither on the face just finished, nor on one that was finished before."""
    sign_in(page, running.url)
    page.keyboard.type("111112")
    wait_for_face(page, 2)
    page.keyboard.press("ArrowLeft")
    wait_for_face(page, 1)
    page.keyboard.press("2")
    expect(page.locator("#trouble")).to_be_visible()
    assert "choose its unit first" in page.inner_text("#trouble")
    assert [row.score for row in running.study.store.scoring.all()] == [1] * 5
    page.keyboard.press("ArrowDown")
    page.keyboard.press("2")
    saved(page)
    page.keyboard.press("0")
    rows = running.study.store.scoring.all()
    assert sorted(row.score for row in rows) == [1, 1, 1, 1, 2]


def test_going_on_leads_to_open_faces_until_none_is_left(page: Any, running: Any) -> None:
    """Faces that were left out come back after the last one, and the end is seen."""
    sign_in(page, running.url)
    total = int(page.inner_text("#count").split(" of ")[1].split(",")[0])
    page.keyboard.press("ArrowRight")
    wait_for_face(page, 2)
    page.keyboard.type("00000")
    wait_for_face(page, 3)
    for place in (2, 1):
        page.keyboard.press("ArrowLeft")
        wait_for_face(page, place)
    page.keyboard.type("11111")
    wait_for_face(page, 3)
    page.keyboard.press("ArrowRight")
    wait_for_face(page, 4)
    for number in range(4, total + 1):
        wait_for_face(page, number)
        page.keyboard.press("i")
        page.keyboard.press("1")
    wait_for_face(page, 3)
    assert not page.is_visible("#finished")
    page.keyboard.type("22222")
    page.wait_for_selector("#finished", state="visible")
    saved(page)
    assert page.evaluate(
        "() => { const r = document.getElementById('finished').getBoundingClientRect();"
        " return r.top >= 0 && r.bottom <= window.innerHeight; }"
    )


def test_arrows_move_between_units_and_faces(page: Any, running: Any) -> None:
    sign_in(page, running.url)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("2")
    saved(page)
    page.keyboard.press("ArrowRight")
    wait_for_face(page, 2)
    page.keyboard.press("ArrowLeft")
    wait_for_face(page, 1)
    (row,) = running.study.store.scoring.all()
    assert (row.unit, row.score) == (running.study.scale.unit_names[2], 2)


def test_an_image_that_cannot_be_scored_has_a_reason(page: Any, running: Any) -> None:
    sign_in(page, running.url)
    page.keyboard.press("1")
    page.keyboard.press("i")
    page.keyboard.press("3")
    wait_for_face(page, 2)
    (row,) = running.study.store.scoring.all()
    assert (row.unit, row.score, row.reason) == ("image", None, "face turned away")


def test_going_on_at_another_machine(page: Any, browser: Any, running: Any) -> None:
    """A name and its code: the same order, the same answers, the next face."""
    code = sign_in(page, running.url)
    page.keyboard.type("01201")
    wait_for_face(page, 2)
    for other in open_page(browser):
        other.goto(running.url)
        other.fill("#name", "ada")
        other.fill("#code", code.lower())
        other.click("text=Begin")
        wait_for_face(other, 2)
        other.keyboard.press("ArrowLeft")
        wait_for_face(other, 1)
        assert other.locator('.unit button[aria-pressed="true"]').count() == 5


def test_what_cannot_be_saved_is_kept_and_tried_again(browser: Any, running: Any) -> None:
    """The network fails for a while: the page says so, and nothing is lost."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, running.url)
    context.set_offline(True)
    page.keyboard.press("2")
    page.keyboard.press("1")
    saved(page, re.compile("not saved"))
    assert running.study.store.scoring.all() == []
    context.set_offline(False)
    saved(page)
    rows = running.study.store.scoring.all()
    assert sorted(r.score for r in rows if r.score is not None) == [1, 2]
    context.close()


def test_touch_on_a_narrow_screen(browser: Any, running: Any) -> None:
    """On a telephone: nothing is wider than the screen, and every target is large enough."""
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    for page in open_page(browser, **options):
        sign_in(page, running.url)
        for unit in running.study.scale.unit_names:
            page.tap(f'[data-unit="{unit}"] [data-score="2"]')
        wait_for_face(page, 2)
        assert len(running.study.store.scoring.all()) == 5
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        sizes = page.evaluate(
            "[...document.querySelectorAll('.choices button, .steps button')]"
            ".map(b => Math.min(b.offsetWidth, b.offsetHeight))"
        )
        assert min(sizes) >= 44
        page.tap("#larger")
        assert page.inner_text("#zoom") == "150 %"


def test_everything_is_reachable_at_200_percent(browser: Any, running: Any) -> None:
    """Twice as large on a small screen: nothing is cut off at the side, all buttons can be seen."""
    for page in open_page(browser, viewport={"width": 640, "height": 400}, device_scale_factor=2):
        sign_in(page, running.url)
        assert page.evaluate("document.documentElement.scrollWidth") <= 640
        for name in ("#next", "#undo", "#image-not-scorable", "[data-unit] >> nth=4"):
            page.locator(name).scroll_into_view_if_needed()
            assert page.locator(name).is_visible()


def test_focus_can_be_seen_and_text_has_contrast(page: Any, running: Any) -> None:
    """An outline of at least 2 pixels on every control; text at 4.5 : 1 or better."""
    sign_in(page, running.url)
    for _ in range(12):
        page.keyboard.press("Tab")
        width, style = page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement);"
            " return [parseFloat(s.outlineWidth), s.outlineStyle]; })()"
        )
        assert width >= 2
        assert style == "solid"
    worst = page.evaluate(CONTRAST)
    assert worst[0] >= 4.5, worst


CONTRAST = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.8) { return colour; }
    }
    return [255, 255, 255];
  };
  const found = [...document.querySelectorAll("body *")]
    .filter((e) => e.offsetParent && !e.disabled && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
    .map((e) => {
      const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), e.outerHTML.slice(0, 80)];
    });
  return found.sort((x, y) => x[0] - y[0])[0];
})()
"""


def test_the_course_leads_to_scoring(page: Any, running: Any) -> None:
    """Wrong answers are shown beside the reference; enough right ones open the scoring room."""
    units = running.study.scale.unit_names
    folder = running.study.folder
    images = sorted(folder.glob("videos/*/*.jpg"))[:4]
    rows = [
        [p.relative_to(folder).as_posix(), *[number % 3] * 5] for number, p in enumerate(images)
    ]
    write_table(folder / "reference.csv", ("image", *units), rows)
    right = {path.name: number % 3 for number, path in enumerate(images)}
    page.goto(running.url)
    page.fill("#name", "Ada")
    page.click("text=Begin")
    page.click("text=I have written it down")
    page.wait_for_url(re.compile("/course$"))
    room = running.study.room()
    rater = running.study.store.raters.all()[0]
    for seen in range(12):
        expect(page.locator("#count")).to_have_text(re.compile(f"^face {seen + 1},"))
        face = room.course_face(rater, seen)
        wanted = right[Path(face.name).name]
        for _ in units:
            page.keyboard.press(str(wanted if seen >= 2 else (wanted + 1) % 3))
        page.keyboard.press("ArrowRight")
        page.wait_for_selector(".reference")
        text = page.inner_text("#verdict")
        assert text.startswith("5 of 5" if seen >= 2 else "0 of 5")
        if "passed" in text:
            break
        page.keyboard.press("ArrowRight")
    assert seen == 5
    page.click("#next")
    wait_for_face(page, 1)
    assert len(running.study.store.raters.course(rater.id)) == 6 * 5
