"""A network's catalog as the file that `catalog apply` reads."""

from collections.abc import Sequence
from typing import cast

from msgspec import UNSET

from leadback.catalog.model import STAGES, Alias, AliasKind, Catalog, DataType, Field, Status
from leadback.catalog.vocabulary import (
    ListedAlias,
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
        aliases=tuple(_alias(alias, catalog, buyer_names) for alias in catalog.aliases.values()),
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


def _alias(alias: Alias, catalog: Catalog, buyer_names: dict[int, str]) -> ListedAlias:
    sub_status = catalog.sub_statuses.get(alias.sub_status_id or 0)
    status_id = alias.status_id if sub_status is None else sub_status.status_id
    return ListedAlias(
        buyer=buyer_names[alias.buyer_id],
        status=alias.theirs if alias.kind == AliasKind.STATUS else UNSET,
        sub_status=alias.theirs if alias.kind == AliasKind.SUB_STATUS else alias.their_sub_status or UNSET,
        as_status=UNSET if status_id is None else catalog.statuses[status_id].name,
        as_sub_status=UNSET if sub_status is None else sub_status.name,
        field=alias.theirs if alias.kind == AliasKind.FIELD else UNSET,
        as_field=UNSET if alias.field_id is None else catalog.fields[alias.field_id].name,
        ignore=True if alias.ignored else UNSET,
        active=alias.active,
    )


def _names(ids: frozenset[int], names: dict[int, str]) -> tuple[str, ...]:
    return tuple(sorted(names[item_id] for item_id in ids))
