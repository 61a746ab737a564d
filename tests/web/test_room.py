"""The scoring room from outside: blinded, guarded, and safe with many raters at once."""

from __future__ import annotations

import io
import re
import threading
from pathlib import Path

import httpx
import pytest
from PIL import Image

from amgs.errors import StoreError
from amgs.store import FaceRecord
from amgs.study import Study
from amgs.web.guard import Keys

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
        self.welcome = self.client.post(
            "/sign-in", data={"csrf": mark_of(page.text), "name": name, **form}
        )
        self.seen.append(self.welcome)
        found = re.search(r'class="code">([\w-]+)<', self.welcome.text)
        self.code = found[1] if found else ""
        score = self.get("/score")
        found = re.search(r'data-form="(\w+)"', score.text)
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
    found = re.search(r'name="csrf" value="(\w+)"', text)
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
        assert set(state) == known
        assert state["next_open"] == 4, "a place in the rater's own order"

    def test_nothing_is_cached(self, running) -> None:
        rater = Rater(running.url, "Ada")
        response = rater.get("/face/0")
        assert response.headers["cache-control"] == "no-store"
        assert not {"etag", "last-modified", "content-disposition"} & set(response.headers)

    def test_a_hidden_repeat_is_not_the_same_bytes(self, running) -> None:
        """Who compares files finds no second showing, of any face, for any rater."""
        for name in ("Ada", "Bo", "Cy", "Di"):
            rater = Rater(running.url, name)
            order = running.study.store.scoring.order(running.study.store.raters.find(name).id)
            (again,) = [shown for shown in order if shown.repeat]
            (first,) = [s for s in order if s.face_id == again.face_id and not s.repeat]
            sent = [rater.get(f"/face/{s.position}").content for s in (first, again)]
            assert sent[0] != sent[1]
            assert len({rater.get(f"/face/{s.position}").content for s in order}) == len(order)
            once_more = rater.get(f"/face/{first.position}").content
            assert once_more == sent[0], "the same place shows the same bytes"

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
        form = {"csrf": mark_of(page.text), "name": "Cy", "code": code}
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
        assert keys[0].sign("x") == keys[1].sign("x")
        assert keys[0].owner != keys[1].owner

    def test_a_locked_disk_is_told_apart_from_a_refusal(self, running, monkeypatch) -> None:
        rater = Rater(running.url, "Ada")
        face_token = rater.face_token(0)

        def locked(*_: object) -> None:
            raise StoreError("the disk is full")

        monkeypatch.setattr(type(running.study.store.scoring), "save", locked)
        body = {"position": 0, "face_token": face_token, "unit": "ear_position", "score": 2}
        assert rater.post("/api/answer", body).status_code == 503


class TestGuard:
    def test_a_known_name_needs_its_code(self, running) -> None:
        ada = Rater(running.url, "Ada")
        assert len(ada.code) == 9
        thief = Rater(running.url, "ADA")
        assert thief.welcome.status_code == 403
        assert "has scored here before" in thief.welcome.text
        assert thief.get("/api/face/0").status_code == 404
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
        assert response.status_code in {303, 404}
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
        for host in ("localhost:1234", "127.0.0.1", "[::1]:8600"):
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
        assert right.welcome.status_code == 200
        assert right.get("/api/face/0").status_code == 200

    def test_guessing_is_slowed_down(self, running_open) -> None:
        for _ in range(10):
            assert Rater(running_open.url, "Eve", key="guess").welcome.status_code == 403
        late = Rater(running_open.url, "Eve", key=running_open.keys.access)
        assert late.welcome.status_code == 429

    def test_guessing_at_one_rater_locks_out_nobody_else(self, running) -> None:
        ada, bo = Rater(running.url, "Ada"), Rater(running.url, "Bo")
        for _ in range(10):
            assert Rater(running.url, "Ada", code="2222-2222").welcome.status_code == 403
        assert Rater(running.url, "Ada", code=ada.code).welcome.status_code == 429
        assert Rater(running.url, "Bo", code=bo.code).welcome.status_code == 303

    def test_no_rater_page_shows_a_key(self, running_open) -> None:
        rater = Rater(running_open.url, "Ada", key=running_open.keys.access)
        rater.get("/owner")
        for response in rater.seen:
            sent = everything_sent(response)
            for key in (running_open.keys.owner, running_open.keys.access):
                assert key.encode() not in sent

    def test_after_signing_out_the_cookie_opens_nothing(self, running) -> None:
        rater = Rater(running.url, "Ada")
        cookie = rater.client.cookies["amgs_rater"]
        rater.client.post("/sign-out", data={"csrf": rater.form})
        response = httpx.get(running.url + "/api/face/0", cookies={"amgs_rater": cookie})
        assert response.status_code == 404


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
        assert owner.post("/owner/unblind", data=form).status_code == 400
        assert running.study.unblindings == []
        owner.post("/owner/unblind", data=form | {"word": "unblind", "csrf": "0" * 64})
        assert running.study.unblindings == []
        owner.post("/owner/unblind", data=form | {"word": "unblind"})
        (event,) = running.study.unblindings
        assert (event["who"], event["reason"]) == ("Owner", "all done")
        assert event["progress"] == {"Ada": [1, 25]}
        assert "secretgroup" in owner.get("/owner/human_scores.csv").text
        assert "secretgroup" not in rater.get("/owner/human_scores.csv").text

    def test_a_lost_code_is_replaced(self, running) -> None:
        rater = Rater(running.url, "Ada")
        owner = self._owner(running)
        csrf = mark_of(owner.get("/owner").text)
        page = owner.post("/owner/code", data={"csrf": csrf, "name": "ada"})
        found = re.search(r"is (\w{8})\.", page.text)
        assert found
        assert rater.get("/api/face/0").status_code == 404
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
