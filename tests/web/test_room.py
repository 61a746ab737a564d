"""The scoring room from outside: blinded, guarded, and safe with many raters at once."""

from __future__ import annotations

import io
import re
import shutil
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from amgs.errors import StoreError
from amgs.scoring.assignment import plan_order
from amgs.store import FaceRecord
from amgs.study import Study
from amgs.study.present import present
from amgs.study.rater_codes import hash_token
from amgs.tables import write_table
from amgs.web.keys import Keys
from amgs.web.room.canvas import draw_canvas

SECRETS = ("secret", "baseline", "2026-03-31", "2026:03:31", "videos", "faces/imported")


_opened: list[httpx.Client] = []


def new_client(url: str, **options: bool) -> httpx.Client:
    """Open a client that is closed when the test is over."""
    _opened.append(httpx.Client(base_url=url, **options))
    return _opened[-1]


@pytest.fixture(autouse=True)
def _close_clients():
    yield
    while _opened:
        _opened.pop().close()


class Rater:
    """A rater's browser without a browser."""

    def __init__(self, url: str, name: str, **form: str) -> None:
        self.client = new_client(url)
        self.seen: list[httpx.Response] = []
        page = self.get("/")
        way = "back" if "code" in form else "new"
        self.welcome = self.client.post(
            "/sign-in", data={"csrf": mark_of(page.text), "name": name, "way": way, **form}
        )
        self.seen.append(self.welcome)
        found = re.search(r'class="code">([\w-]+)<', self.get("/code").text)
        self.code = found[1] if found else ""
        score = self.get("/score")
        found = re.search(r'data-form="([\w-]+)"', score.text)
        self.form = found[1] if found else ""

    def get(self, path: str) -> httpx.Response:
        response = self.client.get(path)
        self.seen.append(response)
        return response

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        response = self.client.post(path, json=body, headers={"X-AMGS-Form": self.form, **headers})
        self.seen.append(response)
        return response

    def face_token(self, position: int) -> str:
        return self.client.get(f"/api/face/{position}").json().get("face_token", "")

    def answer(self, position: int, unit: str, score: int | None, **more: str) -> httpx.Response:
        body = {
            "position": position,
            "face_token": self.face_token(position),
            "unit": unit,
            "score": score,
        }
        return self.post("/api/answer", body | more)


def mark_of(text: str) -> str:
    found = re.search(r'name="csrf" value="([\w-]+)"', text)
    assert found, text[:500]
    return found[1]


def everything_sent(response: httpx.Response) -> bytes:
    head = "\n".join([str(response.url), *(f"{k}: {v}" for k, v in response.headers.items())])
    return head.encode() + b"\n" + response.content


