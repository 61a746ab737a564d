"""Faces: extraction with its progress, a gallery by recording, and images that are set aside.

While the study is blinded nothing here says whose face it is: contexts have numbers for recordings,
and no field for animal, group, timepoint, file or what a model says.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from amgs.errors import AmgsError, UnreadableVideoError
from amgs.extraction.journal import JOURNALS
from amgs.images.reading import pixels_alone
from amgs.study import Study
from amgs.study.curation import (
    FaceNames,
    candidates_near,
    curate,
    is_blinded,
    set_aside,
    take_back,
    video_of,
)
from amgs.web.lab.computed import describe_progress, strip_around
from amgs.web.lab.face_words import (
    FaceContext,
    FacesContext,
    RecordingContext,
    describe_recording,
    describe_tile,
    draw_line,
    list_facts,
)
from amgs.web.lab.plots import clock
from amgs.web.lab.state import LabState, to

FACES_AT_ONCE = 120

REASONS = (
    "eyes not visible",
    "face turned away",
    "blurred",
    "no face",
    "paw or object before the face",
    "grooming",
    "another animal",
)
"""What people say most often when they set a face aside."""

_AROUND_S = tuple(0.5 * step for step in range(-6, 7))


class FacePages:
    """See the module."""

    def __init__(self, lab: LabState) -> None:
        self.lab = lab
        self._names: dict[str, FaceNames] = {}

    def _name(self, mark: str, study: Study) -> FaceNames:
        """Return the names of a study's faces; they stay as long as the study does."""
        if mark not in self._names:
            self._names[mark] = FaceNames(study)
        return self._names[mark]

    def page(self, request: Request, mark: str) -> Response:
        """Show the recordings and what was kept of them."""
        study = self.lab.study(mark)
        last = self.lab.board.latest(mark, "extract", "convert")
        planned, problem = 0, ""
        try:
            planned = len(study.design().recordings)
        except AmgsError as error:
            problem = str(error)
        blinded = is_blinded(study)
        recordings = [describe_recording(r, blinded=blinded) for r in curate(study).recordings]
        context = FacesContext(
            recordings,
            planned,
            sum(r.faces for r in recordings),
            blinded,
            None if last is None else last.as_dict(),
            [] if last is None or blinded else last.result.get("told", []),
            problem,
            any((study.faces / JOURNALS).glob("*.jsonl")),
        )
        chrome = self.lab.chrome(request, "Faces", mark, "faces")
        return self.lab.page("faces.html", context, chrome)

    def extract(self, mark: str, how: Annotated[str, Form()] = "") -> Response:
        """Begin or go on with the extraction."""
        study = self.lab.study(mark)
        arguments = {"study": str(study.folder), "only_new": how == "only new"}
        arguments["new_generation"] = how == "all anew"
        self.lab.board.start("extract", "Extracting faces", mark, arguments)
        return to(f"/study/{mark}/faces")

    def progress(self, mark: str) -> Response:
        """Return how far every recording is, as a part of the page."""
        study = self.lab.study(mark)
        rows = self.lab.calculator.ask(describe_progress, str(study.folder))
        if is_blinded(study):
            rows = [
                (f"Recording {number}", done, total)
                for number, (_, done, total) in enumerate(rows, start=1)
            ]
        return HTMLResponse(self.lab.templates.get_template("lab/_progress.html").render(rows=rows))

    def convert(self, mark: str) -> Response:
        """Write videos that cannot be searched once more."""
        study = self.lab.study(mark)
        self.lab.board.start("convert", "Converting videos", mark, {"study": str(study.folder)})
        return to(f"/study/{mark}/faces")

    def recording(self, request: Request, mark: str, code: str, page: int = 1) -> Response:
        """Show the faces of a recording."""
        study = self.lab.study(mark)
        curation = curate(study)
        recording = curation.find(code)
        faces = list(curation.faces.get(code, []))
        blinded = is_blinded(study)
        pages = max(1, -(-len(faces) // FACES_AT_ONCE))
        page = min(max(page, 1), pages)
        shown = faces[(page - 1) * FACES_AT_ONCE : page * FACES_AT_ONCE]
        row = describe_recording(recording, blinded=blinded)
        names = self._name(mark, study)
        order = [r.code for r in curation.recordings]
        place = order.index(code)
        context = RecordingContext(
            row,
            blinded,
            draw_line(mark, recording, faces, study, names),
            [describe_tile(one, names) for one in shown],
            page,
            pages,
            order[place - 1] if place else "",
            order[place + 1] if place + 1 < len(order) else "",
        )
        chrome = self.lab.chrome(request, row.name, mark, "faces")
        return self.lab.page("recording.html", context, chrome)

    def face(self, request: Request, mark: str, name: str) -> Response:
        """Show one face with the seconds around it."""
        study = self.lab.study(mark)
        curation = curate(study)
        face = self._name(mark, study).find(name)
        recording = curation.find(face.source)
        faces = curation.faces[face.source]
        place = next(n for n, one in enumerate(faces) if one.face.id == face.id)
        candidates = candidates_near(study, face)
        moments = []
        if video_of(study, face) is not None:
            moments = _moments(face.time_s or 0.0, recording.duration_s)
        row = describe_recording(recording, blinded=is_blinded(study))
        names = self._name(mark, study)
        context = FaceContext(
            name,
            face.source,
            row.name,
            row.where,
            "" if face.time_s is None else clock(face.time_s),
            list_facts(faces[place]),
            faces[place].reason,
            REASONS,
            [
                (
                    f"{c.time_s:.1f} s",
                    c.rejected or "good enough",
                    abs(c.time_s - (face.time_s or 0)) < 0.02,  # noqa: PLR2004 - half a frame
                )
                for c in candidates
            ],
            moments,
            names.of(faces[place - 1].face) if place else None,
            names.of(faces[place + 1].face) if place + 1 < len(faces) else None,
        )
        chrome = self.lab.chrome(request, f"A face of {row.name}", mark, "faces")
        return self.lab.page("face.html", context, chrome)

    def image(self, mark: str, name: str) -> Response:
        """Return the image of a face."""
        study = self.lab.study(mark)
        face = self._name(mark, study).find(name)
        # An image never changes under its number; its name tells nothing.
        headers = {"cache-control": "private, max-age=3600"}
        if is_blinded(study):  # a file may hold who is in it, and when it was written
            alone = pixels_alone(study.folder / face.image)
            return Response(alone, media_type="image/png", headers=headers)
        return FileResponse(study.folder / face.image, headers=headers)

    def moment(self, mark: str, name: str, offset: float = 0.0) -> Response:
        """Return what is seen in the zone so many seconds before or after a face."""
        study = self.lab.study(mark)
        found = video_of(study, self._name(mark, study).find(name))
        if found is None:
            raise UnreadableVideoError("The video of this face is not here.")
        path, zone, time_s = found
        strip = self.lab.calculator.ask(strip_around, str(path), zone, time_s, (offset,))
        if not strip:
            raise UnreadableVideoError("The video does not reach so far.")
        return Response(strip[0][1], media_type="image/jpeg")

    def set_aside(
        self,
        mark: str,
        name: str,
        reason: Annotated[str, Form()] = "",
        back: Annotated[str, Form()] = "",
    ) -> Response:
        """Leave an image out of all results with a reason, or let it count again."""
        study = self.lab.study(mark)
        try:
            face = self._name(mark, study).find(name)
            if back:
                take_back(study, face)
                self.lab.say(mark, "The image counts again.")
            elif not reason.strip():
                self.lab.say(mark, problem="Enter why the image should be set aside.")
            else:
                set_aside(study, face, reason)
                self.lab.say(mark, f"The image is set aside: {reason.strip()}.")
        except AmgsError as error:
            self.lab.say(mark, problem=str(error))
        return to(f"/study/{mark}/faces/face/{name}")


def _moments(time_s: float, duration_s: float | None) -> list[tuple[str, float, bool]]:
    """Return what the moments around a face are called, those outside the recording left out."""
    last = float("inf") if duration_s is None else duration_s - 0.1
    return [
        (f"{offset:+g} s".replace("-", "−"), offset, offset == 0)
        for offset in _AROUND_S
        if 0 <= time_s + offset <= last
    ]


def routes(lab: LabState) -> APIRouter:
    """Return the pages."""
    pages = FacePages(lab)
    router = APIRouter(prefix="/study/{mark}/faces", dependencies=[Depends(lab.require_owner)])
    router.add_api_route("", pages.page, methods=["GET"])
    router.add_api_route("/extract", pages.extract, methods=["POST"])
    router.add_api_route("/progress", pages.progress, methods=["GET"])
    router.add_api_route("/convert", pages.convert, methods=["POST"])
    router.add_api_route("/of/{code}", pages.recording, methods=["GET"])
    router.add_api_route("/face/{name}", pages.face, methods=["GET"])
    router.add_api_route("/face/{name}", pages.set_aside, methods=["POST"])
    router.add_api_route("/face/{name}/image", pages.image, methods=["GET"])
    router.add_api_route("/face/{name}/moment", pages.moment, methods=["GET"])
    return router
