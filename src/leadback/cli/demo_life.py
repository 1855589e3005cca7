"""A small lead network's last weeks, made up from a seed: what was sold, and what its buyers reported and when."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

DAYS: Final = 45
LEADS_A_DAY: Final = 70
SOLD_TWICE: Final = 0.2
RETURNED: Final = 0.07
CENT: Final = Decimal("0.01")


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """How a vertical's leads usually fare, as shares of those a buyer works on."""

    name: str
    offer: str
    price_min: int
    price_max: int
    contacted: float
    qualified: float
    won: float
    qualified_status: str
    won_status: str
    field: str
    value_min: int
    value_max: int


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer's contract, and the share of its leads the buyer reports on at all."""

    buyer: str
    name: str
    trade: Trade
    coverage: float


PAYDAY: Final = Trade(
    name="Payday",
    offer="Fast Cash",
    price_min=18,
    price_max=65,
    contacted=0.5,
    qualified=0.2,
    won=0.07,
    qualified_status="In Progress",
    won_status="Funded",
    field="loan_amount",
    value_min=300,
    value_max=1500,
)
SOLAR: Final = Trade(
    name="Solar",
    offer="Sun on Your Roof",
    price_min=55,
    price_max=140,
    contacted=0.55,
    qualified=0.16,
    won=0.035,
    qualified_status="Appointment Set",
    won_status="Sold Paid in Full",
    field="system_kw",
    value_min=4,
    value_max=14,
)
INSURANCE: Final = Trade(
    name="Auto Insurance",
    offer="Drive for Less",
    price_min=6,
    price_max=22,
    contacted=0.55,
    qualified=0.25,
    won=0.055,
    qualified_status="Quoted",
    won_status="Sold Paid in Full",
    field="premium",
    value_min=600,
    value_max=2400,
)

CONTRACTS: Final = (
    Contract(buyer="Clearwater Lending", name="Clearwater Payday A", trade=PAYDAY, coverage=0.93),
    Contract(buyer="Clearwater Lending", name="Clearwater Payday B", trade=PAYDAY, coverage=0.88),
    Contract(buyer="Ridgeline Finance", name="Ridgeline Payday", trade=PAYDAY, coverage=0.7),
    Contract(buyer="Helio Homes", name="Helio Solar West", trade=SOLAR, coverage=0.95),
    Contract(buyer="Helio Homes", name="Helio Solar East", trade=SOLAR, coverage=0.85),
    Contract(buyer="Brightroof", name="Brightroof Solar", trade=SOLAR, coverage=0.45),
    Contract(buyer="Anchor Mutual", name="Anchor Auto", trade=INSURANCE, coverage=0.82),
    Contract(buyer="Northgate Insurance", name="Northgate Auto", trade=INSURANCE, coverage=0.6),
)

