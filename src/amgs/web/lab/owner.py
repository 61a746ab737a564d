"""The owner's page: who has scored how many, how well raters agree, corrections, unblinding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, Response

from amgs.errors import AmgsError, NoImagesError
from amgs.study.rater_names import LONGEST_NAME
from amgs.web.contexts import OwnerSignInContext, Typed
from amgs.web.keys import equal_secrets
from amgs.web.lab.overview import Overview
from amgs.web.lab.rater_acts import LONGEST_REASON, RaterActs
from amgs.web.state import WebState, address_of, to

UNBLIND_WORD = "unblind"


@dataclass(frozen=True, slots=True)
class Notice:
    """What came of the owner's last act; it is shown until the next one."""

    message: str = ""
    problem: str = ""
    code: str = ""
    code_of: str = ""
    typed: Typed = field(default_factory=Typed)


class OwnerPages:
    """See the module."""

    def __init__(self, web: WebState) -> None:
        self.web = web
        self.acts = RaterActs(web.study, web.scoring)
        self.overview = Overview(web.study, web.scoring)
        self.overview.prepare()
        self.notices: dict[str, Notice] = {}

    def page(self, request: Request) -> Response:
        """Show the page."""
        if not self.web.is_owner(request):
            return self._sign_in_form(request)
        context = self.overview.describe(self.web.csrf(request, "owner"))
        key = self._browser(request)
        notice = self.notices.get(key, Notice())
        if notice.problem:
            context = replace(context, problem=notice.problem)
        shown = replace(
            context,
            message=notice.message,
            code=notice.code,
            code_of=notice.code_of,
            typed=notice.typed,
        )
        # A new code is shown until the next act, everything else once.
        self.notices[key] = Notice(code=notice.code, code_of=notice.code_of)
        return self.web.page("owner.html", shown)

    def _browser(self, request: Request) -> str:
        return request.cookies.get(self.web.cookie("owner"), "")

    def sign_in(
        self, request: Request, csrf: Annotated[str, Form()] = "", key: Annotated[str, Form()] = ""
    ) -> Response:
        """Let the owner in."""
        if not self.web.is_own_form(request, csrf):
            return self._sign_in_form(request, "This form has expired. Please try again.", 403)
        # As with the access key of raters: the right one always passes.
        if not equal_secrets(key.strip(), self.web.keys.owner):
            if not self.web.keys.guesses.count("owner", address_of(request)):
                return self._sign_in_form(request, "Too many wrong keys. Wait a minute.", 429)
            return self._sign_in_form(request, "The owner's key is not right.", 403)
        response = to("/owner")
        self.web.set_cookie(response, "owner", self.web.keys.owners.start())
        return response

    def sign_out(self, request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        """Close the page in this browser."""
        if self.web.is_ours(request, "owner", csrf):
            self.web.keys.owners.end(self._browser(request))
            self.notices.pop(self._browser(request), None)
        response = to("/owner")
        self.web.delete_cookie(response, "owner")
        return response

    def code(
        self, request: Request, csrf: Annotated[str, Form()] = "", name: Annotated[str, Form()] = ""
    ) -> Response:
        """Give a rater a new code."""

        def act() -> Notice:
            code = self.acts.new_code(name)
            # Who has not seen the old one yet must not see it now.
            self.web.codes.pop(self.web.scoring.entrance.require(name).id, None)
            return Notice(code=code, code_of=name)

        return self._do(request, csrf, act)

    def let_in(
        self, request: Request, csrf: Annotated[str, Form()] = "", name: Annotated[str, Form()] = ""
    ) -> Response:
        """Let a rater score who has not passed the course."""
        return self._do(request, csrf, lambda: Notice(self.acts.let_in(name)))

    def rename(
        self,
        request: Request,
        csrf: Annotated[str, Form()] = "",
        name: Annotated[str, Form()] = "",
        new_name: Annotated[str, Form()] = "",
    ) -> Response:
        """Give a rater another name."""
        return self._do(request, csrf, lambda: Notice(self.acts.rename(name, new_name)))

    def merge(
        self,
        request: Request,
        csrf: Annotated[str, Form()] = "",
        name: Annotated[str, Form()] = "",
        into: Annotated[str, Form()] = "",
    ) -> Response:
        """Say that two raters are one person, or take that back."""
        return self._do(request, csrf, lambda: Notice(self.acts.merge(name, into)))

    def set_aside(
        self,
        request: Request,
        csrf: Annotated[str, Form()] = "",
        name: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
        back: Annotated[str, Form()] = "",
    ) -> Response:
        """Leave a rater's answers out of all results, with a reason; or take them in again."""

        def act() -> Notice:
            acts = self.acts
            return Notice(acts.take_in(name) if back else acts.leave_out(name, reason))

        return self._do(request, csrf, act)

    def unblind_study(
        self,
        request: Request,
        csrf: Annotated[str, Form()] = "",
        who: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
        word: Annotated[str, Form()] = "",
    ) -> Response:
        """Unblind the study, when all that is needed was given."""
        typed = Typed(who.strip()[:LONGEST_NAME], reason.strip()[:LONGEST_REASON])

        def act() -> Notice:
            if not typed.who or not typed.reason or word.strip().lower() != UNBLIND_WORD:
                problem = (
                    f"Nothing was unblinded. Enter a name, a reason and the word {UNBLIND_WORD!r}."
                )
                return Notice(problem=problem, typed=typed)
            self.web.study.unblind(typed.who, typed.reason)
            return Notice("The study is unblinded.")

        return self._do(request, csrf, act)

    def human_scores(self, request: Request) -> Response:
        """Return human scores with groups, once unblinded."""
        if not self.web.is_owner(request) or not self.web.study.unblindings:
            return to("/owner")
        path = self.web.study.human_scores()
        return FileResponse(path, media_type="text/csv", filename=path.name)

    def ratings(self, request: Request) -> Response:
        """Return every answer, without anything that tells a group."""
        if not self.web.is_owner(request):
            return to("/owner")
        try:
            content = self.overview.ratings_csv()
        except NoImagesError:
            self.notices[self._browser(request)] = Notice(problem="There are no answers yet.")
            return to("/owner")
        head = {"content-disposition": "attachment; filename=ratings.csv"}
        return Response(content, media_type="text/csv", headers=head)

    def _do(self, request: Request, csrf: str, act: Callable[[], Notice]) -> Response:
        """Do something that the owner asked for; a reload afterwards does not do it again."""
        if not self.web.is_owner(request):
            closed = "The page was closed, as nobody used it for 30 minutes. Nothing was done."
            return self._sign_in_form(request, closed, 403)
        if self.web.is_ours(request, "owner", csrf):
            try:
                notice = act()
            except AmgsError as error:
                notice = Notice(problem=str(error))
            self.notices[self._browser(request)] = notice
        return to("/owner")

    def _sign_in_form(self, request: Request, problem: str = "", status: int = 200) -> Response:
        def context(csrf: str) -> OwnerSignInContext:
            return OwnerSignInContext(csrf, problem)

        return self.web.form(request, "owner_sign_in.html", context, status)


def routes(web: WebState) -> APIRouter:
    """Return the pages."""
    pages, router = OwnerPages(web), APIRouter()
    router.add_api_route("/owner", pages.page, methods=["GET"])
    router.add_api_route("/owner/sign-in", pages.sign_in, methods=["POST"])
    router.add_api_route("/owner/sign-out", pages.sign_out, methods=["POST"])
    router.add_api_route("/owner/code", pages.code, methods=["POST"])
    router.add_api_route("/owner/let-in", pages.let_in, methods=["POST"])
    router.add_api_route("/owner/rename", pages.rename, methods=["POST"])
    router.add_api_route("/owner/merge", pages.merge, methods=["POST"])
    router.add_api_route("/owner/set-aside", pages.set_aside, methods=["POST"])
    router.add_api_route("/owner/unblind", pages.unblind_study, methods=["POST"])
    router.add_api_route("/owner/human_scores.csv", pages.human_scores, methods=["GET"])
    router.add_api_route("/owner/ratings.csv", pages.ratings, methods=["GET"])
    return router
