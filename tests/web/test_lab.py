"""The lab's pages: who gets in, what blinded pages hold, barriers, tables, and how fast they are."""

from __future__ import annotations

import html
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from amgs.model.training.held_out import DOUBTFUL, write_doubtful_labels
from amgs.study import Study
from amgs.study.design_table import rows_of
from amgs.tables import write_table
from tests.web.lab_fixtures import RunningLab, run_lab

SECRETS = re.compile(r"secretanimal|secretgroup|secrettime|secretfile|baseline")

PAGES = (
    *("", "/design", "/zones", "/faces", "/scoring", "/model", "/answer", "/report"),
    "/live",
    "/settings",
)


@pytest.fixture
def lab(study: Study, tmp_path: Path) -> Iterator[RunningLab]:
    """A lab with the study of secrets open."""
    with run_lab(tmp_path / "data", str(study.folder)) as running:
        yield running


@pytest.fixture
def client(lab: RunningLab) -> Iterator[httpx.Client]:
    """Somebody who came with the key."""
    with httpx.Client(base_url=lab.url, timeout=60) as opened:
        assert opened.get(lab.entrance).status_code == 200
        yield opened


def base_of(client: httpx.Client) -> str:
    """Return where the pages of the study are."""
    found = re.search(r'href="(/study/[0-9a-f]{12})"', client.get("/").text)
    assert found is not None
    return found[1]


def face_of(client: httpx.Client, base: str) -> str:
    """Return the page of a face."""
    code = re.findall(rf"{base}/faces/of/(\w+)", client.get(f"{base}/faces").text)[0]
    found = re.search(rf"{base}/faces/face/\w+", client.get(f"{base}/faces/of/{code}").text)
    assert found is not None
    return found[0]


def version_of_page(client: httpx.Client, base: str) -> str:
    """Return which state of the table the page of the design shows."""
    found = re.search(r'data-version="(\w*)"', client.get(f"{base}/design").text)
    assert found is not None
    return found[1]


def csrf_of(client: httpx.Client) -> str:
    """Return what proves that a request comes from a page of the lab."""
    found = re.search(r'name="csrf" content="([^"]+)"', client.get("/").text)
    assert found is not None
    return found[1]


def test_nobody_gets_in_without_the_key(lab: RunningLab, client: httpx.Client) -> None:
    """No page, no image and no folder without the cookie; a wrong key is refused."""
    base = base_of(client)
    with httpx.Client(base_url=lab.url) as stranger:
        assert stranger.get("/").status_code == 403
        assert stranger.get("/?key=wrong").status_code == 403
        for path in (*(base + page for page in PAGES), "/browse", "/jobs", f"{base}/faces/face/x"):
            answer = stranger.get(path)
            assert answer.status_code == 403, path
            assert not SECRETS.search(answer.text)


def test_a_page_of_somebody_else_can_do_nothing(lab: RunningLab, client: httpx.Client) -> None:
    """Foreign hosts and origins are refused; so is what lacks the proof that pages carry."""
    base = base_of(client)
    token = csrf_of(client)
    port = lab.url.rpartition(":")[2]
    assert client.get("/", headers={"host": f"evil.example:{port}"}).status_code == 400
    foreign = {"origin": "https://evil.example", "x-csrf": token}
    table: dict[str, Any] = {"columns": ["animal"], "rows": []}
    assert client.post(f"{base}/design/save", json=table, headers=foreign).status_code == 403
    assert client.post(f"{base}/design/save", json=table).status_code == 403
    assert (
        client.post(f"{base}/design/save", json=table, headers={"x-csrf": "x"}).status_code == 403
    )
    assert client.post("/demo", data={"folder": "x"}).status_code == 403
    headers = client.get(base).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src 'self'" in headers["content-security-policy"]


def test_files_outside_the_results_are_not_given(client: httpx.Client, study: Study) -> None:
    """A path that leads out of the results leads nowhere."""
    base = base_of(client)
    (study.folder / "results" / "kept.csv").write_text("a\n1\n", encoding="utf-8")
    assert client.get(f"{base}/report/file/kept.csv").status_code == 200
    for path in ("..%2Fstudy.toml", "%2e%2e/study.toml", "%2Fetc%2Fpasswd"):
        assert client.get(f"{base}/report/file/{path}").status_code == 400


