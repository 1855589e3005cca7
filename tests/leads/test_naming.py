"""What a buyer's own words come to: exact names first, then its aliases, the more specific ones first."""

from decimal import Decimal
from typing import Any

import pytest

from leadback.catalog.model import AliasKind
from leadback.leads.model import Change, Failure, Message
from leadback.leads.rules import decide
from tests.support.values import alias, configuration, contract, request, sale, with_aliases

STATUS, SUB_STATUS, FIELD = AliasKind.STATUS, AliasKind.SUB_STATUS, AliasKind.FIELD
CONTACTED, FUNDED, DEAD, OLD = 1, 2, 3, 5
FULL_PAYMENT, PARTIAL, GONE, BY_PHONE = 1, 2, 3, 4

ALIASES = with_aliases(
    alias(1, STATUS, " funded", status_id=FUNDED),
    alias(2, STATUS, "funded", their_sub_status="in part", status_id=FUNDED, sub_status_id=PARTIAL),
    alias(3, STATUS, "Lost", status_id=DEAD),
    alias(4, STATUS, "Paid", status_id=FUNDED, sub_status_id=FULL_PAYMENT),
    alias(5, STATUS, "Retired", status_id=OLD),
    alias(6, STATUS, "Reversed", status_id=FUNDED, sub_status_id=GONE),
    alias(7, STATUS, "Contacted", their_sub_status="no answer", status_id=DEAD),
    alias(8, STATUS, "Dead", status_id=FUNDED),
    alias(9, STATUS, "Sold", status_id=FUNDED, active=False),
    alias(10, SUB_STATUS, "phoned", sub_status_id=BY_PHONE),
    alias(11, SUB_STATUS, "half", sub_status_id=PARTIAL),
    alias(12, SUB_STATUS, "all of it", sub_status_id=GONE),
    alias(13, FIELD, "LoanAmt", field_id=1),
    alias(14, FIELD, "their_ref", ignored=True),
    alias(15, FIELD, "kw", field_id=6),
    alias(16, FIELD, "gone", field_id=8),
    alias(17, FIELD, "note", field_id=1),
    alias(18, STATUS, "Won", buyer_id=11, status_id=FUNDED),
    alias(19, STATUS, "Before", status_id=DEAD),
)
WITH_ALIASES = configuration(catalog=ALIASES)

UNDERSTOOD: list[tuple[str, str, str, int, int | None]] = [
    ("another letter case", "fUNDED", "", FUNDED, None),
    ("blanks around it", "  funded ", "", FUNDED, None),
    ("the status of any sub-status, with an exact sub-status", "funded", "Full Payment", FUNDED, FULL_PAYMENT),
    ("both words rather than the one", "Funded ", "IN PART", FUNDED, PARTIAL),
    ("another word altogether", "Lost", "", DEAD, None),
    ("a word for status and sub-status", "paid", "", FUNDED, FULL_PAYMENT),
    ("the same with whatever sub-status", "paid", "on Tuesday", FUNDED, FULL_PAYMENT),
    ("the same with an exact sub-status", "paid", "Partial", FUNDED, PARTIAL),
    ("the same with their word for a sub-status", "paid", "Half", FUNDED, PARTIAL),
    ("an exact status with their sub-status, which together mean another", "Contacted", "No answer", DEAD, None),
    ("an exact status before its alias", "Dead", "", DEAD, None),
    ("an exact status with their sub-status", "Funded", " HALF", FUNDED, PARTIAL),
    ("their status with their sub-status", "funded", "half", FUNDED, PARTIAL),
    ("their sub-status under another status, where one has the name", "Contacted", "phoned", CONTACTED, BY_PHONE),
    ("a former name in its time of grace", "Before", "", 6, None),
]


@pytest.mark.parametrize(
    ("status", "sub_status", "status_id", "sub_status_id"),
    [row[1:] for row in UNDERSTOOD],
    ids=[r[0] for r in UNDERSTOOD],
)
def test_it_understands(status: str, sub_status: str, status_id: int, sub_status_id: int | None) -> None:
    change = decide(sale(), request(status=status, sub_status=sub_status), WITH_ALIASES)
    assert isinstance(change, Change), change
    assert (change.after.status_id, change.after.sub_status_id) == (status_id, sub_status_id)
    assert change.counts_as_update


