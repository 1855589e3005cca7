"""A made-up lead network's last 120 days, drawn from a seed: what was sold, what its buyers reported, and when."""

import random
from datetime import datetime
from zoneinfo import ZoneInfo

from leadback.cli.demonstration.clock import last_moment
from leadback.cli.demonstration.demand import Demand
from leadback.cli.demonstration.fates import Fates
from leadback.cli.demonstration.history import History
from leadback.cli.demonstration.planted import plant
from leadback.cli.demonstration.returned import decide_returns


def live(until: datetime, zone: ZoneInfo, seed: int) -> History:
    """Everything up to a moment (UTC); the same for the same moment and seed."""
    until = last_moment(until, zone)
    dice = random.Random(seed)  # noqa: S311 - a story, not a secret
    history = History(dice, until, zone)
    demand = Demand(dice, until, zone)
    fates = Fates(dice, zone)
    for lead in demand.leads():
        history.add_lead(lead)
        for sale in demand.sales(lead):
            history.add_sale(sale, fates.calls(sale))
    plant(history)
    decide_returns(history)
    return history
