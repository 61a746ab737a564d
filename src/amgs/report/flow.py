"""What was left out on the way from videos to groups, step by step, with numbers and reasons."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from amgs.extraction.tables import count_rejections
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
        left = f"{material.recordings} recordings of {len(animals)} animals"
        steps.append(FlowStep("Recordings", left))
    if material.extraction:
        steps.append(_candidates(material))
    if material.calls_pain:
        steps.append(_classified(material))
    steps.append(_included(material))
    if material.comparison is not None:
        steps.append(_compared(material))
    return steps


def _candidates(material: ReportMaterial) -> FlowStep:
    rows = material.extraction or []
    intervals = sum(int(row["intervals"]) for row in rows)
    kept = sum(int(row["kept"]) for row in rows)
    reasons = Counter[str]()
    for row in rows:
        reasons.update(count_rejections(row))
    lost = [
        (f"frames examined and not kept: {reason}", n) for reason, n in reasons.most_common() if n
    ]
    lost.insert(0, ("intervals without a usable face", intervals - kept))
    return FlowStep("Face images", f"{kept} of {intervals} intervals gave an image", lost)


def _classified(material: ReportMaterial) -> FlowStep:
    table = material.predictions
    assert table is not None  # noqa: S101 - the caller has looked
    threshold = material.settings.get("threshold")
    if threshold is None:
        return FlowStep("Classified images", f"{len(table)} images")
    confident = int((table["confidence"] >= threshold).sum())
    lost = [(f"confidence below {threshold:g}", len(table) - confident)]
    problems = int(table.attrs.get("problems", 0))
    if problems:
        lost.append(("could not be read", problems))
    left = f"{confident} of {len(table) + problems} images classified with confidence"
    return FlowStep("Classified images", left, lost)


def _included(material: ReportMaterial) -> FlowStep:
    rows = material.summary
    included = sum(row["included"] == "yes" for row in rows)
    reasons = Counter(str(row["reason"]) for row in rows if row["included"] != "yes")
    left = f"{included} of {len(rows)} (animal, timepoint)"
    title = "Animals with enough images"
    if not material.knows_minutes:
        title = "Animals with an image that counts"
        left += "; no minimum per minute, as the length of recordings is not known"
    return FlowStep(title, left, reasons.most_common())


def _compared(material: ReportMaterial) -> FlowStep:
    comparison = material.comparison or {}
    n = sum(row["n"] for row in comparison["groups"])
    reasons = Counter(str(row["reason"]) for row in comparison["excluded"])
    return FlowStep("Animals compared", f"{n} animals", reasons.most_common())
