"""Asleep, drowsy or awake: what the video shows and what the model reads, taken together.

Extraction marks stretches in which a head is still and its eyes are not open: a sleeping animal,
or one in pain that sits still. A model that reads the action units sees the rest of the face too.
In pain, nose, cheeks, ears and whiskers change with the eyes; in sleep the lids are closed and the
rest stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from amgs.prediction.recording_times import RecordingTime
from amgs.scale import all_unit_names
from amgs.vocabulary import Output

if TYPE_CHECKING:
    import pandas as pd

State: TypeAlias = Literal["awake", "drowsy", "asleep"]
STATES: tuple[State, ...] = get_args(State)
SLEEPING: tuple[State, ...] = ("drowsy", "asleep")
STATE = "wakefulness"
"""The column of a table of predictions that says it."""

EYES = "orbital_tightening"

CALM_BELOW = 0.6
"""Below this mean expected score (0 to 2) of the units besides the eyes, a still face whose eyes
are not open is asleep or drowsy; above, it shows more than closed lids. Set on synthetic mice."""

SHUT_FROM = 1.0
"""From this mean expected score on, the eyes of such a face are closed, below they are narrowed."""

_LEAST_OTHERS = 2
_SLEEP = "possible_sleep"


def units_besides_eyes(outputs: Iterable[Output]) -> list[str]:
    """Return the action units besides the eyes that a model reads; none where that is too few."""
    names = {output.name for output in outputs if output.kind == "score" and not output.detail}
    others = [name for name in all_unit_names() if name in names and name != EYES]
    return others if EYES in names and len(others) >= _LEAST_OTHERS else []


def tell_states(table: pd.DataFrame, outputs: Sequence[Output]) -> pd.Series[str] | None:
    """Say of every image whether its animal is asleep, drowsy or awake.

    The images of a stretch are judged together, by the means of what the model reads: with the
    units besides the eyes below `CALM_BELOW` the animal is asleep if the eyes are at `SHUT_FROM` or
    above, else drowsy. All others are awake.

    Parameters
    ----------
    table
        Predictions with ``recording``, ``time_s``, ``possible_sleep`` and the units.
    outputs
        What the model says.

    Returns
    -------
    pandas.Series or None
        ``None`` where the model does not read the units, or the video's stretches are not known.
    """
    import numpy as np
    import pandas as pd

    others = units_besides_eyes(outputs)
    needed = {_SLEEP, "recording", "time_s", EYES, *others}
    if not others or not needed <= set(table.columns):
        return None
    states = pd.Series("awake", index=table.index, dtype=object)
    for _, recording in table.sort_values("time_s").groupby("recording", sort=False):
        marked = recording[_SLEEP] == "yes"
        # Marked images belong to one stretch as long as no image between them is not marked.
        for _, stretch in recording[marked].groupby((~marked).cumsum()[marked]):
            calm = float(np.nanmean(stretch[others].to_numpy(float))) < CALM_BELOW
            if calm:
                shut = stretch[EYES].mean() >= SHUT_FROM
                states[stretch.index] = "asleep" if shut else "drowsy"
    return states


def sleep_seen_by_model(
    times: Mapping[str, RecordingTime], table: pd.DataFrame
) -> dict[str, RecordingTime]:
    """Return times whose stretches of sleep are those in which some image is asleep or drowsy."""
    asleep = table[table[STATE].isin(SLEEPING)]
    seen: dict[str, list[float]] = {}
    for recording, time_s in zip(asleep["recording"], asleep["time_s"], strict=True):
        seen.setdefault(str(recording), []).append(float(time_s))
    return {
        name: replace(
            time,
            sleep=tuple(
                (a, b) for a, b in time.sleep if any(a <= t <= b for t in seen.get(name, ()))
            ),
        )
        for name, time in times.items()
    }


def count_states(images: pd.DataFrame, states: Sequence[State]) -> dict[str, int | None]:
    """Count the images in each of these states; ``None`` where images come from no video."""
    known = STATE in images
    return {f"{s}_images": int((images[STATE] == s).sum()) if known else None for s in states}
