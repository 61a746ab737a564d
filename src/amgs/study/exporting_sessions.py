"""A study as a folder of sessions: NWB files, or a folder in the manner of BIDS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs._version import __version__
from amgs.errors import OutputExistsError, StudyError, list_faults
from amgs.files import safe_file_name, write_json
from amgs.interop.dictionary import describe_column
from amgs.interop.nwb import RecordingReadings, write_nwb
from amgs.study.classifying import find_reader, write_predictions
from amgs.study.folder import StudyFolder
from amgs.study.planned import animal_facts
from amgs.study.present import present, recording_times
from amgs.tables import parse_number, read_table

if TYPE_CHECKING:
    import pandas as pd

    from amgs.prediction.readers import Reader
    from amgs.study.planned import PlannedRecording

_NOT_READINGS = ("image", "label", "mgs", "animal", "group", "timepoint", "recording", "time_s")


def write_nwb_folder(study: StudyFolder, out: Path) -> tuple[str, ...]:
    """Write one NWB file per recording into a new folder.

    Raises
    ------
    StudyError
        If a recording has no date, which the format needs.
    """
    reader, table = list_readings(study)
    now = present(study)
    times, facts = recording_times(now), animal_facts(now.planned.values())
    undated = [f"{name}: no date" for name, r in now.planned.items() if r.date is None]
    if undated:
        msg = (
            "Expected the day of every recording in the column date of recordings.csv, which NWB "
            f"needs, found:\n{list_faults(undated)}"
        )
        raise StudyError(msg)
    _new_folder(out)
    outputs = {o.name: o.meaning for o in reader.outputs if o.is_number}
    for r, part in by_recording(table, now.planned):
        seconds = _numbers(part["time_s"])
        if r.date is None or any(s != s for s in seconds):  # noqa: PLR0124 - NaN: a folder of images
            continue
        kept = {n: (meaning, _numbers(part[n])) for n, meaning in outputs.items() if n in part}
        write_nwb(
            out / f"{safe_file_name(r.name)}.nwb",
            RecordingReadings(
                r.name,
                r.animal,
                r.group,
                r.timepoint,
                r.date,
                seconds,
                kept,
                times[r.name].sleep,
                {name: texts.get(r.animal, "") for name, texts in facts.items()},
                study.scale.name.split("-")[0],
                study.notice,
                f"{reader.name} ({reader.sha256[:16]})",
            ),
        )
    return ()


def write_bids_folder(study: StudyFolder, out: Path) -> tuple[str, ...]:
    """Write participants, sessions and readings in the manner of BIDS into a new folder.

    ``participants.tsv``, and ``sub-ANIMAL/ses-TIMEPOINT/beh/…_beh.tsv`` with a sidecar that says
    what the columns mean.
    """
    reader, table = list_readings(study)
    now = present(study)
    facts = animal_facts(now.planned.values())
    _new_folder(out)
    about = {
        "Name": study.name,
        "BIDSVersion": "1.9.0",
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "amgs", "Version": __version__, "Model": reader.name}],
        **({"Acknowledgements": study.notice} if study.notice else {}),
    }
    write_json(out / "dataset_description.json", about)
    animals = {r.animal: r for r in now.planned.values()}
    columns = ["participant_id", "group", *facts]
    rows = [
        [f"sub-{_label(a)}", r.group, *(texts.get(a) or "n/a" for texts in facts.values())]
        for a, r in animals.items()
    ]
    _tsv(out / "participants.tsv", columns, rows)
    said = [c for c in table.columns if c not in _NOT_READINGS]
    for r, part in by_recording(table, now.planned):
        stem = f"sub-{_label(r.animal)}_ses-{_label(r.timepoint)}_task-grimace"
        if r.name != f"{r.animal}_{r.timepoint}":
            stem += f"_run-{_label(r.name)}"
        place = out / f"sub-{_label(r.animal)}" / f"ses-{_label(r.timepoint)}" / "beh"
        place.mkdir(parents=True, exist_ok=True)
        cells = [
            [row["time_s"] or "n/a", *(row[c] or "n/a" for c in said)]
            for row in part.to_dict("records")
        ]
        _tsv(place / f"{stem}_beh.tsv", ["onset", *said], cells)
        meanings = {c: {"Description": describe_column(c)[1]} for c in said}
        onset = {"onset": {"Description": "time in the recording", "Units": "s"}}
        write_json(place / f"{stem}_beh.json", onset | meanings)
    return ("In the manner of BIDS; the standard has no datatype for face images of animals.",)


def list_readings(study: StudyFolder) -> tuple[Reader, pd.DataFrame]:
    """Return the model of the study and what it says of every image, as text cells."""
    reader = find_reader(study, "")
    return reader, read_table(write_predictions(study, reader), required=("image", "recording"))


def by_recording(
    table: pd.DataFrame, planned: Mapping[str, PlannedRecording]
) -> Iterator[tuple[PlannedRecording, pd.DataFrame]]:
    """Yield every recording with its rows, in the order of time."""
    for name, part in table.groupby("recording", sort=False):
        order = part["time_s"].map(lambda text: parse_number(text) or 0.0).sort_values()
        yield planned[str(name)], part.loc[order.index]


def _numbers(column: Any) -> list[float]:
    found = (parse_number(str(cell)) for cell in column)
    return [float("nan") if number is None else number for number in found]


def _label(name: str) -> str:
    """Return a name as BIDS takes it: letters and digits alone."""
    return "".join(letter for letter in name if letter.isalnum())


def _tsv(path: Path, columns: list[str], rows: list[list[Any]]) -> None:
    lines = ["\t".join(map(str, row)) for row in [columns, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _new_folder(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        msg = f"Expected a new or empty folder, found things at {out}. Choose another name."
        raise OutputExistsError(msg)
    out.mkdir(parents=True, exist_ok=True)
