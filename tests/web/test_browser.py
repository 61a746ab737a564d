"""Scoring as people do it, in a real browser: keyboard, undo, resume, touch, narrow, enlarged."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amgs.study import Study
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
    pressed = page.locator('.unit button[aria-checked="true"]')
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


def kept(running: Any) -> dict[tuple[int, str], int | None]:
    return {(r.position, r.unit): r.score for r in running.study.store.scoring.all()}


def test_a_key_never_scores_a_face_that_was_not_seen(page: Any, running: Any) -> None:
    """The button that was clicked last does not have the focus on the next face."""
    sign_in(page, running.url)
    for unit in running.study.scale.unit_names:
        page.click(f'[data-unit="{unit}"] [data-score="2"]')
    wait_for_face(page, 2)
    page.keyboard.press(" ")
    page.keyboard.press("Enter")  # meant as "next"
    wait_for_face(page, 3)
    assert len(kept(running)) == 5
    assert {position for position, _ in kept(running)} == {0}


def test_digits_go_to_the_unit_with_the_focus(page: Any, running: Any) -> None:
    sign_in(page, running.url)
    unit = running.study.scale.unit_names[1]
    page.focus(f'[data-unit="{unit}"] [data-score="0"]')
    page.keyboard.press("2")
    saved(page)
    assert kept(running) == {(0, unit): 2}
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.score") == "1", "within the unit"
    page.keyboard.press("Space")
    saved(page)
    assert kept(running) == {(0, unit): 1}


@pytest.mark.parametrize("slow", ["all", "undo"])
def test_undo_waits_in_the_same_queue(page: Any, running: Any, slow: str) -> None:
    """0 1 u 2 on a slow line: the 2 takes the place of the 1."""
    sign_in(page, running.url)

    def later(route: Any) -> None:
        if slow == "all" or route.request.url.endswith("/api/undo"):
            time.sleep(0.4)
        route.continue_()

    page.route("**/api/**", later)
    page.keyboard.type("01")
    page.keyboard.press("u")
    page.keyboard.press("2")
    saved(page)
    expect(page.locator('.unit [aria-checked="true"]')).to_have_count(2)
    first, second = running.study.scale.unit_names[:2]
    assert kept(running) == {(0, first): 0, (0, second): 2}


def test_a_face_that_cannot_be_shown_cannot_be_scored(page: Any, running: Any) -> None:
    sign_in(page, running.url)
    order = running.study.store.scoring.order(1)
    (running.study.folder / order[2].image).rename(running.study.folder / "away.jpg")
    page.keyboard.press("ArrowRight")
    wait_for_face(page, 2)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#no-face")).to_contain_text("missing or was changed")
    expect(page.locator("#no-face")).to_be_visible()
    page.keyboard.type("00000")
    expect(page.locator("#trouble")).to_contain_text("cannot be scored")
    assert page.is_disabled('[data-score="0"] >> nth=0')
    assert kept(running) == {}
    page.keyboard.press("ArrowRight")
    wait_for_face(page, 4)


def test_a_next_that_failed_does_not_jump_later(browser: Any, running: Any) -> None:
    """Back works in the meantime; while that face is scored the page stays on it."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, running.url)
    page.keyboard.press("ArrowRight")
    wait_for_face(page, 2)
    page.route("**/api/face/2**", lambda route: route.abort())
    page.keyboard.press("ArrowRight")
    expect(page.locator("#trouble")).to_contain_text("Trying again")
    page.keyboard.press("ArrowLeft")
    wait_for_face(page, 1)
    page.unroute("**/api/face/2**")
    page.keyboard.type("012")
    page.wait_for_timeout(2500)
    wait_for_face(page, 1)
    assert {position for position, _ in kept(running)} == {0}
    context.close()


def test_the_reason_why_nothing_is_saved_is_seen(browser: Any, running: Any) -> None:
    """At the top, also with all explanations open, and in the server's own words."""
    from amgs.errors import StoreError

    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    sign_in(page, running.url)
    scoring = type(running.study.store.scoring)
    with pytest.MonkeyPatch.context() as patch:

        def full(*_: object, **__: object) -> None:
            raise StoreError("/secret/place: disk is full")

        patch.setattr(scoring, "save", full)
        page.keyboard.press("1")
        saved(page, re.compile("1 not saved yet"))
        expect(page.locator("#trouble")).to_be_in_viewport()
        expect(page.locator("#trouble")).to_contain_text("disk may be full")
        assert "/secret" not in page.inner_text("body")
    saved(page)
    assert list(kept(running).values()) == [1]
    expect(page.locator("#trouble")).to_be_hidden()
    context.close()


