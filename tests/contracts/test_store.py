"""What every store promises, tested whole on each kind: SQLite, and a real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import postgres
from amgs.errors import ConflictError, StoreError
from amgs.store import (
    Answer,
    FaceRecord,
    Presentation,
    SourceRecord,
    Store,
    StoredPrediction,
    open_store,
)
from amgs.store.records import WHOLE_IMAGE, CourseAnswer
from amgs.vocabulary import call_pain

UNITS = ("orbital_tightening", "ear_position")
TIME = "2026-01-01T10:00:00.000+00:00"


@pytest.fixture(params=["sqlite", "postgresql"])
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Return a function that opens the same store again, as another process would."""
    url = ""
    if request.param == "postgresql":
        url = postgres.new_database(request.getfixturevalue("postgres_address"))
    opened: list[Store] = []

    def opener() -> Store:
        opened.append(open_store(tmp_path, url, create=True))
        if not opened[-1].sources.all():
            sources = [SourceRecord(f"c{i}", f"c{i}", recording=f"r{i}") for i in range(1, 5)]
            opened[-1].sources.put(sources)
        return opened[-1]

    yield opener
    for store in opened:
        store.close()


@pytest.fixture
def store(open_again: Callable[[], Store]) -> Store:
    """A store with two sources, of one recording each."""
    return open_again()


def faces(n: int = 5, source: str = "c1") -> list[FaceRecord]:
    return [
        FaceRecord(f"faces/{source}/{i:03d}.jpg", source, f"{i:064d}", 10.0 * i, 300 * i)
        for i in range(n)
    ]


def plan(store: Store, name: str = "Anna", n: int = 5) -> list[Presentation]:
    """Take up faces and a rater who sees them in order."""
    store.faces.add(faces(n), {"step": "test"})
    rater = store.raters.add(name, "hash")
    store.scoring.plan(rater.id, 0, [(face.id, False) for face in store.faces.all()])
    return store.scoring.order(rater.id)


class TestFaces:
    def test_faces_come_back_as_they_went_in(self, store: Store) -> None:
        assert store.faces.add(faces(), {"step": "test"}) == 5
        kept = store.faces.all()
        assert [(f.image, f.source, f.content, f.time_s, f.frame) for f in kept] == [
            (f.image, f.source, f.content, f.time_s, f.frame) for f in faces()
        ]
        assert {f.recording for f in kept} == {"r1"}
        assert store.faces.count() == 5

    def test_adding_again_adds_only_what_is_new(self, store: Store) -> None:
        store.faces.add(faces(3), {})
        assert store.faces.add(faces(5), {}) == 2
        assert store.faces.add(faces(5), {}) == 0

    def test_a_changed_image_stops_and_adds_nothing(self, store: Store) -> None:
        store.faces.add(faces(2), {})
        changed = [FaceRecord("faces/c1/000.jpg", "c1", "f" * 64), *faces(4)[2:]]
        with pytest.raises(StoreError, match="another one than the one known"):
            store.faces.add(changed, {})
        assert store.faces.count() == 2

    def test_a_face_of_another_source_stops(self, store: Store) -> None:
        store.faces.add(faces(1), {})
        moved = [FaceRecord("faces/c1/000.jpg", "c2", f"{0:064d}")]
        with pytest.raises(StoreError, match="from c1 before, from c2 now"):
            store.faces.add(moved, {})

    def test_a_face_of_an_unknown_source_stops_and_adds_nothing(self, store: Store) -> None:
        with pytest.raises(StoreError, match=r"(?s)1 other:.*c9"):
            store.faces.add([*faces(2), *faces(1, "c9")], {})
        assert store.faces.count() == 0

    def test_what_is_known_of_a_face_comes_back(self, store: Store) -> None:
        first = faces(1)[0]
        store.faces.add([first], {})
        key = store.faces.all()[0].id
        again = FaceRecord(
            "faces/c2/0.jpg", "c2", "e" * 64, same_as=key, detail={"box": [1.5, 2, 3, 4]}
        )
        store.faces.add([again], {})
        found = store.faces.all()[1]
        assert (found.detail, found.root) == ({"box": [1.5, 2, 3, 4]}, key)
        store.faces.describe({found.id: {"eyes": 2}})
        assert store.faces.all()[1].detail == {"eyes": 2}


