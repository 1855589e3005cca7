"""A small network in memory, for tests of decisions on values."""

from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec

from leadback.access.model import ApiKey, PresentedKey
from leadback.catalog.model import Alias, AliasKind, Catalog, DataType, Field, ReturnReason, Status, SubStatus, Summary
from leadback.leads.configuration import Configuration
from leadback.leads.model import BuyerCaller, Channel, Origin, Sale, UpdateRequest
from leadback.networks.model import Network
from leadback.parties.model import Buyer, BuyerContract

NOW = datetime(2026, 3, 20, 15, 0, tzinfo=UTC)
KEY = PresentedKey(1, b"digest of the key")
ADDRESS = ip_address("192.0.2.7")


def network(**changes: Any) -> Network:
    """A network in New York."""
    values: dict[str, Any] = {
        "network_id": 1,
        "name": "Acme",
        "host_name": None,
        "time_zone": "America/New_York",
        "currency": "USD",
        "week_start": 1,
        "date_format": "MDY",
        "lead_statuses": True,
        "terminal_statuses": "flag",
        "return_approval": "manual",
        "credit_sets_revenue_to_zero": False,
        "return_to_affiliate": False,
        "rerun_waiting_updates": False,
        "failed_update_days": 90,
        "second_factor_required": False,
    }
    return Network(**(values | changes))


def status(status_id: int, name: str, **changes: Any) -> Status:
    """An active status."""
    values: dict[str, Any] = {
        "position": status_id,
        "colour": "",
        "meaning": "neutral",
        "stage": 0,
        "terminal": False,
        "active": True,
        "vertical_ids": frozenset(),
    }
    return Status(status_id=status_id, name=name, **(values | changes))


def field(field_id: int, name: str, data_type: DataType, **changes: Any) -> Field:
    """An active field of every sale."""
    values: dict[str, Any] = {
        "label": name,
        "position": field_id,
        "length_max": None,
        "list_values": (),
        "summary": Summary.NONE,
        "vertical_ids": frozenset(),
        "buyer_ids": frozenset(),
        "active": True,
    }
    return Field(field_id=field_id, name=name, data_type=data_type, **(values | changes))


def catalog() -> Catalog:
    """Six statuses (Funded with sub-statuses, Dead terminal, Old inactive), eight fields, three return reasons."""
    statuses = [
        status(1, "Contacted", stage=1),
        status(2, "Funded", stage=4, meaning="positive"),
        status(3, "Dead", terminal=True, meaning="negative"),
        status(4, "Solar Only", vertical_ids=frozenset([99])),
        status(5, "Old", active=False),
        status(6, "Renamed", former_name="Before", former_name_until=NOW),
    ]
    sub_statuses = [
        SubStatus(sub_status_id=1, status_id=2, name="Full Payment", position=1, active=True),
        SubStatus(sub_status_id=2, status_id=2, name="Partial", position=2, active=True),
        SubStatus(sub_status_id=3, status_id=2, name="Gone", position=3, active=False),
        SubStatus(sub_status_id=4, status_id=1, name="By phone", position=1, active=True),
    ]
    fields = [
        field(1, "loan_amount", DataType.NUMBER, summary=Summary.SUM),
        field(2, "note", DataType.STRING, length_max=5),
        field(3, "closed_on", DataType.DATE),
        field(4, "insured", DataType.BOOL),
        field(5, "grade", DataType.LIST, list_values=("A", "B")),
        field(6, "solar_kw", DataType.NUMBER, vertical_ids=frozenset([99])),
        field(7, "theirs", DataType.STRING, buyer_ids=frozenset([99])),
        field(8, "retired", DataType.STRING, active=False),
    ]
    reasons = [
        ReturnReason(return_reason_id=1, name="Invalid phone", position=1, active=True),
        ReturnReason(return_reason_id=2, name="Duplicate", position=2, active=True),
        ReturnReason(return_reason_id=3, name="Retired", position=3, active=False),
    ]
    active = [item for item in statuses if item.active]
    return Catalog(
        statuses={item.status_id: item for item in statuses},
        sub_statuses={item.sub_status_id: item for item in sub_statuses},
        fields={item.field_id: item for item in fields},
        return_reasons={item.return_reason_id: item for item in reasons},
        aliases={},
        status_by_name={item.name: item for item in active} | {"Before": statuses[5]},
        sub_status_by_name={(item.status_id, item.name): item for item in sub_statuses if item.active},
        field_by_name={item.name: item for item in fields if item.active},
    )


