"""When leads come and whom they are sold to: by hour and weekday, with affiliates that grow."""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from leadback.cli.demonstration.cast import campaigns, contracts_of, to_quarter
from leadback.cli.demonstration.clock import last_clock_set_back
from leadback.cli.demonstration.model import Buyer, Campaign, Contract, Lead, Sale
from leadback.cli.demonstration.stories import DAYS

LEADS: Final = 30_000
RAMP_DAYS: Final = 30
CLOCK_LEADS: Final = 24

# Monday to Sunday, and midnight to eleven in the evening.
WEEKDAYS: Final = (1.1, 1.12, 1.08, 1.05, 0.98, 0.7, 0.62)
HOURS: Final = (14, 9, 6, 4, 4, 6, 14, 28, 46, 62, 72, 76, 74, 72, 70, 66, 62, 60, 62, 66, 64, 54, 38, 24)

SOLD_THREE_TIMES: Final = 0.25
"""Of the leads that are sold more than once."""
TIERS: Final = ((Decimal(1), 60), (Decimal("0.85"), 25), (Decimal("1.2"), 15))

Offered = list[tuple[Buyer, Contract]]


class Demand:
    """Leads with their sales, in the order they came."""

    def __init__(self, dice: random.Random, until: datetime, zone: ZoneInfo) -> None:
        self._dice = dice
        self._until = until
        self._zone = zone
        self._campaigns = campaigns()
        self._offered: dict[str, Offered] = {}
        self._weights: dict[str, list[int]] = {}
        for trade in {campaign.trade.vertical for campaign in self._campaigns}:
            self._offered[trade] = contracts_of(trade)
            self._weights[trade] = [contract.share for _, contract in self._offered[trade]]
        self._today = until.astimezone(zone).date()
        self._full_traffic = sum(campaign.affiliate.traffic for campaign in self._campaigns)
        self._full_days = sum(self._busy(day) for day in range(DAYS + 1))
        self._leads = 0
        self._sales = 0

    def leads(self) -> Iterator[Lead]:
        """Every lead; first those of the night the clock was last set back, wherever in the year it lies."""
        came = [(moment, campaign) for day in range(DAYS, -1, -1) for moment, campaign in self._day(day)]
        came += self._clock_night()
        for moment, campaign in sorted(came, key=lambda pair: pair[0]):
            yield self._lead(moment, campaign)

    def sales(self, lead: Lead) -> Iterator[Sale]:
        """Whom a lead is sold to: once, or within seconds to two or three different buyers."""
        vertical = lead.campaign.trade.vertical
        offered, weights = self._offered[vertical], self._weights[vertical]
        times = 1
        if self._dice.random() < lead.campaign.affiliate.multi_sold:
            times = 3 if self._dice.random() < SOLD_THREE_TIMES else 2
        chosen: Offered = []
        while len(chosen) < times:
            (candidate,) = self._dice.choices(offered, weights)
            if candidate[0] not in [buyer for buyer, _ in chosen]:
                chosen.append(candidate)
            elif len(chosen) == len({buyer.name for buyer, _ in offered}):
                break
        tier = self._dice.choices([tier for tier, _ in TIERS], [weight for _, weight in TIERS])[0]
        factor = tier * Decimal(str(lead.campaign.affiliate.price))
        for place, (buyer, contract) in enumerate(chosen):
            yield Sale(
                number=self._sales,
                lead=lead,
                buyer=buyer,
                contract=contract,
                sold_at=lead.came_at + timedelta(seconds=1 + 2 * place),
                price=to_quarter(contract.price * factor),
                sale_type="multi-sell" if len(chosen) > 1 else "exclusive",
            )
            self._sales += 1

    def _lead(self, moment: datetime, campaign: Campaign) -> Lead:
        lead = Lead(
            number=self._leads,
            came_at=moment,
            campaign=campaign,
            sub_id=self._dice.choice(campaign.sub_ids),
            device="mobile" if self._dice.random() < 0.68 else "desktop",
        )
        self._leads += 1
        return lead

    def _day(self, days_ago: int) -> Iterator[tuple[datetime, Campaign]]:
        """The leads of one day, which ends with the present moment when it is today."""
        day = self._today - timedelta(days=days_ago)
        count = round(LEADS * self._busy(days_ago) / self._full_days * self._dice.uniform(0.97, 1.03))
        weights = [_weight(campaign, days_ago) for campaign in self._campaigns]
        chosen = self._dice.choices(self._campaigns, weights, k=count)
        for hour, campaign in zip(self._dice.choices(range(24), HOURS, k=count), chosen, strict=True):
            moment = self._moment(day, hour)
            if moment < self._until - timedelta(minutes=5):
                yield moment, campaign

    def _busy(self, days_ago: int) -> float:
        """How much comes on a day, in days at full traffic."""
        weekday = (self._today - timedelta(days=days_ago)).weekday()
        return WEEKDAYS[weekday] * sum(_weight(campaign, days_ago) for campaign in self._campaigns) / self._full_traffic

    def _moment(self, day: date, hour: int) -> datetime:
        """Somewhere in an hour of a day; in a repeated hour, either of the two."""
        minute, second = divmod(self._dice.randrange(3600), 60)
        local = datetime.combine(day, time(hour, minute, second), self._zone)
        return local.replace(fold=self._dice.randrange(2)).astimezone(self._until.tzinfo)

    def _clock_night(self) -> Iterator[tuple[datetime, Campaign]]:
        """Leads of the half hours around the moment at which one o'clock came a second time."""
        change = last_clock_set_back(self._today, self._zone)
        at_night = [campaign for campaign in self._campaigns if not campaign.affiliate.begins]
        for number in range(CLOCK_LEADS):
            moment = change + timedelta(minutes=5 * (number - CLOCK_LEADS // 2), seconds=self._dice.randrange(240))
            yield moment, self._dice.choice(at_night)


def _weight(campaign: Campaign, days_ago: int) -> float:
    affiliate = campaign.affiliate
    if not affiliate.begins:
        return affiliate.traffic
    return affiliate.traffic * min(1, max(0, (affiliate.begins - days_ago) / RAMP_DAYS))
