"""What a buyer reports of a sale, step by step as it comes to know."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from leadback.cli.demonstration.cast import TRADES, contracts_of, usual_quality
from leadback.cli.demonstration.model import Buyer, Call, Sale, Trade
from leadback.cli.demonstration.stories import SPOILED_CAMPAIGN, SPOILED_SUB_ID

FIRST_CALL_HOURS: Final = 5
OPENS_HOUR: Final = 8
CLOSES_HOUR: Final = 20
NIGHTLY_HOUR: Final = 21
NIGHTLY_SECONDS: Final = 2_400
RETURNED_WITH_AMOUNT: Final = 0.85
DOLLAR_SIGN: Final = 0.3

ATTEMPTS: Final = ("First attempt", "Second attempt", "Third attempt")
REASONS: Final = {
    "Wrong number": "Invalid phone",
    "Out of area": "Out of area",
    "Renter": "Wrong person",
    "": "Duplicate",
}
BY_WAY: Final = ("By phone", "By phone", "By phone", "By text", "By email", "")
LOST: Final = (
    ("Not Interested", ("Changed mind", "Bought elsewhere", "Too expensive")),
    ("Unqualified", ("Credit", "Out of area", "Renter")),
)
SUB_STATUSES: Final = {
    "In Progress": ("Documents requested",),
    "Appointment Set": ("At home", "At home", "By video"),
    "Bound": ("Six months", "Twelve months", "Six months", ""),
    "Sold": ("Financed", "Financed", "Cash"),
    "Enrolled": ("Full time", "Part time", "Part time"),
    "Funded": ("Full Payment", "Full Payment", "Full Payment", "Partial"),
}

USUALLY_RETURNED: Final = 0.08
STOPPED_SHORT: Final = 0.5
"""Of the contacted that came no further: the buyer says why."""


class Steps:
    """The calls on one sale, each later than the one before."""

    def __init__(self, dice: random.Random, zone: ZoneInfo, sale: Sale) -> None:
        self._dice = dice
        self._zone = zone
        self._buyer = sale.buyer
        self.at = sale.sold_at
        self.calls: list[Call] = []

    def wait(self, days: float) -> None:
        """Let time pass."""
        self.at += timedelta(days=days)

    def report(self, status: str, **told: object) -> None:
        """The buyer's next call, at a time at which this buyer makes calls."""
        at = _reported_at(self._dice, self.at, self._buyer, self._zone)
        if self.calls:
            at = max(at, self.calls[-1].at + timedelta(seconds=self._dice.randint(2, 90)))
        self.at = at
        self.calls.append(Call(at=at, status=status, **told))  # type: ignore[arg-type] # what is told is named as the call's


