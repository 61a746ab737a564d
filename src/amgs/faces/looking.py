"""Looking at one interval of a film: which picture, if any, shows each animal's face best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from amgs.errors import UnreadableFilmError
from amgs.faces.decode import Box, FoundFace
from amgs.faces.finder import CANDIDATE_SCORE, DEFAULT_MIN_SCORE, INPUT_PX, FaceFinder
from amgs.faces.quality import (
    DEFAULT_MAX_MOTION,
    DEFAULT_MIN_SHARPNESS,
    Quality,
    cut_grey,
    measure_motion,
    measure_sharpness,
    measure_view,
    measure_visibility,
    sharpness_limit,
)
from amgs.images.reading import RGB
from amgs.video import Film, Picture
from amgs.video.sampling import Interval, close_looks, key_looks

Rejection: TypeAlias = Literal["damaged", "no face", "no eye", "no ear", "blurred", "moving"]
"""Why a look was not kept, in the order in which it is checked."""

REJECTIONS: tuple[Rejection, ...] = get_args(Rejection)

NEIGHBOUR_S = 1 / 30
"""Motion is measured against the picture that comes about this much later."""

THUMBNAIL_PX = 16

SHARPNESS_LOOKS, LEAST_SHARPNESS_LOOKS = 16, 3


@dataclass(frozen=True, slots=True)
class LookingOptions:
    """From when on a face is good enough to be kept."""

    min_score: float = DEFAULT_MIN_SCORE
    min_sharpness: float = DEFAULT_MIN_SHARPNESS
    max_motion: float = DEFAULT_MAX_MOTION


@dataclass(slots=True)
class Look:
    """One picture as seen in one zone.

    Parameters
    ----------
    index, time_s
        Which picture.
    rejected
        Why it is not kept; ``None`` if it may be.
    face
        The best face in the zone, in pixels of the frame; ``None`` without one.
    quality
        Of that face; ``None`` where it was not measured.
    thumbnail
        The face as 16 × 16 grey values, to see later whether the animal moved.
    """

    index: int
    time_s: float
    rejected: Rejection | None = None
    face: FoundFace | None = None
    quality: Quality | None = None
    thumbnail: npt.NDArray[np.uint8] | None = None


@dataclass(slots=True)
class IntervalResult:
    """What was seen in one interval in one zone; the kept look has the best quality."""

    interval: Interval
    key_looks: list[Look] = field(default_factory=list)
    close_looks: list[Look] = field(default_factory=list)
    kept: Look | None = None

    @property
    def looks(self) -> list[Look]:
        """All looks."""
        return [*self.key_looks, *self.close_looks]


@dataclass(frozen=True, slots=True)
class FirstLooks:
    """What was seen of a film before its intervals.

    Parameters
    ----------
    usual_sharpness
        What sharpness the sharper faces of each zone have: the upper quartile; ``None`` where fewer
        than three looks show a face with an eye and an ear.
    by_picture
        The looks at each picture, one per zone. An interval takes out what it looks at.
    """

    usual_sharpness: Sequence[float | None]
    by_picture: dict[int, list[Look]]


def look_at_interval(  # noqa: PLR0917
    film: Film,
    interval: Interval,
    zones: Sequence[Box],
    finder: FaceFinder,
    options: LookingOptions,
    first: FirstLooks | None = None,
) -> list[IntervalResult]:
    """Look at key pictures, and where they show no good face, at more; one result per zone.

    Parameters
    ----------
    film, interval, zones
        Where to look; zones in pixels of the frame.
    finder, options
        How to look.
    first
        From `look_first`, in the same zones.
    """
    results = [IntervalResult(interval) for _ in zones]
    usual = first.usual_sharpness if first else [None] * len(zones)
    limits = [sharpness_limit(u, options.min_sharpness) for u in usual]
    known = first.by_picture if first else {}
    looker = _Looker(film, finder, options, dict(zip(zones, limits, strict=True)), known)
    for index in key_looks(film.table, interval):
        for result, look in zip(results, looker.look(index, zones), strict=True):
            result.key_looks.append(look)
    for result in results:
        result.kept = looker.choose(result.key_looks)
    open_zones = [number for number, result in enumerate(results) if result.kept is None]
    if open_zones:
        looker.look_closely(close_looks(film.table, interval), zones, results, open_zones)
    return results


def look_first(
    film: Film, zones: Sequence[Box], finder: FaceFinder, options: LookingOptions
) -> FirstLooks:
    """Look at 16 key pictures spread evenly over a film, to see how sharp its faces are."""
    looker = _Looker(film, finder, options, dict.fromkeys(zones, 0.0), {})
    times = (np.arange(SHARPNESS_LOOKS) + 0.5) / SHARPNESS_LOOKS * film.table.duration_s
    places = np.searchsorted(film.table.times_s, times, side="right") - 1
    indices = dict.fromkeys(film.table.key_before(int(max(0, place))) for place in places)
    by_picture = {index: looker.look(index, zones) for index in indices}
    seen: list[list[float]] = [[] for _ in zones]
    for looks in by_picture.values():
        for found, look in zip(seen, looks, strict=True):
            if look.rejected is None and look.quality is not None:
                found.append(look.quality.sharpness)
    usual = [
        float(np.quantile(found, 0.75)) if len(found) >= LEAST_SHARPNESS_LOOKS else None
        for found in seen
    ]
    return FirstLooks(usual, by_picture)


class _Looker:
    """Looks at pictures of one film; `limits` are the least sharpness in each zone."""

    def __init__(
        self,
        film: Film,
        finder: FaceFinder,
        options: LookingOptions,
        limits: Mapping[Box, float],
        known: dict[int, list[Look]],
    ) -> None:
        self.limits = limits
        self.film = film
        self.finder = finder
        self.options = options
        self.known = known

    def look(self, index: int, zones: Sequence[Box]) -> list[Look]:
        """Look at one picture in every zone, or take what is known of it."""
        known = self.known.pop(index, None)
        if known is not None:
            for look, zone in zip(known, zones, strict=True):
                self._require_sharp(look, self.limits[zone])
            return known
        try:
            picture = self.film.picture(index)
        except UnreadableFilmError:
            return [self._damaged(index) for _ in zones]
        return self.look_at(picture, zones)

    def look_at(self, picture: Picture, zones: Sequence[Box]) -> list[Look]:
        """Find the best face in every zone: first in a small copy, then from nearby in full."""
        largest = max(max(z[2] - z[0], z[3] - z[1]) for z in zones)
        scale = min(1.0, INPUT_PX / largest)
        small = picture.rgb(scale)
        full: RGB | None = None
        looks = []
        for zone in zones:
            look = Look(picture.index, picture.time_s, "no face")
            looks.append(look)
            left, top = round(zone[0] * scale), round(zone[1] * scale)
            part = small[top : round(zone[3] * scale), left : round(zone[2] * scale)]
            candidates = self.finder.look(np.ascontiguousarray(part), CANDIDATE_SCORE)
            if not candidates:
                continue
            if full is None:
                full = picture.rgb()
            near = [
                self.finder.look_closer(full, c.moved(1 / scale, zone[0], zone[1]), scale)
                for c in candidates[:2]
            ]
            self._judge(look, max(near, key=lambda face: face.score), full, self.limits[zone])
        return looks

    def _judge(self, look: Look, face: FoundFace, full: RGB, limit: float) -> None:
        """Say whether a face is good enough, but for motion, which is costlier to know."""
        if face.score < self.options.min_score:
            return
        look.face = face
        look.quality = Quality(
            measure_visibility(face), measure_view(face), measure_sharpness(full, face.box), None
        )
        grey = cut_grey(full, face.box, THUMBNAIL_PX)
        if grey is not None:
            look.thumbnail = grey.astype(np.uint8)
        if not face.eyes:
            look.rejected = "no eye"
        elif not face.ears:
            look.rejected = "no ear"
        else:
            look.rejected = None
        self._require_sharp(look, limit)

    @staticmethod
    def _require_sharp(look: Look, limit: float) -> None:
        if look.rejected is None and look.quality is not None and look.quality.sharpness < limit:
            look.rejected = "blurred"

    def choose(self, looks: Iterable[Look]) -> Look | None:
        """Return the look of best quality whose face is still; motion can only lower a quality."""
        able = [look for look in looks if look.rejected is None]
        able.sort(key=lambda look: (-_value(look), look.time_s))
        best: Look | None = None
        for look in able:
            if best is not None and _value(best) >= _value(look):
                break
            self._measure_motion(look)
            if look.rejected is None and (best is None or _value(look) > _value(best)):
                best = look
        return best

    def look_closely(
        self,
        indices: Sequence[int],
        zones: Sequence[Box],
        results: Sequence[IntervalResult],
        open_zones: list[int],
    ) -> None:
        """Look at further pictures in the order of time, until every open zone has a good one."""
        for picture in self._walk(indices):
            looks = (
                [self._damaged(picture) for _ in open_zones]
                if isinstance(picture, int)
                else self.look_at(picture, [zones[number] for number in open_zones])
            )
            for number, look in zip(tuple(open_zones), looks, strict=True):
                results[number].close_looks.append(look)
                if look.rejected is None:
                    self._measure_motion(look)
                if look.rejected is None:
                    results[number].kept = look
                    open_zones.remove(number)
            if not open_zones:
                return

    def _walk(self, indices: Sequence[int]) -> Iterable[Picture | int]:
        """Yield the pictures, or their index where they cannot be decoded.

        Where all are key pictures each is decoded alone, else all between are decoded once.
        """
        if not indices:
            return
        wanted = set(indices)
        if self.film.table.key[list(indices)].all():
            for index in indices:
                try:
                    yield self.film.picture(index)
                except UnreadableFilmError:
                    yield index
            return
        done = -1
        try:
            for picture in self.film.pictures(indices[0], indices[-1] + 1):
                if picture.index in wanted:
                    done = picture.index
                    yield picture
        except UnreadableFilmError:
            yield from (index for index in indices if index > done)

    def _measure_motion(self, look: Look) -> None:
        assert look.face is not None  # noqa: S101 - only faces are measured
        assert look.quality is not None  # noqa: S101
        times = self.film.table.times_s
        later = int(np.searchsorted(times, look.time_s + 0.75 * NEIGHBOUR_S))
        if later >= len(times):
            return
        try:
            pictures = list(self.film.twin().pictures(look.index, later + 1))
        except UnreadableFilmError:
            return
        motion = measure_motion(pictures[0].rgb(), pictures[-1].rgb(), look.face.box)
        known = look.quality
        look.quality = Quality(known.visibility, known.view, known.sharpness, motion)
        if motion > self.options.max_motion:
            look.rejected = "moving"

    def _damaged(self, index: int) -> Look:
        return Look(index, float(self.film.table.times_s[index]), "damaged")


def _value(look: Look) -> float:
    assert look.quality is not None  # noqa: S101
    return look.quality.value