class TestBlinding:
    def test_nothing_that_is_sent_could_unblind(self, running) -> None:
        """Every page, address, header, cookie and image of a whole session is looked through."""
        rater = Rater(running.url, "Ada")
        units = running.study.scale.unit_names
        total = rater.get("/api/face/0").json()["total"]
        assert total == 25
        for position in range(total):
            for unit in units:
                assert rater.answer(position, unit, 1).status_code == 200
            response = rater.get(f"/face/{position}")
            assert response.headers["content-type"] == "image/jpeg"
            image = Image.open(io.BytesIO(response.content))
            assert len(image.getexif()) == 0
            assert not {"exif", "comment", "icc_profile", "xmp"} & set(image.info)
        rater.post("/api/undo", {})
        for path in (
            "/score",
            "/course",
            "/nowhere",
            "/face/999",
            "/api/face/-1",
            "/static/score.js",
        ):
            rater.get(path)
        rater.answer(0, "nonsense", 1)
        for response in rater.seen:
            sent = everything_sent(response).lower()
            for secret in SECRETS:
                assert secret.encode() not in sent, (response.url, secret)
            for face in running.study.store.faces.all():
                assert face.content[:10].encode() not in sent
                assert Path(face.image).name.lower().encode() not in sent

    def test_answers_about_a_face_are_only_position_and_own_scores(self, running) -> None:
        rater = Rater(running.url, "Ada")
        state = rater.get("/api/face/3").json()
        known = {"position", "face_token", "total", "done", "answers", "reason", "next_open"}
        assert set(state) == known | {"unit", "flagged", "note"}
        assert state["next_open"] == {"position": 4, "unit": ""}, "in the rater's own order"

    def test_nothing_is_cached(self, running) -> None:
        rater = Rater(running.url, "Ada")
        response = rater.get("/face/0")
        assert response.headers["cache-control"] == "no-store"
        assert not {"etag", "last-modified", "content-disposition"} & set(response.headers)

    def test_nothing_of_a_picture_tells_a_hidden_repeat(self, running) -> None:
        """Not its bytes, nor its length, nor the size and outline of what is shown."""
        for name in ("Ada", "Bo", "Cy", "Di"):
            rater = Rater(running.url, name)
            order = running.study.store.scoring.order(running.study.store.raters.find(name).id)
            (again,) = [shown for shown in order if shown.repeat]
            (first,) = [s for s in order if s.face_id == again.face_id and not s.repeat]
            sent = [rater.get(f"/face/{s.position}").content for s in order]
            assert len(set(sent)) == len(order)
            assert len({len(content) for content in sent}) == 1
            assert {Image.open(io.BytesIO(content)).size for content in sent} == {(800, 800)}
            one, two = (
                np.asarray(Image.open(io.BytesIO(sent[s.position])), int) for s in (first, again)
            )
            assert (one != two).mean() > 0.3, "all of the picture is moved, not its edge alone"
            assert rater.get(f"/face/{first.position}").content == sent[first.position]

    def test_marks_say_nothing_of_a_face(self, running) -> None:
        """Random, of one showing, and not to be had from what the program signs for anybody."""
        rater = Rater(running.url, "Ada")
        order = running.study.store.scoring.order(1)
        marks = [rater.face_token(shown.position) for shown in order]
        assert len(set(marks)) == len(marks)
        assert [shown.mark for shown in order] == marks
        client = new_client(running.url)
        for shown in order[:8]:
            for token in (f"face|1|{shown.position}|{shown.face_id}", str(shown.face_id)):
                name = f"amgs_form_{running.keys.cookie_mark}"
                page = client.get("/", headers={"Cookie": f"{name}={token}"})
                assert marks[shown.position][:16] not in page.text
                signed = running.keys.sign("sign-in form", token)
                assert signed not in page.text, "it signs only what it has made itself"

    def test_the_order_cannot_be_computed(self, running) -> None:
        """From the study's seed and the rater's number alone, as one could who knows the program."""
        Rater(running.url, "Ada")
        order = [(s.face_id, s.repeat) for s in running.study.store.scoring.order(1)]
        faces = sorted({face for face, _ in order})
        for seed in range(2000):
            assert plan_order(faces, 1, [seed, 1, 0]) != order

    def test_orders_differ_between_raters_and_stay_the_same(self, running) -> None:
        Rater(running.url, "Ada")
        Rater(running.url, "Bo")
        scoring = running.study.store.scoring
        ada, bo = ([s.face_id for s in scoring.order(number)] for number in (1, 2))
        assert ada != bo
        assert set(ada) == set(bo)
        client = new_client(running.url)
        code = Rater(running.url, "Cy").code
        page = client.get("/")
        form = {"csrf": mark_of(page.text), "name": "Cy", "code": code, "way": "back"}
        before = [s.face_id for s in scoring.order(3)]
        assert client.post("/sign-in", data=form).headers["location"] == "/score"
        assert [s.face_id for s in scoring.order(3)] == before

    def test_new_faces_are_mixed_into_what_was_not_seen(self, running) -> None:
        rater = Rater(running.url, "Ada")
        scoring = running.study.store.scoring
        for unit in running.study.scale.unit_names:
            rater.answer(0, unit, 0)
        before = scoring.order(1)
        known = running.study.store.faces.all()[0]
        running.study.store.faces.add(
            [FaceRecord(f"faces/new{i}.jpg", known.source, f"{i:064d}") for i in range(10)], {}
        )
        found = running.study.store.raters.find("Ada")
        running.study.room().plan(found)
        after = scoring.order(1)
        assert after[:2] == before[:2]  # the first was scored, the second is on the screen
        assert len({s.face_id for s in after}) == 34
        assert sum(s.repeat for s in after) == 2, "the share of repeats stays"
        places = [s.position for s in after if s.image.startswith("faces/new") and not s.repeat]
        assert max(places) - min(places) > 9, "they come in one block"