def test_blinded_pages_tell_nothing(client: httpx.Client, study: Study) -> None:
    """From the list to a face: no animal, group, timepoint or file, until unblinded."""
    base = base_of(client)
    seen = [client.get(f"{base}/faces").text, client.get(f"{base}/faces/progress").text]
    codes = re.findall(rf"{base}/faces/of/(\w+)", seen[0])
    assert len(codes) == 4
    for code in codes:
        page = client.get(f"{base}/faces/of/{code}").text
        seen.append(page)
        face = re.search(rf"{base}/faces/face/(\w+)", page)
        assert face is not None
        seen.append(client.get(f"{base}/faces/face/{face[1]}").text)
        image = client.get(f"{base}/faces/face/{face[1]}/image")
        assert image.headers["content-type"] == "image/png"
        assert "content-disposition" not in image.headers
    assert not [found for page in seen if (found := SECRETS.findall(page))]
    assert not SECRETS.search(client.get(f"{base}/scoring").text)
    # Numbers of recordings follow no order that tells something, and stay.
    assert re.findall(rf"{base}/faces/of/(\w+)", client.get(f"{base}/faces").text) == codes
    with Study.open(study.folder) as again:
        again.room().sign_in("Ada")
        again.unblind("Ada", "a test")
    assert SECRETS.search(client.get(f"{base}/faces").text)


def test_a_study_may_be_curated_openly(client: httpx.Client, study: Study) -> None:
    """The switch is a setting of the study; changing it needs no new start."""
    base = base_of(client)
    form = {"csrf": csrf_of(client), "study.curation": "open"}
    answer = client.post(f"{base}/settings", data=form, follow_redirects=True)
    assert "Changed: curation." in answer.text
    assert "secretanimal1" in client.get(f"{base}/faces").text
    assert 'curation = "open"' in (study.folder / "study.toml").read_text(encoding="utf-8")


def test_an_image_is_set_aside_and_taken_back(client: httpx.Client, study: Study) -> None:
    """With a reason and the day, in exclusions.csv; the decision stays when it is taken back."""
    base = base_of(client)
    token = csrf_of(client)
    address = face_of(client, base)
    refused = client.post(address, data={"csrf": token, "reason": " "}, follow_redirects=True)
    assert "Enter why the image should be set aside." in refused.text
    client.post(address, data={"csrf": token, "reason": "paw before the eye"})
    kept = (study.folder / "exclusions.csv").read_text(encoding="utf-8")
    assert "paw before the eye" in kept
    assert "face,faces/" in kept
    client.post(address, data={"csrf": token, "back": "yes"})
    assert "paw" not in (study.folder / "exclusions.csv").read_text(encoding="utf-8")
    with Study.open(study.folder) as again:
        assert len(again.store.events.all("excluded")) == 1
        assert len(again.store.events.all("included again")) == 1


def test_tables_of_spreadsheets_are_read(client: httpx.Client, tmp_path: Path) -> None:
    """Semicolons, a byte-order mark; paths start at the table's own folder."""
    base = base_of(client)
    (tmp_path / "a.mp4").write_bytes(b"x")
    table = tmp_path / "plan.csv"
    table.write_text(
        "\ufeffanimal;group;timepoint;video;dose\nm1;sham;baseline;a.mp4;1,5\n", encoding="utf-8"
    )
    read = client.post(
        f"{base}/design/read", json={"files": [str(table)]}, headers={"x-csrf": csrf_of(client)}
    ).json()
    row = dict(zip(read["columns"], read["rows"][0], strict=True))
    assert row["animal"] == "m1"
    assert row["video"] == "../a.mp4"
    assert row["dose"] == "1,5"


def test_what_was_typed_is_kept_also_with_faults(client: httpx.Client, study: Study) -> None:
    """The table is written as it is, its faults are told at their cells, the one before is kept."""
    base = base_of(client)
    before = (study.folder / "recordings.csv").read_bytes()
    sent = {
        "columns": ["animal", "group", "timepoint", "video", "zone"],
        "rows": [["m1", "sham", "baseline", "nowhere.mp4", "middle"], ["", "", "", "", ""]],
        "version": version_of_page(client, base),
    }
    said = client.post(f"{base}/design/save", json=sent, headers={"x-csrf": csrf_of(client)}).json()
    places = {(remark["row"], remark["column"]) for remark in said["remarks"] if remark["fault"]}
    assert places == {(0, "video"), (0, "zone")}
    assert (study.folder / "recordings_before.csv").read_bytes() == before
    assert b"nowhere.mp4" in (study.folder / "recordings.csv").read_bytes()