@pytest.mark.parametrize(
    ("code", "key", "score"),
    [
        ("Digit1", "&", 1),
        ("Digit1", "+", 1),
        ("Digit2", "é", 2),
        ("KeyX", "ч", None),
        ("KeyX", "X", None),
    ],
)
def test_keys_of_other_countries(
    page: Any, running: Any, code: str, key: str, score: int | None
) -> None:
    """France, Bohemia, Russia, and caps lock: by the place of the key."""
    sign_in(page, running.url)
    page.evaluate(
        "([code, key]) => document.body.dispatchEvent("
        "new KeyboardEvent('keydown', {code, key, bubbles: true, cancelable: true}))",
        [code, key],
    )
    saved(page)
    assert list(kept(running).values()) == [score]
    assert page.inner_text("#zoom") == "100 %"


def test_single_keys_can_be_switched_off(page: Any, running: Any) -> None:
    sign_in(page, running.url)
    page.keyboard.press("?")
    page.uncheck("#letters")
    page.keyboard.press("Escape")
    page.keyboard.type("012xu")
    page.reload()
    wait_for_face(page, 1)
    page.keyboard.type("012")
    assert kept(running) == {}
    page.keyboard.press("ArrowRight")
    wait_for_face(page, 2)


def test_flags_notes_and_the_list_of_open_faces(page: Any, running: Any) -> None:
    sign_in(page, running.url)
    page.keyboard.press("f")
    page.keyboard.press("n")
    page.keyboard.type("is the left eye shut? 012")
    page.keyboard.press("Enter")
    saved(page)
    page.keyboard.press("ArrowRight")
    wait_for_face(page, 2)
    page.keyboard.type("00000")
    wait_for_face(page, 3)
    page.keyboard.press("g")
    expect(page.locator("#open-list")).to_have_text("1")
    expect(page.locator("#flag-list")).to_have_text("1: is the left eye shut? 012")
    page.fill("#jump-to", "7")
    page.keyboard.press("Enter")
    wait_for_face(page, 7)
    page.keyboard.press("g")
    page.click("#flag-list button")
    wait_for_face(page, 1)
    expect(page.locator("#flag")).to_have_attribute("aria-pressed", "true")
    (shown,) = running.study.store.scoring.remarked(1)
    assert (shown.position, shown.flagged, shown.note) == (0, True, "is the left eye shut? 012")


def test_time_per_face_is_kept(page: Any, running: Any) -> None:
    sign_in(page, running.url)
    page.wait_for_timeout(600)
    page.keyboard.type("00000")
    wait_for_face(page, 2)
    seconds = {row.seconds for row in running.study.store.scoring.all()}
    (only,) = seconds
    assert only is not None
    assert 0.5 < only < 30


def test_a_new_face_is_announced_and_the_zoom_stays_in_the_frame(page: Any, running: Any) -> None:
    sign_in(page, running.url)
    expect(page.locator("#announce")).to_have_text("Face 1 of 25")
    box = page.locator("#frame").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    for _ in range(10):
        page.mouse.wheel(0, -20)
    assert 110 < int(page.inner_text("#zoom").split()[0]) < 250, "small turns are small"
    for _ in range(20):
        page.mouse.wheel(0, -300)
    assert page.inner_text("#zoom") == "400 %"
    page.mouse.down()
    page.mouse.move(box["x"] + 5000, box["y"] + 5000)
    page.mouse.up()
    face = page.locator("#face").bounding_box()
    assert face["x"] < box["x"] + box["width"] / 2
    assert face["y"] < box["y"] + box["height"] / 2
    page.keyboard.press("ArrowRight")
    wait_for_face(page, 2)
    assert page.inner_text("#zoom") == "100 %"


def test_one_unit_of_all_faces_then_the_next(browser: Any, study: Any, serve: Any) -> None:
    path = study.folder / "study.toml"
    text = path.read_text("utf-8").replace('mode = "face by face"', 'mode = "unit by unit"')
    path.write_text(text, "utf-8")
    with Study.open(study.folder) as opened:
        for running in serve(opened):
            for page in open_page(browser):
                sign_in(page, running.url)
                expect(page.locator("#one-unit")).to_have_text("Orbital tightening: unit 1 of 5")
                expect(page.locator(".unit:visible")).to_have_count(1)
                for number in range(25):
                    wait_for_face(page, number + 1)
                    page.keyboard.press(str(number % 3))
                expect(page.locator("#one-unit")).to_have_text("Nose bulge: unit 2 of 5")
                wait_for_face(page, 1)
                page.keyboard.press("2")
                wait_for_face(page, 2)
                page.keyboard.press("u")
                wait_for_face(page, 1)
                page.reload()
                expect(page.locator("#one-unit")).to_have_text("Nose bulge: unit 2 of 5")
                wait_for_face(page, 1)
            units = opened.scale.unit_names
            assert kept(running) == {(n, units[0]): n % 3 for n in range(25)}


