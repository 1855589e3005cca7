"""What is answered in place of a page: a page of words for people, a line of text for programs."""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from litestar import MediaType, Response
from litestar.exceptions import HTTPException
from litestar.response import Template
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import ExceptionHandlersMap, Scope
from sqlalchemy.exc import SQLAlchemyError

from leadback.access.operator_model import ForbiddenError
from leadback.console.session import AnyRequest, NotSignedInError, Sessions, page, to_sign_in
from leadback.kit.errors import DatabaseUnusable, NotThere, Refused

# Asked by programs, whatever they say they accept.
PROGRAMS_PATHS: Final = ("/static/", "/livez", "/readyz")
PLAIN_WORDS: Final[Mapping[int, str]] = {
    404: "There is nothing at this address.",
    405: "This address does not answer that method.",
}
BROKEN: Final = "Something broke here. It is in the server's log.\n"

log = structlog.get_logger(__name__)


class SessionsOfErrors:
    """Finds out who looks at an address that has no page, for the frame around what is said of it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def __call__(self, error: Exception, scope: Scope) -> None:
        """Remember whoever is signed in; a fault of our own asks the database nothing more."""
        request = AnyRequest(scope)
        if not isinstance(error, HTTPException) or error.status_code >= HTTP_500_INTERNAL_SERVER_ERROR:
            return
        if not is_for_people(request) or "seen" in request.state:
            return
        try:
            request.state.seen = await self._sessions.seen(request)
        except (NotSignedInError, DatabaseUnusable, SQLAlchemyError, OSError):
            request.state.seen = None


def is_for_people(request: AnyRequest) -> bool:
    """Whether a browser shows the answer as a page."""
    return "text/html" in request.headers.get("accept", "") and not request.scope["path"].startswith(PROGRAMS_PATHS)


def forbid(request: AnyRequest, error: ForbiddenError) -> Template:
    """What somebody may not see."""
    return error_page(request, 403, str(error))


def refuse(request: AnyRequest, error: Refused) -> Template:
    """What was asked for and cannot be."""
    return error_page(request, 404 if isinstance(error, NotThere) else 422, str(error))


def answer_for(request: AnyRequest, error: HTTPException) -> Response[Any] | Template:
    """What the framework refuses: no such address, another method, too large a body."""
    if is_for_people(request):
        answer = error_page(request, error.status_code)
        answer.headers |= error.headers or {}
        return answer
    text = PLAIN_WORDS.get(error.status_code, error.detail)
    return Response(f"{text}\n", status_code=error.status_code, media_type=MediaType.TEXT, headers=error.headers)


def own_fault(request: AnyRequest, error: Exception) -> Response[Any] | Template:
    """A fault of ours: its story is in the log, and nothing of it in the answer."""
    request_id = request.scope["state"].get("request_id", "")
    log.error("page failed", path=request.scope["path"], request_id=request_id, exc_info=error)
    if is_for_people(request):
        return error_page(request, HTTP_500_INTERNAL_SERVER_ERROR)
    return Response(BROKEN, status_code=HTTP_500_INTERNAL_SERVER_ERROR, media_type=MediaType.TEXT)


def error_page(request: AnyRequest, status_code: int, text: str = "") -> Template:
    """The page of an error, with what is known of who looks at it."""
    return page(
        request,
        request.state.get("seen"),
        "error.html",
        status_code=status_code,
        code=status_code,
        detail=text,
        request_id=request.scope["state"].get("request_id", ""),
    )


HANDLERS: Final[ExceptionHandlersMap] = {
    NotSignedInError: to_sign_in,
    ForbiddenError: forbid,
    Refused: refuse,
    HTTPException: answer_for,
    HTTP_500_INTERNAL_SERVER_ERROR: own_fault,
}