class Fates:
    """Draws what becomes of sales."""

    def __init__(self, dice: random.Random, zone: ZoneInfo) -> None:
        self._dice = dice
        self._zone = zone
        self._covered = {name: _usual_coverage(name) for name in TRADES}
        self._quality = {name: usual_quality(name) for name in TRADES}

    def calls(self, sale: Sale) -> list[Call]:
        """Every call on a sale, whenever; none where the buyer keeps silent."""
        dice, buyer, contract = self._dice, sale.buyer, sale.contract
        if dice.random() >= buyer.coverage:
            return []
        trade, lead = TRADES[contract.vertical], sale.lead
        spoiled = lead.campaign.name == SPOILED_CAMPAIGN and lead.sub_id == SPOILED_SUB_ID
        quality = 0.05 if spoiled else lead.campaign.affiliate.quality / self._quality[trade.vertical]
        steps = Steps(dice, self._zone, sale)
        steps.wait((0.05 + dice.expovariate(1 / FIRST_CALL_HOURS)) / 24)
        if dice.random() < contract.returned / buyer.coverage:
            self._give_back(steps)
            return steps.calls
        # Those reported on and kept make up for the others.
        fate = dice.random() * (self._covered[trade.vertical] - USUALLY_RETURNED)
        if fate >= trade.contacted * (0.2 if spoiled else 0.75 + 0.25 * quality):
            self._not_reached(steps)
            return steps.calls
        if dice.random() < 0.35:
            self._try(steps, 1)
        steps.report("Contacted", sub_status=dice.choice(BY_WAY))
        if fate < trade.qualified * quality:
            self._win(steps, sale, trade, fate / quality)
        elif dice.random() < STOPPED_SHORT:
            steps.wait(dice.uniform(0.5, 6))
            status, why = dice.choice(LOST)
            steps.report(status, sub_status=dice.choice(why))
        return steps.calls

    def _try(self, steps: Steps, times: int) -> None:
        for attempt in ATTEMPTS[:times]:
            steps.report("No Answer", sub_status=attempt)
            steps.wait(self._dice.uniform(0.1, 1.6))

    def _not_reached(self, steps: Steps) -> None:
        self._try(steps, self._dice.choice((1, 1, 2, 2, 3)))
        if self._dice.random() < 0.45:
            steps.report("Unqualified", sub_status=self._dice.choice(("Wrong number", "Credit", "Out of area")))

    def _give_back(self, steps: Steps) -> None:
        dice = self._dice
        self._try(steps, dice.randrange(3))
        steps.wait(dice.uniform(0.1, 11))
        why = dice.choice(("Wrong number", "Wrong number", *REASONS))
        amount = Decimal(0) if dice.random() < RETURNED_WITH_AMOUNT else None
        told = {"amount": amount, "add_to_existing": False} if amount is not None else {}
        steps.report("Unqualified", sub_status=why, return_reason=REASONS[why], **told)

    def _win(self, steps: Steps, sale: Sale, trade: Trade, fate: float) -> None:
        """From the appointment or the quote on, as far as it came."""
        dice, contract = self._dice, sale.contract
        steps.wait(dice.uniform(0.05, 3))
        self._step(steps, trade, trade.qualified_status)
        if trade.qualified_status == "In Progress":
            steps.wait(dice.uniform(0.1, 1))
            steps.report("In Progress", sub_status="In underwriting")
        if fate >= trade.converted:
            if dice.random() < STOPPED_SHORT:
                steps.wait(dice.uniform(1, 8))
                steps.report("Not Interested", sub_status=dice.choice(("Changed mind", "Too expensive")))
            return
        steps.wait(dice.uniform(*trade.converted_days))
        bonus = {"amount": Decimal(contract.bonus), "add_to_existing": True} if contract.bonus else {}
        self._step(steps, trade, trade.converted_status, **bonus)
        if fate >= trade.funded:
            return
        if contract.outcome_max:
            steps.at = sale.sold_at + timedelta(days=dice.uniform(trade.funded_days[0], trade.funded_days[1] - 1))
            outcome = Decimal(dice.randrange(contract.outcome_min, contract.outcome_max, 25))
            self._step(steps, trade, trade.funded_status, amount=outcome, add_to_existing=False)
        else:
            steps.wait(dice.uniform(*trade.funded_days))
            self._step(steps, trade, trade.funded_status)

    def _step(self, steps: Steps, trade: Trade, status: str, **told: object) -> None:
        if trade.field and status == trade.field_status:
            told |= {"field": trade.field, "value": self._value(trade)}
        steps.report(status, sub_status=self._dice.choice(SUB_STATUSES.get(status, ("",))), **told)

    def _value(self, trade: Trade) -> str:
        dice = self._dice
        if trade.field != "loan_amount":
            return f"{dice.uniform(trade.value_min, trade.value_max):.{1 if trade.field == 'system_kw' else 2}f}"
        amount = dice.randrange(trade.value_min, trade.value_max + 1, 50)
        # As different buyers' systems write it.
        return f"${amount:,}" if dice.random() < DOLLAR_SIGN else str(amount)


def _reported_at(dice: random.Random, at: datetime, buyer: Buyer, zone: ZoneInfo) -> datetime:
    """When this buyer tells of something: at once in its hours of business, or in the run of the evening."""
    local = at.astimezone(zone)
    if buyer.nightly:
        if local.hour >= NIGHTLY_HOUR:
            local += timedelta(days=1)
        local = local.replace(hour=NIGHTLY_HOUR, minute=0, second=0) + timedelta(
            seconds=dice.randrange(NIGHTLY_SECONDS)
        )
    elif not OPENS_HOUR <= local.hour < CLOSES_HOUR:
        if local.hour >= CLOSES_HOUR:
            local += timedelta(days=1)
        local = local.replace(hour=OPENS_HOUR, minute=0) + timedelta(seconds=dice.randrange(3 * 3600))
    return local.astimezone(UTC)


def _usual_coverage(vertical: str) -> float:
    offered = contracts_of(vertical)
    shares = sum(contract.share for _, contract in offered)
    return sum(buyer.coverage * contract.share for buyer, contract in offered) / shares