def test_one_unit_alone_is_the_only_one_that_keys_reach(
    browser: Any, study: Any, serve: Any
) -> None:
    """Arrows choose no hidden unit, undo stays in its unit, and earlier units can be reached."""
    path = study.folder / "study.toml"
    text = path.read_text("utf-8").replace('mode = "face by face"', 'mode = "unit by unit"')
    path.write_text(text, "utf-8")
    with Study.open(study.folder) as opened:
        first, second = opened.scale.unit_names[:2]
        for running in serve(opened):
            for page in open_page(browser):
                sign_in(page, running.url)
                page.keyboard.press("ArrowDown")
                page.keyboard.press("2")
                wait_for_face(page, 2)
                assert kept(running) == {(0, first): 2}
                page.keyboard.press("1")
                wait_for_face(page, 3)
                page.keyboard.press("ArrowLeft")
                wait_for_face(page, 2)
                page.click(f'[data-unit="{first}"] [data-score="2"]')
                saved(page)
                page.keyboard.press("u")
                saved(page, "Taken back")
                expect(page.locator("#one-unit")).to_have_text("Orbital tightening: unit 1 of 5")
                wait_for_face(page, 2)
                assert kept(running) == {(0, first): 2, (1, first): 1}
                page.keyboard.press("g")
                expect(page.locator("#open-list")).to_have_text("none before the furthest face")
                page.keyboard.press("Escape")
                page.select_option("#unit-choice", second)
                expect(page.locator("#one-unit")).to_have_text("Nose bulge: unit 2 of 5")
                page.keyboard.press("0")
                wait_for_face(page, 2)
                page.keyboard.press("i")
                page.keyboard.press("1")
                wait_for_face(page, 3)
                page.keyboard.press("u")  # an answer to the whole image is of no unit
                saved(page, "Taken back")
                wait_for_face(page, 2)
                expect(page.locator("#one-unit")).to_have_text("Nose bulge: unit 2 of 5")
                page.keyboard.press("2")
                wait_for_face(page, 3)
                assert kept(running)[1, second] == 2
                page.select_option("#unit-choice", first)
                expect(page.locator("#one-unit")).to_have_text("Orbital tightening: unit 1 of 5")
                wait_for_face(page, 1)
                assert kept(running)[0, second] == 0


@pytest.mark.parametrize("opened", ["note", "reasons", "list"])
def test_what_opens_on_a_face_just_finished_holds_the_page(
    page: Any, running: Any, opened: str
) -> None:
    """Nothing typed there reaches the next face."""
    sign_in(page, running.url)
    held: list[Any] = []
    free: list[bool] = []

    def hold(route: Any) -> None:
        if free:
            route.continue_()
        else:
            held.append(route)

    # The page goes on when all is saved: until then there is time for the next key.
    page.route("**/api/answer", hold)
    page.keyboard.type("11111")
    page.keyboard.press({"note": "n", "reasons": "i", "list": "g"}[opened])
    page.wait_for_timeout(100)
    free.append(True)
    for route in held:
        route.continue_()
    page.wait_for_timeout(600)
    wait_for_face(page, 1)
    if opened == "note":
        page.keyboard.type("whisker 0 covered by 2 hairs of mouse 1", delay=10)
        page.keyboard.press("Enter")
        wait_for_face(page, 2)
        saved(page)
        (shown,) = running.study.store.scoring.remarked(1)
        assert shown.note == "whisker 0 covered by 2 hairs of mouse 1"
    elif opened == "reasons":
        page.keyboard.press("0")
        page.keyboard.press("1")
        wait_for_face(page, 2)
        saved(page)
        (row,) = running.study.store.scoring.all()
        assert (row.position, row.unit, row.reason) == (0, "image", "blurred")
    else:
        page.keyboard.press("Escape")
        wait_for_face(page, 2)
    assert not any(position == 1 for position, _ in kept(running))


def test_a_typed_note_is_kept_when_the_face_is_left(page: Any, running: Any) -> None:
    sign_in(page, running.url)
    page.keyboard.press("n")
    page.keyboard.type("👩‍🔬 looks at the ear")
    page.click("#next")
    wait_for_face(page, 2)
    saved(page)
    (shown,) = running.study.store.scoring.remarked(1)
    assert shown.note == "👩‍🔬 looks at the ear"


