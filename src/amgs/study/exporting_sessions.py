"""A study as a folder of sessions: NWB files, or a folder in the manner of BIDS."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs._version import __version__
from amgs.errors import OutputExistsError, StudyError, list_faults
from amgs.files import safe_file_name, tell_apart, write_json
from amgs.interop import bids
from amgs.interop.dictionary import SEX, SPECIES, describe_column
from amgs.interop.nwb import RecordingReadings, write_nwb
from amgs.model.likeness import NEAREST_IMAGE
from amgs.study.classifying import find_reader, write_predictions
from amgs.study.folder import StudyFolder
from amgs.study.planned import BORN, animal_facts
from amgs.study.present import present, recording_times
from amgs.tables import parse_number, read_table

if TYPE_CHECKING:
    import pandas as pd

    from amgs.prediction.readers import Reader
    from amgs.study.planned import PlannedRecording

_NOT_READINGS = ("image", "label", "mgs", "animal", "group", "timepoint", "recording", "time_s")


def write_nwb_folder(study: StudyFolder, out: Path) -> tuple[str, ...]:
    """Write one NWB file per recording into a new folder; return what was left out.

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
    unborn, notes = [], []
    files = tell_apart(now.planned, safe_file_name, "_")
    for r, part in by_recording(table, now.planned):
        seconds = _numbers(part["time_s"])
        if r.date is None or any(s != s for s in seconds):  # noqa: PLR0124 - NaN: a folder of images
            notes.append(f"{r.name}: left out, its images have no times")
            continue
        about = {name: texts.get(r.animal, "") for name, texts in facts.items()}
        if not about.get(BORN):
            unborn.append(r.animal)
        write_nwb(
            out / f"{files[r.name]}.nwb",
            RecordingReadings(
                r.name,
                r.animal,
                r.group,
                r.timepoint,
                r.date,
                seconds,
                {n: (meaning, _numbers(part[n])) for n, meaning in outputs.items() if n in part},
                times[r.name].sleep,
                about,
                study.scale.species,
                study.notice,
                f"{reader.name} ({reader.sha256[:16]})",
            ),
        )
    if unborn:
        animals = ", ".join(dict.fromkeys(unborn))
        notes.append(
            f"Without an age, which archives such as DANDI ask for: {animals}. Put the day of "
            f"birth into the column {BORN} of recordings.csv."
        )
    return tuple(notes)


def write_bids_folder(study: StudyFolder, out: Path) -> tuple[str, ...]:
    """Write participants, sessions and readings in the manner of BIDS into a new folder.

    ``participants.tsv``, ``sub-ANIMAL/sub-ANIMAL_sessions.tsv`` and
    ``sub-ANIMAL/ses-TIMEPOINT/beh/…_beh.tsv``, each with a sidecar that says what the columns mean.
    Labels hold letters and digits alone; the tables have the names as they are in the study.
    """
    reader, table = list_readings(study)
    planned = present(study).planned
    _new_folder(out)
    about = {
        "Name": study.name,
        "BIDSVersion": bids.VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "amgs", "Version": __version__, "Description": reader.name}],
        **({"Acknowledgements": study.notice} if study.notice else {}),
    }
    write_json(out / "dataset_description.json", about)
    readme = _README.format(name=study.name, version=__version__, model=reader.name)
    (out / "README").write_text(readme, encoding="utf-8", newline="\n")
    subjects = bids.make_labels(r.animal for r in planned.values())
    sessions = bids.make_labels(r.timepoint for r in planned.values())
    _write_participants(out / "participants.tsv", study, planned.values(), subjects)
    recordings = list(by_recording(table, planned))
    filmed: dict[str, dict[str, list[str]]] = {}
    for r, _ in recordings:
        filmed.setdefault(r.animal, {}).setdefault(r.timepoint, []).append(r.name)
    for animal, timepoints in filmed.items():
        path = out / f"sub-{subjects[animal]}" / f"sub-{subjects[animal]}_sessions.tsv"
        about_sessions = {"session_id": "session", "timepoint": describe_column("timepoint")[1]}
        bids.write_described(path, about_sessions, [(f"ses-{sessions[t]}", t) for t in timepoints])
    meanings = meanings_of(reader)
    said = [c for c in table.columns if c not in _NOT_READINGS]
    columns = {
        "onset": "time in the recording, in seconds",
        **{c: describe_column(c, meanings)[1] for c in said},
    }
    for r, part in recordings:
        subject, session = f"sub-{subjects[r.animal]}", f"ses-{sessions[r.timepoint]}"
        stem = f"{subject}_{session}_task-grimace"
        together = filmed[r.animal][r.timepoint]
        if len(together) > 1:
            stem += f"_run-{together.index(r.name) + 1}"
        cells = [[row["time_s"], *(row[c] for c in said)] for row in part.to_dict("records")]
        path = out / subject / session / "beh" / f"{stem}_beh.tsv"
        bids.write_described(path, columns, cells, TaskName="grimace", Recording=r.name)
    return ("In the manner of BIDS; the standard has no datatype for face images of animals.",)


def _write_participants(
    path: Path,
    study: StudyFolder,
    recordings: Collection[PlannedRecording],
    subjects: Mapping[str, str],
) -> None:
    # The standard takes a participant without a species for a human.
    species = SPECIES.get(study.scale.species, study.scale.species).lower()
    facts = animal_facts(recordings)
    columns = {
        "participant_id": "animal",
        "species": "species by its name in taxonomy",
        **{c: describe_column(c)[1] for c in ("animal", "group", *facts)},
    }
    rows = []
    for animal, group in {r.animal: r.group for r in recordings}.items():
        about = {name: texts.get(animal, "") for name, texts in facts.items()}
        if "sex" in about:
            about["sex"] = SEX.get(about["sex"].casefold(), about["sex"])
        rows.append([f"sub-{subjects[animal]}", species, animal, group, *about.values()])
    bids.write_described(path, columns, rows)


_README = """{name}

Readings of face images by the model {model}, made by amgs {version}. There is a folder per animal
(sub-) and timepoint (ses-). Labels hold letters and digits alone: the names of animals are in
participants.tsv, those of timepoints in the tables of sessions.
"""


def list_readings(study: StudyFolder) -> tuple[Reader, pd.DataFrame]:
    """Return the model of the study and what it says of every image, as text cells."""
    reader = find_reader(study, "")
    table = read_table(write_predictions(study, reader), required=("image", "recording"))
    if study.store.scoring.count_log() and not study.unblindings:
        # It may name scores of the study's own images, beside the group.
        table = table.drop(columns=NEAREST_IMAGE, errors="ignore")
    return reader, table


def meanings_of(reader: Reader) -> dict[str, str]:
    """Return what a model says → what that means, in the words of its card."""
    return {output.name: output.meaning for output in reader.outputs}


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


def _new_folder(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        msg = f"Expected a new or empty folder, found things at {out}. Choose another name."
        raise OutputExistsError(msg)
    out.mkdir(parents=True, exist_ok=True)
