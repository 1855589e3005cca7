"""What statuses, sub-statuses, fields and return reasons may be."""

import re
from collections.abc import Iterable, Sequence, Set
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import UNSET

from leadback.catalog.field_values import STRING_LENGTH_MAX
from leadback.catalog.model import (
    MEANINGS,
    STAGES,
    Catalog,
    DataType,
    Field,
    ReturnReason,
    Status,
    SubStatus,
    Summary,
)
from leadback.catalog.settings import FieldSettings, StatusSettings
from leadback.kit.errors import Refused
from leadback.kit.names import check_name
from leadback.kit.partial import given, with_settings

LIST_VALUES_MAX: Final = 1000

# The operations' own parameters: newer calls carry fields beside them.
PARAMETER_NAMES: Final = frozenset(
    "lead_id buyer_contract_id status sub_status amount add_to_existing field_name field_value return_reason_id api_key"
    " idempotency_key happened_at".split()
)

_FIELD_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_COLOUR: Final = re.compile(r"(#[0-9A-Fa-f]{6})?")
_CONVERTED: Final = STAGES.index("converted")

Item = Status | SubStatus | Field | ReturnReason


class CatalogKind(StrEnum):
    """What a catalog is made of; the name of its table."""

    STATUS = "status"
    SUB_STATUS = "sub_status"
    FIELD = "field"
    RETURN_REASON = "return_reason"

    @property
    def spoken(self) -> str:
        """As people say it."""
        return {"sub_status": "sub-status", "return_reason": "return reason"}.get(self.value, self.value)

    @property
    def plural(self) -> str:
        """Several of them."""
        return self.spoken + ("es" if self.spoken.endswith("s") else "s")

    @property
    def id_column(self) -> str:
        """The column of its id."""
        return f"{self.value}_id"


def items_of(catalog: Catalog, kind: CatalogKind) -> dict[int, Item]:
    """The catalog's entries of one kind by id, in their order."""
    found: dict[CatalogKind, dict[int, Item]] = {
        CatalogKind.STATUS: dict(catalog.statuses),
        CatalogKind.SUB_STATUS: dict(catalog.sub_statuses),
        CatalogKind.FIELD: dict(catalog.fields),
        CatalogKind.RETURN_REASON: dict(catalog.return_reasons),
    }
    return found[kind]


def kind_of(item: Item) -> CatalogKind:
    """What an entry is."""
    kinds = {Status: "status", SubStatus: "sub_status", Field: "field", ReturnReason: "return_reason"}
    return CatalogKind(kinds[type(item)])


def id_of(item: Item) -> int:
    """An entry's id."""
    found: int = getattr(item, kind_of(item).id_column)
    return found


def next_position(items: Iterable[Item]) -> int:
    """The place after the last."""
    return max((item.position for item in items), default=0) + 1


def new_status(status_id: int, name: str, position: int, settings: StatusSettings) -> Status:
    """A new status with what is given in place of the defaults."""
    plain = Status(
        status_id=status_id,
        name=name,
        position=position,
        colour="",
        meaning="neutral",
        stage=0,
        terminal=False,
        active=True,
        vertical_ids=frozenset(),
    )
    return with_settings(plain, settings)


def new_field(field_id: int, name: str, position: int, settings: FieldSettings) -> Field:
    """A new field with what is given in place of the defaults; its label is its name where none is given."""
    if settings.data_type is UNSET:
        raise Refused(f"The field {name!r} needs a type: one of {', '.join(DataType)}.")
    plain = Field(
        field_id=field_id,
        name=name,
        label=name,
        position=position,
        data_type=settings.data_type,
        length_max=STRING_LENGTH_MAX if settings.data_type is DataType.STRING else None,
        list_values=(),
        summary=Summary.NONE,
        vertical_ids=frozenset(),
        buyer_ids=frozenset(),
        active=True,
    )
    return with_settings(plain, settings)


def changed_field(field: Field, settings: FieldSettings) -> Field:
    """The field with what is given; with another type, what belonged to the old type goes unless it is given anew."""
    values = given(settings)
    if values.get("data_type", field.data_type) is not field.data_type:
        is_string = values["data_type"] is DataType.STRING
        values = {"length_max": STRING_LENGTH_MAX if is_string else None, "list_values": ()} | values
    return msgspec.structs.replace(field, **values)


def renamed(item: Item, name: str, *, former_until: datetime | None, now: datetime) -> Item:
    """The entry under another name; until `former_until` updates may still use the old one."""
    if name == item.name:
        return item
    if isinstance(item, ReturnReason):
        if former_until is not None:
            raise Refused("A return reason is sent by its id: there is no old name to accept for a while.")
        return msgspec.structs.replace(item, name=name)
    if former_until is not None and former_until <= now:
        raise Refused(f"The old name would be accepted until {former_until.isoformat()}, which is past.")
    former = None if former_until is None else item.name
    return msgspec.structs.replace(item, name=name, former_name=former, former_name_until=former_until)


