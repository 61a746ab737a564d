"""The owner's page: who has scored how many, how well raters agree, unblinding."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, Response

from amgs.errors import AmgsError, NoImagesError
from amgs.web.contexts import OwnerContext, OwnerSignInContext, RaterRow, UnitRow
from amgs.web.guard import equal_secrets
from amgs.web.state import FORM_COOKIE, OWNER_COOKIE, WebState, to

UNBLIND_WORD = "unblind"
LONGEST_REASON = 500


class OwnerPages:
    """See the module."""

    def __init__(self, web: WebState) -> None:
        self.web = web

    def page(self, request: Request) -> Response:
        """Show the page."""
        if not self.web.is_owner(request):
            return _sign_in_form(self.web, request)
        return self.web.page("owner.html", _context(self.web, request))

    def sign_in(
        self, request: Request, csrf: Annotated[str, Form()], key: Annotated[str, Form()] = ""
    ) -> Response:
        """Let a rater or the owner in."""
        if not self.web.is_ours(request, FORM_COOKIE, csrf):
            return _sign_in_form(self.web, request, "This form has expired. Please try again.", 403)
        if self.web.keys.too_many_guesses("owner"):
            return _sign_in_form(self.web, request, "Too many wrong keys. Wait a minute.", 429)
        if not equal_secrets(key.strip(), self.web.keys.owner):
            self.web.keys.wrong_guess("owner")
            return _sign_in_form(self.web, request, "The owner's key is not right.", 403)
        response = to("/owner")
        self.web.set_cookie(response, OWNER_COOKIE, self.web.owner_cookie())
        return response

    def code(
        self, request: Request, csrf: Annotated[str, Form()], name: Annotated[str, Form()]
    ) -> Response:
        """Give a rater a new code."""
        if not _allowed(self.web, request, csrf):
            return to("/owner")
        try:
            message = f"The new code of {name[:60]} is {self.web.scoring.new_code(name)}."
        except AmgsError as error:
            message = str(error)
        return self.web.page("owner.html", _context(self.web, request, message))

    def unblind_study(
        self,
        request: Request,
        csrf: Annotated[str, Form()],
        who: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
        word: Annotated[str, Form()] = "",
    ) -> Response:
        """Unblind the study, when all that is due was given."""
        if not _allowed(self.web, request, csrf):
            return to("/owner")
        if not who.strip() or not reason.strip() or word.strip().lower() != UNBLIND_WORD:
            message = (
                f"Nothing was unblinded. Enter a name, a reason and the word {UNBLIND_WORD!r}."
            )
            return self.web.page("owner.html", _context(self.web, request, message), 400)
        self.web.study.unblind(who.strip()[:60], reason.strip()[:LONGEST_REASON])
        return to("/owner")

    def human_scores(self, request: Request) -> Response:
        """Return human scores with groups, once unblinded."""
        if not self.web.is_owner(request) or not self.web.study.unblindings:
            return to("/owner")
        path = self.web.study.human_scores()
        return FileResponse(path, media_type="text/csv", filename=path.name)


def routes(web: WebState) -> APIRouter:
    """Return the pages."""
    pages, router = OwnerPages(web), APIRouter()
    router.add_api_route("/owner", pages.page, methods=["GET"])
    router.add_api_route("/owner/sign-in", pages.sign_in, methods=["POST"])
    router.add_api_route("/owner/code", pages.code, methods=["POST"])
    router.add_api_route("/owner/unblind", pages.unblind_study, methods=["POST"])
    router.add_api_route("/owner/human_scores.csv", pages.human_scores, methods=["GET"])
    return router


def _allowed(web: WebState, request: Request, csrf: str) -> bool:
    return web.is_owner(request) and web.is_ours(request, OWNER_COOKIE, csrf)


def _sign_in_form(
    web: WebState, request: Request, problem: str = "", status: int = 200
) -> Response:
    def context(csrf: str) -> OwnerSignInContext:
        return OwnerSignInContext(csrf, problem)

    return web.form(request, "owner_sign_in.html", context, status)


def _context(web: WebState, request: Request, message: str = "") -> OwnerContext:
    try:
        document: dict[str, Any] = web.study.agreement()
    except NoImagesError:
        document = {}
    except AmgsError as error:  # such as a fault in recordings.csv
        document, message = {}, message or str(error)
    return OwnerContext(
        csrf=web.csrf(request, OWNER_COOKIE),
        study=web.study.name,
        faces=web.scoring.n_faces,
        raters=_raters(web, document),
        units=_units(document),
        unblindings=web.study.unblindings,
        message=message,
    )


def _raters(web: WebState, document: dict[str, Any]) -> list[RaterRow]:
    with_self = {row["rater"]: row for row in document.get("within_raters", [])}
    drift = {row["rater"]: row for row in document.get("drift", [])}
    missing = document.get("not_scorable_by_rater", {})
    rows = []
    for rater in web.scoring.raters:
        done, total, _ = web.scoring.progress(rater)
        course = web.scoring.course(rater)
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
    units = {**document["units"], "mean of the units": document["mgs_per_unit"]}
    return [
        UnitRow(
            name=name.replace("_", " "),
            images=unit["n_images"],
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
