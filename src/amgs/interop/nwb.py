"""Readings of one recording as a file of Neurodata Without Borders, by pynwb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from uuid import uuid4

from amgs._version import __version__
from amgs.errors import MissingExtraError
from amgs.interop.dictionary import SEX, SPECIES


@dataclass(frozen=True)
class RecordingReadings:
    """What is written of one recording.

    Parameters
    ----------
    name, animal, group, timepoint
        Of the recording.
    filmed
        The day.
    times_s
        Seconds from the start of the recording, one per face image.
    readings
        Output of the model → its meaning and one value per image (NaN where it says nothing).
    sleep
        Stretches of possible sleep, in seconds.
    facts
        Sex, strain of the animal where known.
    species, notice, model
        The kind of animal, what stands on every use of the study, and the model's name and hash.
    """

    name: str
    animal: str
    group: str
    timepoint: str
    filmed: date
    times_s: Sequence[float]
    readings: Mapping[str, tuple[str, Sequence[float]]]
    sleep: Sequence[tuple[float, float]] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    species: str = "mouse"
    notice: str = ""
    model: str = ""


def write_nwb(out: Path, found: RecordingReadings) -> None:
    """Write the readings of one recording as an NWB file: time series and intervals of sleep.

    The format needs a time of day; only the day is known, so it is midnight UTC, which the file
    says.

    Raises
    ------
    MissingExtraError
        If pynwb is not installed.
    """
    try:
        from pynwb import NWBHDF5IO, NWBFile, TimeSeries
        from pynwb.epoch import TimeIntervals
        from pynwb.file import Subject
    except ImportError as error:
        msg = 'NWB needs the package pynwb. Install it: pip install "amgs[nwb]"'
        raise MissingExtraError(msg) from error
    file = NWBFile(
        session_description=(
            f"Grimace of {found.animal} ({found.group}) at {found.timepoint}, read from a video by "
            f"amgs {__version__}. The time of day is not known and set to 00:00 UTC. {found.notice}"
        ).strip(),
        identifier=str(uuid4()),  # the format wants one that no other file in the world has
        session_start_time=datetime.combine(found.filmed, time(), UTC),
        session_id=found.name.replace("/", "_"),
        data_collection=f"Readings by the model {found.model}." if found.model else None,
        keywords=["pain", "grimace scale", found.timepoint, found.group],
        subject=Subject(
            # Archives make a folder of it.
            subject_id=found.animal.replace("/", "_"),
            species=SPECIES.get(found.species, found.species) or None,
            sex=SEX.get(found.facts.get("sex", "").casefold(), "U"),
            age=_age(found),
            strain=found.facts.get("strain") or None,
            description=f"group: {found.group}",
        ),
    )
    module = file.create_processing_module("behavior", "Readings of face images.")
    for name, (meaning, values) in found.readings.items():
        series: dict[str, Any] = {"timestamps": list(found.times_s), "unit": "a.u."}
        module.add(TimeSeries(name=name, data=list(values), description=meaning, **series))
    if found.sleep:
        sleep = TimeIntervals(
            name="possible_sleep", description="Still stretches in which the animal may sleep."
        )
        for start, stop in found.sleep:
            sleep.add_interval(start_time=start, stop_time=stop)
        file.add_time_intervals(sleep)
    # pynwb warns of any other ending than its own, so the temporary file has it too.
    temporary = out.with_name(f".{out.stem}.part.nwb")
    try:
        with NWBHDF5IO(str(temporary), "w") as stream:
            stream.write(file)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _age(found: RecordingReadings) -> str | None:
    """Return the age at the recording as ISO 8601 has it; ``None`` where the birth is not known."""
    born = found.facts.get("born", "")
    return f"P{(found.filmed - date.fromisoformat(born)).days}D" if born else None
