"""Make the images of the docs from a finished demo: `scripts/make_screenshots.py DEMO`.

Needs the extra `dev` and a chromium. The mice in all of them are drawn.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from PIL import Image

from amgs.extraction.preview import write_preview
from amgs.simulate.sheet import draw_sheet
from amgs.simulate.studies import read_true_units
from amgs.study import Study
from amgs.study.extracting import list_planned_videos
from amgs.web.serving import Address, serve

PICTURES = Path(__file__).parents[1] / "docs/pictures"
WINDOW: Any = {"width": 1200, "height": 900}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FACES_SHOWN, FACE_PX = 12, 150
LAB_PAGES = (
    *("start", "names", "design", "zones", "faces", "face"),
    *("scoring", "model", "answer", "animal", "report"),
)


def main() -> None:
    """Make all images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path, help="The folder that `amgs demo` made.")
    demo = parser.parse_args().demo
    PICTURES.mkdir(exist_ok=True)
    save(draw_sheet(seed=2), "action_units", 900)
    show_zones(demo / "experiment")
    show_faces(demo / "experiment")
    show_pages(demo)
    show_lab()


def show_lab() -> None:
    """Show the lab's pages as the test of the whole way goes through them."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "tests/web/test_lab_whole_way.py"],
            cwd=PICTURES.parents[1],
            env={**os.environ, "AMGS_SHOTS": folder},
            check=True,
        )
        for name in LAB_PAGES:
            save(Image.open(Path(folder) / f"lab_{name}.png"), f"lab_{name}", 1100)


def save(picture: Image.Image, name: str, width: int) -> None:
    """Write an image small enough for a page."""
    height = round(picture.height * width / picture.width)
    small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    small.save(PICTURES / f"{name}.jpg", quality=80, optimize=True)


def show_zones(experiment: Path) -> None:
    """Show what `amgs extract STUDY --preview` draws."""
    with Study.open(experiment) as study, tempfile.TemporaryDirectory() as folder:
        video = list_planned_videos(study.design(), study.folder)[0]
        save(Image.open(write_preview(video, Path(folder))), "zones", 800)


def show_faces(experiment: Path) -> None:
    """Show some of the extracted faces, one of each recording."""
    paths = [min(f.glob("*.jpg")) for f in sorted((experiment / "faces/faces").iterdir())]
    columns = FACES_SHOWN // 2
    sheet = Image.new("RGB", (columns * FACE_PX, 2 * FACE_PX), "white")
    for place, path in enumerate(paths[:FACES_SHOWN]):
        face = Image.open(path)
        face.thumbnail((FACE_PX - 4, FACE_PX - 4))
        sheet.paste(face, (place % columns * FACE_PX, place // columns * FACE_PX))
    save(sheet, "faces", sheet.width)


def show_pages(demo: Path) -> None:
    """Photograph the report, and the owner's page and the scoring room of the pilot."""
    from playwright.sync_api import sync_playwright

    browser_at = next(found for name in BROWSERS if (found := shutil.which(name)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_at)
        page = browser.new_page(viewport=WINDOW, device_scale_factor=1)
        page.goto((demo / "experiment/results/report.html").resolve().as_uri())
        photograph(page, "report")
        photograph(page.locator("#flow"), "report_flow")
        shutil.copytree(demo / "pilot", Path(folder) / "study")
        with Study.open(Path(folder) / "study") as study:
            show_room(page, study)
        browser.close()


def show_room(page: Any, study: Study) -> None:
    """Photograph what the owner and a new rater see; the rater scores a face as it is drawn."""
    address = begin_serving(study)
    page.goto(f"{address.url}owner")
    page.fill("#key", address.owner_key)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Agreement so far")
    photograph(page, "owner")
    page.goto(address.url)
    page.fill("#name", "Ada")
    photograph(page, "sign_in")
    page.keyboard.press("Enter")
    page.wait_for_selector(".code")
    page.click("text=I have written it down")
    page.wait_for_selector("#count:has-text('Face 1 ')")
    ada = study.store.raters.find("Ada")
    assert ada is not None
    face = study.store.scoring.order(ada.id)[0].image
    truth = read_true_units(study)[face]
    for unit in study.scale.unit_names[:3]:
        page.keyboard.press(str(round(truth[unit])))
    shown = "[...document.querySelectorAll('.unit.now img')].every(i => i.naturalWidth)"
    while not page.evaluate(shown):
        page.wait_for_timeout(100)
    page.wait_for_timeout(500)
    photograph(page, "scoring")


def begin_serving(study: Study) -> Address:
    """Serve a study until this program ends."""
    told: list[Address] = []
    ready = threading.Event()

    def announce(address: Address) -> None:
        told.append(address)
        ready.set()

    threading.Thread(target=serve, args=(study, "127.0.0.1", None, announce), daemon=True).start()
    ready.wait()
    return told[0]


def photograph(page: Any, name: str) -> None:
    """Save what the browser shows, or one part of it."""
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    save(Image.open(path), name, 900)
    path.unlink()


if __name__ == "__main__":
    main()
