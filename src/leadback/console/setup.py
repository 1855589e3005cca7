"""Setup: where everything that shapes a network is found."""

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.response import Template

from leadback.access.operator_model import Permission
from leadback.console.session import AnyRequest, Seen, page

PAGES = (
    ("Settings", "/setup/settings", "Lead Gen Settings: the Lead Statuses switch, returns, dates, retention.", False),
    ("Lead Statuses", "/setup/lead-statuses", "Status, Sub status and Field: the words buyers report in.", True),
    ("Return reasons", "/setup/return-reasons", "Why a buyer can give a lead back, with the ids it sends.", False),
    ("Own ratios", "/setup/ratios", "Columns of the Lead Status report: one number divided by another.", True),
    ("Users and roles", "/setup/users", "Who may sign in, and what for.", False),
    ("Audit log", "/setup/audit-log", "Who changed the setup, when, from what to what.", False),
)
"""Label, address, what is there, and whether it goes with the Lead Statuses switch."""


@get("/setup")
async def setup_page(request: AnyRequest, seen: Given[Seen]) -> Template:
    """The pages of Setup, each with a sentence."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    shown = [one for one in PAGES if seen.network.lead_statuses or not one[-1]]
    return page(request, seen, "setup.html", pages=shown)
