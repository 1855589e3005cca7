"""The statements of the returns reports: returned sales by page, their numbers, what is owed and what disagrees."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Row,
    Select,
    Table,
    Text,
    and_,
    case,
    cast,
    func,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.tables import return_reason
from leadback.kit.list_queries import Wanted, holding, in_any_case, in_order
from leadback.leads.model import ReturnState
from leadback.leads.tables import lead, lead_status_delta, lead_status_rollup, sale
from leadback.networks.model import Network
from leadback.parties.tables import buyer, buyer_contract
from leadback.reports.returns_model import Disagreement, ReturnsQuery

RETURN_SORTS: Final = {
    "lead": sale.c.lead_key,
    "state": sale.c.return_state,
    "buyer": in_any_case(buyer.c.name),
    "reason": in_any_case(return_reason.c.name),
    "returned": sale.c.returned_at,
    "sold": sale.c.sold_at,
    "price": sale.c.sold_price,
    "revenue": sale.c.revenue,
}
_CREDITED: Final = and_(sale.c.return_state == ReturnState.CREDITED, sale.c.revenue > 0)
_GIVEN_UP: Final = and_(
    or_(sale.c.return_state.is_(None), sale.c.return_state == ReturnState.REJECTED),
    sale.c.revenue <= 0,
    sale.c.sold_price > 0,
)
_DISAGREEING: Final[dict[str, ColumnElement[bool]]] = {
    Disagreement.CREDITED_WITH_REVENUE: _CREDITED,
    Disagreement.NO_REVENUE_WITHOUT_RETURN: _GIVEN_UP,
}
_DISAGREEMENT: Final = case(
    (_CREDITED, Disagreement.CREDITED_WITH_REVENUE), else_=Disagreement.NO_REVENUE_WITHOUT_RETURN
)
DISAGREEMENT_SORTS: Final = {
    "lead": sale.c.lead_key,
    "what": _DISAGREEMENT,
    "buyer": in_any_case(buyer.c.name),
    "sold": sale.c.sold_on,
    "price": sale.c.sold_price,
    "revenue": sale.c.revenue,
    "return": sale.c.return_state,
}
_OF_LEAD: Final = and_(lead.c.network_id == sale.c.network_id, lead.c.lead_key == sale.c.lead_key)

# Each half through its own small index. A replacement names the sale it replaces: it counts for that one's contract.
_OWED = text("""
    SELECT buyer_contract.buyer_contract_id, buyer_contract.buyer_id, buyer_contract.returns_owed,
        coalesce(counted.replaced, 0) AS replaced, coalesce(counted.delivered, 0) AS delivered
    FROM buyer_contract
    LEFT JOIN (
        SELECT sale.buyer_contract_id, count(*) AS replaced,
            count(*) FILTER (WHERE EXISTS (
                SELECT FROM sale AS replacement
                WHERE replacement.network_id = :network_id AND replacement.replaces_sale_id = sale.sale_id
            )) AS delivered
        FROM sale
        WHERE sale.network_id = :network_id AND sale.return_state = 'replaced' AND NOT sale.is_test
        GROUP BY sale.buyer_contract_id
    ) AS counted USING (buyer_contract_id)
    WHERE buyer_contract.network_id = :network_id AND (buyer_contract.returns_owed <> 0 OR counted.replaced > 0)
        AND (CAST(:buyer_ids AS integer[]) IS NULL OR buyer_contract.buyer_id = ANY (CAST(:buyer_ids AS integer[])))
    ORDER BY buyer_contract.returns_owed DESC, buyer_contract.buyer_contract_id
""")


async def read_returned(
    connection: AsyncConnection,
    network: Network,
    query: ReturnsQuery,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[Any]:
    """Returned sales after a place, those given back first before the others."""
    place = tuple_(sale.c.returned_at, sale.c.sale_id)
    statement = _returned(network, query).order_by(sale.c.returned_at, sale.c.sale_id).limit(limit)
    if after is not None:
        statement = statement.where(place > tuple_(*after))
    return list(await connection.execute(statement))


async def read_sorted(connection: AsyncConnection, network: Network, query: ReturnsQuery, wanted: Wanted) -> list[Any]:
    """A part of the returned sales, in the order that is wanted; by `RETURN_SORTS`."""
    statement = (
        _returned(network, query)
        .join(buyer, _of(buyer, "buyer_id"))
        .outerjoin(return_reason, _of(return_reason, "return_reason_id"))
        .order_by(*in_order(wanted, RETURN_SORTS, "returned", sale.c.sale_id))
        .offset(wanted.offset)
        .limit(wanted.limit)
    )
    return list(await connection.execute(statement))


async def count_states(connection: AsyncConnection, network: Network, query: ReturnsQuery) -> dict[str, int]:
    """How many sales the query finds in each state, its own states left aside."""
    statement = select(sale.c.return_state, func.count()).where(*_conditions(network, query))
    rows = await connection.execute(statement.group_by(sale.c.return_state))
    return {row[0]: row[1] for row in rows}


async def count_sales(
    connection: AsyncConnection, network_id: int, buyer_ids: Collection[int], since: date
) -> Sequence[Row[Any]]:
    """Each buyer's sales sold since a day, and how many of them are submitted, credited and replaced."""
    # One statement for both: a fold between two would be counted twice or not at all.
    halves = (
        select(source.c.buyer_contract_id, source.c.return_state, source.c.sales).where(
            source.c.network_id == network_id, source.c.sold_on >= since
        )
        for source in (lead_status_rollup, lead_status_delta)
    )
    cell = union_all(*halves).subquery("cell")
    counted = func.sum(cell.c.sales)
    counts = [
        cast(func.coalesce(counted.filter(cell.c.return_state == state), 0), BigInteger)
        for state in (ReturnState.SUBMITTED, ReturnState.CREDITED, ReturnState.REPLACED)
    ]
    statement = (
        select(buyer_contract.c.buyer_id, cast(counted, BigInteger), *counts)
        .select_from(cell.join(buyer_contract, buyer_contract.c.buyer_contract_id == cell.c.buyer_contract_id))
        .where(buyer_contract.c.network_id == network_id, buyer_contract.c.buyer_id.in_(sorted(buyer_ids)))
        .group_by(buyer_contract.c.buyer_id)
    )
    return (await connection.execute(statement)).all()


