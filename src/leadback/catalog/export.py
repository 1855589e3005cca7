"""A network's catalog as the file that `catalog apply` reads."""

from collections.abc import Sequence
from typing import cast

from msgspec import UNSET

from leadback.catalog.model import STAGES, Catalog, DataType, Field, Status
from leadback.catalog.vocabulary import (
    ListedField,
    ListedReturnReason,
    ListedStatus,
    ListedSubStatus,
    Meaning,
    Stage,
    Vocabulary,
)
from leadback.parties.model import Buyer, Vertical


def export_vocabulary(catalog: Catalog, verticals: Sequence[Vertical], buyers: Sequence[Buyer]) -> Vocabulary:
    """Every entry with its id and everything the file can say, inactive ones included."""
    vertical_names = {vertical.vertical_id: vertical.name for vertical in verticals}
    buyer_names = {buyer.buyer_id: buyer.name for buyer in buyers}
    return Vocabulary(
        statuses=tuple(_status(status, catalog, vertical_names) for status in catalog.statuses.values()),
        fields=tuple(_field(field, vertical_names, buyer_names) for field in catalog.fields.values()),
        return_reasons=tuple(
            ListedReturnReason(name=reason.name, item_id=reason.return_reason_id, active=reason.active)
            for reason in catalog.return_reasons.values()
        ),
    )


def _status(status: Status, catalog: Catalog, vertical_names: dict[int, str]) -> ListedStatus:
    return ListedStatus(
        name=status.name,
        item_id=status.status_id,
        active=status.active,
        meaning=cast(Meaning, status.meaning),
        stage=cast(Stage, STAGES[status.stage]),
        terminal=status.terminal,
        colour=status.colour,
        verticals=_names(status.vertical_ids, vertical_names),
        sub_statuses=tuple(
            ListedSubStatus(name=item.name, item_id=item.sub_status_id, active=item.active)
            for item in catalog.sub_statuses.values()
            if item.status_id == status.status_id
        ),
    )


def _field(field: Field, vertical_names: dict[int, str], buyer_names: dict[int, str]) -> ListedField:
    return ListedField(
        name=field.name,
        item_id=field.field_id,
        active=field.active,
        label=field.label,
        data_type=field.data_type,
        summary=field.summary,
        length_max=UNSET if field.length_max is None else field.length_max,
        list_values=field.list_values if field.data_type is DataType.LIST else UNSET,
        verticals=_names(field.vertical_ids, vertical_names),
        buyers=_names(field.buyer_ids, buyer_names),
    )


def _names(ids: frozenset[int], names: dict[int, str]) -> tuple[str, ...]:
    return tuple(sorted(names[item_id] for item_id in ids))