def test_human_scores_of_a_blind_study_are_not_compared(client: httpx.Client) -> None:
    """No page and no document holds a group beside a human score before unblinding."""
    base = base_of(client)
    for path in ("/answer?go=yes&value=mean_mgs_sum", "/answer/comparison.json?value=mean_mgs_sum"):
        answer = client.get(base + path)
        assert "secretgroup" not in answer.text
    answer = client.get(f"{base}/scoring/human_scores.csv")
    assert answer.status_code == 303


def test_one_piece_of_work_at_a_time(client: httpx.Client) -> None:
    """A second one is refused in words, and so are changes that it would run into."""
    base = base_of(client)
    token = csrf_of(client)
    form = {"csrf": token}
    assert client.post(f"{base}/faces/extract", data=form).status_code == 303
    second = client.post(f"{base}/report/make", data=form)
    assert second.status_code == 409
    assert "Extracting faces" in second.text
    saved = client.post(
        f"{base}/design/save", json={"columns": [], "rows": []}, headers={"x-csrf": token}
    )
    assert saved.status_code == 409
    for _ in range(200):
        if not client.get("/jobs").json():
            break
        time.sleep(0.2)
    assert client.get(f"{base}/faces").status_code == 200


def test_work_ends_with_the_lab(study: Study, tmp_path: Path) -> None:
    """A stopped lab leaves no process behind, and what it began goes on in the next one."""
    with run_lab(tmp_path / "data", str(study.folder)) as first:
        with httpx.Client(base_url=first.url, timeout=60) as client:
            client.get(first.entrance)
            base = base_of(client)
            client.post(f"{base}/faces/extract", data={"csrf": csrf_of(client)})
        assert first.process.poll() is None
    assert first.process.returncode is not None
    with (
        run_lab(tmp_path / "data") as second,
        httpx.Client(base_url=second.url, timeout=60) as client,
    ):
        client.get(second.entrance)
        assert "Study of secrets" in client.get("/").text  # remembered
        page = client.get(f"{base_of(client)}/faces").text
        assert "24 faces of 4 of 4 recordings" in page


def test_a_room_is_opened_and_closed(client: httpx.Client) -> None:
    """The room is another program; with others in the network comes a key and a QR code."""
    base = base_of(client)
    token = csrf_of(client)
    client.post(f"{base}/scoring/open", data={"csrf": token})
    page = client.get(f"{base}/scoring").text
    address = re.search(r'href="(http://127\.0\.0\.1:\d+/)"', page)
    assert address is not None
    assert httpx.get(address[1], follow_redirects=True).status_code == 200
    client.post(f"{base}/scoring/close", data={"csrf": token})
    with pytest.raises(httpx.ConnectError):
        httpx.get(address[1])
    client.post(f"{base}/scoring/open", data={"csrf": token, "others": "yes"})
    page = client.get(f"{base}/scoring").text
    assert "access key" in page
    assert 'class="qr"' in page
    client.post(f"{base}/scoring/close", data={"csrf": token})


def test_browsing_shows_names_alone(client: httpx.Client, tmp_path: Path) -> None:
    """Folders and files of the wanted kind; a folder that is not there is explained."""
    folder = tmp_path / "films"
    (folder / "inner").mkdir(parents=True)
    for name in ("b.MP4", "a.mp4", "notes.txt", ".hidden.mp4"):
        (folder / name).write_bytes(b"x")
    found = client.get("/browse", params={"path": str(folder), "kind": "video"}).json()
    assert [file["name"] for file in found["files"]] == ["a.mp4", "b.MP4"]
    assert [inner["name"] for inner in found["folders"]] == ["inner"]
    missing = client.get("/browse", params={"path": str(folder / "none"), "kind": "video"})
    assert missing.status_code == 400
    assert "Expected a folder that can be read" in missing.json()["error"]


