"""What a return leads to: whether it may be made, and what deciding upon it changes."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from leadback.kit.errors import Refused
from leadback.kit.names import check_name
from leadback.leads.configuration import Configuration
from leadback.leads.model import Change, Flag, Message, ReturnState, ReturnStep, Sale, Updated
from leadback.parties.model import BuyerContract

STANDING_RETURNS: Final = (ReturnState.SUBMITTED, ReturnState.CREDITED, ReturnState.REPLACED)
NOTE_LENGTH_MAX: Final = 1000

_ZERO: Final = Decimal("0.0000")


def begin_return(
    sale: Sale, return_reason_id: int, configuration: Configuration, received_at: datetime, *, says_amount: bool = False
) -> dict[str, object] | Message:
    """Checks 11 and 12: what a return changes of the sale; nothing where it stands returned for this reason already.

    Where returns are credited automatically and credits set revenue to zero, revenue goes too, unless the call
    `says_amount`: what a buyer says outright holds.
    """
    reason = configuration.catalog.return_reasons.get(return_reason_id)
    if reason is None or not reason.active:
        return Message.INVALID_RETURN_REASON
    standing = sale.return_state in STANDING_RETURNS
    if standing and sale.return_reason_id == reason.return_reason_id:
        return {}
    network, contract = configuration.network, configuration.contracts[sale.buyer_contract_id]
    if not (contract.returnable if sale.returnable is None else sale.returnable):
        return Message.RETURNS_NOT_ALLOWED
    # Only a contract's standing test sale has no campaign: it was made once, and is there to be tried at any time.
    stands_open = sale.is_test and sale.campaign_id is None
    if not stands_open and network.day_of(received_at) > last_return_day(sale.sold_on, contract):
        return Message.RETURN_WINDOW_EXPIRED
    if standing:
        return Message.LEAD_ALREADY_RETURNED
    credited = network.return_approval == "automatic_credit"
    values: dict[str, object] = {
        "return_state": str(ReturnState.CREDITED if credited else ReturnState.SUBMITTED),
        "return_reason_id": reason.return_reason_id,
        "returned_at": received_at,
    }
    if credited and network.credit_sets_revenue_to_zero and not says_amount:
        values |= _without_revenue(sale)
    return values


def last_return_day(sold_on: date, contract: BuyerContract) -> date:
    """The last of the network's days on which a sale can be given back."""
    return sold_on + timedelta(days=contract.max_return_age_days)


def decide_submission(
    sale: Sale, return_reason_id: int, configuration: Configuration, received_at: datetime
) -> Change | str:
    """An operator's return in a buyer's place, under the same checks; or why it cannot be."""
    found = begin_return(sale, return_reason_id, configuration, received_at)
    if isinstance(found, Message):
        return explain_refused_return(found, sale, configuration)
    if not found:
        return explain_refused_return(Message.LEAD_ALREADY_RETURNED, sale, configuration)
    counted = {
        "updated": sale.updated or int(Updated.BY_OTHERS),
        "update_count": sale.update_count + 1,
        "updated_at": received_at,
    }
    return _change(sale, received_at, found | counted, kind="correction")


def decide_credit(sale: Sale, decided_at: datetime, *, zero_revenue: bool) -> Change | str:
    """A submitted return credited, with `zero_revenue` its revenue too; or why it cannot be."""
    values: dict[str, object] = {"return_state": str(ReturnState.CREDITED)}
    if zero_revenue:
        values |= _without_revenue(sale)
    return _refusal(sale, "credited") or _change(sale, decided_at, values)


def decide_replacement(sale: Sale, decided_at: datetime) -> Change | str:
    """A submitted return that another lead will make good, its revenue left alone; or why it cannot be."""
    return _refusal(sale, "replaced") or _change(sale, decided_at, {"return_state": str(ReturnState.REPLACED)})


