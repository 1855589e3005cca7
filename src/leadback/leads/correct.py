"""An operator's correction of one sale: status, revenue, fields and return at once, as one row of the ledger."""

from decimal import Decimal

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.model import PresentedKey
from leadback.kit.errors import Refused
from leadback.leads.configuration import Configuration
from leadback.leads.ingest_rows import parse_money
from leadback.leads.locking import lock_for_changes
from leadback.leads.model import BuyerCaller, Change, Failure, Flag, Message, Origin, Sale, UpdateRequest
from leadback.leads.return_rules import clean_note, explain_refused_return
from leadback.leads.rules import check_enabled, decide
from leadback.networks.model import Actor

OF_RETURNS = (Message.RETURNS_NOT_ALLOWED, Message.RETURN_WINDOW_EXPIRED, Message.LEAD_ALREADY_RETURNED)


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """What is to stand of a sale; what is empty stays as it is."""

    version: int | None = None
    """Of the sale whoever corrects it has looked at: one that moved on since is left alone. None: however it stands."""
    status: str = ""
    sub_status: str = ""
    amount: Decimal | None = None
    add_to_existing: bool = False
    fields: tuple[tuple[str, str], ...] = ()
    """Names with values; an empty value clears the field, and what stands already is left alone."""
    return_reason_id: int = 0
    happened_at: str = ""
    """As buyers send it; empty: when it is received."""
    note: str | None = None


class Corrected(msgspec.Struct, frozen=True):
    """The sale afterwards, and what should be noticed about the step."""

    sale: Sale
    flags: tuple[str, ...]


async def correct(
    connection: AsyncConnection,
    network_id: int,
    sale_id: int,
    correction: Correction,
    *,
    actor: Actor,
    origin: Origin,
    buyer_ids: frozenset[int] | None = None,
) -> Corrected:
    """Apply a correction under the checks of buyers' calls, all of it or nothing; it makes the sale updated.

    `buyer_ids`: whose sales there are for whoever asks, None for all. Raises `Refused` where the sale is not there or
    has changed since it was looked at, where a check fails, and where nothing would change.
    """
    note = clean_note(correction.note)
    changes = await lock_for_changes(connection, network_id, [sale_id])
    sale = changes.sales.get(sale_id)
    if sale is None or (buyer_ids is not None and sale.buyer_id not in buyer_ids):
        raise Refused(f"There is no sale {sale_id}.")
    if correction.version not in (None, sale.version):
        raise Refused(
            f"Sale {sale_id} has changed since you looked at it (version {sale.version}, not {correction.version});"
            " nothing was saved. Look at how it stands now, and correct it again."
        )
    change = _decide(sale, correction, changes.configuration, origin)
    after = changes.accept(change, origin=origin, actor=actor, note=note)
    await changes.write(connection)
    return Corrected(after, change.flags)


def read_amount(text: str) -> Decimal | None:
    """An amount as people write it, with either sign; None where nothing is written, `Refused` where it is none."""
    written = text.strip()
    if not written:
        return None
    negative, digits = written.startswith("-"), written.removeprefix("-")
    try:
        if negative and digits.startswith(("-", "+")):
            raise ValueError(f"{text!r} is not an amount such as -1234.50")
        amount = parse_money(digits)
    except ValueError as error:
        raise Refused(f"Amount: {error}.") from error
    return -amount if negative else amount


def _decide(sale: Sale, correction: Correction, configuration: Configuration, origin: Origin) -> Change:
    network = configuration.network
    if correction.status and (off := check_enabled(configuration.buyers[sale.buyer_id], network)) is not None:
        raise Refused(off.detail)
    request = UpdateRequest(
        # Nobody calls. This is no key: asked about it, nobody would let it in.
        caller=BuyerCaller(PresentedKey(network.network_id, b"")),
        origin=origin,
        lead_id=sale.lead_id,
        buyer_contract_id=sale.buyer_contract_id,
        status=correction.status,
        sub_status=correction.sub_status,
        amount=correction.amount,
        add_to_existing=None if correction.amount is None else correction.add_to_existing,
        fields=_changed_fields(sale, correction, configuration),
        return_reason_id=correction.return_reason_id,
        happened_at=correction.happened_at,
    )
    change = decide(sale, request, configuration, kind="correction", by_buyer=False)
    if isinstance(change, Failure):
        raise Refused(_why_not(change, sale, correction, configuration))
    if Flag.TERMINAL_STATUS_KEPT in change.flags:
        raise Refused("The status is terminal, and the network keeps terminal statuses (Setup > Settings).")
    if not _changes_anything(change):
        if Flag.OUT_OF_ORDER in change.flags:
            raise Refused("Nothing would change: the status in force happened later than the one you give.")
        raise Refused("Nothing would change: all of this stands already.")
    return change


def _why_not(failure: Failure, sale: Sale, correction: Correction, configuration: Configuration) -> str:
    if failure.message in OF_RETURNS:
        return explain_refused_return(failure.message, sale, configuration)
    if failure.message == Message.INVALID_HAPPENED_AT:
        return (
            f"Happened at: {correction.happened_at!r} is no moment such as 2026-01-31 or 2026-01-31T14:05,"
            f" at most five minutes ahead, in {configuration.network.time_zone}."
        )
    return f"{failure.message}: {failure.detail}"


def _changed_fields(sale: Sale, correction: Correction, configuration: Configuration) -> tuple[tuple[str, str], ...]:
    by_name = configuration.catalog.field_by_name
    return tuple(
        (name, value)
        for name, value in correction.fields
        if name not in by_name or value != sale.field_values.get(by_name[name].field_id, "")
    )


def _changes_anything(change: Change) -> bool:
    reported = (
        "status_id",
        "sub_status_id",
        "stage_reached",
        "revenue",
        "field_values",
        "return_state",
        "return_reason_id",
    )
    return any(getattr(change.before, name) != getattr(change.after, name) for name in reported)
