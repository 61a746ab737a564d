"""Key points of other programs: every form they write is read, exactly, and nothing in it is run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from amgs.errors import TableError
from amgs.video.key_points import find_key_points, read_key_points

NODES = ("nose", "left_ear", "right_ear", "left_eye", "tail_base")


@pytest.fixture
def points() -> np.ndarray:
    """Three frames of two animals: animals × frames × parts × (x, y, likelihood)."""
    found = np.random.default_rng(0).uniform(0.5, 1, (2, 3, 5, 3)).astype(np.float32)
    found[..., :2] *= 200
    found[:, :, 4, :2] = np.nan
    return found


def write_sleap_csv(path: Path, points: np.ndarray) -> None:
    """Write a table as SLEAP does: a row per animal and frame, columns in their own order."""
    head = ["track", "frame_idx", "instance.score"]
    head += [f"{node}.{what}" for node in sorted(NODES) for what in ("score", "x", "y")]
    rows = [",".join(head)]
    for frame in range(points.shape[1]):
        for animal in range(points.shape[0]):
            cells = ["", str(frame), "0.9"]
            for node in sorted(NODES):
                x, y, score = points[animal, frame, NODES.index(node)]
                cells += [str(score), *("" if np.isnan(v) else str(v) for v in (x, y))]
            rows.append(",".join(cells))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_deeplabcut(path: Path, points: np.ndarray) -> None:
    """Write a table as DeepLabCut does, with a line of individuals where there are several."""
    animals, frames = points.shape[:2]
    order = [(a, n, c) for a in range(animals) for n in range(len(NODES)) for c in range(3)]
    heads = [["scorer", *["DLC_resnet50"] * len(order)]]
    if animals > 1:
        heads.append(["individuals", *(f"mouse{a}" for a, _, _ in order)])
    heads.append(["bodyparts", *(NODES[n] for _, n, _ in order)])
    heads.append(["coords", *(("x", "y", "likelihood")[c] for _, _, c in order)])
    rows = [
        [str(f), *("" if np.isnan(v) else repr(float(v)) for v in points[:, f].ravel())]
        for f in range(frames)
    ]
    text = "\n".join(",".join(row) for row in (*heads, *rows))
    path.write_text(text + "\n", encoding="utf-8")


def write_analysis(path: Path, points: np.ndarray) -> None:
    """Write an analysis file as SLEAP does."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file["node_names"] = np.array([name.encode() for name in NODES])
        file["tracks"] = np.moveaxis(points[..., :2], (0, 1, 2, 3), (0, 3, 2, 1))
        file["point_scores"] = np.moveaxis(points[..., 2], (0, 1, 2), (0, 2, 1))


def write_slp(path: Path, points: np.ndarray, version: float = 1.2) -> None:
    """Write SLEAP's own file: frames, instances, points, and what the points are as JSON."""
    h5py = pytest.importorskip("h5py")
    animals, frames, nodes = points.shape[:3]
    shift = 0.0 if version >= 1.1 else 0.5
    frame = np.array(
        [(f, 0, f, f * animals, (f + 1) * animals) for f in range(frames)],
        [(n, "u8") for n in ("frame_id", "video", "frame_idx")]
        + [("instance_id_start", "u8"), ("instance_id_end", "u8")],
    )
    instance = np.array(
        [(1, n * nodes, (n + 1) * nodes) for n in range(frames * animals)],
        [("instance_type", "u1"), ("point_id_start", "u8"), ("point_id_end", "u8")],
    )
    flat = points.transpose(1, 0, 2, 3).reshape(-1, 3)
    point = np.array(
        [(x + shift, y + shift, not np.isnan(x), False, s) for x, y, s in flat],
        [("x", "f8"), ("y", "f8"), ("visible", "?"), ("complete", "?"), ("score", "f8")],
    )
    about = {
        "nodes": [{"name": name} for name in NODES],
        "skeletons": [{"nodes": [{"id": n} for n in range(nodes)]}],
    }
    with h5py.File(path, "w") as file:
        group = file.create_group("metadata")
        group.attrs["json"] = json.dumps(about)
        group.attrs["format_id"] = version
        file["videos_json"] = np.array([b"{}"])
        file["frames"], file["instances"], file["pred_points"] = frame, instance, point
        file["points"] = point[:0][["x", "y", "visible", "complete"]]


