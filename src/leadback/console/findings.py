"""What home says of each finding: a sentence with its numbers, and links to exactly what is behind it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from leadback.catalog.model import STAGES, Catalog
from leadback.console.templating import address, number, percent
from leadback.leads.model import Flag, Message
from leadback.networks.model import Network
from leadback.reports.buyer_reporting_model import SilentBuyer
from leadback.reports.failed_updates import FailedGroup
from leadback.reports.findings_model import BestPaid, LateReturns, LateRevenue, LedgerMark, SpoiledSubId, TestLead
from leadback.reports.returns_model import ContractReturns

FAILED_CALLS_MIN: Final = 10
MARKED_SALES_MIN: Final = 5
FAILED_SHOWN_MAX: Final = 5
CLOCK_DAYS: Final = 366

Link = tuple[str, str]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One finding as home shows it."""

    kind: str
    """`negative`: money or data is being lost; `warning`: worth a look; `neutral`: good to know."""
    title: str
    text: str
    links: tuple[Link, ...]


class Days(msgspec.Struct, frozen=True):
    """The days a finding is of, both included."""

    first: date
    last: date

    def report(self, name: str, *filters: str, by: str | None = None, sort: str | None = None) -> str:
        """The address of a report over these days."""
        changes = {"from": str(self.first), "to": str(self.last), "by": by, "filter": list(filters), "sort": sort}
        return address(f"/reports/{name}", (), changes)


def told_silent(found: Iterable[SilentBuyer], days: Days, network: Network) -> list[Told]:
    """Buyers that stopped saying what became of their leads."""
    told = []
    for one in found:
        since = "ever" if one.last_update is None else f"since {network.local(one.last_update):%b %-d}"
        told.append(
            Told(
                kind="negative",
                title=f"{one.buyer} has fallen silent",
                text=f"No update {since}; {number(one.sales_at_risk)} sales past its usual lag stand without one.",
                links=(
                    ("Buyer Reporting", days.report("buyer-reporting")),
                    (one.buyer, f"/buyers/{one.buyer_id}"),
                ),
            )
        )
    return told


def told_failed(groups: Sequence[FailedGroup], catalog: Catalog) -> list[Told]:
    """The most frequent reasons for which calls of a buyer failed, and what would repair them."""
    told = []
    for group in [one for one in groups if one.calls >= FAILED_CALLS_MIN][:FAILED_SHOWN_MAX]:
        sent = f" It sends {group.sent[0].text!r}" if group.sent else ""
        known = {status.name.casefold(): status.name for status in catalog.statuses.values() if status.active}
        meant = known.get(group.sent[0].text.casefold()) if group.sent else None
        if sent and group.reason == Message.INVALID_LEAD_STATUS and meant:
            sent += f"; the status is {meant!r}. An alias and a re-run repair it."
        elif sent:
            sent += "."
        query = {"buyer": str(group.buyer_id), "reason": group.reason}
        told.append(
            Told(
                kind="negative",
                title=f"{number(group.calls)} calls of {group.buyer} failed",
                text=f"{group.reason}.{sent}",
                links=(("Failed updates", address("/reports/failed-updates", (), query)),),
            )
        )
    return told


def told_marks(found: Iterable[LedgerMark]) -> list[Told]:
    """Old lists, repeated additions, credits taken back."""
    told = []
    for one in found:
        lead = (f"Lead {one.lead_id}", f"/leads/{one.lead_id}")
        if one.mark == Flag.LEFT_TERMINAL_STATUS:
            if one.sales >= MARKED_SALES_MIN:
                told.append(_old_list(one, lead))
        elif one.mark == Flag.POSSIBLE_DUPLICATE:
            told.append(
                Told(
                    kind="warning",
                    title=f"{one.buyer} may have added an amount twice",
                    text=f"The same call came again on {one.day:%b %-d}, after the first had been answered:"
                    " both are marked as a possible duplicate.",
                    links=(lead,),
                )
            )
        else:
            told.append(
                Told(
                    kind="neutral",
                    title=f"A return of {one.buyer} was rejected, and its revenue restored",
                    text=f"On {one.day:%b %-d}; the lead's history says why.",
                    links=(lead, ("Rejected returns", "/returns?state=rejected")),
                )
            )
    return told


def told_late_returns(found: Iterable[LateReturns], days: Days) -> list[Told]:
    """Contacted leads that come back when the window closes."""
    return [
        Told(
            kind="warning",
            title=f"{one.buyer_contract} gives good leads back on the last days",
            text=f'{number(one.late)} of its {number(one.returns)} returns as "{one.return_reason}" are leads it had'
            f" contacted, given back when the {one.days} days were nearly over.",
            links=(
                (
                    "These returns",
                    days.report(
                        "lead-detail",
                        f"buyer_contract_id={one.buyer_contract_id}",
                        f"return_reason_id={one.return_reason_id}",
                        "reached=contacted",
                    ),
                ),
                ("Failed updates", address("/reports/failed-updates", (), {"buyer": str(one.buyer_id)})),
            ),
        )
        for one in found
    ]


