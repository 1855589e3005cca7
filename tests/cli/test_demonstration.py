"""What happens in the demonstration network, whatever the seed and whenever it is made: drawn, not yet written."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from leadback.cli.demonstration.clock import last_clock_set_back
from leadback.cli.demonstration.history import History
from leadback.cli.demonstration.life import live
from leadback.cli.demonstration.model import Sale
from leadback.cli.demonstration.returned import returned_call
from leadback.cli.demonstration.stories import (
    LATE_CONTRACT,
    LATE_DAYS,
    LATE_RETURNS,
    MISSPELLED_CALLS,
    OUTCOME_CONTRACT,
    REPLACED,
    SILENT_BUYER,
    SILENT_DAYS,
    STORY_LEADS,
)

ZONE = ZoneInfo("America/New_York")

# Before and after clocks change, at the turn of a day, in summer when the night of two one o'clocks is long past.
MADE = [
    (1, datetime(2026, 11, 24, 15, 30, tzinfo=UTC)),
    (2, datetime(2027, 7, 3, 4, 1, tzinfo=UTC)),
    (3, datetime(2027, 3, 14, 7, 30, tzinfo=UTC)),
    (4, datetime(2027, 11, 8, 23, 59, tzinfo=UTC)),
    (5, datetime(2028, 2, 29, 12, 0, tzinfo=UTC)),
]
# Shares of a vertical's sales, lowest and highest.
RATES = {
    ("Payday", "Funded"): (0.04, 0.09),
    ("Solar", "Appointment Set"): (0.12, 0.18),
    ("Solar", "Sold"): (0.02, 0.04),
    ("Auto Insurance", "Contacted"): (0.45, 0.6),
    ("Auto Insurance", "Bound"): (0.03, 0.07),
    ("Education", "Enrolled"): (0.015, 0.04),
    ("Mortgage", "Funded"): (0.02, 0.07),
    ("Home Security", "Installed"): (0.03, 0.07),
}

pytestmark = pytest.mark.xdist_group("demonstration")


@pytest.fixture(scope="module", params=MADE, ids=lambda made: f"{made[1]:%Y-%m-%d}")
def history(request: pytest.FixtureRequest) -> History:
    """Drawn once for all tests of one moment."""
    seed, until = request.param
    return live(until, ZONE, seed)


def share(history: History, sales: Iterable[Sale], holds: Callable[[Sale], bool]) -> float:
    held = Counter(holds(sale) for sale in sales)
    return held[True] / held.total()


def by(history: History, name: Callable[[Sale], str]) -> dict[str, list[Sale]]:
    grouped: dict[str, list[Sale]] = defaultdict(list)
    for sale in history.sales:
        if not sale.lead.is_test:
            grouped[name(sale)].append(sale)
    return grouped


def test_it_has_the_size_that_is_promised(history: History) -> None:
    assert len(history.lead_ids) == len(set(history.lead_ids)) == pytest.approx(30_000, rel=0.02)
    assert sum(map(len, history.calls)) == pytest.approx(70_000, rel=0.1)
    times = Counter(sale.lead.number for sale in history.sales)
    assert set(times.values()) == {1, 2, 3}
    assert share(history, history.sales, lambda sale: sale.sale_type == "multi-sell") == pytest.approx(0.4, abs=0.05)
    assert sum(count > 1 for count in times.values()) / len(times) == pytest.approx(0.25, abs=0.02)
    counts = {
        "verticals": by(history, lambda sale: sale.contract.vertical),
        "buyers": by(history, lambda sale: sale.buyer.name),
        "contracts": by(history, lambda sale: sale.contract.name),
        "affiliates": by(history, lambda sale: sale.lead.campaign.affiliate.name),
        "campaigns": by(history, lambda sale: sale.lead.campaign.name),
    }
    assert {name: len(found) for name, found in counts.items()} == {
        "verticals": 6, "buyers": 16, "contracts": 28, "affiliates": 15, "campaigns": 60,
    }  # fmt: skip


def test_its_trades_are_believable(history: History) -> None:
    verticals = by(history, lambda sale: sale.contract.vertical)
    for (vertical, status), (lowest, highest) in RATES.items():
        reached = share(
            history,
            verticals[vertical],
            lambda sale, status=status: status in [call.status for call in history.calls[sale.number]],  # type: ignore[misc] # bound now
        )
        assert lowest <= reached <= highest, (vertical, status)
    for contract, sales in by(history, lambda sale: sale.contract.name).items():
        assert 0.05 <= share(history, sales, lambda sale: returned_call(history, sale) is not None) <= 0.15, contract
    for buyer, sales in by(history, lambda sale: sale.buyer.name).items():
        assert 0.3 <= share(history, sales, lambda sale: bool(history.calls[sale.number])) <= 0.96, buyer


def test_nothing_happens_before_its_time(history: History) -> None:
    for sale in history.sales:
        times = [sale.lead.came_at, sale.sold_at, *(call.at for call in history.calls[sale.number])]
        verdict = history.verdicts.get(sale.number)
        times += [verdict.at] if verdict else []
        assert times == sorted(times)
        assert times[-1] <= history.until
        if sale.replaces is not None:
            assert history.verdicts[sale.replaces].at < sale.sold_at


def test_leads_are_sold_in_both_hours_of_the_night_on_which_the_clock_is_set_back(history: History) -> None:
    change = last_clock_set_back(history.until.astimezone(ZONE).date(), ZONE)
    hour = timedelta(hours=1)
    assert (change - hour).astimezone(ZONE).hour == change.astimezone(ZONE).hour == 1
    for start in (change - hour, change):
        assert sum(start <= sale.sold_at < start + hour for sale in history.sales) >= 10


def test_every_story_is_in_it(history: History) -> None:
    assert set(STORY_LEADS) <= set(history.lead_ids)
    calls = [(sale, call) for sale in history.sales for call in history.calls[sale.number]]
    assert sum(call.status == "funded" for _, call in calls) == MISSPELLED_CALLS
    last = max(call.at for sale, call in calls if sale.buyer.name == SILENT_BUYER)
    assert timedelta(0) < history.until - timedelta(days=SILENT_DAYS) - last < timedelta(days=1)
    ages = Counter(
        (call.at.astimezone(ZONE).date() - sale.sold_at.astimezone(ZONE).date()).days
        for sale, call in calls
        if sale.contract.name == LATE_CONTRACT and call.return_reason and not call.status
    )
    assert ages == dict.fromkeys(LATE_DAYS, LATE_RETURNS // len(LATE_DAYS))
    assert Counter(verdict.kind for verdict in history.verdicts.values())["replace"] == REPLACED
    waited = [call.at - sale.sold_at for sale, call in calls if sale.contract.name == OUTCOME_CONTRACT and call.amount]
    assert waited
    assert all(timedelta(days=20) <= wait <= timedelta(days=45) for wait in waited)


def test_the_same_seed_and_moment_make_the_same() -> None:
    seed, until = MADE[0]
    first, second, other = live(until, ZONE, seed), live(until, ZONE, seed), live(until, ZONE, seed + 1)
    assert (first.lead_ids, first.calls, first.verdicts) == (second.lead_ids, second.calls, second.verdicts)
    assert first.lead_ids != other.lead_ids
