"""What `amgs extract` shows: recordings, previews, problems, and the document of `--json`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.cli.console import fail, note, print_json, print_table, warn
from amgs.errors import count_of, list_faults

if TYPE_CHECKING:
    from amgs.extraction.run import ExtractionSummary
    from amgs.study.extracting import StudyExtraction

CHANGES = {
    "moved": "Faces now follow the table:",
    "changed": "Extracted anew, as video, zone or period is another one (earlier faces are kept):",
    "retired": "Set aside, as no line names them any more:",
}
"""What extraction did to fit a corrected table, and how it is said."""


def describe_extraction(summary: ExtractionSummary, out: Path) -> dict[str, Any]:
    """Return what `--json` prints of an extraction."""
    return {
        "out": out.as_posix(),
        "videos": summary.videos,
        "images": summary.images,
        "recordings": summary.recordings,
        "warnings": summary.warnings,
        "kept_from_earlier_settings": summary.earlier,
        "detector": summary.detector,
        "problems": [{"video": name, "problem": problem} for name, problem in summary.problems],
    }


def print_extraction(summary: ExtractionSummary, out: Path, *, quiet: bool) -> None:
    """Print what was taken from every recording."""
    print_table(
        "Recordings",
        [
            "recording",
            "minutes",
            "intervals",
            "images",
            "candidates",
            "rejected for",
            "possible sleep",
        ],
        [
            [
                row["recording"],
                f"{float(row['duration_s']) / 60:.1f}" if row["duration_s"] else "–",
                row["intervals"],
                row["kept"],
                row["candidates"],
                row.get("problem") or _reasons(row),
                _minutes(row["possible_sleep_s"]),
            ]
            for row in summary.recordings
        ],
    )
    if summary.earlier:
        note(
            f"Kept as they were, made with other settings: {', '.join(summary.earlier)}.",
            quiet=quiet,
        )
    if summary.resumed_intervals:
        note(f"{summary.resumed_intervals} intervals were done by an earlier run.", quiet=quiet)
    if not summary.images:
        note(
            f"No image was kept; {out / 'extraction.csv'} says of every recording why.", quiet=quiet
        )
        return
    note(
        f"{count_of(summary.images, 'image')} in {out}; faces.csv says where each comes from. "
        f"Next: look at them, then amgs classify MODEL {out / 'faces.csv'} --out predictions.csv",
        quiet=quiet,
    )


def _minutes(seconds: Any) -> str:
    return f"{float(seconds) / 60:.1f} min" if float(seconds or 0) else "–"


def _reasons(row: dict[str, Any]) -> str:
    from amgs.extraction.tables import count_rejections

    counted = sorted(
        ((n, reason) for reason, n in count_rejections(row).items() if n), reverse=True
    )
    return ", ".join(f"{reason} ({n})" for n, reason in counted) or "–"


def tell_previews(found: dict[str, Path | str], *, as_json: bool, quiet: bool) -> None:
    """Print where the previews are, and why some videos have none."""
    drawn = {name: path.as_posix() for name, path in found.items() if isinstance(path, Path)}
    problems = {name: text for name, text in found.items() if isinstance(text, str)}
    if as_json:
        listed = [{"video": name, "problem": problem} for name, problem in problems.items()]
        print_json({"previews": list(drawn.values()), "problems": listed})
    elif drawn:
        print_table("Previews", ["video", "image"], list(drawn.items()))
    warn([f"{name}: {problem}" for name, problem in problems.items()])
    if not drawn:
        fail("No preview could be drawn of any video.")
    note("Every animal should be inside its own zone. Then run without --preview.", quiet=quiet)


def tell_changes(found: StudyExtraction, *, quiet: bool) -> None:
    """Say what was done so that faces fit a corrected table."""
    for name, words in CHANGES.items():
        changes = getattr(found, name)
        if changes:
            note(f"{words}\n{list_faults(changes)}", quiet=quiet)
    for sentence in found.images:
        note(f"{sentence}.", quiet=quiet)


def tell_problems(summary: ExtractionSummary) -> None:
    """List the videos that could not be used."""
    if summary.problems:
        faults = [f"{name}: {problem}" for name, problem in summary.problems]
        note(f"{count_of(len(faults), 'video')} could not be used:\n{list_faults(faults)}")