def alias(alias_id: int, kind: AliasKind, theirs: str, **changes: Any) -> Alias:
    """An active alias of buyer 10."""
    values: dict[str, Any] = {
        "buyer_id": 10,
        "their_sub_status": None,
        "status_id": None,
        "sub_status_id": None,
        "field_id": None,
        "ignored": False,
        "active": True,
    }
    return Alias(alias_id=alias_id, kind=str(kind), theirs=theirs, **(values | changes))


def with_aliases(*aliases: Alias) -> Catalog:
    """The catalog, and what buyers call things in it."""
    by_key = {item.key: item for item in aliases if item.active}
    return msgspec.structs.replace(catalog(), aliases={item.alias_id: item for item in aliases}, alias_by_key=by_key)


def buyer(buyer_id: int = 10, **changes: Any) -> Buyer:
    """A buyer with the switch on, not keyless."""
    values: dict[str, Any] = {
        "name": f"Buyer {buyer_id}",
        "active": True,
        "account_manager_id": None,
        "lead_statuses": True,
        "accept_keyless": False,
        "keyless_until": None,
        "keyless_networks": (),
        "rate_per_key": None,
        "retry_guard": "guard",
    }
    return Buyer(buyer_id=buyer_id, **(values | changes))


def contract(buyer_contract_id: int = 217, **changes: Any) -> BuyerContract:
    """A returnable contract of buyer 10 in vertical 1."""
    values: dict[str, Any] = {
        "buyer_id": 10,
        "vertical_id": 1,
        "name": f"Contract {buyer_contract_id}",
        "active": True,
        "returnable": True,
        "max_return_age_days": 30,
        "priced_on_outcome": False,
        "returns_owed": 0,
    }
    return BuyerContract(buyer_contract_id=buyer_contract_id, **(values | changes))


def configuration(**changes: Any) -> Configuration:
    """The network, buyer 10 with contract 217 and one key, buyer 11 which takes keyless calls from 192.0.2.0/24."""
    key = ApiKey(
        api_key_id=1,
        buyer_id=10,
        digest=KEY.digest,
        shown_as="lbk_1_aaaa",
        scopes=(),
        allowed_networks=(),
        created_at=NOW,
        expires_at=None,
        revoked_at=None,
        last_used_at=None,
        last_used_address=None,
    )
    keyless = buyer(11, accept_keyless=True, keyless_networks=(ip_network("192.0.2.0/24"),))
    values: dict[str, Any] = {
        "version": 1,
        "network": network(),
        "keys": {KEY.digest: key},
        "buyers": {10: buyer(), 11: keyless},
        "contracts": {217: contract(), 218: contract(218), 300: contract(300, buyer_id=11)},
        "catalog": catalog(),
    }
    return Configuration(**(values | changes))


def sale(**changes: Any) -> Sale:
    """A sale of lead C8097F17 to contract 217 on 10 March, for 25 dollars, nothing reported yet."""
    values: dict[str, Any] = {
        "sale_id": 1,
        "lead_key": "C8097F17",
        "lead_id": "c8097F17",
        "buyer_id": 10,
        "buyer_contract_id": 217,
        "campaign_id": 5,
        "is_test": False,
        "sold_at": datetime(2026, 3, 10, 16, 0, tzinfo=UTC),
        "sold_on": date(2026, 3, 10),
        "sold_price": Decimal("25.0000"),
        "revenue": Decimal("25.0000"),
        "payout_share": Decimal("10.0000"),
        "first_of_lead": True,
        "sale_type": "exclusive",
        "returnable": None,
        "status_id": None,
        "sub_status_id": None,
        "status_happened_at": None,
        "stage_reached": 0,
        "field_values": {},
        "return_state": None,
        "return_reason_id": None,
        "returned_at": None,
        "updated": 0,
        "update_count": 0,
        "updated_at": None,
        "buyer_updated_first_at": None,
        "buyer_updated_at": None,
        "version": 1,
        "ledger_hash": b"",
    }
    return Sale(**(values | changes))


def origin(**changes: Any) -> Origin:
    """A GET from a documentation address."""
    plain = Origin(channel=Channel.GET, operation="UpdateLead", address=ADDRESS, request_id="request", received_at=NOW)
    return msgspec.structs.replace(plain, **changes)


def request(**changes: Any) -> UpdateRequest:
    """A call that names nothing; `changes` say what it does name."""
    plain = UpdateRequest(caller=BuyerCaller(KEY), origin=origin(), lead_id="C8097F17", buyer_contract_id=217)
    return msgspec.structs.replace(plain, **changes)
