"""The whole way in a real browser: from drawn videos to a report, equal to the command line's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from amgs.store import Presentation
from amgs.study import Study
from tests.web.lab_fixtures import draw_videos, run_lab

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect

LONG_MS = 180_000
RATERS = ("Ada", "Bela")


@pytest.fixture
def shots() -> Any:
    """Takes screenshots where a folder for them is named, as `scripts/make_lab_page.py` does."""
    folder = os.environ.get("AMGS_SHOTS")

    def shoot(page: Any, name: str) -> None:
        if folder:
            page.wait_for_timeout(300)
            page.screenshot(path=str(Path(folder) / f"lab_{name}.png"))

    return shoot


def test_from_videos_to_the_report(browser: Any, tmp_path: Path, shots: Any) -> None:
    """New study, videos, zones by mouse, faces, one set aside, two raters, model, answer, report."""
    rows = draw_videos(tmp_path / "camera")
    folder = tmp_path / "studies" / "Laparotomy"
    folder.parent.mkdir()
    with run_lab(tmp_path / "data") as lab:
        context = browser.new_context(viewport={"width": 1280, "height": 860})
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and errors.append(said.text))
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(lab.entrance)
        page.wait_for_url(f"{lab.url}/")
        make_study(page, folder, shots)
        fill_design(page, tmp_path / "camera" / "videos", rows, shots)
        draw_zones(page, shots)
        settings(page)
        extract(page, shots)
        set_one_aside(page, shots)
        seal(page)
        for rater in RATERS:
            score(browser, page, folder, rater, shots)
        unblind(page, shots)
        train_and_read(page, shots)
        shown, document = answer(page, shots)
        report = make_report(page, shots)
        memory = lab.memory_mb() if sys.platform == "linux" else 0.0
        context.close()
    assert errors == []
    assert memory < 150
    told = compare_on_command_line(folder)
    assert document == told  # every number, to the last digit
    row = next(r for r in told["primary"]["rows"] if {r["a"], r["b"]} == {"sham", "surgery"})
    assert f"{row['difference']:.2f}".replace("-", "−") in shown
    assert f"F({told['primary']['omnibus']['df_between']}, " in report
    assert f"{told['primary']['omnibus']['F']:.3f}" in shown
    assert f"{told['primary']['omnibus']['F']:.3f}" in report
    exclusions = (folder / "exclusions.csv").read_text(encoding="utf-8")
    assert "face,faces/" in exclusions
    assert "grooming" in exclusions


def step(page: Any, name: str) -> None:
    """Go to a page of the study by its link in the head."""
    page.click(f"header nav >> text='{name}'")
    expect(page.locator("header nav a[aria-current=page]")).to_have_text(name)


def finished(page: Any) -> None:
    """Wait until the work that runs is over; the page loads itself again then."""
    expect(page.locator("#work")).to_be_hidden(timeout=LONG_MS)


def make_study(page: Any, folder: Path, shots: Any) -> None:
    """Make a new study; the page leads on to its table."""
    page.fill("#name", folder.name)
    page.fill("#folder", "~/Documents")
    page.fill("#demo-folder", "~/amgs-demo")
    shots(page, "start")
    page.fill("#folder", str(folder.parent))
    page.click("text=Make the study")
    expect(page.locator("h1")).to_have_text("Design")


def fill_design(page: Any, videos: Path, rows: list[dict[str, str]], shots: Any) -> None:
    """Add all videos by browsing, timepoints from their names, animals and groups by pasting."""
    page.click("#add-videos")
    page.fill("#browser-path", str(videos))
    page.click("#browser-go")
    expect(page.locator("#browser-list input")).to_have_count(len(rows) // 2)
    shots(page, "browse")
    page.click("#browser-all")
    page.fill("#pattern", "{timepoint}_{}")
    page.check("#two-animals")
    expect(page.locator("#naming-preview tr")).to_have_count(len(rows) + 1)
    shots(page, "names")
    page.click("#naming-ok")
    # No animals and no groups yet.
    expect(page.locator("td.has-fault")).to_have_count(2 * len(rows), timeout=30_000)
    # The rows are in the order of the names of files; so is what is pasted.
    by_place = {(Path(row["video"]).name, row["zone"]): row for row in rows}
    order = page.locator("#grid tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('td input')].map(cell => cell.value))"
    )
    names = page.locator("#grid thead [data-column]").all_inner_texts()
    video, zone = names.index("video"), names.index("zone")
    block = []
    for cells in order:
        if cells[video]:
            row = by_place[Path(cells[video]).name, cells[zone]]
            block.append(f"{row['animal']}\t{row['group']}")
    page.locator("#grid tbody input").first.click()
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true});
            document.activeElement.dispatchEvent(event);
        }""",
        "\n".join(block),
    )
    expect(page.locator("#verdict")).to_have_text(f"{len(rows)} recordings, no fault.")
    # A wrong zone is told at its cell, as one types.
    cell = page.get_by_label("zone, row 1", exact=True)
    cell.fill("lefft")
    expect(cell).to_have_attribute("aria-invalid", "true")
    shots(page, "design")
    cell.fill("left")
    expect(page.locator("#verdict")).to_have_text(f"{len(rows)} recordings, no fault.")
    page.click("#save")
    expect(page.locator("#saved")).to_have_text("Saved.")


