"""What the pages of raters show of a face: its pixels, and the units to score."""

from __future__ import annotations

import io

from fastapi import Request
from fastapi.responses import Response
from PIL import Image

from amgs.images.reading import decode_image
from amgs.store import Rater
from amgs.study.room import REASONS
from amgs.web.contexts import ScoreContext, UnitContext
from amgs.web.state import RATER_COOKIE, WebState

LONGEST_SIDE_PX = 1200

LOWEST_QUALITY, QUALITIES = 88, 5
CUT_PX = 2
"""So many pixels in all are cut off left or right, and above or below."""

VARIANTS = QUALITIES * (CUT_PX + 1) ** 2
"""How many ways an image can be encoded: both showings of a hidden repeat never get the same."""


def score_context(web: WebState, request: Request, rater: Rater) -> ScoreContext:
    """Return what the scoring page may know."""
    scale = web.scoring.scale
    return ScoreContext(
        csrf=web.csrf(request, RATER_COOKIE),
        rater=rater.name,
        scale=scale.title,
        units=[UnitContext(u.name, u.label, u.description, u.levels) for u in scale.units],
        reasons=REASONS,
        begin_at=web.scoring.progress(rater)[2],
    )


def send_image(content: bytes, variant: int) -> Response:
    """Return an image encoded anew: pixels only, without anything that the file knew besides.

    Parameters
    ----------
    content
        The file.
    variant
        From 0 to `VARIANTS` - 1: which quality, and which border pixels are cut off. All variants
        of an image have the same size; no two have the same bytes.
    """
    image = Image.fromarray(decode_image(content))
    image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    rest, left = divmod(variant, CUT_PX + 1)
    quality, top = divmod(rest, CUT_PX + 1)
    width, height = image.size
    image = image.crop((left, top, width - CUT_PX + left, height - CUT_PX + top))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=LOWEST_QUALITY + quality % QUALITIES)
    return Response(stream.getvalue(), media_type="image/jpeg")
