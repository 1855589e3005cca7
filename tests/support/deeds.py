"""What was done to a network, drawn at random; and its Lead Status report, worked out from that list and nothing else.

Nothing here knows a table or a function of the product: sales are added up one by one, in plain Python.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

# contract → (buyer, vertical, id); campaign → (affiliate, offer); status → (stage, sub-statuses)
CONTRACTS: Final = {
    "Gold": ("Acme", "Payday", 201),
    "Silver": ("Acme", "Solar", 202),
    "Prime": ("Zenith", "Payday", 203),
    "Best": ("Loans & Co", "Solar", 204),
}
CAMPAIGNS: Final = {
    "Search": ("Northbeam", "Cash Now"),
    "Mail": ("Northbeam", ""),
    "Social": ("Orchard", "Cash Now"),
    "Banner <b>": ("Orchard", "Sun Roof"),
}
STATUSES: Final[dict[str, tuple[int, tuple[str, ...]]]] = {
    "Qualified": (2, ("warm", "hot")),
    "Contacted": (1, ("by phone", "by mail")),
    "Old": (0, ("warm",)),
    "Funded": (4, ("in full", "in part")),
    "Dead": (0, ("wrong number", "by phone")),
    "Gone": (0, ()),
    "Never": (0, ()),
}
"""In the order of their columns."""
FIELDS: Final = {"loan_amount": "sum", "income": "average", "score": "max"}
REASONS: Final = {1: "Invalid phone", 2: "Duplicate"}
STAGES: Final = ("contacted", "qualified", "converted", "funded")
STATES: Final = ("submitted", "credited", "replaced", "rejected")


@dataclass(frozen=True, kw_only=True)
class Sale:
    """A row of a sales file."""

    sale_ref: str
    lead_id: str
    sold_at: datetime
    sold_price: Decimal
    payout: Decimal
    """Of the whole lead."""
    contract: str
    campaign: str
    sub_id_1: str
    sale_type: str
    is_test: bool
    status: str = ""
    sub_status: str = ""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the buyer reported, or an operator set right in its place."""

    sale_ref: str
    by_buyer: bool
    status: str = ""
    sub_status: str = ""
    amount: Decimal | None = None
    adds: bool = False
    field_name: str = ""
    field_value: str = ""
    reason: int = 0


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What became of a return."""

    sale_ref: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """A row of a later sales file that says something else; None: the same as before."""

    sale_ref: str
    sold_at: datetime | None = None
    sold_price: Decimal | None = None
    payout: Decimal | None = None


Deed = Sale | Said | Decided | Corrected


@dataclass
class Standing:
    """A sale after everything that was done to it."""

    sale: Sale
    sold_at: datetime
    sold_price: Decimal
    payout: Decimal
    revenue: Decimal
    status: str = ""
    sub_status: str = ""
    stage: int = 0
    fields: dict[str, Decimal] = field(default_factory=dict)
    return_state: str = ""
    updated_by: set[str] = field(default_factory=set)
    revenue_said: bool = False
    payout_share: Decimal = Decimal(0)
    first_of_lead: bool = False


def draw_sales(dice: random.Random, zone: ZoneInfo, change: date, leads: int) -> list[Sale]:
    """Leads sold once to three times in the weeks about a change of the clocks, many of them about midnight there."""
    sales: list[Sale] = []
    taken: set[datetime] = set()
    for number in range(leads):
        campaign = dice.choice(list(CAMPAIGNS))
        contracts = dice.sample(list(CONTRACTS), dice.choice((1, 1, 2, 3)))
        lead: dict[str, Any] = {
            "lead_id": f"lead{number}",
            "payout": dice.choice([Decimal(0), Decimal(dice.randrange(1, 300_000)) / 10_000]),
            "campaign": campaign,
            "sub_id_1": dice.choice(("fb1", "fb2", "")),
            "is_test": number % 15 == 14,
        }
        for contract in contracts:
            sold_at = _draw_moment(dice, zone, change)
            while sold_at in taken:
                sold_at += timedelta(seconds=1)
            taken.add(sold_at)
            status = dice.choice(["", "", "", "Contacted", "Old", "Dead"])
            sales.append(
                Sale(
                    **lead,
                    sale_ref=f"ref{len(sales)}",
                    sold_at=sold_at,
                    sold_price=dice.choice([Decimal(0), Decimal(dice.randrange(1, 500_000)) / 10_000]),
                    contract=contract,
                    sale_type="exclusive" if len(contracts) == 1 else "multi-sell",
                    status=status,
                    sub_status=dice.choice(["", *STATUSES[status][1]]) if status else "",
                )
            )
    return sales


def _draw_moment(dice: random.Random, zone: ZoneInfo, change: date) -> datetime:
    if dice.random() < 0.4:
        moment = datetime.combine(change, time(12), zone) + timedelta(minutes=dice.randrange(-20_000, 20_000))
    else:
        midnight = datetime.combine(change + timedelta(days=dice.randrange(-1, 3)), time(), zone)
        moment = midnight.astimezone(UTC) + timedelta(minutes=dice.randrange(-150, 240))
    return moment.astimezone(UTC)


def draw_deed(dice: random.Random, sales: Mapping[str, Standing], *, corrects: bool) -> Deed:
    """Something that may be done now; `corrects`: a later file among it."""
    standing = dice.choice(list(sales.values()))
    sale_ref = standing.sale.sale_ref
    waiting = [known.sale.sale_ref for known in sales.values() if known.return_state == "submitted"]
    if waiting and dice.random() < 0.15:
        return Decided(sale_ref=dice.choice(waiting), state=dice.choice(STATES[1:]))
    if corrects and dice.random() < 0.15:
        changes: dict[str, Any] = {
            "sold_at": standing.sold_at + timedelta(minutes=dice.randrange(-3_000, 3_000), milliseconds=1),
            "sold_price": standing.sold_price + Decimal(dice.randrange(1, 90_000)) / 10_000,
            "payout": standing.payout + Decimal(dice.randrange(1, 90_000)) / 10_000,
        }
        return Corrected(sale_ref=sale_ref, **{name: changes[name] for name in dice.sample(list(changes), 2)})
    status = dice.choice(["", *list(STATUSES)[:-1]])
    field_name = dice.choice(["", *FIELDS])
    by_buyer = dice.random() < 0.85
    return Said(
        sale_ref=sale_ref,
        by_buyer=by_buyer,
        # Whatever else it says, it says something.
        status=status or ("" if field_name else "Contacted"),
        sub_status=dice.choice(["", *STATUSES[status][1]]) if status else "",
        amount=dice.choice([None, Decimal(dice.randrange(-200_000, 900_000)) / 10_000]),
        adds=dice.random() < 0.5,
        field_name=field_name,
        field_value=str(Decimal(dice.randrange(-20_000, 90_000)) / 100) if field_name else "",
        reason=dice.choice((0, 0, 1, 2)) if by_buyer and not standing.return_state else 0,
    )


def stand(deeds: Iterable[Deed]) -> dict[str, Standing]:
    """By reference: every sale after these deeds."""
    sales: dict[str, Standing] = {}
    for deed in deeds:
        do(sales, deed)
    leads: dict[str, list[Standing]] = {}
    for standing in sorted(sales.values(), key=lambda standing: standing.sold_at):
        leads.setdefault(standing.sale.lead_id, []).append(standing)
    for sold in leads.values():
        _share(sold)
    return sales


def do(sales: dict[str, Standing], deed: Deed) -> None:
    """One more deed."""
    match deed:
        case Sale():
            price = deed.sold_price
            standing = Standing(deed, deed.sold_at, price, deed.payout, price, deed.status, deed.sub_status)
            standing.stage = STATUSES[deed.status][0] if deed.status else 0
            sales[deed.sale_ref] = standing
        case Said():
            _say(sales[deed.sale_ref], deed)
        case Decided():
            sales[deed.sale_ref].return_state = deed.state
        case Corrected():
            standing = sales[deed.sale_ref]
            standing.sold_at = deed.sold_at or standing.sold_at
            if deed.sold_price is not None:
                standing.sold_price = deed.sold_price
                standing.revenue = standing.revenue if standing.revenue_said else deed.sold_price
            for other in sales.values():
                if deed.payout is not None and other.sale.lead_id == standing.sale.lead_id:
                    other.payout = deed.payout


def _say(standing: Standing, said: Said) -> None:
    if said.status:
        if said.sub_status or said.status != standing.status:
            standing.sub_status = said.sub_status
        standing.status = said.status
        standing.stage = max(standing.stage, STATUSES[said.status][0])
    if said.amount is not None:
        standing.revenue = said.amount + (standing.revenue if said.adds else 0)
        standing.revenue_said = True
    if said.field_name:
        standing.fields[said.field_name] = Decimal(said.field_value)
    if said.reason:
        standing.return_state = "submitted"
    standing.updated_by.add("buyer" if said.by_buyer else "operator")


def _share(sold: Sequence[Standing]) -> None:
    """A lead's payout: by price, evenly where all are free, cut to four decimals; the first has what is left."""
    payout = sold[0].payout
    prices = [Fraction(standing.sold_price) for standing in sold]
    weights = prices if any(prices) else [Fraction(1)] * len(sold)
    for standing, weight in zip(sold, weights, strict=True):
        standing.payout_share = Decimal(int(Fraction(payout) * weight / sum(weights) * 10_000)) / 10_000
        standing.first_of_lead = standing is sold[0]
    sold[0].payout_share += payout - sum(standing.payout_share for standing in sold)


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which sales are counted, and by what."""

    by: tuple[str, ...]
    show_changes: bool = False
    show_sub_status: bool = False
    filters: tuple[tuple[str, str], ...] = ()


Numbers = dict[str, Decimal | int | None]


@dataclass(frozen=True)
class Answer:
    """The report: statuses in order, totals, and every row by its names, in order."""

    statuses: list[str]
    totals: Numbers
    rows: list[tuple[tuple[str, ...], Numbers]]


def slow_answer(
    deeds: Iterable[Deed], question: Question, zone: ZoneInfo, days: tuple[date, date], active: Iterable[str]
) -> Answer:
    """The numbers of every row, by the names of the columns of a file."""
    counted = [
        standing
        for standing in stand(deeds).values()
        if not standing.sale.is_test
        and days[0] <= standing.sold_at.astimezone(zone).date() <= days[1]
        and (not question.show_changes or standing.updated_by)
        and (not question.show_sub_status or standing.sub_status)
        and _passes(standing, question.filters, zone)
    ]
    groups: dict[tuple[str, ...], list[Standing]] = {}
    for standing in counted:
        groups.setdefault(tuple(place_of(standing, name, zone) for name in question.by), []).append(standing)
    active = set(active)
    statuses = [name for name in STATUSES if name in active or any(sale.status == name for sale in counted)]
    named = {*question.by, *(name for name, _ in question.filters)}
    with_leads = not named & {"buyer", "buyer_contract", "sale_type"}
    totals = _numbers(counted, statuses, with_leads=with_leads)
    dates = [place for place, name in enumerate(question.by) if name in ("day", "month")]
    names = [place for place, name in enumerate(question.by) if name not in ("day", "month")]

    def order(key: tuple[str, ...]) -> tuple[Any, ...]:
        return [key[place] for place in dates], -len(groups[key]), [key[place] for place in names]

    rows = [(key, _numbers(groups[key], statuses, with_leads=with_leads)) for key in sorted(groups, key=order)]
    return Answer(statuses, totals, rows)


def place_of(standing: Standing, dimension: str, zone: ZoneInfo) -> str:
    """The name of the row in which a sale stands."""
    sale, day = standing.sale, standing.sold_at.astimezone(zone).date().isoformat()
    buyer, vertical, _ = CONTRACTS[sale.contract]
    affiliate, offer = CAMPAIGNS[sale.campaign]
    return {
        "day": day,
        "month": day[:7],
        "buyer": buyer,
        "buyer_contract": sale.contract,
        "vertical": vertical,
        "campaign": sale.campaign,
        "affiliate": affiliate,
        "offer": offer,
        "sub_id_1": sale.sub_id_1,
        "sale_type": sale.sale_type,
        "status": standing.status,
        "updated": "yes" if standing.updated_by else "no",
    }[dimension]


def _passes(standing: Standing, filters: Sequence[tuple[str, str]], zone: ZoneInfo) -> bool:
    wanted: dict[str, set[str]] = {}
    for dimension, name in filters:
        wanted.setdefault(dimension, set()).add(name)
    return all(place_of(standing, dimension, zone) in names for dimension, names in wanted.items())


def _numbers(sales: Sequence[Standing], statuses: Sequence[str], *, with_leads: bool) -> Numbers:
    gross = sum((sale.sold_price for sale in sales), Decimal(0))
    revenue = sum((sale.revenue for sale in sales), Decimal(0))
    payout = sum((sale.payout_share for sale in sales), Decimal(0))
    found: Numbers = {
        "sales": len(sales),
        "updated": sum(1 for sale in sales if sale.updated_by),
        "updated_by_buyer": sum(1 for sale in sales if "buyer" in sale.updated_by),
        "no_status": sum(1 for sale in sales if not sale.status),
        "gross": gross,
        "adjustments": revenue - gross,
        "revenue": revenue,
        "payout": payout,
        "margin": revenue - payout,
    }
    if with_leads:
        found["leads"] = sum(1 for sale in sales if sale.first_of_lead)
    for status in statuses:
        there = [sale for sale in sales if sale.status == status]
        found[f"status:{status}"] = len(there)
        for sub_status in STATUSES[status][1]:
            found[f"sub_status:{status}/{sub_status}"] = sum(1 for sale in there if sale.sub_status == sub_status)
    for state in STATES:
        found[f"returns:{state}"] = sum(1 for sale in sales if sale.return_state == state)
    for number, stage in enumerate(STAGES, 1):
        found[f"reached:{stage}"] = sum(1 for sale in sales if sale.stage >= number)
    for name, summary in FIELDS.items():
        found |= _summary(name, summary, [sale.fields[name] for sale in sales if name in sale.fields])
    return found


def _summary(name: str, summary: str, values: Sequence[Decimal]) -> Numbers:
    column = f"field:{name}:{summary}"
    if summary == "average":
        exact = Fraction(sum(values)) / len(values) * 10_000 if values else Fraction(0)
        rounded = int(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)
        return {column: Decimal(rounded) / 10_000 if values else None, f"field:{name}:count": len(values)}
    if not values:
        return {column: None}
    return {column: sum(values, Decimal(0)) if summary == "sum" else max(values)}
