"""The card of the detector, written from what was really measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from finder_training.measure import SMALLEST_SHARE, Tally
from finder_training.photographs import Photograph

TEMPLATE = "card_template.txt"

_COLUMNS = (
    "| | faces | recall | precision | eyes found | eye error | ears found | nose error | "
    "eyes not open | eye state AUC | closed only |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def write_card(
    tallies: Mapping[str, Tally],
    training: Sequence[Photograph],
    validation: Sequence[Photograph],
    facts: Mapping[str, Any],
) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    tallies
        From `measure`.
    training, validation
        The two parts.
    facts
        ``sha256, megabytes, parameters, min_score, negatives, altered, films, calibration_error``.
    """
    faces = [face for photograph in training for face in photograph.faces]
    states = Counter(eye.state for face in faces for eye in face.eyes)
    coats = Counter(face.coat for face in faces)
    rows = [_row(name, tally) for name, tally in sorted(tallies.items(), key=_order)]
    found = tallies["all"].summary()
    template = (files("finder_training") / TEMPLATE).read_text(encoding="utf-8")
    return template.format(
        **facts,
        training_photographs=len(training),
        training_faces=len(faces),
        training_states=", ".join(f"{n} eyes {state}" for state, n in states.most_common()),
        training_coats=", ".join(f"{n} {coat}" for coat, n in coats.most_common()),
        validation_photographs=len(validation),
        validation_faces=sum(len(p.faces) for p in validation),
        smallest=SMALLEST_SHARE,
        tables="\n".join([_COLUMNS, *rows]),
        white=coats["white"],
        shut=states["narrowed"] + states["closed"],
        by_face=_cell(found["eye_state_auc_by_face"]),
        agreed=found["eyes_agreed"],
        agreed_auc=_cell(found["agreed_auc"]),
        agreed_balanced=_number(found["agreed_balanced_accuracy"]),
        cannot_tell=_cell(found["cannot_tell"]),
        ear_end_error=found["ear_end_error"] or 0.0,
    )


def _order(item: tuple[str, Tally]) -> tuple[int, int, str]:
    kind, _, which = item[0].partition(" ")
    low = which.partition("%")[0]
    number = int(low) if low.isdigit() else 0
    return ("all", "view", "coat", "width").index(kind), number, which


def _row(name: str, tally: Tally) -> str:
    found = tally.summary()
    cells = [
        name.replace("_", "-"),
        found["faces"],
        _cell(found["recall"]),
        _cell(found["precision"]) if name == "all" else "",
        _cell(found["eyes_found"]),
        _percent(found["eye_error"]),
        _cell(found["ears_found"]),
        _percent(found["nose_error"]),
        found["eyes_not_open"],
        _cell(found["eye_state_auc"]),
        _cell(found["closed_against_open_auc"]),
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _cell(share: Mapping[str, Any] | None) -> str:
    if share is None:
        return "–"
    low, high = share["interval"]
    return f"{share['value']:.3f} ({low:.2f}–{high:.2f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
