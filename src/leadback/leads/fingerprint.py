"""What makes two calls the same: a digest of all that they say."""

import hashlib

import msgspec

from leadback.leads.model import UpdateRequest


def fingerprint_of(call: UpdateRequest) -> bytes:
    """A digest of a call's canonical parameters: order, letter case of ids and of names that are compared without it,
    `5` or `5.00` make no difference.

    Return and UpdateLead are answered with other words, so one is no repeat of the other.
    """
    amount = None if call.amount is None else f"{call.amount.normalize():f}"
    canonical: tuple[object, ...] = (
        call.lead_id.upper(),
        call.buyer_contract_id,
        call.status,
        call.sub_status,
        amount,
        None if amount is None else call.add_to_existing,
        sorted((name.lower() if call.fields_in_any_case else name, text) for name, text in call.fields),
        call.return_reason_id,
        call.happened_at,
    )
    if call.must_return:
        canonical = (*canonical, "return")
    return hashlib.sha256(msgspec.json.encode(canonical)).digest()
