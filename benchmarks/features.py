"""Which features of a face tell its action units best, and what each kind costs.

Beside the last layer of one pass over the squeezed image, which amgs 0.1.0 used, stand: inner
layers of the same pass (amgs uses two of them now), quarters and ninths of its maps, the mean with
the mirror image, a larger input, the head turned upright, cuts of the parts that the detector finds
(near eye, both eyes, ears, muzzle), the maps of the one pass averaged over those parts, and the
geometry of the parts. Each is judged by ridge regression of the mean of the raters:

- drawn faces of five laboratories (coat, light and focus differ), twenty animals each, scored by
  three of eleven raters who agree as the published ones do: r per unit on animals left out, and on
  each laboratory left out;
- real photographs, where they are at hand: area under the ROC curve of "an eye is not open", on
  photographs left out, and on each coat left out.

    python benchmarks/features.py [--seeds 1 2 3 4 5] [--photographs ../shared/data/mouse_photos]

Seed 0 was used to choose; it is not reported. The photographs are divided by the seeds; all of them
were seen when choosing.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from PIL import Image

from amgs.faces.base import FoundFace
from amgs.faces.detectors import open_detector
from amgs.images.reading import RGB
from amgs.model.backbones.table import DEFAULT_BACKBONE, find_backbone, locate_backbone
from amgs.model.metrics import area_under_curve, pearson_r
from amgs.model.training.splits import assign_folds
from amgs.prediction.orbital import find_main_face
from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.face import draw_face
from amgs.simulate.raters import SimulatedRater
from eye_state import cut_faces, join_sources
from making import pose

LABORATORIES = {
    "black": FaceParameters(coat="black"),
    "white": FaceParameters(coat="white", brightness=1.1),
    "agouti": FaceParameters(coat="agouti"),
    "infrared": FaceParameters(coat="black", infrared=True),
    "soft": FaceParameters(coat="white", blur_px=1.4, noise_sd=6.0),
}
ANIMALS, FACES, RATERS, SIDE_PX = 20, 15, 3, 200
UNITS = ("orbital_tightening", "nose_bulge", "cheek_bulge", "ear_position", "whisker_change")
PENALTIES = tuple(10.0**k for k in np.arange(-4, 2.1, 0.5))
FOLDS = 5
INNER = {"stage 5": "n45", "stage 6": "n62", "narrow 14": "n60", "narrow 7": "n83"}
"""The widened maps that stages 5 and 6 begin with; narrow: what comes out of these stages."""
LAST = "n90"
CELLS = {"quarters": 2, "ninths": 3}
MAPS_OVER_PARTS = ("stage 6", "last")
N_LAST = 1280

BACKBONE = find_backbone(DEFAULT_BACKBONE)
Features: TypeAlias = npt.NDArray[np.float32]
Floats: TypeAlias = npt.NDArray[np.float64]
Square: TypeAlias = tuple[float, float, float, float]


class Maps:
    """The network with its inner maps as outputs, for images of any size."""

    def __init__(self) -> None:
        graph = onnx.load(locate_backbone(BACKBONE))
        for side in graph.graph.input[0].type.tensor_type.shape.dim[2:]:
            side.dim_param = f"side{id(side)}"
        for name in (*INNER.values(), LAST):
            graph.graph.output.append(
                onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            )
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(graph.SerializeToString(), options)

    def __call__(self, rgb: RGB, px: int = BACKBONE.preprocessing.input_px) -> list[Features]:
        """Return the pooled features and the maps of one image."""
        prepared = replace(BACKBONE.preprocessing, input_px=px).apply(rgb)[None]
        found: list[Features] = self._session.run(None, {"images": prepared})
        return [one[0] for one in found]


@dataclass(frozen=True)
class Passes:
    """What one image gives: name of a kind of features → vector (NaN where a part is not seen)."""

    vectors: dict[str, Features]
    seconds: dict[str, float]


def look(maps: Maps, detect: Callable[[RGB], FoundFace | None], rgb: RGB) -> Passes:
    """Compute every kind of features of one image, and time the passes."""
    vectors: dict[str, Features] = {}
    seconds: dict[str, float] = {}

    def run(name: str, image: RGB | None, px: int = BACKBONE.preprocessing.input_px) -> Any:
        began = time.thread_time()
        found = None if image is None or min(image.shape[:2]) < 4 else maps(image, px)
        seconds[name] = time.thread_time() - began
        nothing = np.full(N_LAST, np.nan, np.float32)
        vectors[name] = nothing if found is None else found[0][:N_LAST]
        return found

    layers = dict(zip((*INNER, "last"), run("whole", rgb)[1:], strict=True))
    for name, one in layers.items():
        vectors[name] = one.mean(axis=(1, 2))
        for kind, n in CELLS.items():
            edges = np.round(np.linspace(0, one.shape[1], n + 1)).astype(int)
            for i, j in product(range(n), range(n)):
                cell = one[:, edges[i] : edges[i + 1], edges[j] : edges[j + 1]]
                vectors[f"{kind} of {name}, {i}{j}"] = cell.mean(axis=(1, 2))
    run("mirrored", np.ascontiguousarray(rgb[:, ::-1]))
    run("large", rgb, 320)
    began = time.thread_time()
    face = detect(rgb)
    seconds["detector"] = time.thread_time() - began
    boxes = {} if face is None else parts_of(face)
    for name in ("near eye", "far eye", "ear", "other ear", "muzzle", "face"):
        run(name, cut(rgb, boxes[name]) if name in boxes else None)
        over = maps_over(boxes.get(name), rgb.shape, [layers[layer] for layer in MAPS_OVER_PARTS])
        for layer, vector in zip(MAPS_OVER_PARTS, over, strict=True):
            vectors[f"{name}, map of {layer}"] = vector
    run("upright", None if face is None else upright(rgb, face))
    vectors["geometry"] = geometry(face)
    return Passes(vectors, seconds)


def parts_of(face: FoundFace) -> dict[str, Square]:
    """Return squares around the parts of a face; the nearer of two is the wider."""
    found: dict[str, Square] = {"face": around(face.box, 1.1)}
    eyes = sorted(face.eyes, key=lambda eye: eye.box[0] - eye.box[2])
    for name, eye in zip(("near eye", "far eye"), eyes, strict=False):
        found[name] = around(eye.box, 2.4)
    ears = sorted(face.ears, key=lambda ear: ear.box[0] - ear.box[2])
    for name, ear in zip(("ear", "other ear"), ears, strict=False):
        found[name] = around(ear.box, 1.4)
    if face.nose is not None:
        x, y = face.nose
        r = 0.28 * face.width
        found["muzzle"] = (x - r, y - r, x + r, y + r)
    return found


def around(box: Sequence[float], times: float) -> Square:
    """Return the square about a box, so many times as large as its longer side."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    r = times * max(box[2] - box[0], box[3] - box[1]) / 2
    return x - r, y - r, x + r, y + r


