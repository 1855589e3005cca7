"""What applying a catalog file comes to: every change, worked out and checked before the first is made."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from leadback.catalog.alias_plan import AliasStep, plan_aliases
from leadback.catalog.diff import changed_lines, full_name
from leadback.catalog.model import STAGES, Catalog, Field, ReturnReason, Status, SubStatus
from leadback.catalog.rules import (
    CatalogKind,
    Item,
    changed_field,
    check_item,
    id_of,
    items_of,
    kind_of,
    merged_order,
    name_key,
    new_field,
    new_status,
    next_position,
)
from leadback.catalog.settings import FieldSettings, StatusSettings
from leadback.catalog.vocabulary import (
    Listed,
    ListedField,
    ListedStatus,
    Vocabulary,
    place_of,
    refusing_at,
)
from leadback.kit.errors import Refused
from leadback.kit.names import check_name
from leadback.kit.partial import with_settings
from leadback.parties.model import Buyer, Vertical
from leadback.parties.rules import choose_id

NAMES_SHOWN_MAX: Final = 20


class Step(msgspec.Struct, frozen=True):
    """One entry made (`before` is None) or changed."""

    action: str
    before: Item | None
    after: Item


class Order(msgspec.Struct, frozen=True):
    """The entries of one kind, or the sub-statuses of one status, put into another order."""

    before: tuple[Item, ...]
    after: tuple[Item, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything applying a file changes, in the order it is done."""

    verticals: tuple[Vertical, ...]
    """Ones that the file names and that do not exist yet."""
    steps: tuple[Step, ...]
    orders: tuple[Order, ...]
    aliases: tuple[AliasStep, ...]
    lines: tuple[str, ...]
    """The same, to be read."""
    notes: tuple[str, ...]
    """What is not changed although one might expect it."""


def make_plan(
    vocabulary: Vocabulary,
    catalog: Catalog,
    verticals: Sequence[Vertical],
    buyers: Sequence[Buyer],
    *,
    deactivate_missing: bool,
) -> Plan:
    """What the file changes; raises `Refused` naming the place of the first thing that cannot be done."""
    planner = _Planner(catalog, verticals, buyers, deactivate_missing=deactivate_missing)
    planner.reserve(vocabulary)
    planner.statuses(vocabulary.statuses)
    planner.fields(vocabulary.fields)
    planner.return_reasons(vocabulary.return_reasons)
    planner.check()
    aliases = plan_aliases(
        vocabulary.aliases, catalog.aliases, planner.items, planner.buyer_ids, deactivate_missing=deactivate_missing
    )
    return Plan(
        verticals=tuple(planner.new_verticals),
        steps=tuple(planner.steps),
        orders=tuple(planner.orders),
        aliases=aliases.steps,
        lines=(*planner.lines, *aliases.lines),
        notes=(*planner.notes, *aliases.notes),
    )


