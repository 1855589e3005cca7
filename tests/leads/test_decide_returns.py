"""Every decision on a return, on values alone: what may follow what, and what becomes of revenue."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from leadback.kit.errors import Refused
from leadback.leads.model import Change, Flag, ReturnStep, Sale
from leadback.leads.return_rules import (
    clean_note,
    clean_reason,
    decide_credit,
    decide_rejection,
    decide_replacement,
    decide_submission,
    former_revenue,
    owes_replacement,
)
from leadback.leads.rules import decide
from tests.support.values import NOW, configuration, contract, network, request, sale

STATES = (None, "submitted", "credited", "replaced", "rejected")


def step(version: int, before: str | None, after: str | None, revenue: tuple[int, int], *, amount: bool) -> ReturnStep:
    return ReturnStep(
        sale_id=1,
        version=version,
        received_at=NOW,
        kind="update",
        actor="Buyer 10",
        state_before=before,
        state_after=after,
        return_reason="Duplicate",
        revenue_before=Decimal(revenue[0]),
        revenue_after=Decimal(revenue[1]),
        amount_with_return=amount,
        note=None,
    )


def returned(**changes: Any) -> Sale:
    given: dict[str, Any] = {"return_state": "submitted", "return_reason_id": 2, "returned_at": NOW}
    return sale(**(given | changes))


def done(decision: Change | str) -> Change:
    assert isinstance(decision, Change), decision
    return decision


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("asked", ["credited", "replaced", "rejected"])
def test_only_a_submitted_return_is_decided(state: str | None, asked: str) -> None:
    given = returned(return_state=state)
    decision = {
        "credited": lambda: decide_credit(given, NOW, zero_revenue=True),
        "replaced": lambda: decide_replacement(given, NOW),
        "rejected": lambda: decide_rejection(given, NOW, restore_revenue=True),
    }[asked]()
    if state == "submitted":
        change = done(decision)
        assert (change.after.return_state, change.after.version) == (asked, 2)
        assert (change.kind, change.counts_as_update, change.flags) == ("return decision", False, ())
        assert (change.after.updated, change.after.update_count, change.after.updated_at) == (0, 0, None)
        assert (change.after.return_reason_id, change.after.returned_at) == (2, NOW)
    elif state is None:
        assert decision == f"It is not returned, and cannot be {asked}."
    else:
        assert decision == f"Its return is {state}; only a submitted one can be {asked}."


@pytest.mark.parametrize(
    ("revenue", "zero", "after"), [("25", True, "0"), ("25", False, "25"), ("0", True, "0"), ("-3", True, "-3")]
)
def test_a_credit_takes_revenue_only_where_asked_and_only_what_is_above_zero(
    revenue: str, zero: bool, after: str
) -> None:
    change = done(decide_credit(returned(revenue=Decimal(revenue)), NOW, zero_revenue=zero))
    assert change.after.revenue == Decimal(after)
    assert change.after.revenue_set is (change.after.revenue != change.before.revenue)


def test_a_replacement_leaves_revenue_alone() -> None:
    assert done(decide_replacement(returned(), NOW)).after.revenue == Decimal(25)


SUBMITTED = step(2, None, "submitted", (25, 25), amount=False)
ZEROED = step(2, None, "submitted", (25, 0), amount=True)
REJECTED = step(3, "submitted", "rejected", (0, 25), amount=False)


def repeat(version: int, revenue: tuple[int, int]) -> ReturnStep:
    return step(version, "submitted", "submitted", revenue, amount=True)


FORMER: list[tuple[str, list[ReturnStep], str, str | None]] = [
    ("nothing is known", [], "7", "7"),
    ("no amount came with it", [SUBMITTED], "25", "25"),
    ("no amount came with it, and revenue moved since", [SUBMITTED], "3", "3"),
    ("an amount came with it", [ZEROED], "0", "25"),
    ("an amount came with it, and revenue moved since", [ZEROED], "1", None),
    ("the amount came with a repeat", [SUBMITTED, repeat(3, (25, 10))], "10", "25"),
    ("amounts came twice", [ZEROED, repeat(3, (0, -5))], "-5", "25"),
    ("revenue moved in between", [ZEROED, repeat(4, (8, 0))], "0", None),
    (
        "an earlier return was rejected",
        [ZEROED, REJECTED, step(6, "rejected", "submitted", (40, 40), amount=False)],
        "40",
        "40",
    ),
    ("the return was undone", [ZEROED, step(3, "submitted", None, (0, 25), amount=False)], "25", "25"),
]


@pytest.mark.parametrize(("steps", "now", "former"), [row[1:] for row in FORMER], ids=[row[0] for row in FORMER])
def test_what_came_with_the_return_alone_is_restored(steps: list[ReturnStep], now: str, former: str | None) -> None:
    given = returned(revenue=Decimal(now))
    assert former_revenue(given, steps) == (None if former is None else Decimal(former))
    decision = decide_rejection(given, NOW, steps=steps, restore_revenue=True)
    if former is None:
        assert isinstance(decision, str) and "reject it without restoring" in decision
    else:
        assert done(decision).after.revenue == Decimal(former)
    assert done(decide_rejection(given, NOW, steps=steps)).after.revenue == Decimal(now)


@pytest.mark.parametrize(
    ("given", "configured", "says"),
    [
        ({"returnable": False}, {}, "Returns Not Allowed: the sale is not returnable."),
        (
            {},
            {"contracts": {217: contract(returnable=False)}},
            "Returns Not Allowed: the contract is not returnable.",
        ),
        (
            {"sold_on": date(2026, 2, 17)},
            {},
            "Return Window Expired: the last of its 30 days was 2026-03-19.",
        ),
        (
            {"return_state": "credited", "return_reason_id": 1},
            {},
            "Lead Already Returned: its return is credited, for 'Invalid phone'.",
        ),
        (
            {"return_state": "submitted", "return_reason_id": 2},
            {},
            "Lead Already Returned: its return is submitted, for 'Duplicate'.",
        ),
    ],
)
def test_an_operators_return_passes_a_buyers_checks(
    given: dict[str, Any], configured: dict[str, Any], says: str
) -> None:
    assert decide_submission(sale(**given), 2, configuration(**configured), NOW) == says


@pytest.mark.parametrize(("updated", "after"), [(0, 2), (1, 1), (2, 2)])
def test_an_operators_return_is_a_correction_that_counts(updated: int, after: int) -> None:
    change = done(decide_submission(sale(updated=updated, update_count=4), 2, configuration(), NOW))
    assert (change.kind, change.counts_as_update, change.flags) == ("correction", True, ())
    assert (change.after.return_state, change.after.return_reason_id) == ("submitted", 2)
    assert (change.after.updated, change.after.update_count, change.after.updated_at) == (after, 5, NOW)
    assert (change.after.buyer_updated_at, change.after.revenue) == (None, Decimal(25))


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        # New York's clocks go forward on 8 March: 30 days after 7 February end an hour earlier than they began.
        ("2026-03-10T03:59:59+00:00", True),
        ("2026-03-10T04:00:00+00:00", False),
    ],
)
def test_the_window_ends_with_the_networks_day_whatever_its_clocks_do(moment: str, allowed: bool) -> None:
    decision = decide_submission(
        sale(sold_on=date(2026, 2, 7), sold_at=datetime(2026, 2, 8, 4, 59, tzinfo=UTC)),
        1,
        configuration(),
        datetime.fromisoformat(moment),
    )
    assert isinstance(decision, Change) is allowed


def test_a_standing_test_sale_can_be_returned_long_after_it_was_made_and_no_other() -> None:
    made = {"sold_on": date(2020, 1, 1), "sold_at": datetime(2020, 1, 1, 12, tzinfo=UTC)}
    moment = datetime(2026, 3, 10, tzinfo=UTC)
    standing = sale(**made, is_test=True, campaign_id=None)
    assert isinstance(decide_submission(standing, 1, configuration(), moment), Change)
    imported = sale(**made, is_test=True)
    assert not isinstance(decide_submission(imported, 1, configuration(), moment), Change)


@pytest.mark.parametrize(
    ("zero", "call", "revenue", "flagged"),
    [
        (False, {}, "25", False),
        (True, {}, "0", True),
        (True, {"amount": Decimal(0), "add_to_existing": True}, "0", True),
        (False, {"amount": Decimal(9), "add_to_existing": False}, "9", True),
        (True, {"amount": Decimal(9), "add_to_existing": False}, "9", True),
        (True, {"amount": Decimal(25), "add_to_existing": False}, "25", False),
    ],
)
def test_an_automatic_credit_takes_revenue_as_the_setting_says_unless_the_buyer_says_an_amount(
    zero: bool, call: dict[str, Any], revenue: str, flagged: bool
) -> None:
    settings = network(return_approval="automatic_credit", credit_sets_revenue_to_zero=zero)
    change = decide(sale(), request(return_reason_id=1, **call), configuration(network=settings))
    assert isinstance(change, Change)
    assert (change.after.return_state, change.after.revenue) == ("credited", Decimal(revenue))
    assert (Flag.AMOUNT_WITH_RETURN in change.flags) is flagged


def test_under_manual_approval_a_return_leaves_revenue_alone_whatever_the_setting() -> None:
    settings = network(credit_sets_revenue_to_zero=True)
    change = decide(sale(), request(return_reason_id=1), configuration(network=settings))
    assert isinstance(change, Change)
    assert (change.after.return_state, change.after.revenue) == ("submitted", Decimal(25))


def test_a_replacement_is_owed_until_it_is_there_and_never_for_a_test() -> None:
    assert [owes_replacement(returned(return_state=state), ()) for state in STATES] == [
        False, False, False, True, False,
    ]  # fmt: skip
    assert not owes_replacement(returned(return_state="replaced"), {1})
    assert not owes_replacement(returned(return_state="replaced", is_test=True), ())


def test_a_note_is_one_line_that_says_something() -> None:
    assert (clean_note(None), clean_note(" \n "), clean_note(" a \n b\t")) == (None, None, "a b")
    for nothing in ("", "  "):
        with pytest.raises(Refused, match="Say why"):
            clean_reason(nothing)
    with pytest.raises(Refused, match="at most 1000"):
        clean_note("x" * 1001)
    with pytest.raises(Refused, match="control character"):
        clean_note("a\x00b")
