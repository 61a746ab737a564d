"""How long the lab's pages take with 20,000 faces, beside those of the demo, and its memory.

The experiment of a finished demo is copied, and its recordings get more faces: the same images
under new names, with readings drawn at random. Every page is asked for in the same lab; the first
page, which reads no study, is the measure beside.

Run it as ``python benchmarks/lab_pages.py DEMO_FOLDER``; about two minutes.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np

from amgs.store import FaceRecord
from amgs.store.records import StoredPrediction
from amgs.study import Study
from amgs.vocabulary import Reading

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.web.lab_fixtures import run_lab

FACES = 20_000
INTERVAL_S = 10.0
REPEATS = 5


def enlarge(folder: Path) -> None:
    """Give the recordings of a study so many faces that there are 20,000."""
    rng = np.random.default_rng(0)
    with Study.open(folder) as study:
        sources = [s for s in study.store.sources.all() if s.recording]
        each = FACES // len(sources)
        known = study.store.faces.all()
        name, _, sha256 = next(m for m in study.store.predictions.models() if m[1])
        said = {p.image: p for p in study.store.predictions.all(sha256)}
        for source in sources:
            length = each * INTERVAL_S
            detail = dict(source.detail) | {
                "row": dict(source.detail["row"])
                | {"duration_s": length, "intervals": each, "to_s": length}
            }
            study.store.sources.put([replace(source, detail=detail)])
            first = next((f for f in known if f.source == source.code), known[0])
            faces, readings = [], []
            for number in range(each):
                image = f"faces/faces/{source.code}/more_{number:05d}.jpg"
                target = folder / image
                target.parent.mkdir(parents=True, exist_ok=True)
                target.hardlink_to(folder / first.image)
                faces.append(
                    FaceRecord(
                        image,
                        source.code,
                        first.content,
                        time_s=number * INTERVAL_S + 1,
                        frame=number,
                        possible_sleep="no",
                        detail=first.detail,
                    )
                )
                p = float(rng.beta(2, 2))
                values = dict(said[known[0].image].reading.values) | {
                    "predicted": "pain" if p >= 0.5 else "no pain",
                    "confidence": max(p, 1 - p),
                    "p_pain": p,
                    "signed_score": 2 * p - 1,
                }
                readings.append(StoredPrediction(image, Reading(values)))
            study.store.faces.add(faces, {"step": "benchmark"})
            study.store.predictions.add(sha256, readings, {"step": "benchmark"})
        study.store.sources.assign({s.code: (s.recording, True) for s in sources})
        sys.stdout.write(f"{study.store.faces.count()} faces, read by {name}\n")


def ask(client: httpx.Client, path: str) -> tuple[float, float, str]:
    """Return the first and the median time of a page in seconds, and its text."""
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        answer = client.get(path, follow_redirects=True)
        times.append(time.perf_counter() - begun)
        if answer.status_code != 200:
            sys.exit(f"{path}: {answer.status_code} {answer.text[:500]}")
    return times[0], statistics.median(times), answer.text


def main() -> None:
    """Measure every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path)
    demo = parser.parse_args().demo
    with tempfile.TemporaryDirectory() as place:
        large = Path(place) / "large"
        shutil.copytree(demo / "experiment", large)
        enlarge(large)
        with (
            run_lab(Path(place) / "data", str(large)) as lab,
            httpx.Client(base_url=lab.url, timeout=300) as client,
        ):
            client.get(lab.entrance)
            _, beside, text = ask(client, "/")
            found = re.search(r'href="(/study/[0-9a-f]{12})"', text)
            assert found is not None
            base = found[1]
            pages = ["", "/design", "/zones", "/faces", "/scoring", "/model", "/answer?go=yes"]
            pages += ["/report", "/settings"]
            _, _, faces = ask(client, f"{base}/faces")
            codes = re.findall(rf"{base}/faces/of/(\w+)", faces)
            _, _, gallery = ask(client, f"{base}/faces/of/{codes[0]}")
            face = re.search(rf"{base}/faces/face/(\w+)", gallery)
            assert face is not None
            pages += [f"/faces/of/{codes[0]}", f"/faces/face/{face[1]}", "/answer/shown?go=yes"]
            pages += [f"/faces/face/{face[1]}/image", "/answer/animal?name=m01"]
            sys.stdout.write(f"{'page':28}{'first s':>9}{'median s':>10}{'x first page':>14}\n")
            for page in pages:
                first, median, _ = ask(client, base + page)
                sys.stdout.write(f"{page:28}{first:9.2f}{median:10.3f}{median / beside:14.1f}\n")
            if sys.platform == "linux":
                sys.stdout.write(f"memory of the lab: {lab.memory_mb():.0f} MB\n")


if __name__ == "__main__":
    main()