def decide_rejection(
    sale: Sale, decided_at: datetime, *, steps: Sequence[ReturnStep] = (), restore_revenue: bool = False
) -> Change | str:
    """A submitted return refused; or why it cannot be.

    `restore_revenue` takes back what came with the return, told by the sale's `steps`. Where revenue has moved on
    since, there is no telling what it would be, and nothing is changed.
    """
    values: dict[str, object] = {"return_state": str(ReturnState.REJECTED)}
    refusal = _refusal(sale, "rejected")
    if refusal is None and restore_revenue:
        former = former_revenue(sale, steps)
        if former is None:
            refusal = (
                f"Its revenue is no longer what the return made of it, but {sale.revenue}; reject it without restoring"
                " the revenue."
            )
        else:
            values["revenue"] = former
    return refusal or _change(sale, decided_at, values)


def former_revenue(sale: Sale, steps: Sequence[ReturnStep]) -> Decimal | None:
    """What revenue was before amounts came with the return that stands; None where it has changed otherwise since."""
    came = [step for step in current_return(steps) if step.amount_with_return]
    if not came:
        return sale.revenue
    found_next = [*(step.revenue_before for step in came[1:]), sale.revenue]
    return came[0].revenue_before if found_next == [step.revenue_after for step in came] else None


def current_return(steps: Sequence[ReturnStep]) -> Sequence[ReturnStep]:
    """The steps of a sale's latest return alone, from the one that made it: after a rejection there can be another."""
    for place in reversed(range(len(steps))):
        before, after = steps[place].state_before, steps[place].state_after
        if after is None:
            break
        if before != after and before in (None, ReturnState.REJECTED):
            return steps[place:]
    return ()


def owes_replacement(sale: Sale, replaced: Collection[int]) -> bool:
    """Whether the network still owes another lead for a sale; `replaced`: the sales that have got theirs.

    A contract's `returns_owed` is the number of its sales of which this is true.
    """
    return sale.return_state == ReturnState.REPLACED and not sale.is_test and sale.sale_id not in replaced


def explain_refused_return(message: Message, sale: Sale, configuration: Configuration) -> str:
    """Why a sale cannot be returned, for an operator."""
    contract = configuration.contracts[sale.buyer_contract_id]
    match message:
        case Message.RETURNS_NOT_ALLOWED:
            whose = "contract" if sale.returnable is None else "sale"
            return f"{message}: the {whose} is not returnable."
        case Message.RETURN_WINDOW_EXPIRED:
            days = contract.max_return_age_days
            return f"{message}: the last of its {days} days was {last_return_day(sale.sold_on, contract)}."
        case Message.LEAD_ALREADY_RETURNED:
            reason = configuration.catalog.return_reasons.get(sale.return_reason_id or 0)
            why = "" if reason is None else f", for {reason.name!r}"
            return f"{message}: its return is {sale.return_state}{why}."
        case _:
            return f"{message}."


def clean_note(note: str | None) -> str | None:
    """A note on one line, None where it says nothing; `Refused` where it cannot be kept."""
    line = " ".join((note or "").split())
    if not line:
        return None
    check_name("note", line, length_max=NOTE_LENGTH_MAX)
    return line


def clean_reason(note: str | None) -> str:
    """The note that a rejection needs."""
    line = clean_note(note)
    if line is None:
        raise Refused("Say why in the note: the buyer will read it.")
    return line


def _refusal(sale: Sale, asked: str) -> str | None:
    if sale.return_state == ReturnState.SUBMITTED:
        return None
    if sale.return_state is None:
        return f"It is not returned, and cannot be {asked}."
    return f"Its return is {sale.return_state}; only a submitted one can be {asked}."


def _without_revenue(sale: Sale) -> dict[str, object]:
    return {"revenue": _ZERO, "revenue_set": True} if sale.revenue > 0 else {}


def _change(sale: Sale, moment: datetime, values: dict[str, object], *, kind: str = "return decision") -> Change:
    after = msgspec.structs.replace(sale, **values, version=sale.version + 1)
    correction = kind == "correction"
    return Change(
        before=sale,
        after=after,
        kind=kind,
        counts_as_update=correction,
        happened_at=moment,
        flags=(Flag.AMOUNT_WITH_RETURN,) if correction and after.revenue != sale.revenue else (),
        field_changes=(),
    )
