"""What people typed into forms and addresses, read; `Refused` says what would have been right."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from leadback.access.model import IPNetwork
from leadback.console.session import AnyRequest
from leadback.kit.errors import Refused
from leadback.parties.rules import parse_network

DIGITS_MAX: Final = 9
LONG_DIGITS_MAX: Final = 18
"""So that every number fits where it is looked for: an integer, and a bigint."""

Entered = Mapping[str, Any]


def query_of(request: AnyRequest) -> dict[str, str]:
    """The parameters of an address; of one that is repeated the last."""
    return dict(request.query_params.items())


def number_of(entered: Entered, name: str, label: str, *, digits_max: int = DIGITS_MAX) -> int | None:
    """A whole number; None where the field is empty."""
    text = str(entered.get(name) or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= digits_max):
        raise Refused(f"{label}: {text[:40]!r} is not a whole number from 0 to {'9' * digits_max}.")
    return int(text)


def date_of(entered: Entered, name: str, label: str) -> date | None:
    """A date as browsers send it, 2026-12-31; None where the field is empty."""
    text = str(entered.get(name) or "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"{label}: {text[:40]!r} is not a date such as 2026-12-31.") from error


def moment_of(entered: Entered, name: str, label: str, zone: ZoneInfo) -> datetime | None:
    """A moment in the network's time as browsers send it, 2026-12-31T18:00; None where the field is empty."""
    text = str(entered.get(name) or "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"{label}: {text[:40]!r} is not a moment such as 2026-12-31T18:00.") from error
    local = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    if moment.tzinfo is None and local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise Refused(f"{label}: there is no {text} in {zone.key}, the clocks went forward.")
    return local


def networks_of(entered: Entered, name: str) -> tuple[IPNetwork, ...]:
    """Networks, one a line or with commas between."""
    return tuple(parse_network(text) for text in str(entered.get(name) or "").replace(",", "\n").split())


def texts_of(entered: Entered, name: str) -> tuple[str, ...]:
    """Everything that was chosen of several."""
    value = entered.get(name, ())
    return (value,) if isinstance(value, str) else tuple(str(one) for one in value)


def is_on(entered: Entered, name: str) -> bool:
    """Whether a box is ticked."""
    return entered.get(name) == "on"
