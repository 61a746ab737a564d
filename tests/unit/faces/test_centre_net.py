"""Images in, faces out: geometry, decoding, two looks made one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amgs.errors import WeightsError
from amgs.faces.base import FoundEar, FoundEye, FoundFace
from amgs.faces.centre_maps import (
    CHANNELS,
    FACE_PARTS,
    N_CHANNELS,
    SIZE_UNIT_PX,
    STRIDE_PX,
    decode_maps,
)
from amgs.faces.centre_net import CentreNet, centre_net_path, cut_square, letterbox
from amgs.faces.description import describe_faces
from amgs.faces.detections import iou, non_maximum_suppression
from amgs.faces.draw import draw_faces
from amgs.faces.merging import merge_detections
from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face, locate_parts

EYE = FoundEye((20, 20, 30, 28), 0.8, 0.7, 0.2, 0.1)
FACE = FoundFace(
    (0, 0, 100, 80), 0.9, (EYE,), (FoundEar((5, 0, 25, 20), 0.7),), (50, 70), (1, 0, 0, 0)
)


class Maps:
    """Maps of the network, written by hand."""

    def __init__(self, cells: int = 40) -> None:
        self.peaks = np.zeros((len(FACE_PARTS), cells, cells), np.float32)
        self.values = np.zeros((N_CHANNELS - len(FACE_PARTS), cells, cells), np.float32)

    def put(self, part, x, y, score, size=None, **more) -> None:
        column, row = int(x // STRIDE_PX), int(y // STRIDE_PX)
        self.peaks[FACE_PARTS.index(part), row, column] = score
        offset = (x / STRIDE_PX - column - 0.5, y / STRIDE_PX - row - 0.5)
        self._set(f"{part}_offset", row, column, offset)
        if size is not None:
            self._set(f"{part}_size", row, column, [np.log(v / SIZE_UNIT_PX) for v in size])
        for name, values in more.items():
            self._set(name, row, column, values)

    def _set(self, name, row, column, values) -> None:
        start = CHANNELS[name].start - len(FACE_PARTS)
        self.values[start : start + len(values), row, column] = values


def test_maps_become_faces_with_their_parts() -> None:
    """Coordinates to a hundredth of a pixel, states and views as they are."""
    maps = Maps()
    maps.put("face", 61.3, 70.9, 0.9, (60, 50), view=(0.1, 0.2, 0.6, 0.1))
    maps.put("eye", 50.2, 60.4, 0.8, (8, 6), eye_state=(0.2, 0.7, 0.1), eye_unclear=(0.6,))
    maps.put("ear", 75.0, 50.0, 0.7, (20, 22), ear_base=(0.0, 0.5), ear_tip=(-0.5, -0.25))
    maps.put("nose", 61.0, 92.0, 0.6)
    maps.put("eye", 140.0, 140.0, 0.9, (8, 6), eye_state=(1, 0, 0))
    (face,) = decode_maps(maps.peaks, maps.values, 0.5)
    assert face.box == pytest.approx((31.3, 45.9, 91.3, 95.9), abs=0.01)
    assert face.view == "profile"
    assert [eye.state for eye in face.eyes] == ["narrowed"]
    assert face.eyes[0].box == pytest.approx((46.2, 57.4, 54.2, 63.4), abs=0.01)
    assert face.ears[0].box == pytest.approx((65, 39, 85, 61), abs=0.01)
    assert not face.eyes[0].is_clear
    assert face.p_eyes_not_open is None
    assert face.ears[0].base == pytest.approx((75, 61), abs=0.01)
    assert face.ears[0].tip == pytest.approx((64, 44.5), abs=0.01)
    assert face.nose == pytest.approx((61, 92), abs=0.01)


def test_parts_go_to_the_face_they_are_most_central_in() -> None:
    """Two faces that overlap share nothing."""
    maps = Maps()
    maps.put("face", 50, 60, 0.9, (60, 60), view=(1, 0, 0, 0))
    maps.put("face", 95, 60, 0.8, (60, 60), view=(1, 0, 0, 0))
    maps.put("eye", 60, 55, 0.8, (8, 6), eye_state=(1, 0, 0))
    maps.put("eye", 85, 55, 0.7, (8, 6), eye_state=(0, 0, 1))
    left, right = decode_maps(maps.peaks, maps.values, 0.5)
    assert [e.state for e in left.eyes] == ["open"]
    assert [e.state for e in right.eyes] == ["closed"]


def test_no_face_has_three_eyes() -> None:
    """The two surest are kept."""
    maps = Maps()
    maps.put("face", 80, 80, 0.9, (120, 120), view=(1, 0, 0, 0))
    for x, score in ((40, 0.5), (80, 0.9), (120, 0.7)):
        maps.put("eye", x, 70, score, (8, 6), eye_state=(1, 0, 0))
    (face,) = decode_maps(maps.peaks, maps.values, 0.5)
    assert [eye.score for eye in face.eyes] == pytest.approx([0.9, 0.7])


def test_faces_below_the_score_are_left_out() -> None:
    """And an empty map holds none."""
    maps = Maps()
    maps.put("face", 80, 80, 0.3, (60, 60), view=(1, 0, 0, 0))
    assert decode_maps(maps.peaks, maps.values, 0.5) == []
    assert len(decode_maps(maps.peaks, maps.values, 0.2)) == 1


@pytest.mark.parametrize("size", [(640, 480), (100, 300), (320, 320), (37, 21), (1920, 1080)])
def test_letterbox_keeps_the_shape(size: tuple[int, int]) -> None:
    """The longest side is 320, sides are multiples of 32, the rest is grey."""
    rgb = np.full((size[1], size[0], 3), 200, np.uint8)
    canvas, scale = letterbox(rgb, 320)
    assert canvas.shape[0] % 32 == canvas.shape[1] % 32 == 0
    assert max(canvas.shape[:2]) == 320
    height, width = round(size[1] * scale), round(size[0] * scale)
    assert (canvas[:height, :width] == 200).all()
    assert (canvas[height:] == 127).all()
    assert (canvas[:, width:] == 127).all()


def test_a_square_may_reach_beyond_the_picture() -> None:
    """What lies beyond is grey, and points keep their place."""
    rgb = np.zeros((100, 100, 3), np.uint8)
    rgb[10:20, 5:15] = 255
    canvas, zoom = cut_square(rgb, -30.0, -20.0, 80.0, 160)
    assert zoom == 2.0
    assert (canvas[:40] == 127).all()
    assert (canvas[:, :60] == 127).all()
    ys, xs = np.nonzero(canvas[..., 0] > 200)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == pytest.approx((70, 89, 60, 79), abs=1)


def test_two_looks_are_made_one() -> None:
    """Places from nearby, states as a mean, parts that one look missed are kept."""
    near = replace(
        FACE,
        score=0.7,
        eyes=(FoundEye((21, 20, 31, 28), 0.8, 0.1, 0.8, 0.1),),
        ears=(FoundEar((70, 0, 90, 20), 0.9),),
        nose=None,
    )
    face = merge_detections(FACE, near)
    assert face.score == pytest.approx(0.8)
    assert len(face.eyes) == 1
    assert face.eyes[0].box == (21, 20, 31, 28)
    assert face.eyes[0].p_open == pytest.approx(0.4)
    assert len(face.ears) == 2
    assert face.nose == (50, 70)


def test_a_face_moves_with_all_its_points() -> None:
    """Also the ends of ears; what is not known stays so."""
    ear = FoundEar((5, 0, 25, 20), 0.7, (15, 20), None)
    moved = replace(FACE, ears=(ear,)).moved(2.0, 10, -5)
    assert moved.nose == (110, 135)
    assert moved.ears[0].box == (20, -5, 60, 35)
    assert moved.ears[0].base == (40, 35)
    assert moved.ears[0].tip is None


def test_what_is_told_of_a_face() -> None:
    """An unclear eye has no state; ends of ears are points."""
    ear = FoundEar((5, 0, 25, 20), 0.7, (15, 20), (12, 1))
    eyes = (EYE, replace(EYE, p_unclear=0.9))
    told = describe_faces(
        "x.jpg", np.zeros((90, 110, 3), np.uint8), [replace(FACE, eyes=eyes, ears=(ear,))]
    )
    (face,) = told["faces"]
    assert [eye["state"] for eye in face["eyes"]] == ["open", "cannot tell"]
    assert face["ears"][0]["base"] == [15, 20]
    assert face["ears"][0]["tip"] == [12, 1]
    assert face["p_eyes_not_open"] == 0.3


def test_doubles_are_removed_and_neighbours_kept() -> None:
    """By overlap, the best first."""
    double = replace(FACE, box=(5, 5, 104, 84), score=0.8)
    neighbour = replace(FACE, box=(90, 0, 190, 80), score=0.5)
    assert non_maximum_suppression([double, neighbour, FACE]) == [FACE, neighbour]
    assert iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert iou((0, 0, 1, 1), (2, 2, 3, 3)) == 0.0


@pytest.mark.slow
def test_the_shipped_network_finds_synthetic_mice() -> None:
    """Forty synthetic faces on plain ground: found, with eyes where they were drawn."""
    detector = CentreNet()
    rng = np.random.default_rng(2024)
    found, eyes, errors = 0, 0, []
    for _ in range(40):
        parameters = random_face(rng)
        frame = np.full((480, 640, 3), int(rng.integers(40, 200)), np.uint8)
        frame[120:376, 200:456] = draw_face(parameters, rng)
        truth = locate_parts(parameters)
        shifted = (
            200 + truth.face[0],
            120 + truth.face[1],
            200 + truth.face[2],
            120 + truth.face[3],
        )
        faces = detector.find(frame)
        if not faces or iou(faces[0].box, shifted) < 0.5:
            continue
        found += 1
        for eye in faces[0].eyes:
            x, y = (eye.box[0] + eye.box[2]) / 2 - 200, (eye.box[1] + eye.box[3]) / 2 - 120
            nearest = min(
                np.hypot((b[0] + b[2]) / 2 - x, (b[1] + b[3]) / 2 - y) for b in truth.eyes
            )
            errors.append(nearest / (truth.face[2] - truth.face[0]))
            eyes += 1
    assert found >= 38
    assert eyes >= 72
    assert np.median(errors) < 0.02


def test_an_empty_picture_holds_no_face() -> None:
    """Noise and plain grounds."""
    detector = CentreNet()
    rng = np.random.default_rng(0)
    assert detector.find(np.full((300, 400, 3), 128, np.uint8)) == []
    assert detector.find(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)) == []


def test_a_picture_and_its_double_size_give_the_same_face() -> None:
    """Coordinates follow the image."""
    detector = CentreNet()
    rgb = draw_face(random_face(np.random.default_rng(5)), np.random.default_rng(5))
    big = np.asarray(Image.fromarray(rgb).resize((512, 512), Image.Resampling.BICUBIC))
    (small,), (large,) = detector.find(rgb)[:1], detector.find(big)[:1]
    assert iou(small.moved(2, 0, 0).box, large.box) > 0.9


def test_overlays_leave_the_picture_alone() -> None:
    """A copy is drawn on, large enough to read."""
    rgb = np.full((120, 160, 3), 90, np.uint8)
    before = rgb.copy()
    drawn = draw_faces(rgb, [FACE])
    assert (rgb == before).all()
    assert drawn.shape == (480, 640, 3)
    assert np.abs(drawn.astype(int) - 90).max() > 100


def test_another_file_is_no_finder(tmp_path: Path) -> None:
    """With its name."""
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="network of the face detector, found .*x.onnx"):
        CentreNet(tmp_path / "x.onnx")


def test_a_network_with_other_outputs_is_refused(tmp_path: Path) -> None:
    """Those before 3.0 gave probabilities where raw values are expected now."""
    onnx = pytest.importorskip("onnx", reason="onnx comes with the extra `inception`")
    model = onnx.load(str(centre_net_path()))
    model.graph.output[1].name = "values"
    for node in model.graph.node:
        node.output[:] = ["values" if name == "raw_values" else name for name in node.output]
    onnx.save(model, str(tmp_path / "old.onnx"))
    with pytest.raises(WeightsError, match="outputs peaks and raw_values in .*old.onnx, found"):
        CentreNet(tmp_path / "old.onnx")


def test_the_size_of_a_face_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A face that the network saw 207 pixels wide is not examined again, however large the frame."""
    detector = CentreNet()
    runs: list[tuple[int, ...]] = []
    run = detector._run
    monkeypatch.setattr(
        detector, "_run", lambda canvas, limit: runs.append(canvas.shape) or run(canvas, limit)
    )
    frame = np.full((1080, 1920, 3), 90, np.uint8)
    face = FoundFace((600, 300, 1221, 921), 0.7, (), (), None, (1.0, 0.0, 0.0, 0.0))
    assert detector.refine(frame, face, scale=1 / 3) == face, "seen 207 pixels wide"
    assert runs == []
    detector.refine(frame, face, scale=1 / 6)  # seen 104 pixels wide
    assert len(runs) == 1


@pytest.mark.parametrize(("near_score", "sizes"), [(0.9, [256]), (0.5, [256, 320]), (0.05, [256])])
def test_a_doubtful_face_is_looked_at_with_more_pixels(
    near_score: float, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what that shows counts; a face that is sure, or none, is not looked at again."""
    detector, seen = CentreNet(), []
    far = FoundFace((400.0, 300.0, 560.0, 460.0), 0.5, (), (), None, (1, 0, 0, 0))

    def run(canvas: np.ndarray, _min_score: float) -> list[FoundFace]:
        seen.append(canvas.shape[0])
        zoom = canvas.shape[0] / (1.7 * 160)
        edge = (1.7 - 1) / 2 * 160 * zoom
        box = (edge, edge, edge + 160 * zoom, edge + 160 * zoom)
        score = near_score if len(seen) == 1 else 0.1
        return [FoundFace(box, score, (), (), None, (1, 0, 0, 0))]

    monkeypatch.setattr(detector, "_run", run)
    found = detector.refine(np.zeros((1080, 1920, 3), np.uint8), far)
    assert seen == sizes
    last = 0.1 if len(sizes) > 1 else near_score
    assert found.score == pytest.approx((0.5 + last) / 2)
