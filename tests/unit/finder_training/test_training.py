"""Training images keep their truth; the split keeps likenesses together; the loss can be met."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from amgs.faces.centre_maps import CHANNELS, FACE_PARTS, decode_maps
from amgs.faces.centre_net import CentreNet, centre_net_path
from finder_training.augmentation import augment_appearance
from finder_training.drawn import draw_photograph
from finder_training.eyes import pale_eyes, shut_eyes
from finder_training.fixtures import add_fixtures
from finder_training.measure import Tally, cut_without_faces, match, measure
from finder_training.photographs import (
    MarkedEye,
    MarkedFace,
    Photograph,
    load_photographs,
    split_photographs,
)
from finder_training.scenes import OVERFILL, Scene, cut_scene, mosaic, move_face
from finder_training.targets import make_targets
from finder_training.worst import TILE_PX, judge

SIDE = 320

needs_torch = pytest.mark.skipif(
    find_spec("torch") is None, reason="torch comes with the extra `train` only"
)


def photograph(seed: int = 0) -> Photograph:
    """A synthetic mouse on a larger ground."""
    rng = np.random.default_rng(seed)
    drawn = draw_photograph(rng)
    rgb = np.full((400, 500, 3), 120, np.uint8)
    rgb[80:336, 120:376] = drawn.rgb
    shift = np.array([[1.0, 0, 120], [0, 1, 80]])
    return Photograph("drawn", rgb, tuple(move_face(f, shift) for f in drawn.faces))


def marked(rgb: np.ndarray, face: MarkedFace) -> np.ndarray:
    """Paint the eyes pure red, to find them again after a transformation."""
    painted = rgb.copy()
    for box in (eye.box for eye in face.eyes):
        x0, y0, x1, y1 = (round(v) for v in box)
        painted[y0:y1, x0:x1] = (255, 0, 0)
    return painted


def test_marks_move_with_the_image() -> None:
    """However it is cut, turned, mirrored and scaled, the eyes are where they are said to be."""
    seen = 0
    for seed in range(12):
        base = photograph(seed)
        painted = replace(base, rgb=marked(base.rgb, base.faces[0]))
        scene = cut_scene(painted, SIDE, np.random.default_rng(seed))
        for face in scene.faces:
            for box in (eye.box for eye in face.eyes):
                x, y = round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2)
                if 3 < x < SIDE - 3 and 3 < y < SIDE - 3 and box[2] - box[0] > 4:
                    red, green, _ = scene.rgb[y, x].astype(int)
                    assert red - green > 100
                    seen += 1
    assert seen >= 8, "hardly any eye was left to be looked at"


def test_scenes_do_not_depend_on_anything_but_the_seed() -> None:
    """The same seed draws the same."""
    a, b = (cut_scene(photograph(), SIDE, np.random.default_rng(3)) for _ in range(2))
    assert (a.rgb == b.rgb).all()
    assert a.faces == b.faces


def test_a_mosaic_holds_all_its_faces() -> None:
    """Each in its own part."""
    for n in (4, 16):
        side = SIDE // round(n**0.5)
        parts = [cut_scene(photograph(k), side, np.random.default_rng(k + 1)) for k in range(n)]
        together = mosaic(parts, SIDE)
        assert len(together.faces) == sum(len(part.faces) for part in parts)
        assert together.rgb.shape == (SIDE, SIDE, 3)


def wide_awake() -> Scene:
    """A scene whose face fills it, eyes open."""
    for seed in range(100):
        base = photograph(seed)
        if base.faces[0].eyes[0].state == "open":
            matrix = np.array([[1.2, 0, -140], [0, 1.2, -90]])
            import cv2

            rgb = cv2.warpAffine(base.rgb, matrix, (SIDE, SIDE))
            return Scene(rgb, tuple(move_face(f, matrix) for f in base.faces))
    raise AssertionError("no open eye drawn")


def test_shut_eyes_are_lower_and_say_so() -> None:
    """The dark opening shrinks, the rest of the image stays."""
    scene = wide_awake()
    shut = shut_eyes(scene, 1.0, np.random.default_rng(0))
    face, before = shut.faces[0], scene.faces[0]
    assert all(eye.state in {"narrowed", "closed"} for eye in face.eyes)
    x0, y0, x1, y1 = (round(v) for v in before.eyes[0].box)
    dark = [(rgb[y0:y1, x0:x1].mean(axis=2) < 60).sum() for rgb in (scene.rgb, shut.rgb)]
    assert dark[1] < 0.7 * dark[0]
    changed = np.abs(shut.rgb.astype(int) - scene.rgb.astype(int)).sum(axis=2) > 0
    assert changed.mean() < 0.25
    same = shut_eyes(scene, 0.0, np.random.default_rng(0))
    assert np.array_equal(same.rgb, scene.rgb)
    assert same.faces == scene.faces


def test_pale_eyes_are_red_and_nothing_else_changes_much() -> None:
    """As in albino animals."""
    scene = wide_awake()
    pale = pale_eyes(scene, np.random.default_rng(0))
    x0, y0, x1, y1 = scene.faces[0].eyes[0].box
    x, y = round((x0 + x1) / 2), round((y0 + y1) / 2)
    assert int(pale.rgb[y, x, 0]) > int(pale.rgb[y, x, 1]) + 20
    assert pale.faces == scene.faces


def test_looks_keep_places_and_size() -> None:
    """Only pixels change, and they change."""
    scene = wide_awake()
    for seed in range(20):
        changed = augment_appearance(scene, np.random.default_rng(seed))
        assert changed.faces == scene.faces
        assert changed.rgb.shape == scene.rgb.shape
        assert changed.rgb.dtype == np.uint8


def test_targets_decode_to_the_marks_they_were_made_from() -> None:
    """A network that said exactly its targets would be right to a fraction of a pixel."""
    scene = wide_awake()
    targets = make_targets(scene)
    peaks = np.where(targets.centres > 0.999, targets.centres, 0)
    values = targets.values[len(FACE_PARTS) :]
    (face,) = decode_maps(peaks, values, 0.5)
    truth = scene.faces[0]
    assert face.box == pytest.approx(truth.box, abs=0.01)
    assert face.nose == pytest.approx(truth.nose, abs=0.01)
    found = sorted(eye.box for eye in face.eyes)
    for ours, theirs in zip(found, sorted(eye.box for eye in truth.eyes), strict=True):
        assert ours == pytest.approx(theirs, abs=0.01)
    assert {eye.state for eye in face.eyes} == {eye.state for eye in truth.eyes}
    assert targets.loss_mask.all()


def test_two_readers_who_differ_share_the_target() -> None:
    """An eye that nobody can tell has no state; nor has one that is too small."""
    scene = wide_awake()
    box = scene.faces[0].eyes[0].box
    state, unclear = CHANNELS["eye_state"], CHANNELS["eye_unclear"]
    x, y = int((box[0] + box[2]) / 8), int((box[1] + box[3]) / 8)
    tiny = (box[0], box[1], box[0] + 3, box[1] + 3)
    for eye, states, said in (
        (MarkedEye(box, "open", "narrowed"), [0.5, 0.5, 0], 0),
        (MarkedEye(box, "open", "open"), [1, 0, 0], 0),
        (MarkedEye(box, "open", "cannot_tell"), None, 1),
        (MarkedEye(tiny, "closed"), None, 1),
    ):
        face = replace(scene.faces[0], eyes=(eye,))
        targets = make_targets(replace(scene, faces=(face,)))
        row, column = (y, x) if eye.box == box else (int(box[1] + 1.5) // 4, int(box[0] + 1.5) // 4)
        assert targets.values[unclear, row, column] == said
        assert targets.weights[unclear, row, column] == 1
        if states is None:
            assert not targets.weights[state].any()
        else:
            assert targets.values[state, row, column].tolist() == states


def test_ends_of_ears_are_learned_where_they_are_marked() -> None:
    """And come out of the maps where they went in."""
    scene = wide_awake()
    ears = tuple(replace(ear, tip=None) for ear in scene.faces[0].ears[:1])
    targets = make_targets(replace(scene, faces=(replace(scene.faces[0], ears=ears),)))
    assert targets.weights[CHANNELS["ear_base"]].max() == 1
    assert not targets.weights[CHANNELS["ear_tip"]].any()
    peaks = np.where(targets.centres > 0.999, targets.centres, 0)
    (face,) = decode_maps(peaks, targets.values[len(FACE_PARTS) :], 0.5)
    assert face.ears[0].base == pytest.approx(ears[0].base, abs=0.1)


def test_fixtures_leave_faces_alone() -> None:
    """They are drawn beside them, and there is something to see."""
    scene = cut_scene(photograph(4), SIDE, np.random.default_rng(2))
    rng = np.random.default_rng(0)
    changed = 0
    for _ in range(12):
        more = add_fixtures(scene, 1.0, rng)
        assert more.faces == scene.faces
        different = (more.rgb != scene.rgb).any(axis=2)
        for face in scene.faces:
            left, top, right, bottom = (round(v) for v in face.box)
            inside = different[max(0, top) : bottom, max(0, left) : right]
            assert not inside.size or inside.mean() < 0.05
        changed += different.any()
    assert changed >= 8
    assert add_fixtures(scene, 0.0, rng) is scene


def test_close_ups_overfill_the_image() -> None:
    """As of head-fixed animals; a face of which half fills the image still counts."""
    fills = []
    for seed in range(40):
        scene = cut_scene(
            photograph(seed % 5), SIDE, np.random.default_rng(seed), largest_fill=OVERFILL
        )
        fills += [(f.box[2] - f.box[0]) * (f.box[3] - f.box[1]) / SIDE**2 for f in scene.faces]
    assert max(fills) > 0.95
    assert np.median(fills) > 0.6


def test_nothing_is_asked_where_a_face_is_cut() -> None:
    """Neither a face nor none."""
    scene = replace(wide_awake(), faces=(), ignored=((0.0, 0.0, 100.0, 60.0),))
    targets = make_targets(scene)
    assert not targets.loss_mask[:, :15, :25].any()
    assert targets.loss_mask[:, 16:, 26:].all()
    assert targets.weights.sum() == 0


def test_photographs_that_look_alike_stay_together() -> None:
    """No copy of a training photograph is in the validation part."""
    rng = np.random.default_rng(0)
    base = [draw_photograph(np.random.default_rng(k)) for k in range(10)]
    noisy = [
        replace(
            p,
            name=f"copy {p.name}",
            rgb=np.clip(p.rgb + rng.normal(0, 3, p.rgb.shape), 0, 255).astype(np.uint8),
        )
        for p in base
    ]
    training, validation = split_photographs([*base, *noisy], 0.3, 0)
    assert len(training) + len(validation) == 20
    for held in validation:
        for used in training:
            assert np.abs(held.rgb.astype(int) - used.rgb.astype(int)).mean() > 8


class PerfectDetector:
    """Finds what is marked, or nothing."""

    def __init__(self, faces) -> None:
        self.faces = faces

    def find(self, rgb, min_score, *, refine):
        return self.faces


def test_measures_of_a_perfect_and_a_blind_finder() -> None:
    """All found with no error, and nothing found."""
    base = photograph(3)
    targets = make_targets(Scene(base.rgb[:320, :320], tuple(base.faces)))
    peaks = np.where(targets.centres > 0.999, targets.centres, 0)
    faces = decode_maps(peaks, targets.values[len(FACE_PARTS) :], 0.5)
    perfect = measure(PerfectDetector(faces), [base], 0.5)["all"].summary()
    assert perfect["recall"]["value"] == perfect["precision"]["value"] == 1.0
    assert perfect["eyes_found"]["value"] == 1.0
    assert perfect["eye_error"] < 0.001
    blind = measure(PerfectDetector([]), [base], 0.5)["all"].summary()
    assert blind["recall"]["value"] == 0.0
    assert blind["precision"] is None
    pairs, false = match((), faces)
    assert pairs == []
    assert false == faces


def test_an_empty_tally_says_nothing() -> None:
    """Not zero."""
    summary = Tally().summary()
    assert summary["recall"] is None
    assert summary["eye_error"] is None
    assert summary["eye_state_auc"] is None


def test_negatives_touch_no_face() -> None:
    """Squares from beside the faces."""
    base = photograph(1)
    x0, y0, x1, y1 = (round(v) for v in base.faces[0].box)
    rgb = base.rgb.copy()
    rgb[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1] = (255, 0, 255)
    squares = cut_without_faces([replace(base, rgb=rgb)] * 5, 1, 0)
    assert squares
    for square in squares:
        assert square.shape[0] == square.shape[1]
        assert not (square == (255, 0, 255)).all(axis=2).any()


@needs_torch
@pytest.mark.parametrize("fixed", ["backbone", "all", "none"])
def test_a_few_steps_go_on_from_a_checkpoint(
    tmp_path: Path, fixed: Literal["all", "backbone", "none"]
) -> None:
    """On one synthetic mouse, and the exported network says the same as the trained one."""
    import torch

    from finder_training.export import ExportedFinder, export_finder
    from finder_training.fit import fit
    from finder_training.stages import FitOptions

    options = FitOptions(steps=2, batch=2, side_px=96, fixed_statistics=fixed)
    lines: list[str] = []
    fit([photograph()], options, tmp_path / "checkpoint.pt", lines.append)
    network = fit(
        [photograph()], replace(options, steps=3), tmp_path / "checkpoint.pt", lines.append
    )
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 3
    export_finder(network, tmp_path / "finder.onnx")
    picture = photograph().rgb[:64, :96][None]
    with torch.no_grad():
        _, expected = ExportedFinder(network)(torch.from_numpy(picture.copy()))
    _, found = CentreNet(tmp_path / "finder.onnx")._session.run(None, {"pictures": picture})
    assert np.abs(found - expected.numpy()).max() < 1e-3


@needs_torch
def test_the_shipped_network_can_be_trained_further() -> None:
    """Read back from its file it says the same, also once its statistics are measured anew."""
    import torch

    from finder_training.export import ExportedFinder
    from finder_training.network import FinderNetwork, measure_statistics

    network = FinderNetwork.from_exported(centre_net_path())
    images = torch.from_numpy(photograph().rgb[None, :192, :192].copy())
    _, shipped = CentreNet()._session.run(None, {"pictures": images.numpy()})
    module = ExportedFinder(network).eval()
    with torch.no_grad():
        read_back = module(images)[1].numpy()
        measure_statistics(network, (images.permute(0, 3, 1, 2).float() - 127) / 128)
        measured = module(images)[1].numpy()
        by_batch = network.train()((images.permute(0, 3, 1, 2).float() - 127) / 128)
    assert np.abs(read_back - shipped).max() < 1e-3
    assert np.abs(measured - shipped).max() < 1e-2
    assert torch.isfinite(by_batch).all()


@needs_torch
def test_a_mirrored_batch_has_the_targets_of_the_mirrored_scene() -> None:
    """Images and maps, for a scene whose parts lie nowhere on the middle of a cell."""
    import torch

    from finder_training.learner import mirror

    drawn = photograph()
    scene = Scene(drawn.rgb[:384, 60:444], tuple(move_face(f, shift(-60)) for f in drawn.faces))
    across = np.array([[-1.0, 0, 384], [0, 1, 0]])
    turned = Scene(
        np.ascontiguousarray(scene.rgb[:, ::-1]), tuple(move_face(f, across) for f in scene.faces)
    )
    batch, wanted = (
        [torch.from_numpy(part.astype(np.float32))[None] for part in parts]
        for parts in (as_arrays(scene), as_arrays(turned))
    )
    for found, expected in zip(mirror(batch), wanted, strict=True):
        assert torch.allclose(found, expected, atol=1e-4)
    assert not torch.allclose(batch[3], wanted[3], atol=1e-2)


def shift(by_px: float) -> np.ndarray:
    """The matrix that moves along x."""
    return np.array([[1.0, 0, by_px], [0, 1, 0]])


def as_arrays(scene: Scene) -> list[np.ndarray]:
    """Image, channels first, and targets."""
    targets = make_targets(scene)
    maps = [targets.centres, targets.loss_mask, targets.values, targets.weights]
    return [scene.rgb.transpose(2, 0, 1), *maps]


@needs_torch
def test_channels_that_say_nothing_new_are_left_out_without_a_trace() -> None:
    """A doubled channel, a sum of others and a constant go; what the layer gives stays."""
    from finder_training.thinning import choose_channels

    rng = np.random.default_rng(0)
    own = rng.normal(size=(5, 4000)) * np.arange(1, 6)[:, None]
    values = np.vstack([own, own[2], own[0] - own[1], np.full(4000, 3.0)])
    weight = rng.normal(size=(4, 8))
    kept, new, bias = choose_channels(values, weight, 5)
    assert len(kept) == 5
    assert 7 not in kept
    expected = weight @ values
    found = new @ values[kept] + bias[:, None]
    assert np.abs(found - expected).max() < 0.01 * expected.std()


@needs_torch
def test_a_thin_network_is_like_the_whole_one_and_learns_to_be_more_like_it(
    tmp_path: Path,
) -> None:
    """As wide as the whole one it is the same; thinner, exported and read back it has its widths."""
    import torch

    from finder_training.distilling import THIN_STAGE, distil
    from finder_training.export import export_finder
    from finder_training.fit import Scenes, load_scenes
    from finder_training.network import FinderNetwork
    from finder_training.thinning import thin

    whole = FinderNetwork.from_exported(centre_net_path())
    options = replace(THIN_STAGE, batch=2, side_px=96)
    rng = np.random.default_rng(0)
    made = [Scenes([photograph()], options, 0).make(rng).rgb for _ in range(4)]
    images = torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2)
    images = (images.float() - 127) / 128
    with torch.no_grad():
        same = thin(whole, whole.widths, images)(images)
        assert (same - whole(images)).abs().max() < 1e-2
    widths = replace(whole.widths, fine=(48, 48), head=(48, 48))
    lines: list[str] = []
    batches = iter(load_scenes([photograph()], [], options, 0))
    network = distil(whole, batches, 0.1, lines.append, options, widths)
    export_finder(network, tmp_path / "thin.onnx")
    assert FinderNetwork.from_exported(tmp_path / "thin.onnx").widths == widths
    with torch.no_grad():
        said = network(images)
    assert torch.isfinite(said).all()


def test_the_sheet_of_the_worst_shows_what_is_counted() -> None:
    """False and missed faces and eyes read wrong; none that is too small to count."""
    base = photograph()
    (face,) = base.faces
    shut = replace(face, eyes=tuple(replace(eye, state="closed") for eye in face.eyes))
    elsewhere = replace(face, box=(2.0, 2.0, 70.0, 70.0), eyes=())
    tiny = replace(face, box=(440.0, 350.0, 470.0, 380.0), eyes=())
    detector = CentreNet()
    (read,) = judge(detector, base)
    (wrong,) = judge(detector, replace(base, faces=(shut,)))
    assert read.badness < 0.5 < wrong.badness < 1
    assert "closed" in wrong.words
    missed = judge(detector, replace(base, faces=(face, elsewhere, tiny)))
    assert [tile.words for tile in missed][1:] == [f"missed, 14% wide, {face.view}"]
    false = judge(detector, replace(base, faces=()))
    assert [tile.words[:5] for tile in false] == ["false"]
    assert all(tile.rgb.shape == (TILE_PX, TILE_PX, 3) for tile in [*missed, *false])


def test_the_shipped_network_has_no_padding_of_its_own() -> None:
    """Padding is an attribute of the convolutions: as a step it costs an eighth of the time."""
    onnx = pytest.importorskip("onnx")
    kinds = {node.op_type for node in onnx.load(str(centre_net_path())).graph.node}
    assert "Conv" in kinds
    assert kinds.isdisjoint({"Pad", "Softmax"})


@pytest.mark.reference
def test_the_marked_photographs_are_read(shared_photographs: Path) -> None:
    """Counts as in the notes that come with them, less the doubtful ones."""
    photographs = load_photographs(shared_photographs)
    assert 470 < len(photographs) <= 494
    assert 530 < sum(len(p.faces) for p in photographs) <= 554
    assert CHANNELS["centres"].start == 0
