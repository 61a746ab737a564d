"""The owner's page: who has scored how many, how well raters agree, unblinding."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, Response

from amgs.errors import AmgsError, NoImagesError
from amgs.study.unblinding import unblind, write_human_scores
from amgs.web.app import FORM_COOKIE, OWNER_COOKIE, Room, to
from amgs.web.contexts import OwnerContext, OwnerSignInContext, RaterRow, UnitRow
from amgs.web.guard import same

UNBLIND_WORD = "unblind"
LONGEST_REASON = 500


class OwnerPages:
    """See the module."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def page(self, request: Request) -> Response:
        """Show the page."""
        if not self.room.is_owner(request):
            return _sign_in_form(self.room, request)
        return self.room.page("owner.html", _context(self.room, request))

    def sign_in(
        self, request: Request, csrf: Annotated[str, Form()], key: Annotated[str, Form()] = ""
    ) -> Response:
        """Let a rater or the owner in."""
        if not self.room.is_ours(request, FORM_COOKIE, csrf):
            return _sign_in_form(self.room, request, "The page was too old. Please try again.", 403)
        if self.room.keys.too_many_guesses():
            return _sign_in_form(self.room, request, "Too many wrong keys. Wait a minute.", 429)
        if not same(key.strip(), self.room.keys.owner):
            self.room.keys.wrong_guess()
            return _sign_in_form(self.room, request, "The owner's key is not right.", 403)
        response = to("/owner")
        self.room.set_cookie(response, OWNER_COOKIE, self.room.owner_cookie())
        return response

    def code(
        self, request: Request, csrf: Annotated[str, Form()], name: Annotated[str, Form()]
    ) -> Response:
        """Give a rater a new code."""
        if not _allowed(self.room, request, csrf):
            return to("/owner")
        try:
            message = f"The new code of {name[:60]} is {self.room.scoring.new_code(name)}."
        except AmgsError as error:
            message = str(error)
        return self.room.page("owner.html", _context(self.room, request, message))

    def unblind_study(
        self,
        request: Request,
        csrf: Annotated[str, Form()],
        who: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
        word: Annotated[str, Form()] = "",
    ) -> Response:
        """Unblind the study, when all that is due was given."""
        if not _allowed(self.room, request, csrf):
            return to("/owner")
        if not who.strip() or not reason.strip() or word.strip().lower() != UNBLIND_WORD:
            message = f"Nothing was unblinded: name, reason and the word {UNBLIND_WORD!r} are due."
            return self.room.page("owner.html", _context(self.room, request, message), 400)
        unblind(self.room.study, who.strip()[:60], reason.strip()[:LONGEST_REASON])
        return to("/owner")

    def human_scores(self, request: Request) -> Response:
        """Return human scores with groups, once unblinded."""
        if not self.room.is_owner(request) or not self.room.study.unblindings:
            return to("/owner")
        path = write_human_scores(self.room.study)
        return FileResponse(path, media_type="text/csv", filename=path.name)


def routes(room: Room) -> APIRouter:
    """Return the pages."""
    pages, router = OwnerPages(room), APIRouter()
    router.add_api_route("/owner", pages.page, methods=["GET"])
    router.add_api_route("/owner/sign-in", pages.sign_in, methods=["POST"])
    router.add_api_route("/owner/code", pages.code, methods=["POST"])
    router.add_api_route("/owner/unblind", pages.unblind_study, methods=["POST"])
    router.add_api_route("/owner/human_scores.csv", pages.human_scores, methods=["GET"])
    return router


def _allowed(room: Room, request: Request, csrf: str) -> bool:
    return room.is_owner(request) and room.is_ours(request, OWNER_COOKIE, csrf)


def _sign_in_form(room: Room, request: Request, problem: str = "", status: int = 200) -> Response:
    def context(csrf: str) -> OwnerSignInContext:
        return OwnerSignInContext(csrf, problem)

    return room.form(request, "owner_sign_in.html", context, status)


def _context(room: Room, request: Request, message: str = "") -> OwnerContext:
    try:
        document: dict[str, Any] = room.study.agreement()
    except NoImagesError:
        document = {}
    except AmgsError as error:  # such as a fault in recordings.csv
        document, message = {}, message or str(error)
    return OwnerContext(
        csrf=room.csrf(request, OWNER_COOKIE),
        study=room.study.settings.text("study", "name"),
        faces=room.study.store.faces.count(),
        raters=_raters(room, document),
        units=_units(document),
        unblindings=room.study.unblindings,
        message=message,
    )


def _raters(room: Room, document: dict[str, Any]) -> list[RaterRow]:
    with_self = {row["rater"]: row for row in document.get("within_raters", [])}
    drift = {row["rater"]: row for row in document.get("drift", [])}
    missing = document.get("not_scorable_by_rater", {})
    rows = []
    for rater in room.study.store.raters.all():
        done, total, _ = room.scoring.progress(rater)
        course = room.scoring.course(rater)
        own, moving = with_self.get(rater.name), drift.get(rater.name)
        slope = None if moving is None else moving["slope_per_100"]
        rows.append(
            RaterRow(
                name=rater.name,
                done=done,
                total=total,
                not_scorable=_percent(missing.get(rater.name)),
                course="–" if course is None else _course(course.passed, course.agreement),
                with_self="–"
                if own is None
                else f"{_percent(own['exact_agreement'])} of {own['n_units']} units",
                drift=[_signed(part) for part in (moving["parts"] if moving else [None] * 4)],
                trend="–"
                if moving is None or slope is None
                else f"{slope:+.2f} per 100 images, p = {moving['p']:.2g}",
            )
        )
    return rows


def _course(passed: bool, agreement: float | None) -> str:
    return f"{'passed' if passed else 'not yet'} ({_percent(agreement)})"


def _units(document: dict[str, Any]) -> list[UnitRow]:
    if not document:
        return []
    units = {**document["units"], "mean of the units": document["mgs_mean"]}
    return [
        UnitRow(
            name=name.replace("_", " "),
            alpha=_number(unit["krippendorff_alpha"]),
            icc=_number(unit["icc"].get("value")),
            not_scorable=_percent(unit["not_scorable"]),
        )
        for name, unit in units.items()
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"
