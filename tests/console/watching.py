"""A browser on a running console that remembers whatever a page complains about, and whom it asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

HEIGHT = 860


class Watched:
    """Windows on one origin: errors of scripts, breaches of the policy, broken answers and foreign requests."""

    def __init__(self, browser: Browser, origin: str) -> None:
        self.origin = origin
        self.complaints: list[str] = []
        self._browser = browser
        self._opened: list[BrowserContext] = []

    def window(self, *, width: int = 1280, theme: Any = "light", cookies: dict[str, str] | None = None) -> Page:
        """A page in a window of its own, with the cookies it is given."""
        opened = self._browser.new_context(
            base_url=self.origin,
            color_scheme=theme,
            viewport={"width": width, "height": HEIGHT},
            reduced_motion="reduce",
        )
        opened.add_cookies(
            [{"name": name, "value": value, "url": self.origin} for name, value in (cookies or {}).items()]
        )
        self._opened.append(opened)
        page = opened.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._see_request)
        page.on("response", self._see_response)
        return page

    def close(self) -> None:
        """Close every window."""
        for opened in self._opened:
            opened.close()

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(f"{said.location.get('url')}: {said.text}")

    def _see_request(self, request: Request) -> None:
        if urlsplit(request.url).scheme not in ("data", "blob") and not request.url.startswith(f"{self.origin}/"):
            self.complaints.append(f"asked another host: {request.url}")

    def _see_response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.request.method} {response.url}")


@contextmanager
def watching(browser: Browser, origin: str) -> Iterator[Watched]:
    """Windows that fail the test on leaving where any page complained."""
    watched = Watched(browser, origin)
    yield watched
    watched.close()
    assert watched.complaints == []