class TestSources:
    def test_faces_follow_their_source_to_another_recording(self, store: Store) -> None:
        store.faces.add([*faces(2), *faces(3, "c2")], {})
        store.sources.assign({"c1": ("r2", False), "c2": ("r1", True)})
        assert [f.recording for f in store.faces.all()] == ["r2", "r2", "r1", "r1", "r1"]
        assert [(s.code, s.recording, s.kept) for s in store.sources.all()] == [
            ("c1", "r2", False),
            ("c2", "r1", True),
            ("c3", "", False),
            ("c4", "", False),
        ]

    def test_what_no_recording_wants_is_kept_and_not_counted(self, store: Store) -> None:
        store.faces.add([*faces(2), *faces(3, "c2")], {})
        store.sources.assign({"c1": ("r1", False)})
        assert (store.faces.count(), len(store.faces.all())) == (2, 2)
        assert len(store.faces.all(retired=True)) == 5
        first, last = store.faces.all(retired=True)[0], store.faces.all(retired=True)[-1]
        assert store.faces.find(first.id) == first
        assert store.faces.find(last.id) is None
        store.sources.assign({"c1": ("r1", False), "c2": ("r2", False)})
        assert store.faces.count() == 5

    def test_answers_and_predictions_follow_the_face(self, store: Store) -> None:
        shown = plan(store, n=2)
        store.scoring.save(shown[0], Answer(UNITS[0], 2), TIME)
        store.sources.assign({"c1": ("r2", False)})
        (row,) = store.scoring.all()
        assert (row.recording, row.score, row.face_id) == ("r2", 2, shown[0].face_id)

    def test_putting_again_replaces(self, store: Store) -> None:
        store.sources.put([SourceRecord("c1", "b", 2, "r1", detail={"kept": 3})])
        first = store.sources.all()[0]
        assert (first.base, first.generation, first.detail) == ("b", 2, {"kept": 3})
        assert len(store.sources.all()) == 4

    def test_single_faces_move(self, store: Store) -> None:
        store.faces.add(faces(2), {})
        store.faces.move({store.faces.all()[1].id: "c2"})
        assert [f.recording for f in store.faces.all()] == ["r1", "r2"]


class TestRaters:
    def test_names_are_the_same_in_any_case(self, store: Store) -> None:
        rater = store.raters.add("Änne", "hash")
        assert store.raters.find("äNNE") == rater
        assert store.raters.find("Anne") is None
        with pytest.raises(StoreError, match="is a rater already"):
            store.raters.add("ÄNNE", "other")
        assert store.raters.all() == [rater]

    def test_renaming_keeps_everything_but_the_name(self, store: Store) -> None:
        rater, other = store.raters.add("Anna", "hash"), store.raters.add("Rita", "hash")
        store.raters.rename(rater.id, "Anna Berg")
        found = store.raters.find("anna berg")
        assert found is not None
        assert found.id == rater.id
        with pytest.raises(StoreError, match="is a rater already"):
            store.raters.rename(other.id, "ANNA BERG")

    def test_merging_is_kept_and_taken_back(self, store: Store) -> None:
        first, second = store.raters.add("Anna", "hash"), store.raters.add("Anna B", "hash")
        store.raters.merge(second.id, first.id)
        assert [r.merged_into for r in store.raters.all()] == [None, first.id]
        store.raters.merge(second.id, None)
        assert [r.merged_into for r in store.raters.all()] == [None, None]

    def test_what_is_refused_undoes_nothing_else(self, store: Store) -> None:
        """Also inside one transaction, and what comes after it is kept."""
        with store.together():
            first = store.raters.add("Anna", "hash")
            with pytest.raises(ConflictError):
                store.raters.add("ANNA", "other")
            second = store.raters.add("Rita", "hash")
        assert store.raters.all() == [first, second]

    def test_sessions_open_and_close(self, store: Store) -> None:
        rater = store.raters.add("Anna", "hash")
        store.raters.open_session(rater.id, "t" * 64)
        assert store.raters.of_session("t" * 64) == rater
        store.raters.close_session("t" * 64)
        assert store.raters.of_session("t" * 64) is None

    def test_a_new_code_ends_sessions(self, store: Store) -> None:
        rater = store.raters.add("Anna", "hash")
        store.raters.open_session(rater.id, "t" * 64)
        store.raters.set_code(rater.id, "new")
        assert store.raters.of_session("t" * 64) is None
        found = store.raters.find("Anna")
        assert found is not None
        assert found.code_hash == "new"