def told_best_paid(found: Iterable[BestPaid], days: Days, currency: str) -> list[Told]:
    """Affiliates whose price says more than their leads."""
    return [
        Told(
            kind="warning",
            title=f"{one.affiliate} is paid best in {one.vertical} and is {one.stage} least",
            text=f"{number(one.revenue_per_lead, 2)} {currency} a lead against {number(one.others_revenue_per_lead, 2)}"
            f" of the others; {percent(one.share)} {one.stage} against {percent(one.others_share)}.",
            links=(
                (
                    "Lead Status by affiliate",
                    days.report("lead-status", f"vertical_id={one.vertical_id}", by="affiliate"),
                ),
            ),
        )
        for one in found
    ]


def told_sub_ids(found: Iterable[SpoiledSubId], days: Days) -> list[Told]:
    """Sub ids that spoil a campaign."""
    return [
        Told(
            kind="warning",
            title=f"Sub id {one.sub_id} spoils {one.campaign}",
            text=f"{percent(one.share)} of its {number(one.sales)} sales were ever contacted, against"
            f" {percent(one.others_share)} of the campaign's others.",
            links=(
                ("Lead Status by sub id", days.report("lead-status", f"campaign_id={one.campaign_id}", by="sub_id")),
            ),
        )
        for one in found
    ]


def told_late_revenue(found: Iterable[LateRevenue], days: Days, currency: str) -> list[Told]:
    """Contracts that pay for the outcome, weeks later."""
    return [
        Told(
            kind="neutral",
            title=f"{one.buyer_contract} pays weeks later",
            text=f"It pays for the outcome: the last {one.weeks} weeks show {number(one.margin, 2)} {currency}, the"
            f" weeks before brought {number(one.earlier_revenue, 2)} {currency}.",
            links=(
                (
                    "Lead Status by week",
                    days.report("lead-status", f"buyer_contract_id={one.buyer_contract_id}", by="week"),
                ),
            ),
        )
        for one in found
    ]


def told_owed(found: Iterable[ContractReturns]) -> list[Told]:
    """Replacements that were promised and have not come."""
    return [
        Told(
            kind="warning",
            title=f"{one.buyer_contract} is owed {number(one.returns_owed)} replacements",
            text=f"{number(one.replaced)} of its returns were to be replaced, {number(one.delivered)} replacements were"
            " delivered.",
            links=(
                (
                    "Returns to be replaced",
                    address("/returns", (), {"state": "replaced", "contract": str(one.buyer_contract_id)}),
                ),
            ),
        )
        for one in found
        if one.returns_owed > 0
    ]


def told_tests(found: Iterable[TestLead], network: Network) -> list[Told]:
    """Test leads: they take updates and are counted nowhere."""
    return [
        Told(
            kind="neutral",
            title=f"{one.buyer} updated a test lead",
            text=f"{number(one.updates)} updates, the last on {network.local(one.updated_at):%b %-d}; no report"
            " counts it.",
            links=((f"Lead {one.lead_id}", f"/leads/{one.lead_id}"),),
        )
        for one in found
    ]


def told_clocks(days: Iterable[date]) -> list[Told]:
    """Nights on which the clocks were set back: an hour came twice."""
    return [
        Told(
            kind="neutral",
            title=f"The clocks went back on {day:%b %-d}",
            text="An hour of that night came twice; what was sold in its second run comes after the first.",
            links=(("What was sold", Days(day, day).report("lead-detail", sort="sold_at")),),
        )
        for day in days
    ]


def clocks_set_back(last: date, zone: ZoneInfo) -> list[date]:
    """The days of the year up to a day on which local clocks were set back."""
    found = []
    for day in (last - timedelta(days=before) for before in range(CLOCK_DAYS)):
        begin, end = (
            datetime.combine(one, time(), zone).utcoffset() or timedelta(0) for one in (day, day + timedelta(days=1))
        )
        if end < begin:
            found.append(day)
    return found


def returns_links(counts: Mapping[str, int]) -> list[tuple[str, int, str]]:
    """Each state's name, how many returns stand at it, and where they are listed."""
    return [(state, count, address("/returns", (), {"state": state})) for state, count in counts.items()]


def _old_list(one: LedgerMark, lead: Link) -> Told:
    filters = [f"buyer_id={one.buyer_id}"]
    if one.status_id_after is not None:
        filters.append(f"status_id={one.status_id_after}")
    if one.stage_before:
        filters.append(f"reached={STAGES[one.stage_before]}")
    days = Days(one.sold_from, one.sold_to)
    return Told(
        kind="negative",
        title=f"{one.buyer} undid {number(one.sales)} leads that were {one.status_before}",
        text=f"On {one.day:%b %-d} they left a terminal status and became {one.status_after or 'without status'}:"
        " an old list, perhaps. Reports still count how far they had come.",
        links=(
            ("These sales", days.report("lead-detail", *filters)),
            ("Lead Status", days.report("lead-status", f"buyer_id={one.buyer_id}", by="buyer_contract")),
            lead,
        ),
    )