class TestBackground:
    """Walls and light tell videos apart; with a grey background nothing of them is shown."""

    @pytest.mark.parametrize(("background", "told"), [("as filmed", True), ("grey", False)])
    def test_corners_tell_the_recording(self, study: Study, background: str, told: bool) -> None:
        """Two corner colours, matched to the nearest other face: chance is about one in four."""
        path = study.folder / "study.toml"
        text = path.read_text("utf-8")
        path.write_text(text.replace('background = "as filmed"', f'background = "{background}"'))
        rng = np.random.default_rng(5)
        walls = {s.code: rng.integers(60, 200, 3) for s in study.store.sources.all()}
        with Study.open(study.folder) as opened:
            faces = opened.store.faces.all()
            colours, sources = [], []
            for face in faces:
                rgb = np.full((160, 150, 3), walls[face.source], np.uint8)
                noise = rng.integers(-6, 7, rgb.shape)
                rgb = np.clip(rgb + noise, 0, 255).astype(np.uint8)
                rgb[40:130, 35:120] = rng.integers(90, 220, 3)
                shown = draw_canvas(
                    rgb, (30, 30, 125, 135), face.image, opened.settings.scoring.background
                )
                drawn = np.asarray(Image.open(io.BytesIO(shown)), float)
                colours.append([*drawn[5, 5], *drawn[5, -6]])
                sources.append(face.source)
        table = np.array(colours)
        away = ((table[:, None] - table[None]) ** 2).sum(axis=2)
        np.fill_diagonal(away, np.inf)
        right = np.mean([sources[i] == sources[int(row.argmin())] for i, row in enumerate(away)])
        assert (right > 0.9) == told
        if not told:
            assert np.ptp(table, axis=0).max() == 0, "the corners are the same in every picture"

    def test_brightness_is_made_equal(self) -> None:
        rng = np.random.default_rng(1)
        means = []
        for level in (40, 120, 210):
            rgb = np.clip(rng.normal(level, 25, (120, 120, 3)), 0, 255).astype(np.uint8)
            shown = draw_canvas(rgb, (10, 10, 110, 110), "m", "grey", "equal")
            middle = np.asarray(Image.open(io.BytesIO(shown)).convert("L"), float)
            means.append(middle[250:550, 250:550].mean())
        assert max(means) - min(means) < 6


class TestSafety:
    def test_an_answer_for_another_face_is_refused(self, running) -> None:
        """The order was planned anew while a window was open: its answer goes to no other face."""
        rater = Rater(running.url, "Ada")
        old = rater.face_token(5)
        known = running.study.store.faces.all()[0]
        running.study.store.faces.add(
            [FaceRecord(f"faces/new{i}.jpg", known.source, f"{i:064d}") for i in range(30)], {}
        )
        running.study.room().plan(running.study.store.raters.find("Ada"))
        assert rater.face_token(5) != old
        body = {"position": 5, "face_token": old, "unit": "ear_position", "score": 2}
        response = rater.post("/api/answer", body)
        assert response.status_code == 409
        assert "Another face" in response.json()["error"]
        assert running.study.store.scoring.all() == []

    def test_a_changed_or_missing_image_is_not_shown(self, running) -> None:
        """And the others can be scored."""
        rater = Rater(running.url, "Ada")
        first, second = running.study.store.scoring.order(1)[:2]
        (running.study.folder / first.image).unlink()
        other = running.study.store.scoring.order(1)[3].image
        (running.study.folder / second.image).write_bytes(
            (running.study.folder / other).read_bytes()
        )
        for position in (0, 1):
            assert rater.face_token(position) == "", "what is not seen cannot be scored"
            assert rater.answer(position, "ear_position", 0).status_code == 409
            gone = rater.get(f"/face/{position}")
            assert gone.status_code == 410
            assert "missing or was changed" in gone.json()["error"]
            assert "faces" not in gone.text
        assert rater.get("/face/2").status_code == 200
        assert rater.answer(2, "ear_position", 1).status_code == 200
        faults = running.study.check().faults
        assert sum("missing" in fault for fault in faults) == 1
        assert sum("another one than was registered" in fault for fault in faults) == 1

    def test_open_pages_go_on_after_a_restart(self, running) -> None:
        """The marks of forms are the study's, not the program's."""
        secret = running.study.store.events.secret("signing")
        keys = [Keys.make(with_access=False, signing=secret) for _ in range(2)]
        assert keys[0].sign("rater's form", "x") == keys[1].sign("rater's form", "x")
        assert keys[0].cookie_mark == keys[1].cookie_mark
        assert keys[0].owner != keys[1].owner

    @pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
    @pytest.mark.parametrize("taken", ["deleted", "replaced"])
    def test_answers_to_a_database_that_is_gone_are_not_acknowledged(
        self, running, tmp_path: Path, taken: str
    ) -> None:
        """They are kept by the page; what was saved before is kept in a file beside it."""
        rater = Rater(running.url, "Ada")
        assert rater.answer(0, "ear_position", 2).status_code == 200
        token = rater.face_token(1)
        path = running.study.folder / "study.db"
        away = tmp_path / "away.db"
        shutil.copy(path, tmp_path / "other.db")
        path.rename(away)
        if taken == "replaced":
            shutil.copy(tmp_path / "other.db", path)
        body = {"position": 1, "face_token": token, "unit": "ear_position", "score": 1}
        refused = rater.post("/api/answer", body)
        assert refused.status_code == 503
        assert str(running.study.folder) not in refused.text
        (rescued,) = running.study.folder.glob("study-rescued-*.db")
        with closing(sqlite3.connect(rescued)) as database:
            assert database.execute("SELECT score FROM answer").fetchall() == [(2,)]
        away.replace(path)
        assert rater.post("/api/answer", body).status_code == 200, "put back, it goes on"
        assert {r.score for r in running.study.store.scoring.all()} == {1, 2}

    def test_coming_in_is_kept_whole_or_not_at_all(self, running, monkeypatch) -> None:
        """A disk that is full in the middle leaves no name whose code nobody saw."""

        def full(*_: object) -> None:
            raise StoreError("database or disk is full")

        monkeypatch.setattr(type(running.study.store.scoring), "plan", full)
        assert Rater(running.url, "Ada").welcome.status_code == 503
        assert running.study.store.raters.all() == []
        monkeypatch.undo()
        assert Rater(running.url, "Ada").code

    def test_a_full_disk_is_not_taken_for_a_known_name(self, running, monkeypatch) -> None:
        """It is tried once, not until the program has no stack left."""
        calls = []

        def full(*_: object) -> None:
            calls.append(1)
            raise StoreError("database or disk is full")

        monkeypatch.setattr(type(running.study.store.raters), "add", full)
        assert Rater(running.url, "Ada").welcome.status_code == 503
        assert len(calls) == 1

    def test_the_code_can_be_seen_again_until_the_first_answer(self, running) -> None:
        rater = Rater(running.url, "Ada")
        assert rater.code
        assert rater.code in rater.get("/code").text, "a reload shows the same code"
        rater.answer(0, "ear_position", 1)
        assert rater.get("/code").status_code == 303

    def test_a_request_that_comes_twice_is_kept_once(self, running) -> None:
        """A line that breaks before the answer arrives: the page sends the same again."""
        rater = Rater(running.url, "Ada")
        token = rater.face_token(0)
        for number, (unit, score) in enumerate((("ear_position", 1), ("nose_bulge", 2))):
            body = {"position": 0, "face_token": token, "unit": unit, "score": score}
            for _ in range(2):
                sent = rater.post("/api/answer", body | {"request": f"a-{number}"})
                assert sent.status_code == 200
        assert running.study.store.scoring.count_log() == 2
        for _ in range(2):
            assert rater.post("/api/undo", {"request": "u-1"}).status_code == 200
        assert rater.get("/api/face/0").json()["answers"] == {"ear_position": 1}
        assert running.study.store.scoring.count_log() == 3
        rater.post("/api/answer", body | {"unit": "ear_position", "score": 1})
        assert running.study.store.scoring.count_log() == 3, "what changes nothing is not logged"

    def test_a_locked_disk_is_told_apart_from_a_refusal(self, running, monkeypatch) -> None:
        rater = Rater(running.url, "Ada")
        face_token = rater.face_token(0)

        def locked(*_: object) -> None:
            raise StoreError("the disk is full")

        monkeypatch.setattr(type(running.study.store.scoring), "save", locked)
        body = {"position": 0, "face_token": face_token, "unit": "ear_position", "score": 2}
        assert rater.post("/api/answer", body).status_code == 503


