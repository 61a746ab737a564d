"""What an extraction of a study has to do: which faces are there already, and which are not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from amgs.errors import ResumeError, quoted
from amgs.extraction.candidates import CandidateOptions
from amgs.extraction.journal import describe_changes
from amgs.extraction.opened import ExtractionOptions, describe_settings
from amgs.faces.base import FaceDetector
from amgs.store import SourceRecord
from amgs.study.fit import Fit
from amgs.study.folder import StudyFolder
from amgs.study.generations import add_generation, find_generation, read_generations
from amgs.study.sources import WantedSource


@dataclass(slots=True)
class ExtractionPlan:
    """Which source every recording gets, and what must be extracted for it."""

    generation: int
    chosen: dict[str, SourceRecord] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    missing: dict[str, WantedSource] = field(default_factory=dict)
    archived: list[str] = field(default_factory=list)


def extraction_options(study: StudyFolder) -> ExtractionOptions:
    """Return the settings of a study as extraction takes them."""
    settings = study.settings.extract
    return ExtractionOptions(
        interval_s=settings.interval_s,
        margin=settings.margin,
        candidates=CandidateOptions(min_face_px=settings.min_face_px or None),
    )


def plan_extraction(
    study: StudyFolder,
    fit: Fit,
    videos: Mapping[str, WantedSource],
    detector: FaceDetector,
    *,
    only_new: bool,
    anew: bool,
) -> ExtractionPlan:
    """Return which source every recording gets; see `amgs.study.extracting.extract_study`.

    Raises
    ------
    ResumeError
        If settings or detector are others than before, and nothing says what to do.
    """
    settings = describe_settings(extraction_options(study), detector)
    generations = read_generations(study)
    number = find_generation(generations, settings)
    used = [s for name, s in fit.assigned.items() if name in videos and s.detail.get("row")]
    if number is None and used and not (only_new or anew):
        # Nothing has to be extracted where only the detector of a newer amgs is another one.
        newest = max(s.generation for s in used)
        kept = _choose(fit, videos, newest, lost=(), only_new=True, anew=False)
        if kept.missing or fit.settings:
            earlier = generations.get(used[-1].generation, {})
            raise ResumeError(_explain_change(study, earlier, settings))
        return kept
    if number is None:
        number = add_generation(study, settings)
    lost = _lost_images(study)
    return _choose(fit, videos, number, lost=lost, only_new=only_new, anew=anew)


def _lost_images(study: StudyFolder) -> set[str]:
    """Return the codes of sources of which an image is not there any more."""
    return {
        face.source for face in study.store.faces.all() if not (study.folder / face.image).is_file()
    }


def _choose(
    fit: Fit,
    videos: Mapping[str, WantedSource],
    generation: int,
    *,
    lost: Collection[str],
    only_new: bool,
    anew: bool,
) -> ExtractionPlan:
    plan = ExtractionPlan(generation)
    for name, wanted in videos.items():
        own = fit.assigned.get(name)
        there = [s for s in fit.by_base.get(wanted.base, ()) if s.detail.get("row")]
        if own is not None and name not in fit.changed | fit.moved and not wanted.is_here:
            there = there or [own]  # it may be known by the name of its video alone
        right = next((s for s in there if s.generation == generation), None)
        keeps = only_new or (own is not None and own.kept and not anew)
        if right is None and there and (keeps or not wanted.is_here):
            right = own if own in there else there[-1]
            plan.kept.add(name)
        again = right is not None and right.code in lost and right.generation == generation
        if right is None or (again and wanted.is_here):
            plan.missing[name] = wanted
        else:
            plan.chosen[name] = right
            if not wanted.is_here:
                plan.archived.append(name)
    return plan


def _explain_change(
    study: StudyFolder, earlier: Mapping[str, Any], settings: Mapping[str, Any]
) -> str:
    changes = [
        change
        for change in describe_changes(earlier, settings)
        if not change.startswith(("zone:", "period:"))
    ]
    folder = quoted(study.folder)
    return (
        "Expected the settings that the study's faces were extracted with, found others "
        f"({'; '.join(changes)}). Nothing was changed. There are these ways on:\n"
        "  - put the settings in study.toml back;\n"
        "  - keep the faces that are there, and extract only new recordings with the new "
        f"settings: amgs extract {folder} --only-new\n"
        "  - extract all recordings with the new settings, beside the faces that are there; "
        f"scores of the same frames carry over: amgs extract {folder} --new-generation\n"
        "  - as long as no face was scored or classified, begin again with the new settings: "
        f"amgs extract {folder} --restart"
    )