def draw_zones(page: Any, shots: Any) -> None:
    """Draw the zones of the first video with the mouse, and give them to all others."""
    step(page, "Zones")
    expect(page.locator("#says")).to_contain_text("zone", timeout=60_000)
    frame = page.locator("#drawing").bounding_box()
    for left, right in ((0.01, 0.49), (0.51, 0.99)):
        page.mouse.move(frame["x"] + left * frame["width"], frame["y"] + 4)
        page.mouse.down()
        across, down = frame["x"] + right * frame["width"], frame["y"] + frame["height"] - 4
        page.mouse.move(across, down, steps=4)
        page.mouse.up()
    expect(page.locator(".found").first).not_to_have_text("–")
    shots(page, "zones")
    page.click("summary")
    page.click("#all-like")
    page.click("#save-zones")
    expect(page.locator("#kept")).to_contain_text("Saved: 20 zones")


def settings(page: Any) -> None:
    """Choose an image every two seconds, one of each recording to score, and no least number."""
    step(page, "Settings")
    for details in page.query_selector_all("details"):
        details.evaluate("element => { element.open = true; }")
    for name, value in (
        ("extract.interval_s", "2"),
        ("scoring.images_per_recording", "2"),
        ("scoring.repeat_percent", "0"),
        ("classify.min_images", "0"),
        ("classify.threshold", "0.5"),
        # % pain may be 0 in all sham animals and 100 in all others, which leaves nothing to test.
        ("plan.outcome", "mean_signed_score"),
    ):
        page.fill(f"[name='{name}']", value)
    page.click("text=Save the settings")
    expect(page.locator(".done")).to_contain_text("Changed: interval s")


def extract(page: Any, shots: Any) -> None:
    """Begin the extraction, pause it, and let it go on to its end."""
    step(page, "Faces")
    page.click("text=Extract faces")
    expect(page.locator("#work")).to_be_visible()
    expect(page.locator(".work-says")).to_contain_text("of", timeout=60_000)
    shots(page, "extracting")
    page.click(".work-stop")
    finished(page)
    if page.locator("text=Go on").count():
        page.click("text=Go on")
        finished(page)
    expect(page.locator(".toolbar span")).to_contain_text("20 of 20 recordings", timeout=LONG_MS)


def set_one_aside(page: Any, shots: Any) -> None:
    """Set one face aside with a reason; nothing on the way tells a group, an animal or a file."""
    expect(page.locator("tbody tr")).to_have_count(20)
    pages = [page.content()]
    shots(page, "faces")
    page.locator("tbody a").first.click()
    expect(page.locator(".gallery img").first).to_be_visible()
    pages.append(page.content())
    shots(page, "gallery")
    page.locator(".gallery a").nth(1).click()
    expect(page.locator(".around img").first).to_be_visible()
    pages.append(page.content())
    shots(page, "face")
    told = " ".join(pages)
    assert not re.search(r"sham|surgery|baseline|60min|\bm\d\d\b|\.mp4", told)
    page.fill("#reason", "grooming")
    page.click("text=Set aside >> nth=-1")
    expect(page.locator("main .problem")).to_have_text("Set aside: grooming")


def seal(page: Any) -> None:
    """Seal the plan before anybody scores."""
    step(page, "Answer")
    page.fill("#who", "Ada")
    page.click("text=Seal the plan")
    expect(page.locator(".done")).to_have_text("The plan is sealed.")