class TestNames:
    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("Ana Key", "Did you mean Anna Key?"),
            ("Аnna Key", "letters of one alphabet"),
            ("Bo", "Nobody called Bo has scored here. Correct"),
        ],
    )
    def test_a_code_never_makes_a_new_rater(self, running, name: str, told: str) -> None:
        """One person does not become two by a slip of the keyboard."""
        anna = Rater(running.url, "Anna Key")
        again = Rater(running.url, name, code=anna.code)
        assert again.welcome.status_code == 403
        assert told in again.welcome.text
        assert [r.name for r in running.study.store.raters.all()] == ["Anna Key"]

    def test_a_wrong_code_is_told_apart_from_none(self, running) -> None:
        Rater(running.url, "Ada")
        assert "not the code of Ada" in Rater(running.url, "ada", code="2222-2222").welcome.text
        assert "Enter the code" in Rater(running.url, "ada", code=" ").welcome.text

    def test_known_for_sixty_days_in_the_same_browser(self, running) -> None:
        rater = Rater(running.url, "Ada")
        (cookie,) = [c for c in rater.welcome.headers.get_list("set-cookie") if "rater" in c]
        assert "Max-Age=5184000" in cookie
        raters = running.study.store.raters
        (name,) = [name for name in rater.client.cookies if name.startswith("amgs_rater_")]
        token = hash_token(rater.client.cookies[name])
        assert raters.of_session(token, "2026-01-01") is not None
        assert raters.of_session(token, "2999-01-01") is None


