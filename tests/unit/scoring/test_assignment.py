"""The blinded order: every face once, some twice, no two raters alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from amgs.scoring.assignment import LEAST_BETWEEN, choose_faces, plan_order
from amgs.scoring.course import judge_course


@given(
    st.lists(st.integers(1, 10_000), unique=True, max_size=120),
    st.integers(0, 60),
    st.integers(0, 100),
)
def test_every_face_comes_once_and_repeats_come_later(
    faces: list[int], repeats: int, seed: int
) -> None:
    order = plan_order(faces, repeats, [seed])
    first = [face for face, repeat in order if not repeat]
    again = [face for face, repeat in order if repeat]
    assert sorted(first) == sorted(faces)
    assert len(again) == len(set(again)) <= repeats
    for place, (face, repeat) in enumerate(order):
        if repeat:
            before = order.index((face, False))
            assert before < place
            if len(faces) > 3 * LEAST_BETWEEN:
                assert place - before > LEAST_BETWEEN


def test_the_number_of_repeats_is_kept() -> None:
    assert sum(repeat for _, repeat in plan_order(range(200), 10, [1])) == 10


def test_the_same_seed_gives_the_same_order() -> None:
    assert plan_order(range(50), 5, [1, 2]) == plan_order(range(50), 5, [1, 2])
    assert plan_order(range(50), 5, [1, 2]) != plan_order(range(50), 5, [1, 3])


def test_a_choice_stays_when_recordings_are_added() -> None:
    few = choose_faces({"r": list(range(20))}, 5, seed=1)
    assert len(few) == 5
    more = choose_faces({"r": list(range(20)), "s": list(range(20, 40))}, 5, seed=1)
    assert set(few) < set(more)
    assert choose_faces({"r": [3, 1, 2]}, 0, seed=1) == [1, 2, 3]


def test_the_course_is_passed_on_the_last_images() -> None:
    state = judge_course([False] * 20, n_reference=4, n_units=5, mark=0.8)
    assert (state.seen, state.needed, state.agreement, state.passed) == (4, 4, 0.0, False)
    state = judge_course([False] * 20 + [True] * 15, 4, 5, 0.8)
    assert (state.agreement, state.passed) == (0.75, False)
    state = judge_course([False] * 20 + [True] * 20 + [False] * 20, 4, 5, 0.8)
    assert state.passed, "once passed, it stays"
    assert judge_course([], 4, 5, 0.8).agreement is None
    assert judge_course([True] * 12 + [False] * 3, 3, 5, 0.8).passed, "12 of 15 is 80 %"