WRITERS = {
    "a.csv": write_sleap_csv,
    "aDLC_resnet50.csv": write_deeplabcut,
    "a.analysis.h5": write_analysis,
    "a.slp": write_slp,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_form_is_read_as_it_was_written(
    name: str, points: np.ndarray, tmp_path: Path
) -> None:
    """All animals of all frames, every part at its name, missing ones as missing."""
    WRITERS[name](tmp_path / name, points)
    read = read_key_points(tmp_path / name)
    assert set(read.names) == set(NODES)
    order = [read.names.index(node) for node in NODES]
    for frame in range(3):
        for animal in range(2):
            got = read.frames[frame][animal][order]
            np.testing.assert_allclose(got, points[animal, frame], rtol=1e-5)
    kinds = dict(zip(read.names, read.kinds(), strict=True))
    assert kinds == {
        "nose": "nose",
        "left_ear": "ear",
        "right_ear": "ear",
        "left_eye": "eye",
        "tail_base": "",
    }


def test_one_animal_of_deeplabcut_has_no_line_of_individuals(
    points: np.ndarray, tmp_path: Path
) -> None:
    """Three lines of heads instead of four."""
    write_deeplabcut(tmp_path / "a.csv", points[:1])
    read = read_key_points(tmp_path / "a.csv")
    np.testing.assert_allclose(read.frames[2][0], points[0, 2], rtol=1e-6)


def test_old_files_of_sleap_count_from_the_middle_of_a_pixel(
    points: np.ndarray, tmp_path: Path
) -> None:
    """Before their form 1.1, the first pixel's middle was at 0.5."""
    write_slp(tmp_path / "a.slp", points, version=1.0)
    read = read_key_points(tmp_path / "a.slp")
    np.testing.assert_allclose(read.frames[1][1], points[1, 1], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("snout", "nose"), ("NoseTip", "nose"), ("l_ear", "ear"), ("earR", "ear")),
        *(("LeftEar_tip", "ear"), ("ear_1", "ear"), ("right eye", "eye"), ("Eye.L", "eye")),
        *(("rear_paw", ""), ("forearm", ""), ("heart", ""), ("eyebrow", ""), ("tail", "")),
    ],
)
def test_parts_are_known_by_the_words_that_people_use(name: str, kind: str, tmp_path: Path) -> None:
    """Nothing that only sounds like an ear or an eye is one."""
    path = tmp_path / "a.csv"
    heads = [
        "scorer,s,s,s,s,s,s,s,s,s",
        f"bodyparts,nose,nose,nose,ear,ear,ear,{name},{name},{name}",
    ]
    heads += ["coords" + ",x,y,likelihood" * 3, "0" + ",1,2,0.9" * 3]
    path.write_text("\n".join(heads) + "\n", encoding="utf-8")
    assert read_key_points(path).kinds()[-1] == kind


def test_files_beside_a_video_are_found_by_its_name(points: np.ndarray, tmp_path: Path) -> None:
    """Those of another video, and tables of other kinds, are not."""
    video = tmp_path / "m1.mp4"
    for name in ("m1DLC_x.csv", "m10DLC_x.csv", "xm1.csv"):
        write_deeplabcut(tmp_path / name, points)
    (tmp_path / "m1.csv").write_text("animal,weight\nm1,20\n", encoding="utf-8")
    for name in ("m1.predictions.slp", "labels.000_m1.analysis.h5", "m1.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in find_key_points(video)] == [
        *("labels.000_m1.analysis.h5", "m1.predictions.slp", "m1DLC_x.csv"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"scorer,s\nbodyparts,nose\n", "something else"),
        ("a.csv", b"animal,group\n", "DeepLabCut"),
        ("a.csv", b"scorer,s,s\nbodyparts,paw,paw\ncoords,x,y\n0,1,2\n", "found paw"),
        ("a.slp", b"no file of this kind", "something else"),
        ("a.h5", b"no file of this kind", "something else"),
    ],
)
def test_other_files_are_refused(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    """The message says what was expected."""
    pytest.importorskip("h5py")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=says):
        read_key_points(tmp_path / name)


def test_pickled_names_are_not_read(tmp_path: Path) -> None:
    """An H5 file of DeepLabCut is refused with the way to its CSV."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("df_with_missing")
    with pytest.raises(TableError, match="save_as_csv=True"):
        read_key_points(tmp_path / "a.h5")


def test_the_key_points_of_another_video_are_not_taken(tmp_path: Path) -> None:
    """``M1`` is the beginning of ``M1_60min``, and ``60min`` its end."""
    head = "scorer,DLC,DLC,DLC\n"
    for name in ("M1.mp4", "M1_60min.mp4", "M1.2.mp4"):
        (tmp_path / name).touch()
    names = ("M1_60minDLC_resnet50", "M1.2DLC_resnet50", "p.000_M1_60min", "M1_60min.points")
    for name in names:
        (tmp_path / f"{name}.csv").write_text(head, encoding="utf-8")
    assert find_key_points(tmp_path / "M1.mp4") == []
    assert find_key_points(tmp_path / "60min.mp4") == []
    found = [path.stem for path in find_key_points(tmp_path / "M1_60min.mp4")]
    assert found == ["M1_60min.points", "M1_60minDLC_resnet50", "p.000_M1_60min"]
    assert [p.stem for p in find_key_points(tmp_path / "M1.2.mp4")] == ["M1.2DLC_resnet50"]