class _Planner:
    """The catalog while the file's entries are laid over it one after the other."""

    def __init__(
        self, catalog: Catalog, verticals: Sequence[Vertical], buyers: Sequence[Buyer], *, deactivate_missing: bool
    ) -> None:
        self.items: dict[CatalogKind, dict[int, Item]] = {kind: items_of(catalog, kind) for kind in CatalogKind}
        self.vertical_ids = {vertical.name: vertical.vertical_id for vertical in verticals}
        self.buyer_ids = {buyer.name: buyer.buyer_id for buyer in buyers}
        self.deactivate_missing = deactivate_missing
        self.largest: dict[CatalogKind, int | None] = {}
        self.places: dict[tuple[CatalogKind, int], str] = {}
        self.new_verticals: list[Vertical] = []
        self.steps: list[Step] = []
        self.orders: list[Order] = []
        self.lines: list[str] = []
        self.notes: list[str] = []

    def reserve(self, vocabulary: Vocabulary) -> None:
        """Ids that are made come after every id that is given, so that the file's own do not clash."""
        listed: dict[CatalogKind, list[Listed]] = {
            CatalogKind.STATUS: [*vocabulary.statuses],
            CatalogKind.SUB_STATUS: [entry for status in vocabulary.statuses for entry in status.sub_statuses or ()],
            CatalogKind.FIELD: [*vocabulary.fields],
            CatalogKind.RETURN_REASON: [*vocabulary.return_reasons],
        }
        for kind, entries in listed.items():
            given = [entry.item_id for entry in entries if entry.item_id is not UNSET]
            self.largest[kind] = max([*self.items[kind], *given], default=None)

    def statuses(self, entries: Sequence[ListedStatus]) -> None:
        kind = CatalogKind.STATUS
        present = list(self.items[kind].values())
        touched = []
        for number, entry in enumerate(entries, 1):
            place = place_of(kind, number)
            with refusing_at(place):
                settings = StatusSettings(
                    colour=entry.colour,
                    meaning=entry.meaning,
                    stage=UNSET if entry.stage is UNSET else STAGES.index(entry.stage),
                    terminal=entry.terminal,
                    vertical_ids=self._verticals(entry.verticals),
                )
                found = self._find(kind, entry, present)
                if found is None:
                    chosen = self._choose_id(kind, entry)
                    status = self._create(place, entry, new_status(chosen, entry.name, self._place(kind), settings))
                else:
                    assert isinstance(found, Status)
                    status = self._change(place, entry, found, with_settings(found, settings))
            touched.append(status)
            if entry.sub_statuses is not UNSET or self.deactivate_missing:
                self._sub_statuses(place, id_of(status), entry.sub_statuses or ())
        self._finish(kind, present, touched)

    def fields(self, entries: Sequence[ListedField]) -> None:
        kind = CatalogKind.FIELD
        present = list(self.items[kind].values())
        touched = []
        for number, entry in enumerate(entries, 1):
            place = place_of(kind, number)
            with refusing_at(place):
                settings = FieldSettings(
                    label=entry.label,
                    data_type=entry.data_type,
                    length_max=entry.length_max,
                    list_values=entry.list_values,
                    summary=entry.summary,
                    vertical_ids=self._verticals(entry.verticals),
                    buyer_ids=self._buyers(entry.buyers),
                )
                found = self._find(kind, entry, present)
                if found is None:
                    chosen = self._choose_id(kind, entry)
                    field = self._create(place, entry, new_field(chosen, entry.name, self._place(kind), settings))
                else:
                    assert isinstance(found, Field)
                    field = self._change(place, entry, found, changed_field(found, settings))
            touched.append(field)
        self._finish(kind, present, touched)

    def return_reasons(self, entries: Sequence[Listed]) -> None:
        kind = CatalogKind.RETURN_REASON
        present = list(self.items[kind].values())
        touched = []
        for number, entry in enumerate(entries, 1):
            place = place_of(kind, number)
            with refusing_at(place):
                found = self._find(kind, entry, present)
                if found is None:
                    new = ReturnReason(
                        return_reason_id=self._choose_id(kind, entry),
                        name=entry.name,
                        position=self._place(kind),
                        active=True,
                    )
                    touched.append(self._create(place, entry, new))
                else:
                    touched.append(self._change(place, entry, found, found))
        self._finish(kind, present, touched)

    def check(self) -> None:
        """Every touched entry against the catalog as it will be."""
        for (kind, item_id), place in self.places.items():
            with refusing_at(place):
                check_item(self.items[kind][item_id], self.items[kind].values())

    def _sub_statuses(self, status_place: str, status_id: int, entries: Sequence[Listed]) -> None:
        kind = CatalogKind.SUB_STATUS
        present = [item for item in self.items[kind].values() if _belongs(item, status_id)]
        touched = []
        for number, entry in enumerate(entries, 1):
            place = f"{status_place}, sub_statuses {number}"
            with refusing_at(place):
                found = self._find(kind, entry, present)
                if found is None:
                    siblings = [item for item in self.items[kind].values() if _belongs(item, status_id)]
                    new = SubStatus(
                        sub_status_id=self._choose_id(kind, entry),
                        status_id=status_id,
                        name=entry.name,
                        position=next_position(siblings),
                        active=True,
                    )
                    touched.append(self._create(place, entry, new))
                else:
                    touched.append(self._change(place, entry, found, found))
        self._finish(kind, present, touched)

    def _find(self, kind: CatalogKind, entry: Listed, present: Sequence[Item]) -> Item | None:
        by_name = _named(kind, entry.name, present)
        by_was = None if entry.was is UNSET else _named(kind, entry.was, present)
        if by_name is not None and by_was is not None and by_name != by_was:
            raise Refused(f"{entry.name!r} was {entry.was!r}, but the network has both; drop one of the two lines.")
        found = by_name or by_was
        if found is not None and found.name not in (entry.name, entry.was):
            raise Refused(
                f"There is a {kind.spoken} {found.name!r}; names are compared without case here. To rename it,"
                f" write was = {found.name!r}."
            )
        if entry.item_id is not UNSET:
            self._check_id(kind, entry, found)
        return found

    def _check_id(self, kind: CatalogKind, entry: Listed, found: Item | None) -> None:
        assert entry.item_id is not UNSET
        holder = self.items[kind].get(entry.item_id)
        if found is not None and id_of(found) != entry.item_id:
            raise Refused(f"The {kind.spoken} {found.name!r} has the id {id_of(found)}, not {entry.item_id}.")
        if found is None and holder is not None:
            whose = full_name(holder, self.items[CatalogKind.STATUS])
            raise Refused(
                f"The {kind.spoken} id {entry.item_id} is taken by {whose!r}. To rename that, write was ="
                f" {holder.name!r}."
            )

    def _choose_id(self, kind: CatalogKind, entry: Listed) -> int:
        wanted = None if entry.item_id is UNSET else entry.item_id
        chosen = choose_id(kind.spoken, wanted, self.largest[kind])
        self.largest[kind] = max(self.largest[kind] or 0, chosen)
        return chosen

    def _place(self, kind: CatalogKind) -> int:
        return next_position(self.items[kind].values())

    def _create(self, place: str, entry: Listed, item: Item) -> Item:
        if entry.active is not UNSET:
            item = msgspec.structs.replace(item, active=entry.active)
        self._put(f"create {kind_of(item).spoken}", place, None, item)
        inactive = "" if item.active else ", inactive"
        name = full_name(item, self.items[CatalogKind.STATUS])
        self.lines.append(f"+ {kind_of(item).spoken} {name}{inactive}")
        return item

    def _change(self, place: str, entry: Listed, before: Item, wanted: Item) -> Item:
        """One step for the name, one for the settings, one for active or not: each is a change of its own kind."""
        spoken = kind_of(before).spoken
        named = before
        if entry.name != before.name:
            # A rename by file ends the old name at once.
            former = {} if isinstance(before, ReturnReason) else {"former_name": None, "former_name_until": None}
            named = msgspec.structs.replace(before, name=entry.name, **former)
            wanted = msgspec.structs.replace(wanted, name=entry.name, **former)
            self._put(f"rename {spoken}", place, before, named)
        if wanted != named:
            self._put(f"set {spoken}", place, named, wanted)
        after = wanted
        if entry.active is not UNSET and entry.active != before.active:
            after = msgspec.structs.replace(wanted, active=entry.active)
            self._put(f"{'activate' if entry.active else 'deactivate'} {spoken}", place, wanted, after)
        elif entry.active is UNSET and not before.active:
            self.notes.append(f"{spoken} {entry.name} is inactive; active = true would activate it")
        self.lines += changed_lines(before, after, self.items[CatalogKind.STATUS], self._names())
        return after

    def _finish(self, kind: CatalogKind, present: Sequence[Item], touched: Sequence[Item]) -> None:
        """Deactivate what is missing, where that was asked for, and bring the entries into the file's order."""
        listed = [id_of(item) for item in touched]
        if self.deactivate_missing:
            for item in present:
                if item.active and id_of(item) not in listed:
                    after = msgspec.structs.replace(item, active=False)
                    self._put(f"deactivate {kind.spoken}", "", item, after)
                    self.lines += changed_lines(item, after, self.items[CatalogKind.STATUS], self._names())
        present_ids = [id_of(item) for item in present]
        natural = present_ids + [item_id for item_id in listed if item_id not in set(present_ids)]
        wanted = merged_order(present_ids, listed)
        if wanted != natural:
            items = self.items[kind]
            self.orders.append(Order(tuple(items[i] for i in natural), tuple(items[i] for i in wanted)))
            self.lines.append(f"~ order of {kind.plural}: {', '.join(items[item_id].name for item_id in wanted)}")

    def _put(self, action: str, place: str, before: Item | None, after: Item) -> None:
        kind = kind_of(after)
        self.items[kind][id_of(after)] = after
        self.steps.append(Step(action, before, after))
        self.places[kind, id_of(after)] = place

    def _verticals(self, names: tuple[str, ...] | UnsetType) -> frozenset[int] | UnsetType:
        if names is UNSET:
            return UNSET
        for name in names:
            if name not in self.vertical_ids:
                check_name("vertical's name", name)
                chosen = choose_id("vertical", None, max(self.vertical_ids.values(), default=None))
                self.vertical_ids[name] = chosen
                self.new_verticals.append(Vertical(vertical_id=chosen, name=name, active=True))
                self.lines.append(f"+ vertical {name}")
        return frozenset(self.vertical_ids[name] for name in names)

    def _buyers(self, names: tuple[str, ...] | UnsetType) -> frozenset[int] | UnsetType:
        if names is UNSET:
            return UNSET
        for name in names:
            if name not in self.buyer_ids:
                known = ", ".join(sorted(self.buyer_ids)[:NAMES_SHOWN_MAX]) or "none yet"
                raise Refused(f"There is no buyer {name!r}; there are: {known}. Make it first: leadback buyer create.")
        return frozenset(self.buyer_ids[name] for name in names)

    def _names(self) -> Mapping[str, Mapping[int, str]]:
        return {
            "vertical_ids": {item_id: name for name, item_id in self.vertical_ids.items()},
            "buyer_ids": {item_id: name for name, item_id in self.buyer_ids.items()},
        }


def _belongs(item: Item, status_id: int) -> bool:
    return isinstance(item, SubStatus) and item.status_id == status_id


def _named(kind: CatalogKind, name: str, present: Sequence[Item]) -> Item | None:
    # `present` holds the sub-statuses of one status only, so the name alone tells them apart.
    key = name.upper() if kind is CatalogKind.FIELD else name
    return next((item for item in present if name_key(item)[1] == key), None)
