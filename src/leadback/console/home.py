"""Home: what happened today, and what needs somebody."""

from litestar import get
from litestar.response import Template

from leadback.console.session import AnyRequest, Seen, page


@get("/")
async def home_page(request: AnyRequest, seen: Seen) -> Template:
    """The first page after signing in."""
    return page(request, seen, "home.html")
