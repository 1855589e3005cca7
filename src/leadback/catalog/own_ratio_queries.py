"""Reading own ratios."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.own_ratio_model import Number, OwnRatio, ShownAs, Term
from leadback.catalog.tables import own_ratio


async def read_own_ratios(connection: AsyncConnection, network_id: int) -> dict[int, OwnRatio]:
    """A network's own ratios by id, in the order of their columns."""
    statement = (
        select(own_ratio)
        .where(own_ratio.c.network_id == network_id)
        .order_by(own_ratio.c.position, own_ratio.c.own_ratio_id)
    )
    rows = [row._mapping for row in await connection.execute(statement)]
    return {
        row["own_ratio_id"]: OwnRatio(
            own_ratio_id=row["own_ratio_id"],
            label=row["label"],
            position=row["position"],
            numerator=_term("numerator", row),
            denominator=_term("denominator", row),
            shown_as=ShownAs(row["shown_as"]),
        )
        for row in rows
    }


def _term(name: str, row: Any) -> Term:
    ids = (row[f"{name}_{kind}_id"] for kind in ("status", "sub_status", "field"))
    return Term(Number(row[name]), next((item_id for item_id in ids if item_id is not None), None))