# Affiliates, and how much better or worse than usual their leads turn out.
AFFILIATES: Final = {
    "Northbeam Media": 1.25,
    "Orchard Digital": 1.0,
    "ClickHarbor": 0.55,
    "Bluefin": 1.1,
    "Leadwise": 0.9,
    "Summit Traffic": 0.75,
}
SOURCES: Final = ("search", "social", "mail")
SUB_IDS: Final = ("fb1", "fb2", "g-brand", "g-generic", "tt7")


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """One sale, as a row of a sales file."""

    lead_id: str
    sold_at: str
    sold_price: str
    payout: str
    buyer: str
    buyer_contract: str
    vertical: str
    affiliate: str
    offer: str
    campaign: str
    sub_id_1: str
    sale_type: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One call a buyer made."""

    reported_at: datetime
    buyer: str
    buyer_contract: str
    lead_id: str
    status: str = ""
    sub_status: str = ""
    amount: Decimal | None = None
    add_to_existing: bool | None = None
    field: str = ""
    value: str = ""
    return_reason: str = ""


def live(until: datetime, seed: int) -> tuple[list[Sold], list[Report]]:
    """The sales of the last `DAYS` days and every call up to now, in the order of their time."""
    dice = random.Random(seed)  # noqa: S311 - a story, not a secret
    sales: list[Sold] = []
    reports: list[Report] = []
    for day in range(DAYS, -1, -1):
        morning = (until - timedelta(days=day)).replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(dice.randint(LEADS_A_DAY - 15, LEADS_A_DAY + 15)):
            sold_at = morning + timedelta(seconds=dice.randint(8 * 3600, 23 * 3600))
            if sold_at < until:
                for sale, contract, quality in _lead(dice, sold_at):
                    sales.append(sale)
                    reports += _reports(dice, sale, contract, sold_at, quality)
    return sales, sorted(
        (report for report in reports if report.reported_at < until), key=lambda report: report.reported_at
    )


def _lead(dice: random.Random, sold_at: datetime) -> Iterator[tuple[Sold, Contract, float]]:
    first = dice.choice(CONTRACTS)
    trade = first.trade
    others = [contract for contract in CONTRACTS if contract.trade is trade and contract is not first]
    contracts = [first, dice.choice(others)] if dice.random() < SOLD_TWICE else [first]
    affiliate = dice.choice(list(AFFILIATES))
    source = dice.choice(SOURCES)
    price = Decimal(dice.randint(trade.price_min, trade.price_max))
    lead_id = f"{dice.getrandbits(64):016X}"
    sub_id = dice.choice(SUB_IDS)
    for number, contract in enumerate(contracts):
        sale = Sold(
            lead_id=lead_id,
            sold_at=(sold_at + timedelta(seconds=2 * number)).isoformat(),
            sold_price=str(price - number),
            payout=str((price * Decimal("0.55")).quantize(CENT)),
            buyer=contract.buyer,
            buyer_contract=contract.name,
            vertical=trade.name,
            affiliate=affiliate,
            offer=trade.offer,
            campaign=f"{affiliate} {trade.name} {source}",
            sub_id_1=sub_id,
            sale_type="multi-sell" if len(contracts) > 1 else "exclusive",
        )
        yield sale, contract, AFFILIATES[affiliate]


def _reports(
    dice: random.Random, sale: Sold, contract: Contract, sold_at: datetime, quality: float
) -> Iterator[Report]:
    """What one buyer tells of one sale, step by step as it comes to know."""
    trade = contract.trade
    if dice.random() > contract.coverage:
        return
    at = sold_at + timedelta(hours=dice.uniform(0.2, 30))

    def report(**told: object) -> Report:
        values = {"buyer": sale.buyer, "buyer_contract": sale.buyer_contract, "lead_id": sale.lead_id}
        return msgspec.convert(values | {"reported_at": at} | told, Report)

    if dice.random() < RETURNED:
        at += timedelta(days=dice.uniform(0, 12))
        reason = dice.choice(["Invalid phone", "Invalid phone", "Duplicate", "Wrong person"])
        yield report(status="Unqualified", amount=Decimal(0), add_to_existing=False, return_reason=reason)
        return
    fate = dice.random()
    if fate > trade.contacted:
        yield (
            report(status="No Answer")
            if dice.random() < 0.5
            else report(status="Unqualified", sub_status=dice.choice(["", "Credit", "Out of area", "Renter"]))
        )
        return
    yield report(status="Contacted", sub_status=dice.choice(["", "By phone", "By text"]))
    if fate < trade.qualified * quality:
        at += timedelta(days=dice.uniform(0.3, 5))
        yield report(status=trade.qualified_status)
    if fate < trade.won * quality:
        at += timedelta(days=dice.uniform(1, 12))
        value = str(dice.randint(trade.value_min, trade.value_max))
        sub_status = dice.choice(["Full Payment", "Partial"]) if trade.won_status == "Funded" else ""
        if dice.random() < 0.1:
            # A buyer's new clerk types it as people say it: a failed update, and the right one a day later.
            yield report(status=trade.won_status.lower())
            at += timedelta(days=1)
        yield report(status=trade.won_status, sub_status=sub_status, field=trade.field, value=value)
