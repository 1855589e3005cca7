"""Rows of a sales file and what becomes of them, as values."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import msgspec

from leadback.leads.model import Sale
from leadback.parties.rules import PartyKind


class SourceRow(NamedTuple):
    """One row as it was read: its line and its cells, as many as there are columns."""

    line: int
    cells: list[str]


class Rejection(msgspec.Struct, frozen=True):
    """Why a row is not imported."""

    reason: str


class RejectedRow(msgspec.Struct, frozen=True):
    """A row that was not imported, as it was read, and why."""

    row: SourceRow
    reason: str


class IngestOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an import may do beyond adding sales."""

    create_missing: bool = False
    """Create verticals, offers, affiliates, campaigns, buyers and contracts that do not exist."""
    correct: bool = False
    """Where a row differs from what is stored, the row holds."""


class ContractNames(NamedTuple):
    """A row's words for whom the lead was sold to; empty where not given."""

    vertical: str
    vertical_id: str
    buyer: str
    buyer_id: str
    buyer_contract: str
    buyer_contract_id: str


class CampaignNames(NamedTuple):
    """A row's words for where the lead came from; empty where not given."""

    affiliate: str
    affiliate_id: str
    offer: str
    offer_id: str
    campaign: str
    campaign_id: str


class NewParty(msgspec.Struct, frozen=True, kw_only=True):
    """A party that does not exist, with all that is needed to create it."""

    kind: PartyKind
    name: str
    party_id: int | None
    affiliate_id: int | None = None
    offer_id: int | None = None
    buyer_id: int | None = None
    vertical_id: int | None = None


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says the buyer had reported already, in the row's own words; empty where not given."""

    status: str
    sub_status: str
    fields: tuple[tuple[str, str], ...]
    return_reason: str
    return_reason_id: str
    return_state: str


class SaleRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row, its texts converted; None where a cell is blank or its column absent."""

    lead_id: str
    lead_key: str
    sold_at: datetime
    sold_price: Decimal | None
    payout: Decimal | None
    contract: ContractNames
    campaign: CampaignNames
    sub_ids: tuple[str, ...]
    """Five; empty where not given."""
    buyer_lead_id: str | None
    lead_at: datetime | None
    sale_ref: str | None
    sale_type: str | None
    returnable: bool | None
    is_test: bool | None
    reported: Reported | None
    replaces_sale_ref: str | None
    data: dict[str, str]


class Lead(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is kept once for a lead, however often it is sold."""

    lead_key: str
    lead_id: str
    campaign_id: int | None
    sub_ids: tuple[str, ...]
    created_at: datetime
    payout: Decimal
    is_test: bool
    data: dict[str, str]


class ImportedSale(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A sale with what only an import reads and writes of it."""

    sale: Sale
    sale_ref: str | None
    buyer_lead_id: str | None
    replaces_sale_id: int | None


class Verdict(StrEnum):
    """What became of a row that was not rejected."""

    IMPORTED = "imported"
    SKIPPED = "skipped"
    CORRECTED = "corrected"


class IngestSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did."""

    rows: int
    imported: int
    skipped: int
    corrected: int
    rejected: int
    created: dict[str, int]
    """How many parties of each kind were created."""
    waiting_updates: int
    """Failed updates that had waited for a sale that has now arrived."""