class TestAnswers:
    def test_an_order_is_kept_with_its_repeats(self, store: Store) -> None:
        store.faces.add(faces(3), {})
        rater = store.raters.add("Anna", "hash")
        ids = [face.id for face in store.faces.all()]
        store.scoring.plan(rater.id, 0, [(ids[2], False), (ids[0], False), (ids[2], True)])
        assert [(p.face_id, p.repeat) for p in store.scoring.order(rater.id)] == [
            (ids[2], False),
            (ids[0], False),
            (ids[2], True),
        ]
        assert store.scoring.presentation(rater.id, 3) is None

    def test_answers_are_kept_and_replaced(self, store: Store) -> None:
        shown = plan(store)[0]
        store.scoring.save(shown, Answer(UNITS[0], 1), TIME)
        store.scoring.save(shown, Answer(UNITS[1], None), TIME)
        store.scoring.save(shown, Answer(UNITS[0], 2), TIME)
        assert store.scoring.answers(shown.id) == {
            UNITS[0]: Answer(UNITS[0], 2),
            UNITS[1]: Answer(UNITS[1], None),
        }
        assert store.scoring.count_log() == 3
        rows = store.scoring.all()
        assert [(r.image, r.rater, r.unit, r.score) for r in rows] == [
            ("faces/c1/000.jpg", "Anna", UNITS[1], None),
            ("faces/c1/000.jpg", "Anna", UNITS[0], 2),
        ]

    def test_a_verdict_on_the_image_and_units_exclude_each_other(self, store: Store) -> None:
        shown = plan(store)[0]
        store.scoring.save(shown, Answer(UNITS[0], 1), TIME)
        store.scoring.save(shown, Answer(WHOLE_IMAGE, None, "blurred"), TIME)
        assert list(store.scoring.answers(shown.id)) == [WHOLE_IMAGE]
        store.scoring.save(shown, Answer(UNITS[0], 0), TIME)
        assert list(store.scoring.answers(shown.id)) == [UNITS[0]]

    def test_an_answer_to_a_place_that_shows_another_face_is_refused(self, store: Store) -> None:
        """Planned anew in the meantime: the same place, perhaps the same key, another face."""
        shown = plan(store)[2]
        others = [(p.face_id, False) for p in reversed(store.scoring.order(shown.rater_id))]
        store.scoring.plan(shown.rater_id, 0, [*others[:2], others[0], *others[3:]])
        with pytest.raises(ConflictError, match="planned anew"):
            store.scoring.save(shown, Answer(UNITS[0], 1), TIME)
        assert store.scoring.all() == []

    def test_undo_takes_back_one_answer_after_the_other(self, store: Store) -> None:
        first, second = plan(store)[:2]
        store.scoring.save(first, Answer(UNITS[0], 1), TIME)
        store.scoring.save(first, Answer(WHOLE_IMAGE, None, "blurred"), TIME)
        store.scoring.save(second, Answer(UNITS[0], 2), TIME)
        assert store.scoring.undo(first.rater_id, TIME) == second
        assert store.scoring.answers(second.id) == {}
        assert store.scoring.undo(first.rater_id, TIME) == first
        assert store.scoring.answers(first.id) == {UNITS[0]: Answer(UNITS[0], 1)}
        store.scoring.save(first, Answer(UNITS[1], 0), TIME)
        assert store.scoring.undo(first.rater_id, TIME) == first
        assert store.scoring.undo(first.rater_id, TIME) == first
        assert store.scoring.undo(first.rater_id, TIME) is None
        assert store.scoring.all() == []
        assert store.scoring.count_log() == 8

    def test_undo_never_touches_another_rater(self, store: Store) -> None:
        anna = plan(store)[0]
        berta = store.raters.add("Berta", "hash")
        store.scoring.plan(berta.id, 0, [(anna.face_id, False)])
        store.scoring.save(anna, Answer(UNITS[0], 1), TIME)
        assert store.scoring.undo(berta.id, TIME) is None
        assert store.scoring.answers(anna.id) == {UNITS[0]: Answer(UNITS[0], 1)}

    def test_progress_counts_finished_places(self, store: Store) -> None:
        shown = plan(store)
        rater = shown[0].rater_id
        assert store.scoring.progress(rater, UNITS) == (0, 5, 0)
        store.scoring.save(shown[0], Answer(UNITS[0], 1), TIME)
        assert store.scoring.progress(rater, UNITS) == (0, 5, 0)
        store.scoring.save(shown[0], Answer(UNITS[1], None), TIME)
        store.scoring.save(shown[1], Answer(WHOLE_IMAGE, None, "dark"), TIME)
        store.scoring.save(shown[3], Answer(WHOLE_IMAGE, None, "dark"), TIME)
        assert store.scoring.progress(rater, UNITS) == (3, 5, 2)
        for place in (2, 4):
            store.scoring.save(shown[place], Answer(WHOLE_IMAGE, None, "dark"), TIME)
        assert store.scoring.progress(rater, UNITS) == (5, 5, 5)

    def test_planning_again_keeps_what_was_answered(self, store: Store) -> None:
        shown = plan(store)
        store.scoring.save(shown[0], Answer(UNITS[0], 1), TIME)
        others = [(p.face_id, False) for p in reversed(shown[1:])]
        store.scoring.plan(shown[0].rater_id, 1, others)
        again = store.scoring.order(shown[0].rater_id)
        assert again[0] == shown[0]
        assert [p.face_id for p in again[1:]] == [face for face, _ in others]

    def test_an_answered_place_is_never_planned_away(self, store: Store) -> None:
        shown = plan(store)
        store.scoring.save(shown[3], Answer(UNITS[0], 1), TIME)
        store.scoring.undo(shown[3].rater_id, TIME)
        with pytest.raises(StoreError, match="nothing was changed"):
            store.scoring.plan(shown[0].rater_id, 1, [])
        assert store.scoring.order(shown[0].rater_id) == shown

    def test_a_request_is_kept_once_and_nothing_that_changes_nothing(self, store: Store) -> None:
        first = plan(store)[0]
        answer = Answer(UNITS[0], 1)
        for _ in range(2):
            store.scoring.save(first, answer, TIME, request="r-1")
        store.scoring.save(first, Answer(UNITS[0], 2), TIME, request="r-2")
        store.scoring.save(first, answer, TIME, request="r-1")
        assert store.scoring.answers(first.id)[UNITS[0]].score == 2
        store.scoring.save(first, Answer(UNITS[0], 2), TIME)
        assert store.scoring.count_log() == 2
        for _ in range(2):
            shown = store.scoring.undo(first.rater_id, TIME, "u-1")
            assert shown is not None
            assert shown.id == first.id
        assert store.scoring.answers(first.id)[UNITS[0]].score == 1

    def test_time_flags_and_notes(self, store: Store) -> None:
        first, second = plan(store)[:2]
        assert first.mark != second.mark
        store.scoring.save(first, Answer(UNITS[0], 1), TIME, 1.5)
        store.scoring.save(first, Answer(UNITS[1], 0), TIME, 2.0)
        store.scoring.remark(second, flagged=True, note="left eye")
        (remarked,) = store.scoring.remarked(first.rater_id)
        assert (remarked.position, remarked.flagged, remarked.note) == (1, True, "left eye")
        assert {row.seconds for row in store.scoring.all()} == {3.5}
        did = store.scoring.activity()[first.rater_id]
        assert (did.answers, did.last, did.seconds) == (2, TIME, (3.5,))
        store.scoring.save(second, Answer(UNITS[0], 1), TIME)
        store.scoring.remark(second, flagged=False, note="")
        assert store.scoring.remarked(first.rater_id) == []

    def test_a_flag_and_a_note_do_not_erase_each_other(self, store: Store) -> None:
        first = plan(store)[0]
        store.scoring.remark(first, note="left eye")
        store.scoring.remark(first, flagged=True)
        (remarked,) = store.scoring.remarked(first.rater_id)
        assert (remarked.flagged, remarked.note) == (True, "left eye")

    def test_a_remarked_face_keeps_its_place(self, store: Store) -> None:
        """Also one that was not scored yet, when the order is planned anew."""
        order = plan(store)
        store.scoring.remark(order[3], note="tell the vet")
        assert store.scoring.last_touched(order[0].rater_id) == 3
        with pytest.raises(StoreError, match="behind place 2"):
            store.scoring.plan(order[0].rater_id, 2, [(shown.face_id, False) for shown in order])

    def test_which_unit_was_taken_back(self, store: Store) -> None:
        first = plan(store)[0]
        assert store.scoring.undone_unit(first.rater_id) == ""
        for unit in UNITS:
            store.scoring.save(first, Answer(unit, 1), TIME)
        store.scoring.save(first, Answer(UNITS[0], 2), TIME)
        store.scoring.undo(first.rater_id, TIME)
        assert store.scoring.undone_unit(first.rater_id) == UNITS[0]
        store.scoring.undo(first.rater_id, TIME)
        assert store.scoring.undone_unit(first.rater_id) == UNITS[1]

    def test_a_face_of_the_course_counts_once(self, store: Store) -> None:
        rater = store.raters.add("Anna", "hash")
        answers = [CourseAnswer("a.jpg", unit, 1, 1) for unit in UNITS]
        store.raters.save_course(rater.id, answers, TIME, 0)
        with pytest.raises(ConflictError):
            store.raters.save_course(rater.id, answers, TIME, 0)
        assert len(store.raters.course(rater.id)) == 2

    def test_a_flag_for_another_face_is_refused(self, store: Store) -> None:
        order = plan(store)
        store.scoring.plan(order[0].rater_id, 0, [(shown.face_id, False) for shown in order[::-1]])
        with pytest.raises(ConflictError):
            store.scoring.remark(order[0], flagged=True, note="")

    def test_together_is_whole_or_nothing(self, store: Store) -> None:
        """Also what is read in between sees what was written before."""
        store.faces.add(faces(2), {})
        with pytest.raises(StoreError, match="full"), store.together():
            rater = store.raters.add("Anna", "hash")
            assert store.raters.find("anna") == rater
            store.scoring.plan(rater.id, 0, [(face.id, False) for face in store.faces.all()])
            raise StoreError("the disk is full")
        assert store.raters.all() == []
        with store.together():
            rater = store.raters.add("Anna", "hash")
            store.raters.open_session(rater.id, "t" * 64)
        assert store.raters.of_session("t" * 64) == rater
        assert store.raters.of_session("t" * 64, "2999") is None

    def test_names_that_look_alike_are_one(self, store: Store) -> None:
        store.raters.add("Anna Key", "hash")
        found = store.raters.find("ＡＮＮＡ Ｋey")
        assert found is not None
        with pytest.raises(ConflictError):
            store.raters.add("ANNA KEY", "hash")


