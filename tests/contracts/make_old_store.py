"""Makes a small study.db with the amgs that runs it, to be kept and upgraded by later ones.

python tests/contracts/make_old_store.py tests/contracts/data/study_v0001.db
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from amgs.store import Answer, FaceRecord, SourceRecord, StoredPrediction, open_store
from amgs.store.records import WHOLE_IMAGE
from amgs.vocabulary import call_pain

TIME = "2026-01-01T10:00:00.000+00:00"


def main(target: Path) -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as folder:
        with open_store(Path(folder), create=True) as store:
            store.sources.put([SourceRecord("a", "a", recording="m01_baseline")])
            store.faces.add(
                [
                    FaceRecord(f"faces/a/{i}.jpg", "a", f"{i:064d}", 10.0 * i, 300 * i)
                    for i in range(4)
                ],
                {"step": "extract"},
            )
            rater = store.raters.add("Änne", "hash")
            store.scoring.plan(rater.id, 0, [(f.id, False) for f in store.faces.all()])
            first, second = store.scoring.order(rater.id)[:2]
            store.scoring.save(first, Answer("orbital_tightening", 2), TIME)
            store.scoring.save(first, Answer("ear_position", None), TIME)
            store.scoring.save(second, Answer(WHOLE_IMAGE, None, "blurred"), TIME)
            store.predictions.add_model("first", "models/first", "a" * 64, {})
            store.predictions.add(
                "a" * 64, [StoredPrediction("faces/a/0.jpg", call_pain(0.75))], {}
            )
            store.events.log("unblinded", "Änne", {"reason": "all scored"})
        target.write_bytes((Path(folder) / "study.db").read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
