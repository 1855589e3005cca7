"""Setup > Settings > Lead Gen Settings: the Lead Statuses switch, returns, dates, and how long things are kept."""

from typing import Any, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Template

from leadback.access.operator_model import Permission
from leadback.access.operators import actor_of
from leadback.console.session import AnyRequest, Seen, Sessions, go, page
from leadback.console.sign_in import Form, text_of
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.networks.actions import set_network
from leadback.networks.model import Network
from leadback.networks.settings import NetworkSettings

SETTINGS_PATH: Final = "/setup/settings"
DAYS_DIGITS_MAX: Final = 5

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SWITCHES: Final = (
    "lead_statuses",
    "credit_sets_revenue_to_zero",
    "return_to_affiliate",
    "rerun_waiting_updates",
    "second_factor_required",
)
TEXTS: Final = ("name", "date_format", "terminal_statuses", "return_approval")


@get(SETTINGS_PATH)
async def settings_page(request: AnyRequest, seen: Given[Seen]) -> Template:
    """Every setting of the network, with what it does."""
    return _settings(request, seen, msgspec.structs.asdict(seen.network))


@post(SETTINGS_PATH)
async def change_settings(
    request: AnyRequest, sessions: Given[Sessions], seen: Given[Seen], data: Form
) -> Template | Redirect:
    """Save all of them; a box that is not ticked is sent by no browser, and means off."""
    seen.viewer.require(Permission.CHANGE_SETUP)
    try:
        async with sessions.database.transaction(seen.network_id) as connection:
            await set_network(connection, seen.network_id, _asked(data), actor=actor_of(seen.viewer), now=now())
    except Refused as error:
        return _settings(request, seen, _typed(seen.network, data), error=str(error))
    return go(SETTINGS_PATH, "Saved. It holds for the very next call.")


def _asked(data: dict[str, Any]) -> NetworkSettings:
    switched = {name: text_of(data, name) == "on" for name in SWITCHES}
    return NetworkSettings(
        name=text_of(data, "name"),
        host_name=text_of(data, "host_name").strip().lower() or None,
        week_start=_whole(data, "week_start", "first day of the week"),
        date_format=text_of(data, "date_format"),
        lead_statuses=switched["lead_statuses"],
        terminal_statuses=text_of(data, "terminal_statuses"),
        return_approval=text_of(data, "return_approval"),
        credit_sets_revenue_to_zero=switched["credit_sets_revenue_to_zero"],
        return_to_affiliate=switched["return_to_affiliate"],
        rerun_waiting_updates=switched["rerun_waiting_updates"],
        failed_update_days=_whole(data, "failed_update_days", "number of days"),
        second_factor_required=switched["second_factor_required"],
    )


def _whole(data: dict[str, Any], name: str, spoken: str) -> int:
    text = text_of(data, name).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= DAYS_DIGITS_MAX):
        raise Refused(f"The {spoken} {text!r} is not a whole number.")
    return int(text)


def _typed(network: Network, data: dict[str, Any]) -> dict[str, Any]:
    switches = {name: text_of(data, name) == "on" for name in SWITCHES}
    texts = {name: text_of(data, name) for name in (*TEXTS, "host_name", "week_start", "failed_update_days")}
    return msgspec.structs.asdict(network) | switches | texts


def _settings(request: AnyRequest, seen: Seen, values: dict[str, Any], *, error: str = "") -> Template:
    seen.viewer.require(Permission.CHANGE_SETUP)
    status_code = 422 if error else 200
    return page(
        request,
        seen,
        "lead_gen_settings.html",
        status_code=status_code,
        values=values,
        weekdays=WEEKDAYS,
        error=error,
    )
