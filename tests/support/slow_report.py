"""The Lead Status report computed the slow and obvious way: over every sale, in memory."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from leadback.leads.model import Sale
from tests.support.world import (
    AFFILIATES,
    BUYERS,
    CAMPAIGNS,
    CONTRACTS,
    FIELDS,
    OFFERS,
    RETURN_REASONS,
    STATUSES,
    SUB_STATUSES,
    VERTICALS,
    Sold,
    World,
)


def slow_report(
    world: World,
    first: date,
    last: date,
    by: Sequence[str],
    *,
    show_changes: bool = False,
    show_sub_status: bool = False,
    filters: Sequence[tuple[str, str]] = (),
    week_start: int = 1,
    with_ratios: bool = False,
) -> dict[str, Any]:
    """The document that JSON must have; `filters` are (dimension or dimension_id, text)."""
    everything = [
        sold
        for sold in world.sold
        if not sold.sale.is_test
        and first <= sold.sale.sold_on <= last
        and (not show_changes or sold.sale.updated)
        and (not show_sub_status or sold.sale.sub_status_id)
    ]
    counted = [sold for sold in everything if passes(sold, filters, week_start)]
    rows: dict[tuple[Any, ...], list[Sold]] = {}
    keys: dict[tuple[Any, ...], dict[str, Any]] = {}
    for sold in counted:
        key = {name: value for dimension in by for name, value in row_key(sold, dimension, week_start).items()}
        keys[tuple(key.items())] = key
        rows.setdefault(tuple(key.items()), []).append(sold)
    asked = {*by, *(name.removesuffix("_id") for name, _ in filters)}
    with_leads = not asked & {"buyer", "buyer_contract", "sale_type"}
    statuses = [
        number
        for number, (_, _, active, position) in sorted(STATUSES.items(), key=lambda item: item[1][3])
        if active or any(sold.sale.status_id == number for sold in counted)
    ]
    fields = [
        number
        for number, (_, _, summary, active) in FIELDS.items()
        if summary != "none" and (active or any(number in sold.sale.field_values for sold in counted))
    ]

    def numbers(group: list[Sold]) -> dict[str, Any]:
        found = _numbers([sold.sale for sold in group], statuses, fields, with_leads=with_leads)
        return found | (_ratios(found, group, everything) if with_ratios else {})

    def order(item: tuple[Any, ...]) -> tuple[Any, ...]:
        key = keys[item]
        dates = [key[dimension] for dimension in by if dimension in ("day", "week", "month")]
        names = [key[dimension] or "" for dimension in by if dimension not in ("day", "week", "month")]
        ids = [value for value in key.values() if isinstance(value, int)]
        return dates, -len(rows[item]), names, ids

    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "by": list(by),
        "rows": [keys[item] | numbers(rows[item]) for item in sorted(rows, key=order)],
        "totals": numbers(counted),
    }


def _numbers(sales: list[Sale], statuses: list[int], fields: list[int], *, with_leads: bool) -> dict[str, Any]:
    gross = sum((sale.sold_price for sale in sales), Decimal(0))
    revenue = sum((sale.revenue for sale in sales), Decimal(0))
    payout = sum((sale.payout_share for sale in sales), Decimal(0))
    return {
        "leads": len([sale for sale in sales if sale.first_of_lead]) if with_leads else None,
        "sales": len(sales),
        "updated": len([sale for sale in sales if sale.updated != 0]),
        "updated_by_buyer": len([sale for sale in sales if sale.updated == 1]),
        "statuses": {STATUSES[number][0]: _status(sales, number) for number in statuses},
        "no_status": len([sale for sale in sales if sale.status_id is None]),
        "fields": {FIELDS[number][0]: _summary(sales, number) for number in fields},
        "gross": money(gross),
        "adjustments": money(revenue - gross),
        "revenue": money(revenue),
        "payout": money(payout),
        "margin": money(revenue - payout),
        "returns": {
            state: len([sale for sale in sales if sale.return_state == state])
            for state in ("submitted", "credited", "replaced", "rejected")
        },
        "reached": {
            name: len([sale for sale in sales if sale.stage_reached >= stage])
            for stage, name in enumerate(("contacted", "qualified", "converted", "funded"), 1)
        },
    }


def _ratios(numbers: dict[str, Any], group: list[Sold], everything: list[Sold]) -> dict[str, Any]:
    """Of one row; no status of the world means something negative."""
    usual = Fraction(0)
    for sold in group:
        alike = [other.sale for other in everything if other.sale.buyer_contract_id == sold.sale.buyer_contract_id]
        usual += Fraction(len([sale for sale in alike if sale.stage_reached >= 3]), len(alike))
    reached, returns = numbers["reached"], numbers["returns"]
    sales, leads = numbers["sales"], numbers["leads"]
    revenue, payout, margin = (Fraction(numbers[name]) for name in ("revenue", "payout", "margin"))
    found = {
        "coverage": _part(numbers["updated_by_buyer"], sales),
        "contact": _part(reached["contacted"], sales),
        "qualified": _part(reached["qualified"], sales),
        "conversion": _part(reached["converted"], sales),
        "funded": _part(reached["funded"], sales),
        "returned": _part(returns["credited"] + returns["replaced"], sales),
        "margin": _part(margin, revenue),
        "negative": _part(0, sales),
        "index": _part(100 * reached["converted"], usual),
        "revenue_per_sale": _part(revenue, sales),
        "cost_per_funded": _part(payout, reached["funded"]),
        "revenue_per_funded": _part(revenue, reached["funded"]),
    }
    if leads is not None:
        found |= {"revenue_per_lead": _part(revenue, leads), "payout_per_lead": _part(payout, leads)}
    return {"ratios": found, "usual_converted": str(Decimal(usual.numerator) / usual.denominator)}


def _part(part: Fraction | int, base: Fraction | int) -> str | None:
    """To 4 decimals, halves to the even one."""
    return money(Decimal(round(Fraction(part) / base * 10_000)) / 10_000) if base else None


def _status(sales: list[Sale], status_id: int) -> dict[str, Any]:
    there = [sale for sale in sales if sale.status_id == status_id]
    divided = {}
    for number, (_, name, _) in sorted(SUB_STATUSES.items(), key=lambda item: item[1][2]):
        count = len([sale for sale in there if sale.sub_status_id == number])
        if count:
            divided[name] = count
    without = len([sale for sale in there if sale.sub_status_id is None])
    return {"sales": len(there), "sub_statuses": divided | ({"": without} if without else {})}


def _summary(sales: list[Sale], field_id: int) -> dict[str, Any]:
    values = [Decimal(sale.field_values[field_id]) for sale in sales if field_id in sale.field_values]
    match FIELDS[field_id][2]:
        case "sum":
            return {"sum": money(sum(values)) if values else None}
        case "average":
            return {"average": _average(values), "count": len(values)}
        case "min":
            return {"min": money(min(values)) if values else None}
        case _:
            return {"max": money(max(values)) if values else None}


def _average(values: list[Decimal]) -> str | None:
    if not values:
        return None
    exact = Fraction(sum(values)) / len(values) * 10_000
    rounded = int(abs(exact) + Fraction(1, 2))
    return money(Decimal(rounded if exact >= 0 else -rounded) / 10_000)


def row_key(sold: Sold, dimension: str, week_start: int) -> dict[str, Any]:
    """The names and ids of the row a sale stands in."""
    day = sold.sale.sold_on
    match dimension:
        case "day":
            return {"day": day.isoformat()}
        case "week":
            while day.isoweekday() != week_start:
                day -= timedelta(days=1)
            return {"week": day.isoformat()}
        case "month":
            return {"month": day.isoformat()[:7]}
        case "sale_type":
            return {"sale_type": sold.sale.sale_type}
        case "sub_id":
            return {"sub_id": sold.sub_ids[0]} | row_key(sold, "affiliate", week_start)
    number = ids_of(sold.sale)[dimension]
    return {f"{dimension}_id": number, dimension: None if number is None else name_of(dimension, number)}


def ids_of(sale: Sale) -> dict[str, int | None]:
    """By dimension: the id of what the sale belongs to or stands at."""
    assert sale.campaign_id is not None
    affiliate_id, offer_id, _ = CAMPAIGNS[sale.campaign_id]
    buyer_id, vertical_id, _ = CONTRACTS[sale.buyer_contract_id]
    return {
        "campaign": sale.campaign_id,
        "affiliate": affiliate_id,
        "offer": offer_id,
        "vertical": vertical_id,
        "buyer": buyer_id,
        "buyer_contract": sale.buyer_contract_id,
        "status": sale.status_id,
        "sub_status": sale.sub_status_id,
        "return_reason": sale.return_reason_id,
    }


def name_of(dimension: str, number: int) -> str:
    """What a dimension's id is called."""
    plain = {
        "affiliate": AFFILIATES,
        "offer": OFFERS,
        "vertical": VERTICALS,
        "buyer": BUYERS,
        "return_reason": RETURN_REASONS,
    }
    if dimension in plain:
        return plain[dimension][number]
    if dimension == "status":
        return STATUSES[number][0]
    if dimension == "sub_status":
        return SUB_STATUSES[number][1]
    return (CAMPAIGNS if dimension == "campaign" else CONTRACTS)[number][2]


