"""What was left out on the way from videos to groups, step by step, with numbers and reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from amgs.errors import count_of
from amgs.extraction.tables import count_rejections
from amgs.prediction.summarise import choose_images
from amgs.prediction.summary_options import SummaryOptions
from amgs.report.material import ReportMaterial


@dataclass(frozen=True, slots=True)
class FlowStep:
    """How many are left after a step, and who was left out in it, by reason."""

    title: str
    left: str
    lost: list[tuple[str, int]] = field(default_factory=list)


def exclusion_flow(material: ReportMaterial) -> list[FlowStep]:
    """Return the steps that are known, from first to last."""
    steps = []
    animals = {row["animal"] for row in material.summary}
    if material.recordings is not None:
        of = count_of(len(animals), "animal")
        left = f"{count_of(material.recordings, 'recording')} of {of}"
        missing = Counter(material.missing.values())
        steps.append(FlowStep("Recordings", left, missing.most_common()))
    if material.extraction:
        steps.append(_candidates(material))
    if material.exclusions or material.left_out_by_raters:
        steps.append(_decided(material))
    if material.calls_pain:
        steps.append(_classified(material))
    steps.append(_included(material))
    if material.comparison is not None:
        steps.append(_compared(material))
    return steps


def _candidates(material: ReportMaterial) -> FlowStep:
    rows = material.extraction or []
    intervals = sum(int(row["intervals"] or 0) for row in rows)
    kept = sum(int(row["kept"] or 0) for row in rows)
    reasons = Counter[str]()
    for row in rows:
        reasons.update(count_rejections(row))
    lost = [
        (f"frames examined and not kept: {reason}", n) for reason, n in reasons.most_common() if n
    ]
    lost.insert(0, ("intervals without a usable face", intervals - kept))
    return FlowStep("Face images", f"{kept} of {intervals} intervals gave an image", lost)


def _decided(material: ReportMaterial) -> FlowStep:
    """Count what people decided to leave out, by reason and group."""
    lost = [(_say_exclusion(row), 1) for row in material.exclusions]
    if material.left_out_by_raters:
        rule = material.settings.get("leave_out_faces", "no face")
        lost.append(
            (f"image: {rule}, said more than half of its raters", material.left_out_by_raters)
        )
    late = sum(bool(row["late"]) for row in material.exclusions)
    n = len(material.exclusions)
    left = f"{n} {'decision' if n == 1 else 'decisions'}"
    if n:
        left += f", {n - late} before any result was seen, {late} afterwards"
    return FlowStep("Left out by decision", left, lost)


def _say_exclusion(row: Mapping[str, Any]) -> str:
    groups = f" ({', '.join(row['groups'])})" if row["groups"] else ""
    after = f", decided {row['late']}" if row["late"] else ""
    images = f"; {row['images']} images" if row["images"] else ""
    return f"{row['what']}{groups}: {row['reason']}{after}{images}"


def _classified(material: ReportMaterial) -> FlowStep:
    table = material.predictions
    assert table is not None  # noqa: S101 - the caller has looked
    threshold = material.settings.get("threshold")
    if threshold is None:
        return FlowStep("Classified images", f"{len(table)} images")
    lost = []
    counted = table
    for words, options in _choices(material.options):
        fewer = choose_images(counted, options)
        lost.append((words, len(counted) - len(fewer)))
        counted = fewer
    confident = int((counted["confidence"] >= threshold).sum())
    lost.append((f"confidence below {threshold:g}", len(counted) - confident))
    problems = int(table.attrs.get("problems", 0))
    if problems:
        lost.append(("could not be read", problems))
    left = f"{confident} of {len(table) + problems} images classified with confidence"
    return FlowStep("Classified images", left, lost)


def _choices(options: SummaryOptions | None) -> list[tuple[str, SummaryOptions]]:
    """Return in words, one by one, by what images were chosen."""
    if options is None:
        return []
    found = []
    if options.from_min is not None or options.to_min is not None:
        start = f"{options.from_min or 0:g}"
        stop = "the end" if options.to_min is None else f"{options.to_min:g}"
        period = SummaryOptions(from_min=options.from_min, to_min=options.to_min)
        found.append((f"outside minute {start} to {stop}", period))
    if options.leave_out_sleep:
        says = "sleep in video and model" if options.sleep_by_model else "possible sleep"
        by_model = options.sleep_by_model
        found.append((says, SummaryOptions(leave_out_sleep=True, sleep_by_model=by_model)))
    if options.unseen_only:
        found.append(("used to train or select the model", SummaryOptions(unseen_only=True)))
    return found


def _included(material: ReportMaterial) -> FlowStep:
    rows = material.summary
    included = sum(row["included"] == "yes" for row in rows)
    reasons = Counter(str(row["reason"]) for row in rows if row["included"] != "yes")
    left = f"{included} of {len(rows)} (animal, timepoint)"
    title = "Animals with enough images"
    if not material.knows_minutes:
        title = "Animals with an image that counts"
        left += (
            "; no minimum per minute, which is a rule for calls of a model"
            if material.value == "mean_mgs_sum"
            else "; no minimum per minute, as the length of recordings is not known"
        )
    return FlowStep(title, left, reasons.most_common())


def _compared(material: ReportMaterial) -> FlowStep:
    comparison = material.comparison or {}
    n = sum(row["n"] for row in comparison["groups"])
    reasons = Counter(str(row["reason"]) for row in comparison["excluded"])
    left = "1 animal" if n == 1 else f"{n} animals"
    return FlowStep("Animals compared", left, reasons.most_common())
