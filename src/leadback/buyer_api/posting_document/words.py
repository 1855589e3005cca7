"""What one buyer can say: its part of the network's configuration, and the words its samples are made of."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from leadback.buyer_api.posting_document.model import Example, OfferedStatus, Text, Words, text
from leadback.catalog.model import Alias, AliasKind, Catalog, DataType, Field
from leadback.kit.errors import Refused
from leadback.kit.settings import Settings
from leadback.leads.configuration import Configuration
from leadback.leads.contracts import standing_lead_id
from leadback.parties.model import Buyer, Vertical

# What may stand in a program of any language as it is: an international host name is written in its ASCII form.
_ADDRESS: Final = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*")

VALUES: Final = {
    DataType.STRING: "Any text",
    DataType.NUMBER: "25000",
    DataType.DATE: "2026-01-31",
    DataType.BOOL: "true",
}
"""A value of each type; a list has its own."""


def words_of(
    configuration: Configuration, verticals: Iterable[Vertical], buyer_id: int, settings: Settings, made_at: datetime
) -> Words:
    """The buyer's words; `Refused` where it has no contract, so that nothing can be sold to it, or no address holds."""
    buyer, catalog = configuration.buyers[buyer_id], configuration.catalog
    contracts = [contract for contract in configuration.contracts.values() if contract.buyer_id == buyer_id]
    if not contracts:
        raise Refused(
            f"The buyer {buyer.name!r} has no contract yet, so there is nothing it could report. Make one:"
            " leadback contract create --buyer NAME --name NAME --vertical NAME"
        )
    vertical_ids = {contract.vertical_id for contract in contracts}
    return Words(
        address=address_of(settings.public_url or ""),
        network=configuration.network,
        buyer=buyer,
        verticals={item.vertical_id: item.name for item in verticals if item.vertical_id in vertical_ids},
        contracts=tuple(sorted(contracts, key=lambda contract: (not contract.active, contract.buyer_contract_id))),
        statuses=tuple(
            OfferedStatus(
                status, tuple(sub for sub in catalog.sub_statuses.values() if sub.active and sub.status_id == status_id)
            )
            for status_id, status in catalog.statuses.items()
            if status.active and _overlaps(status.vertical_ids, vertical_ids)
        ),
        fields=tuple(
            field
            for field in catalog.fields.values()
            if field.active and _overlaps(field.vertical_ids, vertical_ids) and _overlaps(field.buyer_ids, {buyer_id})
        ),
        return_reasons=tuple(reason for reason in catalog.return_reasons.values() if reason.active),
        aliases=_aliases(catalog, buyer),
        rate_per_key=settings.rate_per_key if buyer.rate_per_key is None else buyer.rate_per_key,
        lead_guesses_max=settings.lead_guesses_max,
        made_at=made_at,
    )


def address_of(url: str) -> str:
    """An address without the slash at its end; `Refused` where it is none that programs can call."""
    address = url.rstrip("/")
    if not _ADDRESS.fullmatch(address):
        raise Refused(f"{url!r} is not an address such as https://leads.example.com, in plain ASCII.")
    return address


def example_of(words: Words) -> Example:
    """What the samples say; of several words the first that shows most."""
    contract = min(words.contracts, key=lambda item: (not item.active, not item.returnable))
    statuses = [item for item in words.statuses if _overlaps(item.status.vertical_ids, {contract.vertical_id})]
    fields = [item for item in words.fields if _overlaps(item.vertical_ids, {contract.vertical_id})]
    field = fields[0] if fields else None
    return Example(
        contract=contract,
        lead_id=standing_lead_id(contract.buyer_contract_id),
        status=min(statuses, key=lambda item: not item.sub_statuses, default=None),
        field=field,
        field_value="" if field is None else value_of(field),
        return_reason=words.return_reasons[0] if words.return_reasons and contract.returnable else None,
    )


def value_of(field: Field) -> str:
    """A value the field takes."""
    if field.data_type is DataType.LIST:
        return field.list_values[0]
    return VALUES[field.data_type][: field.length_max]


def _aliases(catalog: Catalog, buyer: Buyer) -> tuple[tuple[Alias, Text], ...]:
    """Those that lead somewhere: what is inactive is refused under any name."""
    aliases = [alias for alias in catalog.aliases.values() if alias.active and alias.buyer_id == buyer.buyer_id]
    return tuple((alias, meant) for alias in aliases if (meant := _meaning(alias, catalog)))


def _meaning(alias: Alias, catalog: Catalog) -> Text:
    if alias.ignored:
        return text("nothing: it is left out of the call")
    if alias.kind == AliasKind.FIELD:
        field = catalog.fields[alias.field_id or 0]
        return text("the field {}", field.name) if field.active else ()
    sub_status = None if alias.sub_status_id is None else catalog.sub_statuses[alias.sub_status_id]
    if sub_status is not None and not sub_status.active:
        return ()
    if alias.kind == AliasKind.SUB_STATUS:
        assert sub_status is not None
        return text("the sub-status {}", sub_status.name)
    status = catalog.statuses[alias.status_id or 0]
    if not status.active:
        return ()
    if sub_status is None:
        return text("the status {}", status.name)
    return text("the status {} with the sub-status {}", status.name, sub_status.name)


def _overlaps(scope: frozenset[int], ids: set[int]) -> bool:
    """Whether a scope, which is everything where it is empty, holds any of these."""
    return not scope or not scope.isdisjoint(ids)