class TestPredictions:
    def test_only_new_predictions_are_added(self, store: Store) -> None:
        store.faces.add(faces(3), {})
        store.predictions.add_model("first", "models/first", "a" * 64, {})
        store.predictions.add_model("first", "models/first", "a" * 64, {})
        rows = [
            StoredPrediction("faces/c1/000.jpg", call_pain(0.25), content="abc", part="train"),
            StoredPrediction("faces/c1/002.jpg", problem="damaged"),
        ]
        assert store.predictions.add("a" * 64, rows, {}) == 2
        assert store.predictions.add("a" * 64, rows[:1], {}) == 0
        assert (store.predictions.count("a" * 64), store.predictions.count("b" * 64)) == (2, 0)
        assert store.predictions.all("a" * 64) == rows
        assert store.predictions.models() == [("first", "models/first", "a" * 64)]

    def test_a_model_from_elsewhere_gets_its_folder_once(self, store: Store) -> None:
        store.predictions.add_model("far", "", "a" * 64, {})
        store.predictions.add_model("near", "models/near", "a" * 64, {})
        assert store.predictions.models() == [("near", "models/near", "a" * 64)]
        store.predictions.add_model("third", "models/third", "a" * 64, {})
        assert store.predictions.models() == [("near", "models/near", "a" * 64)]

    def test_a_problem_is_replaced_by_a_later_prediction(self, store: Store) -> None:
        store.faces.add(faces(1), {})
        store.predictions.add_model("first", "models/first", "a" * 64, {})
        image = "faces/c1/000.jpg"
        store.predictions.add("a" * 64, [StoredPrediction(image, problem="drive away")], {})
        assert store.predictions.add("a" * 64, [StoredPrediction(image, call_pain(0.5))], {}) == 1
        assert store.predictions.add("a" * 64, [StoredPrediction(image, call_pain(0.9))], {}) == 0
        assert store.predictions.all("a" * 64) == [StoredPrediction(image, call_pain(0.5))]

    def test_unknown_models_and_images_stop(self, store: Store) -> None:
        with pytest.raises(StoreError, match="unknown"):
            store.predictions.add("b" * 64, [], {})
        store.predictions.add_model("first", "models/first", "a" * 64, {})
        with pytest.raises(StoreError, match="elsewhere.jpg"):
            store.predictions.add("a" * 64, [StoredPrediction("elsewhere.jpg", call_pain(0.5))], {})


