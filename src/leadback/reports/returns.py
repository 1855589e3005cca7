"""The returns queue: what buyers gave back, how it stands, and what an operator needs to decide on it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.queries import read_catalog
from leadback.kit.errors import Refused
from leadback.kit.list_queries import Wanted
from leadback.kit.paging import place_of, token_of
from leadback.leads.model import ReturnState, ReturnStep
from leadback.leads.queries import read_return_steps
from leadback.leads.return_rules import current_return, last_return_day
from leadback.networks.model import Network
from leadback.parties.queries import list_buyers, list_contracts
from leadback.reports.returns_model import RATE_DAYS, BuyerReturns, ReturnedSale, ReturnNote, ReturnsPage, ReturnsQuery
from leadback.reports.returns_sales import count_sales, count_states, read_returned, read_sorted

PAGE_ROWS_MAX: Final = 1000

_RATE_STEP: Final = Decimal("0.0001")


async def list_returns(
    connection: AsyncConnection,
    network: Network,
    query: ReturnsQuery,
    *,
    today: date,
    limit: int = 100,
    after: str | None = None,
    wanted: Wanted | None = None,
) -> ReturnsPage:
    """One page of the queue, of a connection from `Database.snapshot`; every page costs the same.

    `wanted`: a part of it in another order, found by its place in place of a token.

    Raises `Refused` where a state or the token is none, or the limit is out of range.
    """
    network_id = network.network_id
    if not 1 <= limit <= PAGE_ROWS_MAX:
        raise Refused(f"A page has 1 to {PAGE_ROWS_MAX} rows, not {limit}.")
    for state in query.states:
        if state not in list(ReturnState):
            raise Refused(f"There is no return state {state!r}. There are: {', '.join(ReturnState)}.")
    begin = None if after is None else _place_of(after, network_id, query)
    if wanted is None:
        found = await read_returned(connection, network, query, after=begin, limit=limit + 1)
    else:
        limit, found = wanted.limit, await read_sorted(connection, network, query, wanted)
    rows = found[:limit]
    steps = await read_return_steps(connection, network_id, [row.sale_id for row in rows])
    rates = await _read_rates(connection, network_id, {row.buyer_id for row in rows}, today)
    shape = await _Shape.read(connection, network_id)
    counts = await count_states(connection, network, query)
    return ReturnsPage(
        returns=[shape.row(row, steps.get(row.sale_id, ()), rates[row.buyer_id]) for row in rows],
        counts={str(state): counts.get(state, 0) for state in ReturnState},
        after=_token(rows[-1], network_id, query) if len(found) > limit else None,
    )


async def count_waiting(connection: AsyncConnection, network: Network, buyer_ids: frozenset[int] | None) -> int:
    """How many returns wait for a decision, test leads apart; of some buyers where they are given."""
    query = ReturnsQuery(states=(ReturnState.SUBMITTED,), buyer_ids=buyer_ids)
    return (await count_by_state(connection, network, query))[ReturnState.SUBMITTED]


async def count_by_state(connection: AsyncConnection, network: Network, query: ReturnsQuery) -> dict[str, int]:
    """How many returns the query finds in each state, whatever states it asks for."""
    counts = await count_states(connection, network, query)
    return {str(state): counts.get(state, 0) for state in ReturnState}


class _Shape:
    """What rows need beside themselves: names and contracts."""

    def __init__(self, buyers: Mapping[int, str], contracts: Mapping[int, Any], reasons: Mapping[int, str]) -> None:
        self.buyers = buyers
        self.contracts = contracts
        self.reasons = reasons

    @classmethod
    async def read(cls, connection: AsyncConnection, network_id: int) -> "_Shape":
        catalog = await read_catalog(connection, network_id)
        return cls(
            {item.buyer_id: item.name for item in await list_buyers(connection, network_id)},
            {item.buyer_contract_id: item for item in await list_contracts(connection, network_id)},
            {item.return_reason_id: item.name for item in catalog.return_reasons.values()},
        )

    def row(self, row: Any, steps: Sequence[ReturnStep], buyer_returns: BuyerReturns) -> ReturnedSale:
        """A return, told by its sale and by the steps it took."""
        contract = self.contracts[row.buyer_contract_id]
        steps = current_return(steps)
        decided = [step.received_at for step in steps if step.kind == "return decision"]
        return ReturnedSale(
            **row._mapping,
            buyer=self.buyers[row.buyer_id],
            buyer_contract=contract.name,
            return_reason=self.reasons.get(row.return_reason_id),
            decided_at=decided[-1] if decided else None,
            max_return_age_days=contract.max_return_age_days,
            last_return_day=last_return_day(row.sold_on, contract),
            revenue_before=steps[0].revenue_before if steps else None,
            amount_with_return=any(step.amount_with_return for step in steps),
            notes=tuple(
                ReturnNote(at=step.received_at, actor=step.actor, state=step.state_after, note=step.note)
                for step in steps
                if step.note is not None
            ),
            buyer_returns=buyer_returns,
        )


async def _read_rates(
    connection: AsyncConnection, network_id: int, buyer_ids: set[int], today: date
) -> dict[int, BuyerReturns]:
    since = today - timedelta(days=RATE_DAYS - 1)
    counted = {row.buyer_id: row for row in await count_sales(connection, network_id, buyer_ids, since)}
    rates = {}
    for buyer_id in buyer_ids:
        row = counted.get(buyer_id)
        sales, submitted, credited, replaced = (0, 0, 0, 0) if row is None else tuple(row)[1:]
        rates[buyer_id] = BuyerReturns(
            sales=sales,
            submitted=submitted,
            credited=credited,
            replaced=replaced,
            return_rate=(Decimal(credited + replaced) / sales).quantize(_RATE_STEP) if sales else None,
        )
    return rates


def _token(row: Any, network_id: int, query: ReturnsQuery) -> str:
    return token_of((row.returned_at.astimezone(UTC).isoformat(), str(row.sale_id)), of=(network_id, query))


def _place_of(token: str, network_id: int, query: ReturnsQuery) -> tuple[datetime, int]:
    returned_at, sale_id = place_of(token, of=(network_id, query))
    return datetime.fromisoformat(returned_at), int(sale_id)
