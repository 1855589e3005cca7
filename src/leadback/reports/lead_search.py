"""Finding leads by their ids, by what buyers call them, and by sub ids: by when they were sold, page by page."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.model import Catalog, Status
from leadback.catalog.queries import read_catalog
from leadback.kit.errors import Refused
from leadback.kit.paging import place_of, token_of
from leadback.parties.queries import list_buyers, list_campaigns, list_contracts

PAGE_ROWS_MAX: Final = 1_000
SEARCH_DAYS: Final = 90
SEARCH_LENGTH_MAX: Final = 200

_LEAD_ID: Final = re.compile("[A-Za-z0-9_-]{1,50}", re.ASCII)
_AFTER_LEAD_IDS: Final = "~"
"""Greater than every character of a lead id."""

_FOUND = """
    SELECT sale.sale_id, sale.sold_at FROM sale
    WHERE sale.network_id = :network_id AND {condition}
        AND (CAST(:buyer_ids AS integer[]) IS NULL OR sale.buyer_id = ANY (CAST(:buyer_ids AS integer[])))
        AND (CAST(:sold_at AS timestamptz) IS NULL
            OR (sale.sold_at, sale.sale_id) {{after}} (CAST(:sold_at AS timestamptz), CAST(:sale_id AS bigint)))
    ORDER BY sale.sold_at {{order}}, sale.sale_id {{order}}
    LIMIT :limit
"""
_RECENT = "sale.sold_at >= :since"
_BY_LEAD_ID = "sale.lead_key >= :first_key AND sale.lead_key < :last_key"
# Words of others stand in no index: the newest sales are read back until there are enough, or `since` is reached.
_BY_WORDS = "sale.sold_at >= :since AND (sale.buyer_lead_id = :words OR sale.sub_id_1 = :words)"
_BY_OTHER_SUB_IDS = """
    sale.sold_at >= :since AND EXISTS (
        SELECT FROM lead
        WHERE lead.network_id = :network_id AND lead.lead_key = sale.lead_key
            AND :words IN (lead.sub_id_2, lead.sub_id_3, lead.sub_id_4, lead.sub_id_5)
    )
"""
_ROWS = """
    SELECT lead.lead_id, sale.is_test, sale.sale_id, sale.sold_at, sale.buyer_id, sale.buyer_contract_id,
        sale.campaign_id, sale.sub_id_1, sale.buyer_lead_id, sale.status_id, sale.sub_status_id, sale.revenue,
        sale.return_state,
        coalesce(:words IN (sale.buyer_lead_id), false)
            OR :words IN (lead.sub_id_1, lead.sub_id_2, lead.sub_id_3, lead.sub_id_4, lead.sub_id_5) AS is_exact
    FROM ({found}) AS found
    JOIN sale ON sale.network_id = :network_id AND sale.sale_id = found.sale_id
    JOIN lead ON lead.network_id = :network_id AND lead.lead_key = sale.lead_key
    ORDER BY found.sold_at {order}, found.sale_id {order}
    LIMIT :limit
"""
_EXACT = text("""
    SELECT lead.lead_id FROM lead
    WHERE lead.network_id = :network_id AND lead.lead_key = :key AND EXISTS (
        SELECT FROM sale WHERE sale.network_id = :network_id AND sale.lead_key = lead.lead_key
        AND (CAST(:buyer_ids AS integer[]) IS NULL OR sale.buyer_id = ANY (CAST(:buyer_ids AS integer[])))
    )
""")


class LeadSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; without words, what was sold last."""

    words: str = ""
    """A lead id in any case, or how it begins; a buyer's lead id or a sub id exactly."""
    days: int | None = SEARCH_DAYS
    """How far back the words of others are looked for; None: all the way."""
    oldest_first: bool = False
    """In place of the newest."""
    buyer_ids: frozenset[int] | None = None
    """Whose sales there are for whoever asks; None: everybody's."""


class FoundSale(msgspec.Struct, frozen=True, kw_only=True):
    """One sale of a lead that was found."""

    lead_id: str
    is_test: bool
    sale_id: int
    sold_at: datetime
    buyer_id: int
    buyer: str
    buyer_contract_id: int
    buyer_contract: str
    campaign_id: int | None
    campaign: str | None
    sub_id_1: str
    buyer_lead_id: str | None
    status: Status | None
    sub_status: str | None
    revenue: Decimal
    return_state: str | None


class FoundPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some sales, in the order that was asked for."""

    sales: tuple[FoundSale, ...]
    after: str | None
    """The token of the next page; None: there is none."""
    only_lead_id: str | None
    """The one lead the words name exactly, where they name one."""


async def search_leads(
    connection: AsyncConnection,
    network_id: int,
    search: LeadSearch,
    *,
    now: datetime,
    limit: int = 50,
    after: str | None = None,
) -> FoundPage:
    """One page, of a connection from `Database.snapshot`; `Refused` where the words are too long or the token wrong."""
    if not 1 <= limit <= PAGE_ROWS_MAX:
        raise Refused(f"A page has 1 to {PAGE_ROWS_MAX} rows, not {limit}.")
    if len(search.words) > SEARCH_LENGTH_MAX or "\0" in search.words:
        raise Refused(f"Search for at most {SEARCH_LENGTH_MAX} characters.")
    buyer_ids = None if search.buyer_ids is None else sorted(search.buyer_ids)
    looks_like_id = bool(_LEAD_ID.fullmatch(search.words))
    key = search.words.upper()
    values: dict[str, Any] = {"network_id": network_id, "buyer_ids": buyer_ids, "key": key}
    exact = (await connection.execute(_EXACT, values)).scalar_one_or_none() if looks_like_id and not after else None
    sold_at, sale_id = (None, None) if after is None else _place_of(after, network_id, search)
    values |= {
        "words": search.words,
        "first_key": key,
        "last_key": key + _AFTER_LEAD_IDS,
        "since": datetime.min.replace(tzinfo=UTC) if search.days is None else now - timedelta(days=search.days),
        "sold_at": sold_at,
        "sale_id": sale_id,
        "limit": limit + 1,
    }
    rows = (await connection.execute(text(_statement(search, looks_like_id=looks_like_id)), values)).all()
    names = await _Names.read(connection, network_id)
    if exact is None and after is None and rows and all(row.is_exact for row in rows) and search.words:
        leads = {row.lead_id for row in rows}
        exact = leads.pop() if len(leads) == 1 else None
    last = rows[limit - 1] if len(rows) > limit else None
    return FoundPage(
        sales=tuple(names.sale(dict(row._mapping)) for row in rows[:limit]),
        after=None if last is None else token_of(_place(last), of=(network_id, search)),
        only_lead_id=exact,
    )


def _statement(search: LeadSearch, *, looks_like_id: bool) -> str:
    """Each way to find something through its own index; together the newest of what all found."""
    conditions = [_BY_WORDS, _BY_OTHER_SUB_IDS] if search.words else [_RECENT]
    if search.words and looks_like_id:
        conditions.append(_BY_LEAD_ID)
    after, order = (">", "ASC") if search.oldest_first else ("<", "DESC")
    found = " UNION ".join(f"({_FOUND.format(condition=condition)})" for condition in conditions)
    return _ROWS.format(found=found.format(after=after, order=order), order=order)


def _place(row: Any) -> tuple[str, str]:
    return row.sold_at.astimezone(UTC).isoformat(), str(row.sale_id)


def _place_of(token: str, network_id: int, search: LeadSearch) -> tuple[datetime, int]:
    sold_at, sale_id = place_of(token, of=(network_id, search))
    return datetime.fromisoformat(sold_at), int(sale_id)


class _Names:
    """What ids are called now."""

    def __init__(
        self,
        catalog: Catalog,
        buyers: Mapping[int, str],
        contracts: Mapping[int, str],
        campaigns: Mapping[int | None, str],
    ) -> None:
        self.catalog = catalog
        self.buyers = buyers
        self.contracts = contracts
        self.campaigns = campaigns

    @classmethod
    async def read(cls, connection: AsyncConnection, network_id: int) -> "_Names":
        return cls(
            await read_catalog(connection, network_id),
            {item.buyer_id: item.name for item in await list_buyers(connection, network_id)},
            {item.buyer_contract_id: item.name for item in await list_contracts(connection, network_id)},
            {item.campaign_id: item.name for item in await list_campaigns(connection, network_id)},
        )

    def sale(self, row: dict[str, Any]) -> FoundSale:
        """A sale from its row."""
        del row["is_exact"]
        status = self.catalog.statuses.get(row.pop("status_id") or 0)
        sub_status = self.catalog.sub_statuses.get(row.pop("sub_status_id") or 0)
        return FoundSale(
            **row,
            status=status,
            buyer=self.buyers[row["buyer_id"]],
            buyer_contract=self.contracts[row["buyer_contract_id"]],
            campaign=self.campaigns.get(row["campaign_id"]),
            sub_status=None if sub_status is None else sub_status.name,
        )