def cut(rgb: RGB, square: Square) -> RGB:
    """Cut a square out, as far as it lies in the image."""
    left, top, right, bottom = (max(0, round(edge)) for edge in square)
    return rgb[top:bottom, left:right]


def maps_over(
    square: Square | None, shape: Sequence[int], maps: Sequence[Features]
) -> list[Features]:
    """Return the mean of each map over the cells that a square covers."""
    if square is None:
        return [np.full(len(one), np.nan, np.float32) for one in maps]
    found = []
    for one in maps:
        n = one.shape[1]
        left, right = (np.clip(edge / shape[1] * n, 0, n) for edge in square[::2])
        top, bottom = (np.clip(edge / shape[0] * n, 0, n) for edge in square[1::2])
        cells = np.arange(n)
        down = np.clip(np.minimum(cells + 1, bottom) - np.maximum(cells, top), 0, 1)
        across = np.clip(np.minimum(cells + 1, right) - np.maximum(cells, left), 0, 1)
        weight = np.outer(down, across)
        weight /= max(weight.sum(), 1e-6)
        found.append(np.asarray((one * weight).sum(axis=(1, 2)), np.float32))
    return found


def upright(rgb: RGB, face: FoundFace) -> RGB | None:
    """Turn the image so that the line from the eyes to the nose points down, by 45° at most."""
    if face.nose is None or not face.eyes:
        return rgb
    middles = np.array([[(e.box[0] + e.box[2]) / 2, (e.box[1] + e.box[3]) / 2] for e in face.eyes])
    dx, dy = np.array(face.nose) - middles.mean(axis=0)
    angle = float(np.clip(math.degrees(math.atan2(dx, dy)), -45, 45))
    turned = Image.fromarray(rgb).rotate(-angle, Image.Resampling.BICUBIC, fillcolor=(128,) * 3)
    return np.asarray(turned)


