"""What the rows of one import have named of a lead, so that none of them corrects another."""

from typing import Final

from leadback.leads.ingest_differences import Changes
from leadback.leads.ingest_model import SaleRow
from leadback.leads.ingest_rows import SUB_IDS

# An import remembers this of every lead it has met: one small number each. The values need no remembering, the lead
# has them.
_BITS: Final = {
    name: 1 << place for place, name in enumerate(("campaign_id", "payout", "is_test", "lead_at", *SUB_IDS))
}


def columns_named(row: SaleRow) -> int:
    """Which columns of its lead a row names, a bit each; a blank cell names nothing."""
    given = [
        name
        for name, value in (("payout", row.payout), ("is_test", row.is_test), ("lead_at", row.lead_at))
        if value is not None
    ]
    given += [name for name, value in zip(SUB_IDS, row.sub_ids, strict=True) if value]
    return sum(_BITS[name] for name in ("campaign_id", *given))


def changes_among(named: int, changes: Changes) -> Changes:
    """Those changes of a lead that concern columns already named."""
    return {name: pair for name, pair in changes.items() if named & _BITS[name]}
