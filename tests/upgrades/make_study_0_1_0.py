"""How ``data/study_0_1_0`` was made: a whole study, written by amgs 0.1.0 and never changed since.

Run it with the sources of that version (tag or commit of 0.1.0) on the path; the calls below are
those of that version. Mice, raters and numbers are simulated. The network of the model is left out:
it is the one that ships inside amgs, and the test puts it back.
"""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory


def main(target: Path) -> None:
    """Make the study at `target`, a new folder."""
    from amgs.model.train import TrainingOptions, train_model
    from amgs.model.training_set import load_training_set
    from amgs.study.simulating import (
        create_drawn_study,
        draw_study,
        score_by_simulated_raters,
        truth_of_films,
    )

    from amgs.report.gather import ComparisonChoice
    from amgs.simulate import write_cohort
    from amgs.simulate.cubicle import FilmOptions
    from amgs.simulate.experiment import Experiment, SimulatedGroup
    from amgs.study.reporting import report_study
    from amgs.study.unblinding import unblind

    with TemporaryDirectory() as work:
        labelled = load_training_set(write_cohort(Path(work) / "cohort", 12, 10, seed=3))
        model = Path(work) / "drawn"
        train_model(labelled, model, TrainingOptions(use_cache=False))
        settings = {("extract", "interval_s"): 2.0, ("scoring", "repeat_percent"): 20.0}
        groups = (SimulatedGroup("sham", (0.05,)), SimulatedGroup("surgery", (1.3,)))
        options = FilmOptions(480, 270, 10, 10.0, 3.0, 0.8)
        with (
            create_drawn_study(target, "Kept from 0.1.0", 5, settings) as study,
            ProcessPoolExecutor(2) as pool,
        ):
            draw_study(study, Experiment(groups, 3), options, 11, pool)
            study.extract()
            truth = truth_of_films(study)
            score_by_simulated_raters(study, truth, ("Rater one", "Rater two"), 1)
            study.adopt_model(model)
            study.classify(study.model_folder())
            study.classify(None)
            study.predictions(None)
            study.label()
            unblind(study, "the script", "all simulated raters have finished")
            report_study(study, ComparisonChoice())
            print(study.agreement()["mgs_mean"]["krippendorff_alpha"])
    (target / "models" / "drawn" / "backbone.onnx").unlink()
    shutil.rmtree(target / "results" / "figures", ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
