"""What is left of a face that is small in the image: whether it is found, its eyes, their state.

Photographs with one large marked face are made smaller, so that the face is so many pixels wide,
as a video shows it whose camera is further away; then the face detector looks at them as `amgs
extract` does.

    python benchmarks/face_size.py --photos ../shared/data/mouse_photos
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from amgs.faces.detections import iou
from amgs.faces.detectors import open_detector
from amgs.faces.looks import find_anywhere
from amgs.model.metrics import area_under_curve

WIDTHS_PX = (24, 32, 48, 64, 80, 100, 140)
SAME_FACE = 0.3


def main() -> None:
    """Print one line per width."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=Path, required=True)
    folder = parser.parse_args().photos
    detector = open_detector()
    annotations = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    found: dict[int, list[tuple[bool, float | None, bool]]] = {w: [] for w in WIDTHS_PX}
    for record in annotations["images"]:
        if not record["usable"] or len(record["faces"]) != 1 or not record["faces"][0]["eyes"]:
            continue
        face = record["faces"][0]
        width = face["box"][2] - face["box"][0]
        if width < WIDTHS_PX[-1]:
            continue
        with Image.open(folder / record["image"]) as opened:
            whole = ImageOps.exif_transpose(opened).convert("RGB")
        not_open = any(eye["state"] != "open" for eye in face["eyes"])
        for wanted in WIDTHS_PX:
            scale = wanted / width
            size = (max(1, round(whole.width * scale)), max(1, round(whole.height * scale)))
            small = np.asarray(whole.resize(size, Image.Resampling.BOX))
            box = [value * scale for value in face["box"]]
            near = [f for f in find_anywhere(detector, small) if iou(f.box, box) >= SAME_FACE]
            read = near[0].p_eyes_not_open if near else None
            found[wanted].append((bool(near), read, not_open))
    for wanted, rows in found.items():
        read_rows = [(p, bad) for _, p, bad in rows if p is not None]
        auc = area_under_curve(
            np.array([bad for _, bad in read_rows]), np.array([p for p, _ in read_rows])
        )
        hits = np.mean([hit for hit, _, _ in rows])
        print(
            f"{wanted:4d} px: {hits:.3f} of {len(rows)} faces found, "
            f"{len(read_rows) / len(rows):.3f} with an eye, AUC of eyes not open {auc:.3f}"
        )


if __name__ == "__main__":
    main()
