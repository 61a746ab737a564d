"""What every face detector promises, tested whole for each one in the table."""

from __future__ import annotations

import math
import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from amgs.errors import UnknownNameError
from amgs.faces.base import MOST_OF_A_KIND, VIEWS, FaceDetector, FoundFace
from amgs.faces.detectors import DETECTORS, describe_detector, open_detector
from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face


@pytest.fixture(scope="module", params=DETECTORS)
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    return open_detector(request.param)


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    """Synthetic faces, of several sizes, some on a ground that is larger than they are."""
    rng = np.random.default_rng(3)
    found = []
    for number in range(6):
        face = draw_face(random_face(rng), rng)
        canvas = np.full((face.shape[0] + 90 * number, face.shape[1] + 140 * number, 3), 90)
        canvas[: face.shape[0], : face.shape[1]] = face
        found.append(canvas.astype(np.uint8))
    return found


def test_it_says_who_it_is(detector: FaceDetector) -> None:
    """Name as in the table; a hash, that of the table where one is given there."""
    told = describe_detector(detector)
    assert DETECTORS[detector.name].title
    assert DETECTORS[detector.name].licence
    assert told["version"]
    assert re.fullmatch(r"[0-9a-f]{64}", told["sha256"])
    assert DETECTORS[detector.name].sha256 in {"", told["sha256"]}
    assert 0 < detector.candidate_score <= detector.min_score < 1
    assert detector.input_px > 0


def check_face(face: FoundFace, rgb: np.ndarray, limit: float) -> None:
    left, top, right, bottom = face.box
    height, width = rgb.shape[:2]
    assert all(map(math.isfinite, face.box))
    assert left < right
    assert top < bottom
    assert min(right, width) - max(left, 0) > 0, "the box lies outside the image"
    assert min(bottom, height) - max(top, 0) > 0, "the box lies outside the image"
    assert limit <= face.score <= 1
    assert len(face.eyes) <= MOST_OF_A_KIND["eye"]
    assert len(face.ears) <= MOST_OF_A_KIND["ear"]
    assert len(face.view_p) == len(VIEWS)
    assert sum(face.view_p) == pytest.approx(1, abs=1e-3)
    for eye in face.eyes:
        assert eye.p_open + eye.p_narrowed + eye.p_closed == pytest.approx(1, abs=1e-3)


def test_faces_are_well_formed(detector: FaceDetector, images: list[np.ndarray]) -> None:
    """Finite boxes in the image, best first, probabilities that add up."""
    hits = 0
    for rgb in images:
        faces = detector.find(rgb)
        hits += bool(faces)
        assert [f.score for f in faces] == sorted((f.score for f in faces), reverse=True)
        for face in faces:
            check_face(face, rgb, detector.min_score)
    assert hits >= len(images) // 2, "it finds hardly any face"


def test_a_limit_is_kept(detector: FaceDetector, images: list[np.ndarray]) -> None:
    """A higher limit only leaves faces out."""
    for rgb in images:
        few, many = detector.find(rgb, 0.8), detector.find(rgb, detector.min_score)
        assert few == [face for face in many if face.score >= 0.8]


def test_one_pass_sees_more_than_is_reported(
    detector: FaceDetector, images: list[np.ndarray]
) -> None:
    """`refine` keeps the face the same face."""
    for rgb in images:
        for face in detector.detect(rgb, detector.candidate_score):
            check_face(face, rgb, detector.candidate_score)
            check_face(detector.refine(rgb, face), rgb, 0)


def test_nothing_holds_no_face(detector: FaceDetector) -> None:
    """A grey wall, and images of impossible proportions."""
    for shape in ((240, 320), (16, 900), (700, 20)):
        assert detector.find(np.full((*shape, 3), 128, np.uint8)) == []


def test_the_image_is_left_alone(detector: FaceDetector, images: list[np.ndarray]) -> None:
    """Also one that may not be written to."""
    frozen = images[0].copy()
    frozen.flags.writeable = False
    assert detector.find(frozen) == detector.find(images[0])


def test_several_threads_see_the_same(detector: FaceDetector, images: list[np.ndarray]) -> None:
    """The same pixels give the same faces, whoever asks at the same time."""
    alone = [detector.find(rgb) for rgb in images]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detector.find, images * 4)) == alone * 4


def test_it_travels_to_another_process(detector: FaceDetector, images: list[np.ndarray]) -> None:
    """As units of work do."""
    other = pickle.loads(pickle.dumps(detector))  # noqa: S301 - made two calls before
    assert describe_detector(other) == describe_detector(detector)
    assert other.find(images[1]) == detector.find(images[1])


def test_unknown_names_list_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"centre_net.*, found 'nose'"):
        open_detector("nose")
