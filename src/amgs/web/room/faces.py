"""What the pages of raters show of a face: its pixels, and the units to score."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from amgs.store import Rater
from amgs.study.room import LONGEST_NOTE, REASONS
from amgs.web.contexts import ScoreContext, UnitContext
from amgs.web.room.level_images import LevelImages
from amgs.web.state import WebState


def score_context(
    web: WebState, request: Request, rater: Rater, level_images: LevelImages
) -> ScoreContext:
    """Return what the scoring page may know."""
    scale = web.scoring.scale
    begin_at = web.scoring.progress(rater)[2]
    alone = web.scoring.unit_by_unit
    first = web.scoring.next_open(rater, -1, scale.unit_names[0]) if alone else None
    units = [
        UnitContext(u.name, u.label, u.description, u.levels, level_images.has(u))
        for u in scale.units
    ]
    return ScoreContext(
        csrf=web.csrf(request, "rater"),
        rater=rater.name,
        scale=scale.title,
        units=units,
        reasons=REASONS,
        begin_at=begin_at if first is None else first[0],
        begin_unit=(scale.unit_names[0] if first is None else first[1]) if alone else "",
        unit_by_unit=alone,
        unblinded=web.scoring.unblinded,
        longest_note=LONGEST_NOTE,
    )


def send_image(content: bytes) -> Response:
    """Return an image that was drawn for the page."""
    return Response(content, media_type="image/jpeg")
