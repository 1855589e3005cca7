"""Pictures of the gallery at the sizes and in the colours that count: `python -m tests.console.pictures DIRECTORY`."""

import sys
from pathlib import Path

from tests.console.gallery import ORIGIN, PAGES, browser, serve

WIDTHS = (1280, 390)
HEIGHT = 860


def complain(text: str) -> None:
    """What the browser says of a page."""
    sys.stderr.write(f"{text}\n")


def take(directory: Path) -> None:
    """A picture of every page, width and theme."""
    with browser() as opened:
        for theme in ("light", "dark"):
            for width in WIDTHS:
                window = opened.new_context(color_scheme=theme, viewport={"width": width, "height": HEIGHT})
                page = window.new_page()
                page.on("console", lambda message: complain(message.text))
                page.on("pageerror", lambda error: complain(str(error)))
                serve(page)
                for path, template in PAGES.items():
                    page.goto(ORIGIN + path)
                    page.wait_for_timeout(500)
                    page.screenshot(path=directory / f"{Path(template).stem}-{width}-{theme}.png", full_page=True)


if __name__ == "__main__":
    take(Path(sys.argv[1]))
