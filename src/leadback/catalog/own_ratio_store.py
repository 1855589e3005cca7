"""Writing own ratios."""

from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.own_ratio_model import Number, OwnRatio, Term
from leadback.catalog.own_ratio_rules import label_key
from leadback.catalog.tables import own_ratio


async def insert_own_ratio(connection: AsyncConnection, network_id: int, made: OwnRatio) -> None:
    """A new ratio."""
    await connection.execute(insert(own_ratio).values(network_id=network_id, **_columns(made)))


async def update_own_ratio(connection: AsyncConnection, network_id: int, changed: OwnRatio) -> None:
    """A ratio as it is now."""
    await connection.execute(
        update(own_ratio)
        .where(own_ratio.c.network_id == network_id, own_ratio.c.own_ratio_id == changed.own_ratio_id)
        .values(**_columns(changed))
    )


async def delete_own_ratio(connection: AsyncConnection, network_id: int, own_ratio_id: int) -> None:
    """Remove one ratio."""
    await connection.execute(
        delete(own_ratio).where(own_ratio.c.network_id == network_id, own_ratio.c.own_ratio_id == own_ratio_id)
    )


def _columns(ratio: OwnRatio) -> dict[str, Any]:
    return {
        "own_ratio_id": ratio.own_ratio_id,
        "label": ratio.label,
        "label_key": label_key(ratio.label),
        "position": ratio.position,
        "shown_as": str(ratio.shown_as),
        **_term("numerator", ratio.numerator),
        **_term("denominator", ratio.denominator),
    }


def _term(name: str, term: Term) -> dict[str, Any]:
    return {name: str(term.number)} | {
        f"{name}_{kind}_id": term.item_id if term.number is kind else None
        for kind in (Number.STATUS, Number.SUB_STATUS, Number.FIELD)
    }
