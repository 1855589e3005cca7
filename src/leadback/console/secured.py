"""What every answer of the console carries, how HEAD is answered, and that other sites change nothing here."""

from typing import Final
from urllib.parse import urlsplit

from leadback.kit.http import NO_SNIFFING, PLAIN_TEXT, Application, Event, Receive, Scope, Send, send_answer

# Pages load their own scripts, style sheets and pictures and nothing else, and hold neither script nor style
# themselves: what somebody's data smuggles into a page stays text. Tabler's style sheet brings pictures as data.
# No other site may frame them.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
FOREIGN: Final = b"This request does not come from a page of this server, so it changes nothing.\n"


def secured(application: Application) -> Application:
    """The application with `HEADERS` on every answer; HEAD is its GET without the body."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        bodiless = scope["method"] == "HEAD"

        async def send_secured(event: Event) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = [*event["headers"], *HEADERS]
            elif event["type"] == "http.response.body" and bodiless:
                event["body"] = b""
            await send(event)

        if scope["method"] not in SAFE_METHODS and not is_own(scope):
            await send_answer(send_secured, 403, (PLAIN_TEXT, NO_SNIFFING), FOREIGN)
            return
        await application({**scope, "method": "GET"} if bodiless else scope, receive, send_secured)

    return answer


def is_own(scope: Scope) -> bool:
    """Whether a request that changes something comes from one of our own pages.

    Browsers say so, and no page can make them say otherwise: by `Sec-Fetch-Site`, older ones by `Origin`. Together with
    a cookie that other sites' forms are not sent with, no token is needed in forms.
    """
    headers: dict[bytes, str] = {name: value.decode("latin-1") for name, value in scope["headers"]}
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return urlsplit(headers.get(b"origin", "")).netloc.lower() == headers.get(b"host", "").lower() != ""
