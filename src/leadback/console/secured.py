"""What every answer of the console carries, its errors and files included, and how HEAD is answered."""

from typing import Final

from leadback.kit.http import Application, Event, Receive, Scope, Send

# Pages load their own style sheets and pictures and nothing else; no other site may frame them.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
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

        await application({**scope, "method": "GET"} if bodiless else scope, receive, send_secured)

    return answer
