"""What a buyer's words stand for: exact names of the catalog, then the buyer's own aliases."""

from datetime import datetime
from typing import TypeVar

from leadback.catalog.model import Alias, AliasKind, Catalog, Field, Status, SubStatus, alias_key
from leadback.leads.model import Message, UpdateRequest

Named = TypeVar("Named", Status, SubStatus, Field)


def find_status(
    request: UpdateRequest, catalog: Catalog, received: datetime, buyer_id: int | None
) -> tuple[Status, SubStatus | None] | Message | None:
    """Checks 6 and 7: the status and sub-status a call names, None where it names none.

    Exact names win. Then come the aliases of the buyer (none where `buyer_id` is None), the more specific ones first:
    of both words together, of the one word. One that leads to something inactive fails as its own name would.
    """
    if not request.status:
        return Message.INVALID_LEAD_SUB_STATUS if request.sub_status else None
    status = _held(catalog.status_by_name.get(request.status), request.status, received)
    if status is not None and (sub_status := _exact_sub_status(request, catalog, status, received)) is not None:
        return status, sub_status
    if status is not None and not request.sub_status:
        return status, None
    both = _alias(catalog, buyer_id, AliasKind.STATUS, request.status, request.sub_status)
    if both is not None:
        return _meant(both, catalog)
    of_any = None
    if status is None:
        of_any = _alias(catalog, buyer_id, AliasKind.STATUS, request.status)
        meant = Message.INVALID_LEAD_STATUS if of_any is None else _meant(of_any, catalog)
        if isinstance(meant, Message) or not request.sub_status:
            return meant
        status = meant[0]
        if (sub_status := _exact_sub_status(request, catalog, status, received)) is not None:
            return status, sub_status
    alone = _alias(catalog, buyer_id, AliasKind.SUB_STATUS, request.sub_status)
    if alone is not None:
        return _sub_status_of(alone, catalog, status)
    if of_any is not None and of_any.sub_status_id is not None:
        return _meant(of_any, catalog)
    return Message.INVALID_LEAD_SUB_STATUS


def find_field(name: str, catalog: Catalog, received: datetime, buyer_id: int | None) -> Field | Alias | None:
    """The active field a name stands for, by itself or as a buyer's alias; the alias where it says *ignore*."""
    field = _held(catalog.field_by_name.get(name), name, received)
    if field is not None:
        return field
    alias = _alias(catalog, buyer_id, AliasKind.FIELD, name)
    if alias is None or alias.ignored:
        return alias
    field = catalog.fields[alias.field_id or 0]
    return field if field.active else None


def field_name_as_given(name: str, catalog: Catalog) -> str:
    """The name of a field as the catalog writes it, found without case; the name itself where there is none.

    Names of fields are unique without case, and ASCII: a Kelvin sign is no k.
    """
    if name in catalog.field_by_name or not name.isascii():
        return name
    lower = name.lower()
    return next((held for held in catalog.field_by_name if held.lower() == lower), name)


def _held(item: Named | None, name: str, received: datetime) -> Named | None:
    """The item unless this is its former name and the time of grace is over."""
    if item is None or item.name == name:
        return item
    return item if item.former_name_until is not None and received <= item.former_name_until else None


def _exact_sub_status(request: UpdateRequest, catalog: Catalog, status: Status, received: datetime) -> SubStatus | None:
    name = request.sub_status
    return _held(catalog.sub_status_by_name.get((status.status_id, name)), name, received) if name else None


def _alias(
    catalog: Catalog, buyer_id: int | None, kind: AliasKind, theirs: str, their_sub_status: str = ""
) -> Alias | None:
    if buyer_id is None or not catalog.alias_by_key:
        return None
    return catalog.alias_by_key.get(alias_key(buyer_id, kind, theirs, their_sub_status))


def _meant(alias: Alias, catalog: Catalog) -> tuple[Status, SubStatus | None] | Message:
    status = catalog.statuses[alias.status_id or 0]
    if not status.active:
        return Message.INVALID_LEAD_STATUS
    if alias.sub_status_id is None:
        return status, None
    sub_status = catalog.sub_statuses[alias.sub_status_id]
    return (status, sub_status) if sub_status.active else Message.INVALID_LEAD_SUB_STATUS


def _sub_status_of(alias: Alias, catalog: Catalog, status: Status) -> tuple[Status, SubStatus] | Message:
    """The alias's sub-status, under another status the one of the same name there."""
    meant = catalog.sub_statuses[alias.sub_status_id or 0]
    if meant.status_id == status.status_id:
        return (status, meant) if meant.active else Message.INVALID_LEAD_SUB_STATUS
    namesake = catalog.sub_status_by_name.get((status.status_id, meant.name))
    return Message.INVALID_LEAD_SUB_STATUS if namesake is None else (status, namesake)
