"""What the words on a command line mean: a buyer's name, a date, a network."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Final, TypeVar
from zoneinfo import ZoneInfo

import typer

from leadback.kit.errors import Refused
from leadback.parties.model import Affiliate, Buyer, BuyerContract, Campaign, Offer, Vertical

NAMES_SHOWN_MAX: Final = 20
NONE: Final = "none"

BuyerOption = Annotated[str, typer.Option("--buyer", metavar="NAME", help="The buyer's name.")]

Named = TypeVar("Named", Affiliate, Buyer, Campaign, Offer, Vertical)


def named(what: str, name: str, items: Iterable[Named]) -> Named:
    """The one of this name; `Refused` says which there are."""
    items = list(items)
    for item in items:
        if item.name == name:
            return item
    raise Refused(f"There is no {what} {name!r}. {_there_are([item.name for item in items])}")


def buyer_of(name: str, buyers: Iterable[Buyer]) -> Buyer:
    """The buyer of this name or, where none has it, of this id."""
    buyers = list(buyers)
    if not any(item.name == name for item in buyers):
        for item in buyers:
            if str(item.buyer_id) == name:
                return item
    return named("buyer", name, buyers)


def named_contract(
    name: str, buyer: Buyer | None, contracts: Sequence[BuyerContract], buyers: Sequence[Buyer]
) -> BuyerContract:
    """The contract of this name, of the buyer where one is given; a name that several buyers use needs the buyer."""
    owned = [item for item in contracts if buyer is None or item.buyer_id == buyer.buyer_id]
    found = [item for item in owned if item.name == name]
    if len(found) == 1:
        return found[0]
    if not found:
        whose = "" if buyer is None else f" of {buyer.name!r}"
        raise Refused(f"There is no contract {name!r}{whose}. {_there_are([item.name for item in owned])}")
    owners = {item.buyer_id for item in found}
    names = [item.name for item in buyers if item.buyer_id in owners]
    raise Refused(f"There are several contracts {name!r}; give --buyer too, one of: {_first(names)}")


def parse_date(option: str, text: str) -> date | None:
    """A date as `2026-12-31`; None for the word none."""
    if text == NONE:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"{option} {text!r} is not a date such as 2026-12-31, or {NONE}.") from error


def parse_moment(option: str, text: str, zone: ZoneInfo) -> datetime:
    """A moment as `2026-12-31T18:00`, in the network's time where it names no zone; a bare date begins that day."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"{option} {text!r} is not a moment such as 2026-12-31T18:00.") from error
    if moment.tzinfo is not None:
        return moment
    local = moment.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise Refused(f"{option} {text!r}: there is no such time in {zone.key}, the clocks went forward.")
    return local


def _there_are(names: Sequence[str]) -> str:
    return f"There are: {_first(names)}" if names else "There is none yet."


def _first(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN_MAX
    return ", ".join(names[:NAMES_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")