@pytest.mark.parametrize("width", [1280, 820])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_the_lab_has_a_barrier(
    browser: Any, lab: RunningLab, client: httpx.Client, width: int, scheme: str
) -> None:
    """axe-core, WCAG 2.2 A and AA and best practice, on every page of a study and the first one."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    base = base_of(client)
    code = re.findall(rf"{base}/faces/of/(\w+)", client.get(f"{base}/faces").text)[0]
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(lab.entrance)
    page.wait_for_url(f"{lab.url}/study/*")
    found: list[str] = []
    paths = ("", *(base + one for one in PAGES), f"{base}/faces/of/{code}", face_of(client, base))
    for path in paths:
        page.goto(lab.url + (path or "/"))
        page.wait_for_timeout(150)
        for details in page.query_selector_all("details"):
            details.evaluate("element => { element.open = true; }")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is wider than the window by {wide} pixels"
        found.extend(
            f"{path}: {v['id']} ({v['impact']}) {[n['html'][:100] for n in v['nodes']][:2]}"
            for v in axe.run(page).response["violations"]
        )
    if width == 1280 and scheme == "light":
        page.goto(f"{lab.url}{base}/design")
        for button in ("#add-videos", "#paste-open"):
            page.click(button)
            page.wait_for_timeout(300)
            found.extend(f"{button}: {v['id']}" for v in axe.run(page).response["violations"])
            page.keyboard.press("Escape")
    context.close()
    assert found == []


def test_the_design_by_keyboard_alone(browser: Any, lab: RunningLab, client: httpx.Client) -> None:
    """Arrows and Enter move between cells; undo takes back; saving needs no mouse."""
    base = base_of(client)
    expect = pytest.importorskip("playwright.sync_api").expect
    context = browser.new_context()
    page = context.new_page()
    page.goto(lab.entrance)
    page.wait_for_url(f"{lab.url}/study/*")
    page.goto(f"{lab.url}{base}/design")
    expect(page.locator("#verdict")).to_contain_text("recordings", timeout=30_000)
    page.get_by_label("group, row 1", exact=True).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("group, row 2", exact=True)).to_be_focused()
    page.keyboard.type("another group")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("to correct", timeout=30_000)
    expect(page.locator("td.has-fault")).not_to_have_count(0)
    page.locator("#undo").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("no fault", timeout=30_000)
    page.locator("#save").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#saved")).to_have_text("Saved.")
    context.close()


def test_many_recordings_can_be_pasted(client: httpx.Client, study: Study) -> None:
    """Four hundred rows are checked and kept whole."""
    base = base_of(client)
    columns = ["animal", "group", "timepoint", "video", "zone"]
    rows = [
        [f"m{n // 2}", "sham" if n % 4 < 2 else "drug", ("baseline", "60min")[n % 2], "v.mp4", ""]
        for n in range(400)
    ]
    sent = {"columns": columns, "rows": rows, "version": version_of_page(client, base)}
    said = client.post(f"{base}/design/save", json=sent, headers={"x-csrf": csrf_of(client)})
    assert said.status_code == 200
    write_table(study.folder / "again.csv", columns, rows)
    kept = (study.folder / "recordings.csv").read_text(encoding="utf-8")
    assert kept.count("\n") == 401


def test_a_table_changed_elsewhere_is_not_written_over(client: httpx.Client, study: Study) -> None:
    """Another tab, or a spreadsheet, was quicker: nothing is saved, and it is said."""
    base = base_of(client)
    token = {"x-csrf": csrf_of(client)}
    version = version_of_page(client, base)
    path = study.folder / "recordings.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("secretgroupA", "other"), "utf-8")
    before = path.read_bytes()
    sent = {"columns": ["animal"], "rows": [["m1"]], "version": version}
    refused = client.post(f"{base}/design/save", json=sent, headers=token)
    assert refused.status_code == 409
    assert "changed since" in refused.json()["error"]
    zones = {"video": 0, "version": version, "zones": []}
    assert client.post(f"{base}/zones/save", json=zones, headers=token).status_code == 409
    assert path.read_bytes() == before


def save_rows(client: httpx.Client, rows: list[list[str]]) -> tuple[str, dict[str, str], str]:
    """Save a table with zones; return the study's address, the token and the table's version."""
    base, token = base_of(client), {"x-csrf": csrf_of(client)}
    columns = ["animal", "group", "timepoint", "video", "zone"]
    sent = {"columns": columns, "rows": rows, "version": version_of_page(client, base)}
    saved = client.post(f"{base}/design/save", json=sent, headers=token)
    return base, token, saved.json()["version"]


def test_zones_follow_the_animals_of_other_videos(client: httpx.Client, study: Study) -> None:
    """Rows of another video stand in another order: every animal keeps its side."""
    rows = [
        *(["m1", "sham", "baseline", "a.mp4", ""], ["m2", "drug", "baseline", "a.mp4", ""]),
        *(["m2", "drug", "60min", "b.mp4", ""], ["m1", "sham", "60min", "b.mp4", ""]),
        *(["m3", "sham", "60min", "c.mp4", ""], ["m4", "sham", "60min", "c.mp4", ""]),
        ["m5", "sham", "60min", "d.mp4", ""],
    ]
    base, token, version = save_rows(client, rows)
    zones = [{"row": 0, "zone": "left"}, {"row": 1, "zone": "right"}]
    body = {"video": 0, "version": version, "zones": zones, "copy_to": [1, 2, 3, 99]}
    said = client.post(f"{base}/zones/save", json=body, headers=token)
    assert said.status_code == 200
    written = (study.folder / "recordings.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split(",")[4] for line in written] == [
        *("left", "right", "right", "left", "left", "right", ""),
    ]


def test_a_place_keeps_its_name(client: httpx.Client, study: Study) -> None:
    """Faces are filed under ``left``: the same corners in per cent would be another zone."""
    rows = [
        ["m1", "sham", "baseline", "a.mp4", "left"],
        ["m2", "drug", "baseline", "a.mp4", "right"],
    ]
    base, token, version = save_rows(client, rows)
    zones = [{"row": 0, "zone": "0%,0%,50%,100%"}, {"row": 1, "zone": "60%,0%,40%,100%"}]
    body = {"video": 0, "version": version, "zones": zones, "copy_to": []}
    assert client.post(f"{base}/zones/save", json=body, headers=token).status_code == 200
    written = rows_of(study)
    place = written.columns.index("zone")
    assert [row[place] for row in written.rows] == ["left", "60%,0%,40%,100%"]


def test_no_system_takes_a_nul(client: httpx.Client, study: Study) -> None:
    """In the name of a folder and of a file: an answer in words, no traceback."""
    form = {"folder": "x\0y", "name": "x", "scale": "mouse", "csrf": csrf_of(client)}
    assert client.post("/new", data=form).status_code < 500
    assert client.post("/open", data=form).status_code < 500
    assert client.get(f"{base_of(client)}/report/file/%00").status_code == 400


def test_broken_tables_leave_every_page_open(client: httpx.Client, study: Study) -> None:
    """Whatever somebody did to recordings.csv by hand, the design page says it and mends it."""
    base = base_of(client)
    path = study.folder / "recordings.csv"
    for broken in (
        b"animal,group\nm1,sham,too many\n",
        b"animal;gr\xfc\xdfe\nm1;x\n",
        b'a,b\n"x\n',
        b"",
    ):
        path.write_bytes(broken)
        for page in (
            "",
            "/design",
            "/zones",
            "/faces",
            "/scoring",
            "/model",
            "/answer",
            "/settings",
        ):
            answer = client.get(base + page, follow_redirects=True)
            assert answer.status_code == 200, (broken, page)
    sent = {
        "columns": ["animal", "group", "timepoint", "video"],
        "rows": [["m1", "sham", "baseline", "x.mp4"]],
        "version": version_of_page(client, base),
    }
    answer = client.post(f"{base}/design/save", json=sent, headers={"x-csrf": csrf_of(client)})
    assert answer.status_code == 200
    assert b"x.mp4" in path.read_bytes()


def test_what_was_left_out_can_be_taken_in_after_a_renaming(
    client: httpx.Client, study: Study
) -> None:
    """A line of exclusions that names nothing any more is shown, and can go."""
    base = base_of(client)
    token = csrf_of(client)
    form = {"csrf": token, "what": "animal:secretanimal1", "reason": "wound"}
    client.post(f"{base}/design/leave-out", data=form)
    path = study.folder / "recordings.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("secretanimal1", "renamed"), "utf-8")
    page = client.get(f"{base}/design").text
    assert "Left out, but not in the table any more: secretanimal1" in page
    client.post(
        f"{base}/design/take-in", data={"csrf": token, "kind": "animal", "name": "secretanimal1"}
    )
    assert "not in the table any more" not in client.get(f"{base}/design").text


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("classify.min_images", "1,000", "such as 0.5 or 1000"),
        ("classify.min_images", "2.5", "whole number"),
        ("extract.interval_s", "1e400", "Expected a number for interval s"),
        ("classify.threshold", "0,3", "threshold"),
        ("classify.threshold", "", "Expected a number"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    client: httpx.Client, study: Study, name: str, value: str, says: str
) -> None:
    """Nothing is written, and what was typed is still there."""
    base = base_of(client)
    before = (study.folder / "study.toml").read_bytes()
    page = client.post(f"{base}/settings", data={"csrf": csrf_of(client), name: value})
    assert says in page.text
    assert "Nothing was changed." in page.text
    assert ".part" not in page.text
    assert (study.folder / "study.toml").read_bytes() == before


def test_a_stale_page_of_settings_reverts_nothing(client: httpx.Client, study: Study) -> None:
    """Only what was changed on this page is written."""
    base = base_of(client)
    token = csrf_of(client)
    client.post(f"{base}/settings", data={"csrf": token, "classify.min_images": "7"})
    form = {
        "csrf": token,
        "classify.min_images": "5",
        "was.classify.min_images": "5",
        "classify.threshold": "0,8",
        "was.classify.threshold": "0.75",
    }
    client.post(f"{base}/settings", data=form)
    text = (study.folder / "study.toml").read_text(encoding="utf-8")
    assert "min_images = 7" in text
    assert "threshold = 0.8" in text
    assert "database" not in client.get(f"{base}/settings").text


@pytest.fixture
def design_page(browser: Any, lab: RunningLab, client: httpx.Client) -> Iterator[Any]:
    """The table of recordings in a browser; questions of the page are answered with yes."""
    context = browser.new_context()
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(lab.entrance)
    page.wait_for_url(f"{lab.url}/study/*")
    page.goto(f"{lab.url}{base_of(client)}/design")
    yield page
    context.close()


def test_pasting_into_a_cell_divides_at_tabs_alone(design_page: Any) -> None:
    """Commas and semicolons are parts of what was copied; a draft outlives the page."""
    expect = pytest.importorskip("playwright.sync_api").expect
    page = design_page
    page.get_by_label("group, row 1", exact=True).click()
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/plain", "surgery, saline\\nsham; none");
            const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true});
            document.activeElement.dispatchEvent(event);
        }"""
    )
    expect(page.get_by_label("group, row 1", exact=True)).to_have_value("surgery, saline")
    expect(page.get_by_label("group, row 2", exact=True)).to_have_value("sham; none")
    expect(page.get_by_label("timepoint, row 1", exact=True)).to_have_value("baseline")
    page.reload()
    expect(page.get_by_label("group, row 1", exact=True)).to_have_value("secretgroupA")
    page.click("#draft-back")
    expect(page.get_by_label("group, row 1", exact=True)).to_have_value("surgery, saline")


