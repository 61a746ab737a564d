"""The Methods paragraph, written from what really happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from amgs._version import __version__
from amgs.cohort.outliers import OUTLIER_RULE
from amgs.cohort.sentences import name_analysis
from amgs.cohort.words import ANCOVA
from amgs.errors import count_of
from amgs.figures.saving import value_title
from amgs.report.material import ReportMaterial
from amgs.report.model_words import describe_model
from amgs.report.plan_words import is_planned, plan_in_methods
from amgs.vocabulary import CALL_VALUES, REBASED_VALUES

PAPER = "Tuttle et al. 2018"
_LEAST_IN_MINUTES = 90.0

TITLES = {
    "pct_pain": "the percentage of images called pain (% pain)",
    "mean_signed_score": "the mean signed score",
    "pct_pain_rebased": "the percentage of images called pain (% pain), re-based on the animal's "
    "own baseline,",
    "mean_signed_score_rebased": "the mean signed score, re-based on the animal's own baseline,",
    "mean_mgs_sum": "the mean human MGS (sum of the units)",
}


def sentence(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def methods(material: ReportMaterial) -> list[str]:
    """Return paragraphs for a Methods section; each says only what was done."""
    return [
        text
        for text in (
            _images(material),
            _scoring(material),
            describe_model(material),
            _left_out(material),
            _measure(material),
            _statistics(material),
        )
        if text
    ]


def _images(material: ReportMaterial) -> str:
    if not material.extraction:
        if material.blinded and material.predictions is not None:
            return (
                _from_folders(material).strip()
                or "Face images were imported unchanged from folders of images."
            )
        return ""
    rows = [row for row in material.extraction if row.get("duration_s")]
    seconds = sum(float(row["duration_s"]) for row in rows)
    kept = sum(int(row["kept"]) for row in rows)
    interval = material.settings.get("interval_s")
    often = "of every interval"
    if interval:
        often = f"of every {interval if isinstance(interval, str) else f'{interval:g}'} s"
    return (
        f"Face images were extracted from {count_of(len(rows), 'recording')} "
        f"({_length(seconds)} of video) "
        f"with amgs {__version__}: {often} the sharpest, stillest and most frontal frame "
        "in which at least one eye and one ear were visible, if there was one "
        f"({count_of(kept, 'image')}).{_trimmed(rows)}{_from_folders(material)}"
    )


def _length(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= _LEAST_IN_MINUTES else f"{seconds:.0f} s"


def _trimmed(rows: Sequence[Mapping[str, str]]) -> str:
    n = sum(row.get("trimmed") == "yes" for row in rows)
    if not n:
        return ""
    return f" Of {count_of(n, 'recording')} a part of the video was used, as the table says."


def _from_folders(material: ReportMaterial) -> str:
    """Say how many images came from folders, and in how many photographs faces were found."""
    found = material.folders
    text = ""
    if found.get("cropped"):
        text += f" {count_of(found['cropped'], 'image')} came unchanged from folders of images."
    if found.get("photographs"):
        text += (
            f" In {found['with_face']} of {found['photographs']} whole photographs a face was "
            "found, and cropped."
        )
    return text


def _what_raters_saw(options: Mapping[str, Any]) -> str:
    """Say how faces were shown, and what of a recording could still be seen in them."""
    background = options.get("background", "as filmed")
    shown, left = _BACKGROUNDS.get(background, _BACKGROUNDS["as filmed"])
    equal = options.get("brightness") == "equal"
    text = f" Faces were shown on squares of one size, {shown}"
    if equal:
        text += ", with the mean brightness and contrast of the face made equal"
    text += (
        f"; what remained visible of a recording were {left}{'' if equal else ', and its light'}."
    )
    if options.get("mode") == "unit by unit":
        text += " One unit was scored in all faces before the next one."
    return text


_BACKGROUNDS = {
    "as filmed": ("with the background as filmed", "its background, the coat and sharpness"),
    "blurred": (
        "with the background blurred",
        "the colours of its background, the coat and sharpness",
    ),
    "grey": ("with what is outside the face replaced by grey", "the coat and sharpness"),
}
"""What was done to the background, and what of a recording can still be seen."""


def _scoring(material: ReportMaterial) -> str:
    agreement = material.agreement
    if not agreement:
        return ""
    alpha = agreement["mgs_per_unit"]["krippendorff_alpha"]
    counts = agreement.get("images_by_rater") or {}
    by_rater = ", ".join(f"{name}: {count_of(n, 'image')}" for name, n in counts.items())
    n_images = agreement["n_images"]
    text = (
        f"{count_of(n_images, 'image')}{_that_count(material)} {'was' if n_images == 1 else 'were'}"
        f" scored by {count_of(agreement['n_raters'], 'rater')}"
        f"{f' ({by_rater})' if by_rater else ''} on the "
        f"{material.scale or 'grimace scale'}"
    )
    if material.blinded:
        text += ", each in a random order of their own and blind to animal, group and time"
    text += "; units that could not be scored were treated as missing."
    if material.blinded:
        text += _what_raters_saw(material.settings)
    if material.course:
        passed = ", ".join(f"{name} {100 * share:.0f} %" for name, share in material.course.items())
        n_raters = int(agreement["n_raters"])
        who = "All" if len(material.course) >= n_raters else f"{len(material.course)} of {n_raters}"
        text += (
            f" {who} had passed a training course before (units equal to the reference: {passed})."
        )
    if material.let_in:
        text += f" {', '.join(material.let_in)} scored without having passed the training course."
    if alpha is not None:
        text += f" Krippendorff's α (interval) of the mean score was {alpha:.2f}."
    repeats = agreement.get("within_raters") or []
    equal = [row["exact_agreement"] for row in repeats if row["exact_agreement"] is not None]
    if equal:
        shown = (
            f"{100 * min(equal):.0f}–{100 * max(equal):.0f} %"
            if len(equal) > 1
            else (f"{100 * equal[0]:.0f} %")
        )
        text += f" On hidden repeats, raters gave the same score in {shown} of units."
    if material.unblindings:
        first = material.unblindings[0]
        late = scored_after(material)
        text += f" The study was unblinded on {first['at'][:10]}{late}."
    return text


def _that_count(material: ReportMaterial) -> str:
    return " that count" if material.exclusions else ""


def scored_after(material: ReportMaterial) -> str:
    """Return who had not finished when the study was unblinded, and what was scored later."""
    first = (material.unblindings or [{}])[0]
    open_then = [name for name, (done, total) in first.get("progress", {}).items() if done < total]
    text = f", when {', '.join(open_then)} had not finished" if open_then else ""
    if material.scored_late:
        late = ", ".join(f"{name} {n}" for name, n in material.scored_late.items())
        text += f"; these answers were given afterwards and were not blind: {late}"
    return text


def _left_out(material: ReportMaterial) -> str:
    """Say which images and animals were left out by decision, and when that was decided."""
    sentences = []
    options = material.options
    if options is not None and (options.from_min is not None or options.to_min is not None):
        start = f"{options.from_min or 0:g}"
        stop = "the end" if options.to_min is None else f"{options.to_min:g}"
        sentences.append(f"Only minute {start} to {stop} of every recording was analysed.")
    if options is not None and options.leave_out_sleep:
        sentences.append(
            "Images in stretches of possible sleep were left out"
            f"{', where the model saw sleep too' if options.sleep_by_model else ''}."
        )
    elif any("marked" in row for row in material.dependence):
        sentences.append(
            "The analysis was repeated without images in stretches of possible sleep (eyes not "
            "open and the head still for 10 s or more)."
        )
    if options is not None and options.unseen_only:
        sentences.append("Images that had been used to train or to select the model were left out.")
    if material.exclusions:
        said = "; ".join(
            f"{row['what']}: {row['reason']}" + (f" (decided {row['late']})" if row["late"] else "")
            for row in material.exclusions
        )
        sentences.append(f"Left out by decision: {said}.")
    if material.left_out_by_raters:
        n = material.left_out_by_raters
        images = "1 image" if n == 1 else f"{n} images"
        rule = material.settings.get("leave_out_faces", "no face")
        sentences.append(
            f"{sentence(images)} that more than half of the raters called {rule!r} "
            f"{'was' if n == 1 else 'were'} left out."
        )
    return " ".join(sentences)


def _measure(material: ReportMaterial) -> str:
    comparison = material.comparison
    if not comparison:
        return ""
    what = TITLES.get(comparison["value"]) or f"the {value_title(comparison['value'])}"
    text = f"For every animal and timepoint {what} was computed"
    if comparison["value"] in {*CALL_VALUES, *REBASED_VALUES} and "threshold" in material.settings:
        text += f" over images of confidence {material.settings['threshold']:g} or more"
        if material.settings.get("min_per_minute") and material.knows_minutes:
            text += (
                f"; animals with fewer than {material.settings['min_per_minute']:g} such images "
                f"per minute at a timepoint were to be left out ({PAPER})"
            )
        if material.settings.get("min_images"):
            least = material.settings["min_images"]
            text += f"; so were animals with fewer than {least} such images in all"
    if comparison["value"] in REBASED_VALUES:
        text += (
            "; before, the log odds of pain of every image were lowered by the mean of the "
            "animal's own images at baseline and raised by the mean of these means over animals"
        )
    if material.seen_in_training:
        text += (
            f"; {material.seen_in_training} of the images had been used for training or model "
            "selection, which makes its calls on them too optimistic"
        )
    # Of an analysis that could not be made nothing is said to have been done.
    if comparison["baseline"] is not None and "rows" in comparison["primary"]:
        done = (
            "was taken as covariate of"
            if comparison["primary"].get("analysis") == ANCOVA
            else ("was subtracted from")
        )
        text += (
            f". The animal's value at {comparison['baseline']} {done} that at "
            f"{' and '.join(_timepoints(material))}"
        )
    unit = "cage" if comparison["primary"].get("unit") == "cage" else "animal"
    return f"{text}. The {unit} was the experimental unit. {plan_in_methods(material)}".strip()


def _timepoints(material: ReportMaterial) -> list[str]:
    return [str(document["timepoint"]) for document in material.comparisons]


def _statistics(material: ReportMaterial) -> str:
    comparison = material.comparison
    if not comparison:
        return ""
    primary, baseline = comparison["primary"], comparison["baseline"]
    what = name_analysis(primary, baseline)
    name = "The primary analysis" if is_planned(material) else "The analysis"
    if "rows" in primary:
        how = primary["comparisons"]
        text = f"{name} was an {what}; {how}, α = 0.05, 95 % confidence limits."
    else:
        text = f"{name}, an {what}, was not computed: {primary['reason']}."
    if "equivalence" in primary:
        margin = primary["equivalence"][0]["margin"]
        text += f" Equivalence within ±{margin:g} was tested by two one-sided tests (90 % limits)."
    if "factors" in primary:
        named = " and ".join(primary["factors"].get("factors", ["two factors"]))
        text += f" {sentence(named)} were analysed as factors with their interaction (type III)."
    if "trend" in primary:
        text += " A linear trend over dose was tested as one contrast."
    text += _beside(comparison)
    if comparison["outliers"]:
        names = ", ".join(row["animal"] for row in comparison["outliers"])
        done = "removed" if comparison["outlier_rule"] == "remove" else "kept"
        text += f" Outliers at baseline ({OUTLIER_RULE}), {done}: {names}."
    return text


def _beside(comparison: Mapping[str, Any]) -> str:
    """Say which tests stand beside the primary analysis as sensitivity analyses."""
    beside = []
    if "F" in comparison["anova"]:
        beside.append("one-way analysis of variance with Tukey's test and Hedges' g")
    if "F" in comparison["sensitivity"]["welch"]:
        beside.append("Welch's analysis of variance with Games–Howell's test")
    if "H" in comparison["sensitivity"]["kruskal_wallis"]:
        beside.append("Kruskal–Wallis' and Dunn's tests")
    if "p" in comparison["primary"].get("permutation", {}):
        beside.append("a permutation test")
    if comparison["mixed_model"].get("contrasts"):
        effects = "animal as random effect"
        if "n_cages" in comparison["mixed_model"]:
            effects = "animal and cage as random effects"
        beside.append(
            f"a linear mixed model of all timepoints with {effects} (REML, "
            "Satterthwaite's degrees of freedom, Holm)"
        )
    text = f" As sensitivity analyses were made: {'; '.join(beside)}." if beside else ""
    checks = []
    if "a_squared" in comparison["anderson_darling"]:
        checks.append("normality by the Anderson–Darling test")
    if "F" in comparison["levene"]:
        checks.append("equality of variances by Levene's test")
    return text + (f" Assumptions were examined: {', '.join(checks)}." if checks else "")