def geometry(face: FoundFace | None) -> Features:  # noqa: C901
    """Distances and angles of the parts, by the width of the face; NaN where they are not seen."""
    values = np.full(12, np.nan, np.float32)
    if face is None:
        return values
    eyes = sorted(face.eyes, key=lambda eye: eye.box[0])
    ears = sorted(face.ears, key=lambda ear: ear.box[0])
    width = max(face.width, 1.0)

    def middle(box: Sequence[float]) -> Floats:
        return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])

    def apart(a: Floats, b: Floats) -> float:
        return float(np.hypot(*(a - b)))

    if len(ears) == 2:
        values[0] = apart(middle(ears[0].box), middle(ears[1].box)) / width
    if len(eyes) == 2:
        values[1] = apart(middle(eyes[0].box), middle(eyes[1].box)) / width
        values[2] = values[0] / max(values[1], 0.05)
    if eyes:
        near = max(eyes, key=lambda eye: eye.box[2] - eye.box[0])
        values[3] = (near.box[3] - near.box[1]) / max(near.box[2] - near.box[0], 1.0)
        values[4] = (near.box[3] - near.box[1]) / width
    score = face.weigh_eyes(lambda eye: eye.p_narrowed + 2 * eye.p_closed)
    if score is not None:
        values[5] = score
    if ears:
        ear = max(ears, key=lambda one: one.box[2] - one.box[0])
        values[6] = (ear.box[2] - ear.box[0]) / max(ear.box[3] - ear.box[1], 1.0)
        values[7] = (ear.box[3] - ear.box[1]) / width
        values[8] = (middle(ear.box)[1] - face.box[1]) / max(face.box[3] - face.box[1], 1.0)
        if ear.base is not None and ear.tip is not None:
            values[9] = math.atan2(ear.tip[1] - ear.base[1], abs(ear.tip[0] - ear.base[0]))
        if eyes and face.nose is not None:
            eye, nose = middle(near.box), np.array(face.nose)
            a, b = middle(ear.box) - eye, nose - eye
            values[10] = math.acos(
                float(np.clip(a @ b / max(np.hypot(*a) * np.hypot(*b), 1e-6), -1, 1))
            )
            values[11] = apart(eye, nose) / width
    return values


EYES, EARS = ("near eye", "far eye"), ("ear", "other ear")


def cells(layer: str, kind: str) -> tuple[tuple[str, ...], ...]:
    """Return the blocks of the cells of a layer's map."""
    n = CELLS[kind]
    return tuple((f"{kind} of {layer}, {i}{j}",) for i, j in product(range(n), range(n)))


def over_parts(layer: str) -> tuple[tuple[str, ...], ...]:
    """Return the blocks of a layer's map averaged over the parts."""
    return tuple(
        tuple(f"{part}, map of {layer}" for part in parts) for parts in (EYES, EARS, ("muzzle",))
    )


SETS: dict[str, tuple[tuple[str, ...], ...]] = {
    "last layer (0.1.0)": (("whole",),),
    "last + stages 6 and 5 (in use)": (("whole",), ("stage 6",), ("stage 5",)),
    "last + stage 6": (("whole",), ("stage 6",)),
    "stages 6 and 5": (("stage 6",), ("stage 5",)),
    "last + narrow layers": (("whole",), ("narrow 7",), ("narrow 14",)),
    "quarters of the last layer": cells("last", "quarters"),
    "last + quarters of stage 6": (("whole",), *cells("stage 6", "quarters")),
    "last + ninths of narrow 14": (("whole",), *cells("narrow 14", "ninths")),
    "mean with the mirror image": (("whole", "mirrored"),),
    "320 pixels": (("large",),),
    "cut to the face": (("face",),),
    "head upright": (("upright",),),
    "geometry alone": (("geometry",),),
    "last + geometry": (("whole",), ("geometry",)),
    "in use + geometry": (("whole",), ("stage 6",), ("stage 5",), ("geometry",)),
    "near eye alone": (("near eye",),),
    "muzzle alone": (("muzzle",),),
    "ears alone": (EARS,),
    "last + near eye": (("whole",), ("near eye",)),
    "last + muzzle": (("whole",), ("muzzle",)),
    "last + ears": (("whole",), EARS),
    "last + eyes + ears + muzzle": (("whole",), EYES, EARS, ("muzzle",)),
    "last + maps of the last over parts": (("whole",), *over_parts("last")),
    "last + maps of stage 6 over parts": (("whole",), *over_parts("stage 6")),
    "in use + maps of stage 6 over parts": (
        ("whole",),
        ("stage 6",),
        ("stage 5",),
        *over_parts("stage 6"),
    ),
}
"""Name → blocks, side by side; the kinds within a block are averaged, over those that are seen."""