class TestEvents:
    def test_events_are_kept_in_order(self, store: Store) -> None:
        store.events.log("unblinded", "Anna", {"reason": "all scored"})
        store.events.log("unblinded", "Berta", {"reason": "again"})
        store.events.log("other", "Carl", {})
        assert [(e["who"], e["reason"]) for e in store.events.all("unblinded")] == [
            ("Anna", "all scored"),
            ("Berta", "again"),
        ]

    def test_a_secret_stays_the_same(self, store: Store, open_again: Callable[[], Store]) -> None:
        secret = store.events.secret("session")
        assert len(secret) == 64
        assert open_again().events.secret("session") == secret
        assert store.events.secret("other") != secret


def test_what_one_wrote_another_reads(open_again: Callable[[], Store]) -> None:
    """Two processes, one study: nothing waits in a memory of its own."""
    writer, reader = open_again(), open_again()
    shown = plan(writer)[0]
    writer.scoring.save(shown, Answer(UNITS[0], 2), TIME)
    assert reader.scoring.answers(shown.id) == {UNITS[0]: Answer(UNITS[0], 2)}


def test_the_same_provenance_at_the_same_moment(open_again: Callable[[], Store]) -> None:
    """Several programs take up faces of one extraction: each succeeds."""
    stores = [open_again() for _ in range(4)]
    failures: list[BaseException] = []

    def add(number: int) -> None:
        try:
            stores[number].faces.add(faces(3, f"c{number + 1}"), {"step": "the same"})
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stores[0].faces.count() == 12


def test_eight_raters_at_once_lose_and_double_nothing(open_again: Callable[[], Store]) -> None:
    """Eight people at full speed, two connections: every answer is there, once."""
    store, other = open_again(), open_again()
    store.faces.add(faces(20), {})
    ids = [face.id for face in store.faces.all()]
    failures: list[BaseException] = []

    def score(number: int) -> None:
        mine = (store, other)[number % 2]
        try:
            rater = mine.raters.add(f"rater {number}", "hash")
            mine.scoring.plan(rater.id, 0, [(face, False) for face in ids])
            for shown in mine.scoring.order(rater.id):
                for unit in UNITS:
                    mine.scoring.save(shown, Answer(unit, number % 3), TIME)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=score, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    rows = store.scoring.all()
    assert len(rows) == 8 * 20 * len(UNITS)
    assert len({(r.rater, r.image, r.unit) for r in rows}) == len(rows)
    assert all(r.score == int(r.rater.split()[1]) % 3 for r in rows)