def test_a_pasted_table_that_says_two_things_is_refused(design_page: Any) -> None:
    """A column twice, or a comma within a cell: the last one would win without a word."""
    expect = pytest.importorskip("playwright.sync_api").expect
    page = design_page
    page.click("#paste-open")
    for text, says in (
        ("animal,group,timepoint,video,Group\nx,sham,1h,v.mp4,surgery", "found group twice"),
        ("animal,group,from,to\nx,sham,0,1,2", "Expected 4 cells in every row"),
        ("some,thing\n1,2", "among them animal"),
    ):
        page.fill("#paste-text", text)
        page.click("#paste-ok")
        expect(page.locator("#paste-problem")).to_contain_text(says)
    page.fill("#paste-text", "ANIMAL,Group,timepoint,video\nx,sham,1h,v.mp4,")
    page.click("#paste-ok")
    expect(page.locator("#paste")).to_be_hidden()
    values = page.eval_on_selector_all("tbody input", "all => all.map((one) => one.value)")
    assert "x" in values


def wait_for_work(client: httpx.Client) -> None:
    """Wait until nothing runs."""
    for _ in range(300):
        if not client.get("/jobs").json():
            return
        time.sleep(0.2)


def test_odd_names_and_a_model_without_training(client: httpx.Client, study: Study) -> None:
    """Names with every sign lead to their animals; what only `orbital` has read is compared too."""
    odd = "m 1/x&+%<b>"
    path = study.folder / "recordings.csv"
    text = re.sub("(?m)^secretanimal1,", f"{odd},", path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    base = base_of(client)
    form = {"csrf": csrf_of(client)}
    client.post(f"{base}/faces/extract", data=form)
    wait_for_work(client)
    client.post(f"{base}/model/classify", data={**form, "name": "orbital"})
    wait_for_work(client)
    assert "To the answer" in client.get(f"{base}/model").text
    page = client.get(f"{base}/answer/shown", params={"go": "yes"}).text
    assert "orbital tightening" in page
    assert odd not in page
    assert "m 1/x&amp;+%&lt;b&gt;" in page
    links = re.findall(rf'href="({base}/answer/animal\?name=[^"]+)"', page)
    assert links
    client.get(f"{base}/answer")
    titles = {
        found[1]
        for link in links
        if (found := re.search(r"<h1>Animal (.*?),", client.get(html.unescape(link)).text))
    }
    assert "m 1/x&amp;+%&lt;b&gt;" in titles


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_a_killed_lab_leaves_nothing_behind(study: Study, tmp_path: Path) -> None:
    """Not even the processes that compute, which nobody told to end."""
    with run_lab(tmp_path / "data", str(study.folder)) as lab:
        with httpx.Client(base_url=lab.url, timeout=60) as client:
            client.get(lab.entrance)
            assert client.get(f"{base_of(client)}/scoring").status_code == 200
        marks = children_of(lab.process.pid)
        assert marks
        lab.process.kill()
        until = time.monotonic() + 20
        while any(map(is_there, marks)) and time.monotonic() < until:
            time.sleep(0.2)
        assert not [pid for pid in marks if is_there(pid)]


def children_of(pid: int) -> list[int]:
    """Return the processes that a process began."""
    listed = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [child for child in listed if state_of(child)[1:] == (pid,)]


def is_there(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected does not."""
    return state_of(pid)[:1] not in {(), ("Z",)}


def state_of(pid: int) -> tuple[Any, ...]:
    """Return the state of a process and who began it; nothing where it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ()
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


def test_no_page_holds_a_group_beside_a_human_score(client: httpx.Client, study: Study) -> None:
    """Every page that links lead to, of a blinded study in which somebody has scored."""
    room = study.room()
    rater = room.sign_in("Ratername").rater
    for shown in study.store.scoring.order(rater.id):
        for unit in study.scale.unit_names:
            room.answer(shown, unit, 1)
    base = base_of(client)
    waiting, seen = [base], {}
    while waiting:
        path = waiting.pop()
        answer = client.get(path)
        if path in seen or "text/html" not in answer.headers.get("content-type", ""):
            continue
        seen[path] = answer.text
        links = re.findall(r'(?:href|data-load)="([^"#]+)"', answer.text)
        waiting += [html.unescape(link) for link in links if link.startswith(base)]
    assert len(seen) > len(PAGES) + 24  # a page for each face too
    assert f"{base}/scoring" in seen
    assert "Ratername" in seen[f"{base}/scoring"]
    for path, text in seen.items():
        tells_groups = re.search(r"secretgroup", text) is not None
        tells_scores = "Ratername" in text or "human_scores" in text
        assert not (tells_groups and tells_scores), path
    assert client.get(f"{base}/scoring/human_scores.csv").status_code == 303


def test_the_live_page_shows_what_a_watch_says(
    browser: Any, lab: RunningLab, client: httpx.Client, study: Study
) -> None:
    """The newest watch: shares with limits, images, gaps, messages; it renews itself."""
    base = base_of(client)
    assert "amgs watch camera:0" in client.get(f"{base}/live").text
    folder = study.folder / "live" / "20261126T100000"
    (folder / "faces").mkdir(parents=True)
    image = next(iter(study.store.faces.all())).image
    (folder / "faces" / "a.jpg").write_bytes((study.folder / image).read_bytes())
    now = time.time()
    animal = {
        "animal": "<b>m01</b>", "source": "cam1", "zone": "left", "minutes": 10.0, "intervals": 30,
        "images": 25, "confident_images": 20, "pain_images": 12, "pct_pain": 60.0,
        "pct_pain_low": 38.7, "pct_pain_high": 78.1, "means": {"predicted_mgs": 4.2, "p_pain": 0.6}, "quality": 0.5,
        "possible_sleep": 3, "unlike_training": 2, "course": [[now - 60, 0.9, False, "faces/a.jpg"]],
    }  # fmt: skip
    source = {"name": "cam1", "source": "rtsp://h/", "state": "lost", "lost_since_s": now,
              "recorded_s": 600.0, "files": 1, "intervals_left_out": 4}  # fmt: skip
    happened = [{"computer_time": "2026-11-26T10:10:00+01:00", "source": "cam1", "what": "lost",
                 "reason": "it ended"}]  # fmt: skip
    told = [{"computer_time": "2026-11-26T10:09:00+01:00", "animal": "m01",
             "text": "m01: pain in 60 % of 20 images. LOOK"}]  # fmt: skip
    status = {"now_s": now, "caution": "LOOK", "animals": [animal], "sources": [source],
              "events": happened, "alerts": told}  # fmt: skip
    (folder / "status.json").write_text(json.dumps(status), encoding="utf-8")
    text = client.get(f"{base}/live").text
    assert "60 % pain (95 % limits 39 to 78 %) in 20 confident images" in text
    assert "&lt;b&gt;m01" in text
    assert "the camera is lost: it ended" in text
    assert "4 intervals not read in time" in text
    assert "possible sleep in 3 images" in text
    assert "predicted mgs 4.20" in text
    assert "2026-11-26 10:09:00: m01: pain in 60 % of 20 images." in text
    assert client.get(f"{base}/live/image/faces/a.jpg").headers["content-type"] == "image/jpeg"
    for path in ("study.toml", "faces/../../../study.toml", "..%2F..%2Fstudy.toml"):
        assert client.get(f"{base}/live/image/{path}").status_code in {400, 404}
    expect = pytest.importorskip("playwright.sync_api").expect
    context = browser.new_context()
    page = context.new_page()
    page.goto(lab.entrance)
    page.wait_for_url(f"{lab.url}/study/*")
    page.goto(f"{lab.url}{base}/live")
    expect(page.get_by_text("60 % pain")).to_be_visible()
    status["animals"] = [animal | {"pct_pain": 70.0}]
    (folder / "status.json").write_text(json.dumps(status), encoding="utf-8")
    expect(page.get_by_text("70 % pain")).to_be_visible(timeout=10_000)
    context.close()
    status["now_s"] = now - 7200
    (folder / "status.json").write_text(json.dumps(status), encoding="utf-8")
    text = client.get(f"{base}/live").text
    assert "It ended 120 minutes ago." in text or "It ended 2 hours ago." in text
    assert "data-poll" not in text


def test_a_late_answer_of_the_file_browser_is_not_shown(
    browser: Any, lab: RunningLab, client: httpx.Client, tmp_path: Path
) -> None:
    """Of two folders asked for, the one asked for last is shown, whichever answer comes last."""
    base = base_of(client)
    expect = pytest.importorskip("playwright.sync_api").expect
    (tmp_path / "wanted").mkdir()
    (tmp_path / "wanted" / "film.mp4").write_bytes(b"x")
    context = browser.new_context()
    page = context.new_page()
    held: list[Any] = []
    page.route("**/browse?*", lambda route: route.continue_() if held else held.append(route))
    page.goto(lab.entrance)
    page.wait_for_url(f"{lab.url}/study/*")
    page.goto(f"{lab.url}{base}/design")
    page.click("#add-videos")
    page.fill("#browser-path", str(tmp_path / "wanted"))
    page.click("#browser-go")
    expect(page.locator("#browser-list input")).to_have_count(1)
    held[0].continue_()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#browser-list input")).to_have_count(1)
    expect(page.locator("#browser-path")).to_have_value(str(tmp_path / "wanted"))
    context.close()


def test_a_path_that_arrives_late_is_replaced_by_typing(
    browser: Any, lab: RunningLab, client: httpx.Client, tmp_path: Path
) -> None:
    """Who starts to type as the path of the first folder arrives gets what was typed, alone."""
    base = base_of(client)
    expect = pytest.importorskip("playwright.sync_api").expect
    context = browser.new_context()
    page = context.new_page()
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/browse?*", hold)
    page.goto(lab.entrance)
    page.wait_for_url(f"{lab.url}/study/*")
    page.goto(f"{lab.url}{base}/design")
    page.click("#add-videos")
    page.focus("#browser-path")
    held[0].continue_()
    expect(page.locator("#browser-path")).not_to_have_value("")
    page.keyboard.insert_text(str(tmp_path))
    expect(page.locator("#browser-path")).to_have_value(str(tmp_path))
    # After Enter typing goes on at the end: into a folder of that folder.
    page.unroute("**/browse?*")
    with page.expect_response("**/browse?*"):
        page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
    page.keyboard.insert_text("/deeper")
    expect(page.locator("#browser-path")).to_have_value(f"{tmp_path}/deeper")
    context.close()


def test_labels_that_look_wrong_come_before_their_raters_again(
    client: httpx.Client, study: Study
) -> None:
    """What cannot be done is said on the page, with what to do."""
    base = base_of(client)
    listed = study.results / DOUBTFUL
    listed.parent.mkdir(exist_ok=True)
    row = {"image": "../faces/x.jpg", "animal": "", "label": "pain", "mgs": 9, "p_pain": 0.01}
    write_doubtful_labels(listed, [row])
    form = {"csrf": csrf_of(client)}
    client.post(f"{base}/model/second-look", data=form)
    assert "Train again" in client.get(f"{base}/model").text
    listed.unlink()
    client.post(f"{base}/model/second-look", data=form)
    assert "found no such list" in client.get(f"{base}/model").text