def score(browser: Any, page: Any, folder: Path, rater: str, shots: Any) -> None:
    """Open the room in the lab and score all faces in another browser, by the keyboard."""
    step(page, "Scoring")
    page.click("text=Open the room on this computer")
    address = page.locator(".address a").first.inner_text()
    shots(page, f"room_{rater}")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    room = context.new_page()
    errors: list[str] = []
    room.on("pageerror", lambda error: errors.append(str(error)))
    room.goto(address)
    room.fill("#name", rater)
    room.keyboard.press("Enter")
    room.click("text=I have written it down")
    with Study.open(folder) as study:
        keys = key_presses(study, rater)
        for number, pressed in enumerate(keys, start=1):
            expect(room.locator("#count")).to_have_text(re.compile(f"^Face {number} "))
            for key in pressed:
                room.keyboard.press(key)
    room.wait_for_selector("#finished", state="visible", timeout=30_000)
    assert errors == []
    context.close()
    page.click("text=Close the room")
    expect(page.locator(".done")).to_contain_text("closed")


def key_presses(study: Study, rater: str) -> list[str]:
    """Return what a rater presses at every face: the truth of drawn mice, as it was drawn."""
    found = study.store.raters.find(rater)
    assert found is not None
    faces = {face.id: face for face in study.store.faces.all()}
    treated = {r.name for r in study.design().recordings if is_treated(r.group, r.timepoint)}

    def keys(shown: Presentation) -> str:
        high = faces[shown.face_id].recording in treated
        return ("22222" if rater == "Ada" else "22121") if high else "00100"

    return [keys(shown) for shown in study.store.scoring.order(found.id)]


def is_treated(group: str, timepoint: str) -> bool:
    """Whether animals of a group had high action units at a timepoint."""
    return group == "surgery" and timepoint != "baseline"


def unblind(page: Any, shots: Any) -> None:
    """Unblind with name, reason and the word."""
    shots(page, "scoring")
    page.click("text=Unblind the study …")
    page.fill("#who", "Ada")
    page.fill("section[aria-labelledby=unblind-title] #reason", "scoring is finished")
    page.fill("#word", "unblind")
    page.click("button.danger")
    expect(page.locator(".done")).to_have_text("The study is unblinded.")


def train_and_read(page: Any, shots: Any) -> None:
    """Train a model of the scores, and let it read the faces."""
    step(page, "Model")
    page.click("button:text-is('Train')")
    finished(page)
    expect(page.locator(".model-card h2").first).to_have_text("first", timeout=LONG_MS)
    page.locator(".model-card button").first.click()
    finished(page)
    expect(page.locator(".done")).to_contain_text("reads the faces: finished", timeout=LONG_MS)
    page.click("text=What do its calls rest on?")
    finished(page)
    expect(page.locator(".done")).to_contain_text("rest on: finished", timeout=LONG_MS)
    page.locator(".model-card details").evaluate("box => { box.open = true; }")
    image = page.locator(".model-card details img").first
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 500
    shots(page, "model")


def answer(page: Any, shots: Any) -> tuple[str, dict[str, Any]]:
    """Compare the groups, and follow a point to its animal."""
    step(page, "Answer")
    page.click("text=Compare the groups")
    expect(page.locator(".result").first).to_be_visible(timeout=60_000)
    expect(page.locator("[data-load] svg")).to_be_visible(timeout=60_000)
    shots(page, "answer")
    shown = page.inner_text("main")
    document = page.request.get(f"{page.url.partition('?')[0]}/comparison.json").json()
    page.locator("svg.plot a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Animal")
    expect(page.locator(".gallery img").first).to_be_visible()
    shots(page, "animal")
    return str(shown), document


def make_report(page: Any, shots: Any) -> str:
    """Make the report, and write a workbook."""
    step(page, "Report")
    page.click("text=Make the report")
    finished(page)
    frame = page.frame_locator("iframe")
    expect(frame.locator("h1").first).to_be_visible(timeout=LONG_MS)
    shots(page, "report")
    text = frame.locator("body").inner_text()
    page.locator("button:has-text('Write')").first.click()
    finished(page)
    expect(page.locator("text=exports/workbook.xlsx")).to_be_visible(timeout=LONG_MS)
    return str(text)


def compare_on_command_line(folder: Path) -> dict[str, Any]:
    """Return the same comparison by `amgs compare`."""
    command = [sys.executable, "-m", "amgs", "compare", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    document: dict[str, Any] = json.loads(done.stdout)
    return document