async def read_owed(
    connection: AsyncConnection, network_id: int, buyer_ids: frozenset[int] | None
) -> Sequence[Row[Any]]:
    """Contracts that had returns replaced: what they are owed, how many were replaced and how many of those came."""
    values = {"network_id": network_id, "buyer_ids": None if buyer_ids is None else sorted(buyer_ids)}
    return (await connection.execute(_OWED, values)).all()


async def read_disagreeing(
    connection: AsyncConnection,
    network_id: int,
    sold_from: date,
    sold_to: date,
    *,
    buyer_ids: frozenset[int] | None,
    disagreement: str,
    wanted: Wanted,
) -> tuple[Sequence[Row[Any]], int]:
    """A part of the sales whose return and revenue disagree, and how many there are; by `DISAGREEMENT_SORTS`."""
    names = ("sale_id", "buyer_id", "buyer_contract_id", "sold_on", "sold_price", "revenue", "return_state")

    def among(statement: Select[Any]) -> Select[Any]:
        return statement.where(
            sale.c.network_id == network_id,
            sale.c.sold_on.between(sold_from, sold_to),
            sale.c.is_test.is_(False),
            _DISAGREEING[disagreement] if disagreement else or_(_CREDITED, _GIVEN_UP),
            *([] if buyer_ids is None else [sale.c.buyer_id.in_(sorted(buyer_ids))]),
            *_named_so(wanted.words),
        )

    columns = (_DISAGREEMENT.label("disagreement"), *(sale.c[name] for name in names), lead.c.lead_id)
    joined = sale.join(lead, _OF_LEAD).join(buyer, _of(buyer, "buyer_id"))
    rows = among(select(*columns).select_from(joined)).order_by(
        *in_order(wanted, DISAGREEMENT_SORTS, "sold", sale.c.sale_id)
    )
    found = await connection.execute(rows.offset(wanted.offset).limit(wanted.limit))
    count = await connection.execute(among(select(func.count()).select_from(sale)))
    return found.all(), count.scalar_one()


def _returned(network: Network, query: ReturnsQuery) -> Select[Any]:
    return (
        select(
            *(sale.c[name] for name in ("sale_id", "sale_ref", "is_test", "buyer_id", "buyer_contract_id")),
            *(sale.c[name] for name in ("return_reason_id", "returned_at", "sold_at", "sold_on", "sold_price")),
            sale.c.revenue,
            sale.c.return_state.label("state"),
            lead.c.lead_id,
        )
        .select_from(sale.join(lead, _OF_LEAD))
        .where(*_conditions(network, query), *_states(query))
    )


def _of(table: Table, name: str) -> ColumnElement[bool]:
    return and_(table.c.network_id == sale.c.network_id, table.c[name] == sale.c[name])


def _named_so(words: str) -> list[ColumnElement[bool]]:
    """A lead's key is its id in capitals."""
    return holding(words, sale.c.lead_key, sale.c.buyer_lead_id, sale.c.sale_ref)


def _conditions(network: Network, query: ReturnsQuery) -> list[ColumnElement[bool]]:
    conditions = [sale.c.network_id == network.network_id, sale.c.return_state.is_not(None)]
    for name in ("buyer_id", "buyer_contract_id", "return_reason_id"):
        wanted = getattr(query, name)
        if wanted is not None:
            conditions.append(sale.c[name] == wanted)
    if query.buyer_ids is not None:
        conditions.append(sale.c.buyer_id.in_(sorted(query.buyer_ids)))
    if query.sale_ids is not None:
        conditions.append(sale.c.sale_id.in_(sorted(query.sale_ids)))
    if query.returned_from is not None:
        conditions.append(sale.c.returned_at >= _beginning(query.returned_from, network))
    if query.returned_to is not None:
        conditions.append(sale.c.returned_at < _beginning(query.returned_to, network, days_later=1))
    if query.sold_from is not None:
        conditions.append(sale.c.sold_on >= query.sold_from)
    if query.sold_to is not None:
        conditions.append(sale.c.sold_on <= query.sold_to)
    if not query.tests:
        conditions.append(sale.c.is_test.is_(False))
    return [*conditions, *_named_so(query.words)]


def _states(query: ReturnsQuery) -> list[ColumnElement[bool]]:
    return [sale.c.return_state.in_(query.states)] if query.states else []


def _beginning(day: date, network: Network, *, days_later: int = 0) -> ColumnElement[datetime]:
    """The moment one of the network's days begins; PostgreSQL alone says which."""
    local = cast(cast(day.isoformat(), Text), DateTime(timezone=False)) + timedelta(days=days_later)
    return func.timezone(network.time_zone, local, type_=DateTime(timezone=True))