DETECTED = ("near", "far", "ear", "other", "muzzle", "face", "upright", "geometry")
"""Beginnings of what needs the detector."""


def assemble(looked: Sequence[Passes], blocks: Sequence[Sequence[str]]) -> Floats:
    """Return the features of all images, standardised block by block, so that blocks weigh alike.

    A part that is not seen counts as the mean of the images that show it.
    """
    sides = []
    for block in blocks:
        kinds = np.stack([[one.vectors[kind] for one in looked] for kind in block]).astype(float)
        mean = mean_of(kinds)
        middle, spread = np.nanmean(mean, axis=0), np.nanstd(mean, axis=0)
        z = np.where(np.isfinite(mean), (mean - middle) / np.maximum(spread, 1e-6), 0)
        sides.append(z / math.sqrt(z.shape[1]))
    return np.concatenate(sides, axis=1)


def cost(looked: Sequence[Passes], blocks: Sequence[Sequence[str]]) -> float:
    """Return the processor time of all passes, in passes over the whole image."""

    def of(name: str) -> float:
        return float(np.median([one.seconds[name] for one in looked]))

    kinds = {kind for block in blocks for kind in block}
    of_maps = {kind for kind in kinds if kind not in looked[0].seconds and kind != "geometry"}
    passes = (kinds & set(looked[0].seconds)) | ({"whole"} if of_maps else set())
    detected = any(kind.startswith(DETECTED) for kind in kinds)
    return (sum(map(of, passes)) + (of("detector") if detected else 0.0)) / of("whole")


def held_out(features: Floats, wanted: Floats, folds: npt.NDArray[Any]) -> Floats:
    """Return ridge predictions of every fold by the others, (penalties, images, wanted)."""
    found = np.full((len(PENALTIES), *wanted.shape), np.nan)
    kernel = features @ features.T
    for fold in np.unique(folds):
        out, inside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        found[:, out] = ridge(kernel, wanted, inside, out)
    return found


def ridge(
    kernel: Floats, wanted: Floats, inside: npt.NDArray[np.intp], out: npt.NDArray[np.intp]
) -> Floats:
    """Train on the rows `inside`, and return what is said of the rows `out` by penalty."""
    middle = wanted[inside].mean(axis=0)
    inner = kernel[np.ix_(inside, inside)]
    rows = inner.mean(axis=1)
    values, vectors = np.linalg.eigh(inner - rows[:, None] - rows + inner.mean())
    turned = vectors.T @ (wanted[inside] - middle)
    across = kernel[np.ix_(out, inside)]
    across = (across - across.mean(axis=1, keepdims=True) - rows + inner.mean()) @ vectors
    shrunk = [np.maximum(values, 0) + penalty * len(inside) for penalty in PENALTIES]
    return np.stack([across @ (turned / by[:, None]) + middle for by in shrunk])


def best_of(said: Floats, wanted: Floats) -> npt.NDArray[np.intp]:
    """Return, for everything wanted, which penalty has the least squared error."""
    return np.asarray(np.argmin(((said - wanted) ** 2).mean(axis=1), axis=0))


def r_of(said: Floats, wanted: Floats, best: npt.NDArray[np.intp]) -> list[float]:
    """Return r of everything wanted, with the penalty chosen for it."""
    pairs = [(said[k, :, u], wanted[:, u]) for u, k in enumerate(best.tolist())]
    return [float(pearson_r(a, b) or 0.0) for a, b in pairs]