def check_item(item: Item, others: Iterable[Item]) -> None:
    """Raise `Refused` unless an entry is sound in itself and its name is free among the others of its kind."""
    kind = kind_of(item)
    if isinstance(item, Field):
        _check_field(item)
    else:
        check_name(f"{kind.spoken}'s name", item.name)
    if isinstance(item, Status):
        _check_status(item)
    for other in others:
        if id_of(other) != id_of(item) and name_key(other) == name_key(item):
            state = "" if other.active else ", which is inactive"
            raise Refused(
                f"There is a {kind.spoken} {other.name!r} already, with the id {id_of(other)}{state}."
                + (" Field names are compared without case." if other.name != item.name else "")
            )


def name_key(item: Item) -> tuple[int, str]:
    """What must be unique among the entries of one kind."""
    if isinstance(item, SubStatus):
        return item.status_id, item.name
    return 0, item.name.upper() if isinstance(item, Field) else item.name


def check_scope(what: str, wanted: Set[int], known: Set[int]) -> None:
    """Raise `Refused` unless every vertical or buyer of a scope exists."""
    if missing := sorted(wanted - known):
        raise Refused(f"There is no {what} with the id {', '.join(map(str, missing))}.")


def check_order(kind: CatalogKind, wanted: list[int], present: Set[int]) -> None:
    """Raise `Refused` unless an order names every entry once."""
    if len(set(wanted)) != len(wanted) or set(wanted) != present:
        raise Refused(f"An order names every {kind.spoken} once; the ids are {', '.join(map(str, sorted(present)))}.")


def merged_order(present: Sequence[int], listed: Sequence[int]) -> list[int]:
    """The order of entries of which some are listed: the listed ones follow their list, the others keep their place.

    Listed ones that are not present yet come right after the one they are listed after; the first of a list comes
    before the next present one, or at the end.
    """
    known = set(present)
    queue = [item_id for item_id in listed if item_id in known]
    moved = set(queue)
    following = iter(queue)
    order = [next(following) if item_id in moved else item_id for item_id in present]
    for place, item_id in enumerate(listed):
        if item_id in known:
            continue
        if place > 0:
            order.insert(order.index(listed[place - 1]) + 1, item_id)
        else:
            order.insert(order.index(queue[0]) if queue else len(order), item_id)
    return order


def _check_status(status: Status) -> None:
    if status.meaning not in MEANINGS:
        raise Refused(f"The meaning {status.meaning!r} is not one of {', '.join(MEANINGS)}.")
    if not 0 <= status.stage < len(STAGES):
        raise Refused(f"The stage {status.stage} is not 0 to {len(STAGES) - 1} ({', '.join(STAGES)}).")
    # A lead can be lost after it was contacted or qualified; a conversion is never the bad end the status stands for.
    if status.meaning == "negative" and status.stage >= _CONVERTED:
        raise Refused(
            f"The status {status.name!r} is negative and {STAGES[status.stage]}: a negative status has the stage none,"
            " contacted or qualified. Stages reached before are remembered."
        )
    if not _COLOUR.fullmatch(status.colour):
        raise Refused(f"The colour {status.colour!r} is not like #2f9e6e, or empty.")


def _check_field(field: Field) -> None:
    if not _FIELD_NAME.fullmatch(field.name):
        raise Refused(
            f"The field name {field.name!r} is not a letter followed by at most 63 letters, digits and '_' (ASCII)."
        )
    if field.name.lower() in PARAMETER_NAMES:
        raise Refused(f"The field name {field.name!r} is a parameter of the updates themselves; choose another.")
    check_name("field's label", field.label)
    if field.summary is not Summary.NONE and field.data_type is not DataType.NUMBER:
        raise Refused(
            f"You cannot {field.summary.upper()} a {field.data_type} data type (field {field.name!r}):"
            " only a Number has a summary."
        )
    if field.length_max is not None:
        if field.data_type is not DataType.STRING:
            raise Refused(f"Only a String has a length_max; the field {field.name!r} is a {field.data_type}.")
        if not 1 <= field.length_max <= STRING_LENGTH_MAX:
            raise Refused(f"The length_max {field.length_max} of {field.name!r} is not 1 to {STRING_LENGTH_MAX}.")
    _check_list_values(field)


def _check_list_values(field: Field) -> None:
    if field.data_type is not DataType.LIST:
        if field.list_values:
            raise Refused(f"Only a List has values; the field {field.name!r} is a {field.data_type}.")
        return
    if not 1 <= len(field.list_values) <= LIST_VALUES_MAX:
        raise Refused(f"The List {field.name!r} has {len(field.list_values)} values; give 1 to {LIST_VALUES_MAX}.")
    for value in field.list_values:
        check_name(f"value of the List {field.name!r}", value)
    if len(set(field.list_values)) != len(field.list_values):
        twice = next(value for value in field.list_values if field.list_values.count(value) > 1)
        raise Refused(f"The List {field.name!r} has the value {twice!r} twice.")