class TestGuard:
    def test_a_known_name_needs_its_code(self, running) -> None:
        ada = Rater(running.url, "Ada")
        assert len(ada.code) == 9
        thief = Rater(running.url, "ADA")
        assert thief.welcome.status_code == 403
        assert Rater(running.url, "ＡＤＡ").welcome.status_code == 403, "the same, in wide letters"
        assert "has scored here before" in thief.welcome.text
        assert thief.get("/api/face/0").status_code == 403
        assert Rater(running.url, "ada", code=ada.code.lower()).welcome.status_code == 303
        assert Rater(running.url, "Ada", code="2222-2222").welcome.status_code == 403

    def test_no_rater_reads_anothers_answers(self, running) -> None:
        ada, bo = Rater(running.url, "Ada"), Rater(running.url, "Bo")
        for position in range(24):
            ada.answer(position, "ear_position", 2)
        for position in range(24):
            assert bo.get(f"/api/face/{position}").json()["answers"] == {}
        assert bo.post("/api/undo", {}).status_code == 404
        assert ada.get("/api/face/3").json()["answers"] == {"ear_position": 2}

    @pytest.mark.parametrize(
        "path", ["/score", "/face/0", "/api/face/0", "/owner/human_scores.csv"]
    )
    def test_nothing_without_signing_in(self, running, path: str) -> None:
        response = httpx.get(running.url + path)
        assert response.status_code in {303, 403}
        assert len(response.content) < 200

    def test_a_forged_form_is_refused(self, running) -> None:
        rater = Rater(running.url, "Ada")
        body = {
            "position": 0,
            "face_token": rater.face_token(0),
            "unit": "ear_position",
            "score": 2,
        }
        assert rater.client.post("/api/answer", json=body).status_code == 403
        forged = rater.post("/api/answer", body, **{"X-AMGS-Form": "0" * 64})
        assert forged.status_code == 403
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert rater.post("/api/answer", body, **headers).status_code == 403
        assert rater.client.post("/sign-in", data={"csrf": "x", "name": "Eve"}).status_code == 403
        assert rater.get("/api/face/0").json()["answers"] == {}

    def test_another_pages_name_for_this_machine_is_refused(self, running) -> None:
        """A foreign name that points at 127.0.0.1 reaches nothing."""
        assert httpx.get(running.url, headers={"Host": "evil.example"}).status_code == 400
        for host in ("localhost:1234", "LocalHost.", "127.0.0.1", "[::1]:8600"):
            assert httpx.get(running.url, headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "path",
        [
            "/static/../app.py",
            "/static/%2e%2e/app.py",
            "/static/..%2f..%2fscale.py",
            "/face/..%2f..%2fstudy.toml",
            "/face/0/../../study.db",
            "/static//etc/passwd",
        ],
    )
    def test_no_path_leads_out(self, running, path: str) -> None:
        rater = Rater(running.url, "Ada")
        request = rater.client.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=path.encode())
        response = rater.client.send(request)
        assert response.status_code in {400, 404}
        assert len(response.content) < 200

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"position": 0, "unit": "ear_position", "score": 3}, 400),
            ({"position": 0, "unit": "ear_position", "score": "1"}, 400),
            ({"position": 0, "unit": "ear_position", "score": True}, 400),
            ({"position": 0, "unit": "ear_position", "score": 1.5}, 400),
            ({"position": 0, "unit": "tail", "score": 1}, 400),
            ({"position": 0, "unit": "image", "score": 1, "reason": "blurred"}, 400),
            ({"position": 0, "unit": "image", "score": None, "reason": "<script>"}, 400),
            ({"position": 0, "unit": "ear_position", "score": 1, "reason": "blurred"}, 400),
            ({"position": 10**30, "unit": "ear_position", "score": 1}, 404),
            ({"position": -1, "unit": "ear_position", "score": 1}, 404),
            ({"position": 99, "unit": "ear_position", "score": 1}, 404),
            ({"position": 0, "unit": "ear_position", "score": 1, "rater": 2}, 400),
            ([], 400),
            ("x" * 20_000, 413),
        ],
    )
    def test_hostile_input_changes_nothing(self, running, body: object, status: int) -> None:
        rater = Rater(running.url, "Ada")
        if isinstance(body, dict):
            body = {"face_token": rater.face_token(0), **body}
        response = rater.post("/api/answer", body)
        assert response.status_code == status
        assert len(response.content) < 300
        assert running.study.store.scoring.all() == []

    def test_a_body_of_unknown_length_is_cut_off(self, running) -> None:
        rater = Rater(running.url, "Ada")

        def endless():
            for _ in range(100):
                yield b"x" * 1000

        with pytest.raises((httpx.HTTPError, AssertionError)):
            response = rater.client.post("/api/answer", content=endless())
            assert response.status_code < 400
        assert rater.get("/api/face/0").status_code == 200

    @pytest.mark.parametrize("name", ["", " ", "x" * 61, "Ada\x00", "\u202eadA"])
    def test_impossible_names_are_refused(self, running, name: str) -> None:
        assert Rater(running.url, name).welcome.status_code == 403
        assert running.study.store.raters.all() == []

    def test_a_name_is_never_taken_for_a_page(self, running) -> None:
        rater = Rater(running.url, "<script>alert(1)</script>")
        assert "<script>alert" not in rater.welcome.text + rater.get("/score").text

    def test_every_answer_has_the_guarding_headers(self, running) -> None:
        rater = Rater(running.url, "Ada")
        for path in ("/score", "/face/0", "/nowhere", "/static/room.css", "/owner"):
            headers = rater.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert "server" not in headers or "uvicorn" in headers["server"]
        cookies = [c for r in rater.seen for c in r.headers.get_list("set-cookie")]
        assert cookies
        assert all("HttpOnly" in c and "SameSite=strict" in c for c in cookies)

    def test_open_to_others_a_key_is_needed(self, running_open) -> None:
        assert Rater(running_open.url, "Ada").welcome.status_code == 403
        assert Rater(running_open.url, "Ada", key="wrong").welcome.status_code == 403
        assert running_open.study.store.raters.all() == []
        right = Rater(running_open.url, "Ada", key=running_open.keys.access)
        assert right.welcome.status_code == 303
        assert right.get("/api/face/0").status_code == 200

    def test_guessing_is_slowed_down(self, running_open) -> None:
        for _ in range(10):
            assert Rater(running_open.url, "Eve", key="guess").welcome.status_code == 403
        assert Rater(running_open.url, "Eve", key="guess").welcome.status_code == 429
        right = Rater(running_open.url, "Ada", key=running_open.keys.access)
        assert right.welcome.status_code == 303, "the right key passes, whatever others guess"
        client = new_client(running_open.url)
        form = {"csrf": mark_of(client.get("/owner").text), "key": running_open.keys.owner}
        assert client.post("/owner/sign-in", data=form).status_code == 303

    def test_guessing_at_one_rater_locks_out_nobody_else(self, running) -> None:
        ada, bo = Rater(running.url, "Ada"), Rater(running.url, "Bo")
        for _ in range(10):
            assert Rater(running.url, "Ada", code="2222-2222").welcome.status_code == 403
        assert Rater(running.url, "Ada", code=ada.code).welcome.status_code == 429
        assert Rater(running.url, "Bo", code=bo.code).welcome.status_code == 303

    def test_guesses_at_one_moment_are_counted_one_by_one(self, running) -> None:
        Rater(running.url, "Ada")
        found: list[int] = []

        def guess() -> None:
            found.append(Rater(running.url, "Ada", code="2222-2222").welcome.status_code)

        threads = [threading.Thread(target=guess) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [403] * 10 + [429] * 20

    def test_errors_are_pages_for_people_and_one_json_for_scripts(self, running) -> None:
        rater = Rater(running.url, "Ada")
        for path in ("/nowhere", "/sign-in"):
            assert set(rater.client.get(path).json()) == {"error"}
            page = rater.client.get(path, headers={"Accept": "text/html,*/*"})
            assert "<h1>That did not work</h1>" in page.text
            assert "{" not in page.text
        broken = rater.client.post(
            "/api/answer", content=b"{not json", headers={"X-AMGS-Form": rater.form}
        )
        assert (broken.status_code, set(broken.json())) == (400, {"error"})

    def test_half_of_a_surrogate_pair_is_refused_in_words(self, running) -> None:
        rater = Rater(running.url, "Ada")
        body = rb'{"position": 0, "face_token": "\ud800", "unit": "ear_position", "score": 1}'
        head = {"X-AMGS-Form": rater.form, "Content-Type": "application/json"}
        response = rater.client.post("/api/answer", content=body, headers=head)
        assert response.status_code in {400, 409}
        assert set(response.json()) == {"error"}

    def test_two_studies_in_one_browser_do_not_sign_each_other_out(
        self, running, running_open
    ) -> None:
        one = Rater(running.url, "Ada")
        two = Rater(running_open.url, "Ada", key=running_open.keys.access)
        assert not set(one.client.cookies) & set(two.client.cookies)

    def test_no_rater_page_shows_a_key(self, running_open) -> None:
        rater = Rater(running_open.url, "Ada", key=running_open.keys.access)
        rater.get("/owner")
        for response in rater.seen:
            sent = everything_sent(response)
            for key in (running_open.keys.owner, running_open.keys.access):
                assert key.encode() not in sent

    def test_after_signing_out_the_cookie_opens_nothing(self, running) -> None:
        rater = Rater(running.url, "Ada")
        (name,) = [name for name in rater.client.cookies if name.startswith("amgs_rater_")]
        cookie = rater.client.cookies[name]
        assert httpx.get(running.url + "/api/face/0", cookies={name: cookie}).status_code == 200
        rater.client.post("/sign-out", data={"csrf": rater.form})
        assert httpx.get(running.url + "/api/face/0", cookies={name: cookie}).status_code == 403


class TestOwner:
    def _owner(self, running) -> httpx.Client:
        client = new_client(running.url, follow_redirects=True)
        page = client.get("/owner")
        client.post("/owner/sign-in", data={"csrf": mark_of(page.text), "key": running.keys.owner})
        return client

    def test_the_page_needs_its_key(self, running) -> None:
        client = new_client(running.url)
        page = client.get("/owner")
        assert "Ada" not in page.text
        wrong = client.post("/owner/sign-in", data={"csrf": mark_of(page.text), "key": "x"})
        assert wrong.status_code == 403
        forged = httpx.get(running.url + "/owner", cookies={"amgs_owner": "a." + "0" * 64})
        assert "Raters" not in forged.text

    def test_it_shows_counts_and_agreement_and_no_group(self, running) -> None:
        ada, bo = Rater(running.url, "Ada"), Rater(running.url, "Bo")
        for rater in (ada, bo):
            for position in range(25):
                for number, unit in enumerate(running.study.scale.unit_names):
                    rater.answer(position, unit, (position + number) % 3)
        text = self._owner(running).get("/owner").text
        assert "25 of 25" in text
        assert "Krippendorff" in text
        for secret in SECRETS[:1]:
            assert secret not in text.replace("Study of secrets", "")

    def test_unblinding_is_deliberate_and_kept(self, running) -> None:
        rater = Rater(running.url, "Ada")
        for unit in running.study.scale.unit_names:
            rater.answer(0, unit, 2)
        owner = self._owner(running)
        assert "secretgroup" not in owner.get("/owner/human_scores.csv").text
        csrf = mark_of(owner.get("/owner").text)
        form = {"csrf": csrf, "who": "Owner", "reason": "all done", "word": "yes"}
        refused = owner.post("/owner/unblind", data=form).text
        assert "Nothing was unblinded" in refused
        assert 'value="all done"' in refused, "what was typed is not typed again"
        assert "Ada (1 of 25)" in refused, "who has not finished"
        assert running.study.unblindings == []
        owner.post("/owner/unblind", data=form | {"word": "unblind", "csrf": "0" * 64})
        assert running.study.unblindings == []
        owner.post("/owner/unblind", data=form | {"word": "unblind"})
        (event,) = running.study.unblindings
        assert (event["who"], event["reason"]) == ("Owner", "all done")
        assert event["progress"] == {"Ada": [1, 25]}
        assert "secretgroup" in owner.get("/owner/human_scores.csv").text
        assert "secretgroup" not in rater.get("/owner/human_scores.csv").text

    def test_the_page_closes_on_request_and_when_idle(self, running) -> None:
        owner = self._owner(running)
        assert "Progress" in owner.get("/owner").text
        owner.post("/owner/sign-out", data={"csrf": mark_of(owner.get("/owner").text)})
        assert "Progress" not in owner.get("/owner").text
        again = self._owner(running)
        running.keys.owners.idle_s = -1
        assert "Progress" not in again.get("/owner").text

    def test_raters_are_renamed_merged_and_set_aside(self, running) -> None:
        """As from the command line, and each can be taken back."""
        for name in ("Anna Key", "Ana Key"):
            rater = Rater(running.url, name)
            for unit in running.study.scale.unit_names:
                rater.answer(0, unit, 1)
        owner = self._owner(running)

        def post(path: str, **form: str) -> str:
            csrf = mark_of(owner.get("/owner").text)
            return owner.post(f"/owner/{path}", data={"csrf": csrf, **form}).text

        assert "counts as Anna Key" in post("merge", name="Ana Key", into="Anna Key")
        assert {r.rater for r in present(running.study).ratings} == {"Anna Key"}
        assert "counts as Anna Key" not in post("merge", name="Ana Key", into="")
        assert "is called Bo now" in post("rename", name="Ana Key", new_name="Bo")
        assert "excluded: only a trial" in post("set-aside", name="Bo", reason="only a trial")
        assert {r.rater for r in present(running.study).ratings} == {"Anna Key"}
        assert "count again" in post("set-aside", name="Bo", back="yes")
        assert {r.rater for r in present(running.study).ratings} == {"Anna Key", "Bo"}
        assert "Expected" in post("rename", name="nobody", new_name="x"), "told, not a traceback"
        table = owner.get("/owner/ratings.csv").text
        assert table.count("\n") == 11
        assert "secret" not in table
        assert "secret" not in owner.get("/owner").text.replace("Study of secrets", "")

    def test_somebody_who_did_not_pass_can_be_let_in(self, running) -> None:
        folder, units = running.study.folder, running.study.scale.unit_names
        images = [p.relative_to(folder).as_posix() for p in sorted(folder.glob("videos/*/*.jpg"))]
        write_table(
            folder / "reference.csv", ("image", *units), [[i, *[0] * 5] for i in images[:3]]
        )
        rater = Rater(running.url, "Ada")
        assert rater.get("/api/face/0").status_code == 404
        owner = self._owner(running)
        csrf = mark_of(owner.get("/owner").text)
        page = owner.post("/owner/let-in", data={"csrf": csrf, "name": "Ada"}).text
        assert "Ada may score now" in page
        assert rater.get("/api/face/0").status_code == 200
        (event,) = running.study.store.events.all("course passed")
        assert event["let_in_by"]
        assert "not passed, let in" in owner.get("/owner").text
        owner.post("/owner/rename", data={"csrf": csrf, "name": "Ada", "new_name": "Ada Late"})
        assert rater.get("/api/face/0").status_code == 200, "the person passed, not the name"
        other = Rater(running.url, "Ada")
        assert other.get("/api/face/0").status_code == 404

    def test_feedback_that_got_lost_on_the_way_comes_again(self, running) -> None:
        """And a face of the course counts once, however many requests come at one moment."""
        folder, units = running.study.folder, running.study.scale.unit_names
        images = [p.relative_to(folder).as_posix() for p in sorted(folder.glob("videos/*/*.jpg"))]
        rows = [[i, *[0] * 5] for i in images[:3]]
        write_table(folder / "reference.csv", ("image", *units), rows)
        rater = Rater(running.url, "Ada")
        found = re.search(r'data-form="([\w-]+)"', rater.get("/course").text)
        assert found
        rater.form = found[1]
        body = {"seen": 0, "scores": dict.fromkeys(units, 0)}
        threads = [
            threading.Thread(target=rater.post, args=("/api/course", body)) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(running.study.store.raters.course(1)) == 5
        again = rater.post("/api/course", body).json()
        assert [entry["score"] for entry in again["feedback"]] == [0] * 5
        other = {"seen": 0, "scores": dict.fromkeys(units, 1)}
        assert rater.post("/api/course", other).status_code == 409

    def test_a_lost_code_is_replaced(self, running) -> None:
        rater = Rater(running.url, "Ada")
        owner = self._owner(running)
        csrf = mark_of(owner.get("/owner").text)
        page = owner.post("/owner/code", data={"csrf": csrf, "name": "ada"})
        found = re.search(r'class="code inline">(\w{4}-\w{4})<', page.text)
        assert found
        assert found[1] in owner.get("/owner").text, "a reload shows the same one"
        assert rater.get("/api/face/0").status_code == 403
        assert Rater(running.url, "Ada", code=found[1]).welcome.status_code == 303


@pytest.mark.slow
def test_eight_raters_at_full_speed(running) -> None:
    """Nothing is lost, nothing doubled, and everybody's answers stay their own."""
    units = running.study.scale.unit_names
    failures: list[str] = []

    def work(number: int) -> None:
        rater = Rater(running.url, f"rater {number}")
        for position in range(25):
            for unit in units:
                response = rater.answer(position, unit, number % 3)
                if response.status_code != 200:
                    failures.append(response.text)
                rater.seen.clear()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    rows = running.study.store.scoring.all()
    assert len(rows) == 8 * 25 * len(units)
    assert len({(r.rater, r.position, r.unit) for r in rows}) == len(rows)
    assert all(r.score == int(r.rater.split()[1]) % 3 for r in rows)
    assert running.study.store.scoring.count_log() == len(rows)


def test_answers_outlive_the_program(running, tmp_path: Path) -> None:
    """Another program on the same folder goes on where this one was."""
    rater = Rater(running.url, "Ada")
    rater.answer(0, "ear_position", 2)
    with Study.open(running.study.folder) as other:
        room = other.room()
        assert room.sign_in("Ada", rater.code).rater.name == "Ada"
        shown = room.at(other.store.raters.all()[0], 0)
        assert room.answers(shown)["ear_position"].score == 2


def test_a_study_of_drawn_mice_says_so_where_raters_sign_in(running) -> None:  # type: ignore[no-untyped-def]
    notice = "the mice of <this> study are drawn"
    client = new_client(running.url)
    assert "of &lt;this&gt; study" not in client.get("/").text
    (running.study.folder / "notice.txt").write_text(notice, encoding="utf-8")
    assert "of &lt;this&gt; study" in client.get("/").text