def r_at_home(features: Floats, wanted: Floats, folds: npt.NDArray[Any]) -> list[float]:
    """Return r on animals left out."""
    said = held_out(features, wanted, folds)
    return r_of(said, wanted, best_of(said, wanted))


def r_elsewhere(
    features: Floats, wanted: Floats, folds: npt.NDArray[Any], laboratories: npt.NDArray[Any]
) -> list[float]:
    """Return the mean r in laboratories left out; penalties are chosen over animals at home."""
    kernel = features @ features.T
    found = []
    for name in np.unique(laboratories):
        home, there = laboratories != name, laboratories == name
        best = best_of(held_out(features[home], wanted[home], folds[home]), wanted[home])
        said = ridge(kernel, wanted, np.flatnonzero(home), np.flatnonzero(there))
        found.append(r_of(said, wanted[there], best))
    means: list[float] = np.mean(found, axis=0).tolist()
    return means


@dataclass(frozen=True)
class Drawn:
    """A drawn face: its file, animal and laboratory, and its action units."""

    path: Path
    animal: str
    laboratory: str
    units: dict[str, float]


def draw_animal(seed: int, folder: Path, which: tuple[str, int]) -> list[Drawn]:
    """Draw the faces of one animal."""
    name, animal = which
    rng = np.random.default_rng([seed, 77, list(LABORATORIES).index(name), animal])
    base = replace(
        LABORATORIES[name],
        animal_seed=int(rng.integers(2**31)),
        background_seed=int(rng.integers(2**31)),
    )
    found = []
    for number in range(FACES):
        shared, own = rng.beta(0.7, 1.1), rng.beta(0.7, 1.1, len(UNITS))
        units = np.clip(2 * (0.5 * shared + 0.5 * own), 0, 2)
        rgb = draw_face(pose(base, units, rng), rng)
        path = folder / f"{name}_{animal}_{number}.jpg"
        Image.fromarray(rgb).resize((SIDE_PX, SIDE_PX)).save(path, quality=90)
        by_name = dict(zip(UNITS, units.tolist(), strict=True))
        found.append(Drawn(path, f"{name}-{animal}", name, by_name))
    return found


def score(faces: Sequence[Drawn], seed: int) -> Floats:
    """Have every face scored by three of eleven people, (3, faces, units)."""
    rng = np.random.default_rng([seed, 78])
    people = [SimulatedRater(100 * seed + rater) for rater in range(11)]
    found = []
    for face in faces:
        chosen = rng.choice(len(people), RATERS, replace=False).tolist()
        said = [people[k].score(face.units) for k in chosen]
        found.append([[one[unit] for unit in UNITS] for one in said])
    return np.array(found, float).transpose(1, 0, 2)


def mean_of(table: Floats) -> Floats:
    """Return the mean over the first axis of what is known; NaN where nothing is."""
    n = np.isfinite(table).sum(axis=0)
    nothing = np.full(table.shape[1:], np.nan)
    mean: Floats = np.divide(np.nansum(table, axis=0), n, out=nothing, where=n > 0)
    return mean


def look_at(files: Sequence[Path]) -> list[Passes]:
    """Look at all images, two at a time."""
    maps, detector = Maps(), open_detector()

    def one(path: Path) -> Passes:
        with Image.open(path) as opened:
            rgb = np.asarray(opened.convert("RGB"))
        return look(maps, lambda image: find_main_face(detector, image), rgb)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, files))


