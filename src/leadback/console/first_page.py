"""The page at `/`: what runs here and where to go on."""

from litestar import get
from litestar.response import Template

from leadback import __version__
from leadback.kit.settings import Settings

UPDATE_PATH = "/buyers/api/1/leads.asmx"


@get("/")
async def first_page(settings: Settings) -> Template:
    """What runs here; nothing of any network, since anybody may look."""
    address = (settings.public_url or "").rstrip("/")
    return Template("first_page.html", context={"version": __version__, "update_address": address + UPDATE_PATH})
