"""The demo with many seeds: how near model and raters come to the truth, what is found.

    python benchmarks/demo_seeds.py [--seeds 6] [--first 0]

Each line is one whole demo, about two minutes. Effects and camera of the demo were set while
looking at seeds 0 to 5 (docs/decisions/0010-drawn-mice.md). Others are independent of that; 6 to 9
have been run since (docs/methods.md), so a new setting would need others again: `--first 10`.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path

from amgs.demo import REPORT, run_demo


def main() -> None:
    """Print a line per seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    print(
        "seed  test n  accuracy  AUC  at 0.75  kept | r: model  one rater  raters  model–raters | "
        "% pain, change  F  p  left out"
    )
    for seed in range(given.first, given.first + given.seeds):
        with tempfile.TemporaryDirectory() as folder:
            result = run_demo(Path(folder) / "demo", seed)
            summary = (result.folder / REPORT).with_name("summary.csv")
            with summary.open(encoding="utf-8", newline="") as stream:
                left_out = sum(row["included"] != "yes" for row in csv.DictReader(stream))
        m, truth = result.document["model"], result.document["truth"]
        found = result.document["comparison"]
        confident = m["confidence_at_least_0.75"]
        changes = ", ".join(f"{g['group']} {g['mean']:.1f}" for g in found["groups"])
        print(
            f"{seed:4d}  {m['all']['n']:6d}  {m['all']['accuracy']:.2f}  {m['auc']:.2f}  "
            f"{confident['accuracy']:.2f}  {m['coverage']:.2f} | {truth['r_model']:.2f}  "
            f"{truth['r_one_rater']:.2f}  {truth['r_raters']:.2f}  {truth['r_model_raters']:.2f} | "
            f"{changes}; F {found['anova'].get('F', float('nan')):.1f}  "
            f"p {found['anova'].get('p', float('nan')):.4f}  {left_out}",
            flush=True,
        )


if __name__ == "__main__":
    main()