def drawn(seed: int) -> dict[str, list[float]]:
    """Return for every set: cost, r per unit, of the mean, and in laboratories left out."""
    with tempfile.TemporaryDirectory() as temporary:
        with ProcessPoolExecutor(2) as pool:
            work = partial(draw_animal, seed, Path(temporary))
            faces = [
                f for found in pool.map(work, product(LABORATORIES, range(ANIMALS))) for f in found
            ]
        looked = look_at([face.path for face in faces])
    animals = np.unique([face.animal for face in faces], return_inverse=True)[1]
    laboratories = np.array([face.laboratory for face in faces])
    scores = score(faces, seed)
    means = mean_of(scores)
    folds = np.random.default_rng(seed).permutation(np.arange(animals.max() + 1) % FOLDS)[animals]
    # Faces of which nobody could score some unit are few, and left out.
    whole = np.isfinite(means).all(axis=1)
    wanted = np.column_stack([means, means.mean(axis=1)])[whole]
    kept = [looked[k] for k in np.flatnonzero(whole).tolist()]
    folds, laboratories = folds[whole], laboratories[whole]
    one, rest = scores[0], mean_of(scores[1:])
    units = [r_known(one[:, u], rest[:, u]) for u in range(len(UNITS))]
    of_mean = r_known(one.mean(axis=1), rest.mean(axis=1))
    found = {"one rater with the mean of two": [0.0, *units, of_mean, np.nan, np.nan]}
    for name, blocks in SETS.items():
        features = assemble(kept, blocks)
        away = r_elsewhere(features, wanted, folds, laboratories)
        found[name] = [
            cost(kept, blocks),
            *r_at_home(features, wanted, folds),
            float(np.mean(away[:-1])),
            away[-1],
        ]
        print(name, np.round(found[name], 3), flush=True)
    return found


def r_known(a: Floats, b: Floats) -> float:
    """Return r of two rows where both are known."""
    both = np.isfinite(a) & np.isfinite(b)
    return float(pearson_r(a[both], b[both]) or 0.0)


def photographs(folder: Path, seeds: Sequence[int]) -> dict[str, list[float]]:
    """Return for every set the areas under the ROC curve: at home by seed, coats left out."""
    with tempfile.TemporaryDirectory() as temporary:
        files, not_open, sources = cut_faces(folder, Path(temporary))
        units = join_sources(files, sources)
        coats = np.array(coats_of(folder))
        looked = look_at(files)
    wanted = not_open[:, None].astype(float)
    found = {}
    for name, blocks in SETS.items():
        features = assemble(looked, blocks)
        divided = [assign_folds(not_open, units, FOLDS, seed) for seed in seeds]
        at_home = [auc_left_out(features, wanted, folds) for folds in divided]
        within = []
        for coat in LEFT_OUT:
            out = coats == coat
            said = coat_left_out(features, wanted, out)
            within.append(area_under_curve(not_open[out], said) or np.nan)
        found[name] = [float(np.mean(at_home)), float(np.nanmean(within)), *within]
        print(name, np.round(found[name], 3), flush=True)
    return found


LEFT_OUT = ("brown", "black", "pied", "grey", "white")


def coats_of(folder: Path) -> list[str]:
    """Return the coats of the faces that `cut_faces` cuts, in its order."""
    records = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))["images"]
    return [f["coat"] for r in records if r["usable"] for f in r["faces"] if f["eyes"]]


def auc_left_out(features: Floats, wanted: Floats, folds: npt.NDArray[Any]) -> float:
    """Return the area under the curve on photographs left out, with the best penalty."""
    said = held_out(features, wanted, folds)[:, :, 0]
    return max(float(area_under_curve(wanted[:, 0] > 0.5, p) or 0.0) for p in said)


def coat_left_out(features: Floats, wanted: Floats, out: npt.NDArray[np.bool_]) -> Floats:
    """Return what a layer trained on the other coats says of one; a middling penalty for all."""
    said = ridge(features @ features.T, wanted, np.flatnonzero(~out), np.flatnonzero(out))
    middling: Floats = said[len(PENALTIES) // 2 - 1, :, 0]
    return middling


def main() -> None:
    """Print a row per set of features."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    parser.add_argument("--photographs", type=Path)
    asked = parser.parse_args()
    if asked.photographs:
        print("photographs: AUC at home, mean of coats left out, then", *LEFT_OUT)
        photographs(asked.photographs, asked.seeds)
    runs = [drawn(seed) for seed in asked.seeds]
    print("cost", *UNITS, "mean", "units away", "mean away", sep=" | ")
    for name in runs[0] if runs else ():
        values = np.array([run[name] for run in runs])
        spread = values.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros(values.shape[1])
        cells = " | ".join(
            f"{m:.3f} ± {s:.3f}" for m, s in zip(values.mean(axis=0), spread, strict=True)
        )
        print(f"{name} | {cells}")


if __name__ == "__main__":
    main()
