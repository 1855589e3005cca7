"""After any imports, corrections and updates the sales, shares, ledger and report tables agree with each other."""

import asyncio
import os
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.ingest_shares import payout_shares
from leadback.leads.update import Updates
from leadback.networks.actions import create_network
from tests.leads.test_update import call, caller_with
from tests.support.importing import GOOD, import_rows
from tests.support.lived import checked
from tests.support.recompute import check_ledger, check_numbers
from tests.support.seed import seed_network

EXAMPLES = int(os.environ.get("LEADBACK_HISTORY_EXAMPLES", "15"))

_networks = count(1)

money = st.integers(0, 10**16).map(lambda units: Decimal(units).scaleb(-4))
rows = st.fixed_dictionaries(
    {"lead_id": st.sampled_from(["A1", "a1", "A2", "A3"])},
    optional={
        "sold_at": st.sampled_from(["2026-03-08T01:30", "2026-03-10", "2026-03-31T23:59", "2025-11-02T01:30"]),
        "sold_price": st.sampled_from(["0", "25", "33.3333", "0.0001"]),
        "payout": st.sampled_from(["", "0", "10", "0.0007"]),
        "buyer_contract": st.sampled_from(["Contract 217", "Contract 218"]),
        "campaign": st.sampled_from(["Search", "Mail"]),
        "is_test": st.sampled_from(["", "true", "false"]),
        "sub_id_1": st.sampled_from(["", "fb1", "fb2"]),
        "sale_ref": st.sampled_from(["", "R1", "R2", "R3"]),
        "sale_type": st.sampled_from(["", "multi-sell", "exclusive"]),
        "status": st.sampled_from(["", "Contacted", "Funded", "nothing"]),
        "field_loan_amount": st.sampled_from(["", "1", "1000.5"]),
        "return_reason_id": st.sampled_from(["", "1", "2"]),
    },
)


def sale_of(row: dict[str, str]) -> tuple[str, str, str]:
    """What a row without a reference is recognised by."""
    whole = GOOD | row
    return whole["lead_id"].upper(), whole["buyer_contract"], whole["sold_at"]


def of_sales_apart(given_rows: list[dict[str, str]]) -> bool:
    """Whether no two rows speak of one sale, neither before the import nor after it."""
    return not any(row.get("sale_ref") for row in given_rows) and len(set(map(sale_of, given_rows))) == len(given_rows)


apart = rows.map(lambda row: row | {"sale_ref": ""})
imports = st.tuples(
    st.booleans(),
    st.sampled_from([1, 3, 1000]),
    st.one_of(st.lists(rows, min_size=1, max_size=12), st.lists(apart, min_size=2, max_size=12, unique_by=sale_of)),
)
updates = st.fixed_dictionaries(
    {
        "lead_id": st.sampled_from(["A1", "A2", "A3"]),
        "buyer_contract_id": st.sampled_from([217, 218]),
        "status": st.sampled_from(["", "Funded", "Contacted"]),
        "amount": st.sampled_from([None, Decimal(5), Decimal(-2)]),
        "add_to_existing": st.booleans(),
    }
)


@given(payout=money, prices=st.lists(money, min_size=1, max_size=8), dice=st.randoms())
def test_shares_add_up_exactly_in_any_order(payout: Decimal, prices: list[Decimal], dice: Any) -> None:
    shares = payout_shares(payout, prices)
    assert sum(shares) == payout
    assert all(share >= 0 and share == share.quantize(Decimal("0.0001")) for share in shares)
    total = sum(prices)
    weights = prices if total else [Decimal(1)] * len(prices)
    for share, weight in zip(shares[1:], weights[1:], strict=True):
        exact = int(payout * 10_000) * int(weight * 10_000) // (int(sum(weights) * 10_000))
        assert share == Decimal(exact).scaleb(-4)
    assert shares[0] - Decimal(len(prices)).scaleb(-4) <= payout * weights[0] / sum(weights)
    # Which sale is first decides who gets the remainder, and nothing else depends on the order.
    rest = list(zip(prices[1:], shares[1:], strict=True))
    dice.shuffle(rest)
    assert payout_shares(payout, [prices[0], *(price for price, _ in rest)]) == [shares[0], *(one for _, one in rest)]


@pytest.mark.parametrize(
    ("payout", "prices", "shares"),
    [
        ("10", ["25"], ["10"]),
        ("10", ["0", "0", "0"], ["3.3334", "3.3333", "3.3333"]),
        ("10", ["0", "25"], ["0", "10"]),
        ("0.0001", ["1", "1"], ["0.0001", "0"]),
        ("0", ["1", "2"], ["0", "0"]),
        ("1000000000000", ["999999999999.9999", "0.0001"], ["999999999999.9999", "0.0001"]),
    ],
)
def test_a_share_follows_the_price(payout: str, prices: list[str], shares: list[str]) -> None:
    assert payout_shares(Decimal(payout), list(map(Decimal, prices))) == list(map(Decimal, shares))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(imports, imports, updates), min_size=1, max_size=6))
def test_whatever_is_imported_the_numbers_agree(database_url: str, steps: list[Any]) -> None:
    asyncio.run(_play(database_url, steps))


async def _play(database_url: str, steps: list[Any]) -> None:
    database = Database(database_url)
    try:
        name = f"imports {database_url} {now().isoformat()} {next(_networks)}"[-100:]
        network_id = await create_network(database, name=name, time_zone="America/New_York", currency="USD", now=now())
        seeded = await seed_network(database, network_id)
        channel = Updates(database)
        for step in steps:
            if isinstance(step, dict):
                await channel.submit(call(caller_with(seeded.key), **step))
                continue
            correct, portion_rows, given_rows = step
            done = await import_rows(database, network_id, *given_rows, portion_rows=portion_rows, correct=correct)
            assert sum(done.counts) == len(given_rows)
            again = await import_rows(database, network_id, *given_rows, portion_rows=portion_rows, correct=correct)
            imported, skipped, corrected, rejected = done.counts
            if of_sales_apart(given_rows):
                assert again.counts == (0, imported + skipped + corrected, 0, rejected)
            elif not correct:
                # A row without a reference may have become ambiguous. Rows that correct one sale are another matter.
                assert (again.summary.imported, again.summary.corrected) == (0, 0)
            await check_numbers(database, network_id)
        await channel.close()
        await check_numbers(database, network_id)
        await check_ledger(database, network_id)
        assert (await checked(database, network_id)).differences == ()
    finally:
        await database.close()