def test_a_wrong_last_key_is_taken_back_on_the_last_page(page: Any, running: Any) -> None:
    sign_in(page, running.url)
    for number in range(25):
        wait_for_face(page, number + 1)
        page.keyboard.type("00000")
    page.wait_for_selector("#finished", state="visible")
    page.keyboard.press("u")
    expect(page.locator("#finished")).to_be_hidden()
    saved(page, "Taken back")
    page.keyboard.press("2")
    page.wait_for_selector("#finished", state="visible")
    last = running.study.scale.unit_names[-1]
    assert kept(running)[24, last] == 2
    page.click("#look-again")
    wait_for_face(page, 1)
    page.keyboard.press("g")
    page.fill("#jump-to", "25")
    page.keyboard.press("Enter")
    wait_for_face(page, 25)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#finished", state="visible")


def test_signed_out_elsewhere_is_said_with_a_way_in(browser: Any, running: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, running.url)
    running.study.room().entrance.new_code("Ada")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#trouble")).to_contain_text("Please sign in again")
    page.click("#trouble >> text=Sign in")
    expect(page.locator("h1")).to_have_text("Score faces")
    context.close()


def test_a_program_that_hangs_is_told(browser: Any, running: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, running.url)
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/api/answer", hold)
    page.keyboard.press("1")
    expect(page.locator("#trouble")).to_contain_text("takes long to answer", timeout=10_000)
    held[0].continue_()
    saved(page)
    expect(page.locator("#trouble")).to_be_hidden()
    assert list(kept(running).values()) == [1]
    context.close()


WIDTHS = {1280: 800, 820: 1180, 390: 844}


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_has_a_barrier(browser: Any, running: Any, width: int) -> None:
    """axe-core, WCAG 2.2 A and AA and best practice, on every page and state."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    options = {"viewport": {"width": width, "height": WIDTHS[width]}, "has_touch": width < 1000}
    found: list[str] = []
    context = browser.new_context(**options)
    page = context.new_page()

    def look(state: str) -> None:
        page.wait_for_timeout(150)
        result = axe.run(page).response
        found.extend(
            f"{state}: {v['id']} ({v['impact']}) {[n['html'][:90] for n in v['nodes']][:2]}"
            for v in result["violations"]
        )

    _walk_as_rater(page, running, look)
    page.goto(f"{running.url}/nowhere")
    look("error")
    page.goto(f"{running.url}/owner")
    look("owner's key")
    page.fill("#key", running.keys.owner)
    page.click("text=Open")
    for details in page.query_selector_all("details"):
        details.evaluate("element => { element.open = true; }")
    look("owner")
    context.close()
    assert found == []


def _walk_as_rater(page: Any, running: Any, look: Callable[[str], None]) -> None:
    page.goto(running.url)
    look("sign in")
    page.fill("#name-back", "Nobody")
    page.fill("#code", "2222-2222")
    page.click("text=Go on")
    look("refused")
    page.fill("#name", "Ada")
    page.click("text=Begin")
    look("code")
    page.click("text=I have written it down")
    wait_for_face(page, 1)
    look("face")
    page.click("#image-not-scorable")
    look("reasons")
    page.click("#light")
    look("light")
    page.click("#light")
    page.click("#note-open")
    look("note")
    page.click("#flag")
    page.click("#help")
    look("settings")
    page.click("#settings >> text=Close")
    page.click("#list")
    look("list")
    page.click("#places >> text=Close")
    page.emulate_media(color_scheme="dark")
    look("dark")
    page.emulate_media(color_scheme="light")
    for number in range(25):
        wait_for_face(page, number + 1)
        for unit in running.study.scale.unit_names:
            page.click(f'[data-unit="{unit}"] [data-score="1"]')
    page.wait_for_selector("#finished", state="visible")
    look("finished")


def test_high_contrast_shows_answers(browser: Any, running: Any) -> None:
    for page in open_page(browser, forced_colors="active"):
        sign_in(page, running.url)
        page.keyboard.press("1")
        saved(page)
        colours = page.evaluate(
            "[...document.querySelectorAll('.unit:first-child [data-score]')]"
            ".map(b => getComputedStyle(b).backgroundColor)"
        )
        assert colours[1] not in {colours[0], colours[2]}


def test_going_on_at_another_machine(page: Any, browser: Any, running: Any) -> None:
    """A name and its code: the same order, the same answers, the next face."""
    code = sign_in(page, running.url)
    page.keyboard.type("01201")
    wait_for_face(page, 2)
    for other in open_page(browser):
        other.goto(running.url)
        other.fill("#name-back", "ada")
        other.fill("#code", code.lower())
        other.click("text=Go on")
        wait_for_face(other, 2)
        other.keyboard.press("ArrowLeft")
        wait_for_face(other, 1)
        assert other.locator('.unit button[aria-checked="true"]').count() == 5


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