REFUSED: list[tuple[str, dict[str, Any], Message]] = [
    ("a word that means an inactive status", {"status": "retired"}, Message.INVALID_LEAD_STATUS),
    ("a word that means an inactive sub-status", {"status": "reversed"}, Message.INVALID_LEAD_SUB_STATUS),
    ("an inactive alias", {"status": "sold"}, Message.INVALID_LEAD_STATUS),
    ("another buyer's word", {"status": "won"}, Message.INVALID_LEAD_STATUS),
    ("an unknown sub-status of theirs", {"status": "lost", "sub_status": "why"}, Message.INVALID_LEAD_SUB_STATUS),
    ("a sub-status of another status", {"status": "Dead", "sub_status": "half"}, Message.INVALID_LEAD_SUB_STATUS),
    (
        "a word for an inactive sub-status",
        {"status": "Funded", "sub_status": "All of it"},
        Message.INVALID_LEAD_SUB_STATUS,
    ),
    ("their sub-status alone", {"sub_status": "half"}, Message.INVALID_LEAD_SUB_STATUS),
    ("a blank status", {"status": " "}, Message.INVALID_LEAD_STATUS),
    ("a word for an inactive field", {"fields": (("gone", "5"),)}, Message.INVALID_LEAD_FIELD),
    ("a word for a field of another vertical", {"fields": (("KW", "5"),)}, Message.INVALID_LEAD_FIELD),
    ("a value that does not fit the field meant", {"fields": (("loanamt", "much"),)}, Message.INVALID_FIELD_VALUE),
    ("an ignored field beside an unknown one", {"fields": (("their_ref", "5"), ("x", ""))}, Message.INVALID_LEAD_FIELD),
]


@pytest.mark.parametrize(("call", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_it_refuses(call: dict[str, Any], message: Message) -> None:
    decision = decide(sale(), request(**call), WITH_ALIASES)
    assert isinstance(decision, Failure)
    assert decision.message == message


def test_a_former_name_whose_grace_is_over_may_be_an_alias() -> None:
    later = request(status="Before").origin
    moved = type(later)(
        channel=later.channel,
        operation="UpdateLead",
        address=None,
        request_id="r",
        received_at=later.received_at.replace(hour=16),
    )
    change = decide(sale(), request(status="Before", origin=moved), WITH_ALIASES)
    assert isinstance(change, Change)
    assert change.after.status_id == DEAD


def test_their_field_is_kept_under_our_name() -> None:
    change = decide(sale(), request(fields=(("loanAMT ", "5"),)), WITH_ALIASES)
    assert isinstance(change, Change)
    assert change.after.field_values == {1: "5.0000"}
    assert [item.field for item in change.field_changes] == ["loan_amount"]


def test_an_exact_field_wins_over_its_alias() -> None:
    change = decide(sale(), request(fields=(("note", "x"),)), WITH_ALIASES)
    assert isinstance(change, Change)
    assert change.after.field_values == {2: "x"}


def test_an_ignored_field_changes_nothing_and_stops_nothing() -> None:
    call = request(
        fields=(("THEIR_REF", "AX-1"), ("loanamt", "7")), amount=Decimal(5), add_to_existing=True, status="lost"
    )
    change = decide(sale(), call, WITH_ALIASES)
    assert isinstance(change, Change)
    assert change.after.field_values == {1: "7.0000"}
    assert (change.after.revenue, change.after.status_id) == (Decimal(30), DEAD)
    alone = decide(sale(), request(fields=(("their_ref", "AX-1"),)), WITH_ALIASES)
    assert isinstance(alone, Change)
    assert (alone.after.field_values, alone.field_changes, alone.counts_as_update) == ({}, (), True)


def test_the_buyer_of_the_sale_decides_whose_words_they_are() -> None:
    theirs = sale(buyer_id=11, buyer_contract_id=300)
    contracts = {300: contract(300, buyer_id=11)}
    change = decide(theirs, request(status="won"), configuration(catalog=ALIASES, contracts=contracts))
    assert isinstance(change, Change)
    assert change.after.status_id == FUNDED


def test_an_operator_uses_no_buyers_words() -> None:
    decision = decide(sale(), request(status="lost"), WITH_ALIASES, kind="correction", by_buyer=False)
    assert isinstance(decision, Failure)
    assert decision.message == Message.INVALID_LEAD_STATUS