def passes(sold: Sold, filters: Iterable[tuple[str, str]], week_start: int) -> bool:
    """One of several for the same dimension, every dimension."""
    wanted: dict[str, list[bool]] = {}
    for name, text in filters:
        dimension = {"sub_id": "sub_id_1", "sale_id": name, "lead_id": name}.get(name, name.removesuffix("_id"))
        wanted.setdefault(dimension, []).append(_is(sold, name, dimension, text, week_start))
    return all(any(found) for found in wanted.values())


def _is(sold: Sold, name: str, dimension: str, text: str, week_start: int) -> bool:
    if dimension == "sale_type":
        return sold.sale.sale_type == text
    if dimension.startswith("sub_id_"):
        return sold.sub_ids[int(dimension[-1]) - 1] == text
    if dimension in ("day", "week", "month"):
        return bool(row_key(sold, dimension, week_start)[dimension] == text)
    if dimension == "updated":
        return sold.sale.updated in {"yes": (1, 2), "no": (0,), "by_buyer": (1,), "by_others": (2,)}[text]
    if dimension == "reached":
        return sold.sale.stage_reached >= 1 + ("contacted", "qualified", "converted", "funded").index(text)
    if dimension == "return_state":
        return (sold.sale.return_state or "none") == text
    if dimension in ("sale_id", "lead_id"):
        return str(getattr(sold.sale, dimension)).upper() == text.upper()
    number = ids_of(sold.sale)[dimension]
    if number is None:
        return name.endswith("_id") and text == "none"
    return str(number) == text if name.endswith("_id") else name_of(dimension, number) == text


def money(value: Decimal | int) -> str:
    """Four decimals, as text."""
    return f"{value:.4f}"
