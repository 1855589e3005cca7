"""Home: what happened today, and what needs somebody."""

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Template

from leadback.console.session import AnyRequest, Seen, go, page


@get("/")
async def first_page(seen: Given[Seen]) -> Redirect:
    """Home, for whoever is signed in; others are sent to where they can."""
    return go("/home")


@get("/home")
async def home_page(request: AnyRequest, seen: Given[Seen]) -> Template:
    """The first page after signing in."""
    return page(request, seen, "home.html")
