"""A lead's history as a time line to read."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from rich.text import Text

from leadback.cli.shown import NOTHING, moment, money, safe
from leadback.leads.model import Flag, ReturnState
from leadback.networks.model import Network
from leadback.reports.lead_history import HistoryStep, LeadHistory, SaleHistory, changes_of

LABEL_WIDTH: Final = 12
QUIET: Final = "dim"
LOUD: Final = "bold"
WARNING: Final = "yellow"


def tell(history: LeadHistory, network: Network) -> Iterator[Text]:
    """The whole story, line by line: the lead, then each sale as it stands and how it came there."""
    yield Text(f"Lead {history.lead_id}", LOUD) + Text("  test" if history.is_test else "", WARNING)
    came_from = [name for name in (history.campaign, history.affiliate, history.offer) if name is not None]
    yield _line("campaign", " · ".join(came_from) or NOTHING)
    yield _line("created", moment(history.created_at, network))
    yield _line("payout", f"{money(history.payout)} {network.currency}")
    if any(history.sub_ids):
        yield _line("sub ids", " · ".join(sub_id or NOTHING for sub_id in history.sub_ids))
    for name, value in history.data.items():
        yield _line(name, value)
    for sale in history.sales:
        yield Text()
        yield from _tell_sale(sale, network)
    yield Text()
    yield Text(f"Times are those of {network.time_zone}.", QUIET)


def _tell_sale(sale: SaleHistory, network: Network) -> Iterator[Text]:
    yield Text(f"Sale {sale.sale_id} to {sale.buyer}, {sale.buyer_contract}", LOUD)
    parts = [sale.sale_type]
    if sale.sale_ref is not None:
        parts.append(f"reference {sale.sale_ref}")
    if sale.buyer_lead_id is not None:
        parts.append(f"the buyer's lead id {sale.buyer_lead_id}")
    yield _line("kind", ", ".join(parts))
    status = sale.status or "no status"
    yield _line("status", status if sale.sub_status is None else f"{status} / {sale.sub_status}")
    adjustment = sale.revenue - sale.sold_price
    adjusted = f", {'+' if adjustment > 0 else ''}{money(adjustment)} on its price" if adjustment else ""
    yield _line("revenue", f"{money(sale.revenue)} {network.currency}{adjusted}")
    for name, value in sale.fields.items():
        yield _line(name, value)
    yield _line("return", _return(sale, network))
    if sale.replaces_sale_id is not None:
        yield _line("replaces", f"sale {sale.replaces_sale_id} of lead {sale.replaces_lead_id}")
    if sale.replaced_by_sale_id is not None:
        yield _line("replaced by", f"sale {sale.replaced_by_sale_id} of lead {sale.replaced_by_lead_id}")
    last = f", the last {moment(sale.updated_at, network)}" if sale.update_count else ""
    yield _line("updates", f"{sale.update_count}{last}")
    yield Text()
    yield _head(1, moment(sale.sold_at, network, seconds=True), f"sold for {money(sale.sold_price)}", "")
    if sale.steps_left_out:
        yield Text(f"   … {sale.steps_left_out} older steps are not shown", QUIET)
    for step in sale.steps:
        yield from _tell_step(step, network)


def _tell_step(step: HistoryStep, network: Network) -> Iterator[Text]:
    what = step.kind if step.kind != "update" or step.counts_as_update else "call that named nothing"
    where = f" by {step.channel}: {step.operation}"
    yield _head(step.version, moment(step.received_at, network, seconds=True), f"{step.actor} · {what}", where)
    changes = list(_changes(step))
    for name, before, after, more in changes:
        told = _text(before or NOTHING, QUIET) + Text(" → ") + _text(after or NOTHING) + _text(more, QUIET)
        yield _line(name, told, deep=True)
    if not changes:
        yield _line("", Text("nothing changed", QUIET), deep=True)
    if step.note is not None:
        yield _line("said", f"“{step.note}”", deep=True)
    for flag in _flags(step):
        yield _line("", Text(f"⚑ {flag}", WARNING), deep=True)
    if step.happened_at != step.received_at:
        yield _line("happened", moment(step.happened_at, network, seconds=True), deep=True)
    if step.run_id is not None:
        yield _line("run", str(step.run_id), deep=True)
    source = "" if step.address is None else f" from {step.address}"
    key = "" if step.idempotency_key is None else f", idempotency key {step.idempotency_key}"
    yield _line("request", _text(f"{step.request_id}{source}{key}", QUIET), deep=True)


def _changes(step: HistoryStep) -> Iterator[tuple[str, str | None, str | None, str]]:
    """What changed, before, after, and what else there is to say of it."""
    for change in changes_of(step):
        more = f"  ({change.reason})" if change.reason else ""
        if isinstance(change.before, Decimal) and isinstance(change.after, Decimal):
            delta = change.after - change.before
            more = f"  ({'+' if delta > 0 else ''}{money(delta)})"
        yield change.name, _value(change.before), _value(change.after), more


def _flags(step: HistoryStep) -> Iterator[str]:
    yield from (flag for flag in step.flags if flag != Flag.POSSIBLE_DUPLICATE)
    if step.possible_duplicate_of is not None:
        first, second = sorted((step.version, step.possible_duplicate_of))
        yield f"{Flag.POSSIBLE_DUPLICATE}: {first} and {second} say the same"


def _return(sale: SaleHistory, network: Network) -> str:
    until = f"possible until {sale.last_return_day}" if sale.returnable else "not possible"
    if sale.return_state is None:
        return until
    reason = f" ({sale.return_reason})" if sale.return_reason else ""
    again = f"; {until}" if sale.return_state == ReturnState.REJECTED else ""
    return f"{sale.return_state}{reason}, given back {moment(sale.returned_at, network)}{again}"


def _head(version: int, at: str, who: str, where: str) -> Text:
    return Text(f"{version:>4}  ", QUIET) + Text(f"{at}  ") + Text(who, LOUD) + Text(where, QUIET)


def _line(label: str, value: str | Text, *, deep: bool = False) -> Text:
    text = value if isinstance(value, Text) else _text(value)
    return _text(f"{'      ' if deep else '  '}{label:<{LABEL_WIDTH - 1}} ", QUIET) + text


def _text(words: str, style: str = "") -> Text:
    return Text(safe(words), style)


def _value(value: str | Decimal | None) -> str | None:
    return money(value) if isinstance(value, Decimal) else value
