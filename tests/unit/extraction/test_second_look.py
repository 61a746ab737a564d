"""A second face is looked at from nearby where it may be better, or another animal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from amgs.extraction.second_look import count_apart, look_near
from amgs.faces.base import FoundFace
from amgs.faces.detections import Box
from amgs.images.reading import RGB
from marked import MarkDetector

FRAME = np.zeros((200, 400, 3), np.uint8)
LEFT, RIGHT = (10.0, 10.0, 90.0, 90.0), (210.0, 10.0, 290.0, 90.0)


class Near(MarkDetector):
    """Says what a face is from nearby, and remembers which were asked for."""

    def __init__(self, say: Callable[[FoundFace], float]) -> None:
        super().__init__()
        self.say = say
        self.asked: list[Box] = []

    def refine(self, rgb: RGB, face: FoundFace, scale: float | None = None) -> FoundFace:
        self.asked.append(face.box)
        return replace(face, score=self.say(face))


def face(box: Box, score: float) -> FoundFace:
    return FoundFace(box, score, (), (), None, (1.0, 0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("first_near", "second", "asked"),
    [
        (0.9, 0.2, [LEFT]),  # a sure face and a doubtful one
        (0.9, 0.35, [LEFT, RIGHT]),  # it may be a cage mate
        (0.5, 0.2, [LEFT, RIGHT]),  # the first may be an illusion
    ],
)
def test_a_second_face_is_looked_at_where_it_may_matter(
    first_near: float, second: float, asked: list[Box]
) -> None:
    detector = Near(lambda seen: first_near if seen.box == LEFT else seen.score)
    near = look_near(
        detector, FRAME, [face(LEFT, 0.5), face(RIGHT, second)], 1.0, fixtures=[], min_score=0.4
    )
    assert detector.asked == asked
    assert [f.box for f in near] == asked
    assert near[0].score == first_near


def test_beside_a_fixture_every_second_face_is_looked_at() -> None:
    """What never moves is surely seen again: it says nothing of the animal beside it."""
    detector = Near(lambda seen: 0.9)
    look_near(
        detector, FRAME, [face(LEFT, 0.9), face(RIGHT, 0.15)], 1.0, fixtures=[LEFT], min_score=0.4
    )
    assert detector.asked == [LEFT, RIGHT]


def test_a_lower_limit_asks_for_more_faces() -> None:
    """Who wants faces of low scores reported is told of a second one of a low score too."""
    detector = Near(lambda seen: 0.9)
    look_near(detector, FRAME, [face(LEFT, 0.9), face(RIGHT, 0.2)], 1.0, fixtures=[], min_score=0.2)
    assert detector.asked == [LEFT, RIGHT]


def test_a_third_face_is_never_looked_at() -> None:
    detector = Near(lambda seen: 0.5)
    middle = (110.0, 10.0, 190.0, 90.0)
    look_near(
        detector,
        FRAME,
        [face(LEFT, 0.5), face(middle, 0.4), face(RIGHT, 0.4)],
        1.0,
        fixtures=[],
        min_score=0.4,
    )
    assert detector.asked == [LEFT, middle]


def test_two_readings_of_one_face_count_once() -> None:
    nearly = (12.0, 10.0, 92.0, 90.0)
    assert count_apart([face(LEFT, 0.8), face(nearly, 0.7)], 0.4) == 1
    assert count_apart([face(LEFT, 0.8), face(RIGHT, 0.7)], 0.4) == 2
    assert count_apart([face(LEFT, 0.8), face(RIGHT, 0.3)], 0.4) == 1
