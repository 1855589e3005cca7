"""What an alias may be, and how it is told."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from leadback.catalog.model import Alias, AliasKind, Catalog, SubStatus
from leadback.catalog.rules import CatalogKind, Item, id_of
from leadback.catalog.vocabulary import ListedAlias
from leadback.kit.errors import Refused
from leadback.kit.names import check_name

WORD_LENGTH_MAX: Final = 255
NAMES_SHOWN_MAX: Final = 20

Items = Mapping[CatalogKind, Mapping[int, Item]]
"""A whole catalog, inactive entries included."""

_SPOKEN: Final = {AliasKind.STATUS: "status", AliasKind.SUB_STATUS: "sub-status", AliasKind.FIELD: "field"}


def new_alias(listed: ListedAlias, items: Items, buyer_ids: Mapping[str, int]) -> Alias:
    """The alias that is written down, without an id yet; `Refused` where it says too little, too much or what is not.

    Whether it is sound is for `check_alias`.
    """
    kind = _kind(listed)
    status_id = sub_status_id = field_id = None
    if kind is AliasKind.FIELD:
        if listed.as_field is not UNSET:
            field_id = id_of(_one("field", listed.as_field, items[CatalogKind.FIELD].values()))
    else:
        if listed.as_status is not UNSET:
            status_id = id_of(_one("status", listed.as_status, items[CatalogKind.STATUS].values()))
        if listed.as_sub_status is not UNSET:
            sub_status_id = _sub_status(listed.as_sub_status, status_id, items).sub_status_id
    words = {AliasKind.STATUS: listed.status, AliasKind.SUB_STATUS: listed.sub_status, AliasKind.FIELD: listed.field}
    theirs = words[kind]
    assert theirs is not UNSET
    if listed.buyer not in buyer_ids:
        raise Refused(f"There is no buyer {listed.buyer!r}. {_there_are(sorted(buyer_ids))}")
    both = kind is AliasKind.STATUS and listed.sub_status is not UNSET
    return Alias(
        alias_id=0,
        buyer_id=buyer_ids[listed.buyer],
        kind=str(kind),
        theirs=theirs.strip(),
        their_sub_status=str(listed.sub_status).strip() if both else None,
        # A sub-status knows its status.
        status_id=status_id if kind is AliasKind.STATUS else None,
        sub_status_id=sub_status_id,
        field_id=field_id,
        ignored=listed.ignore is True,
        active=listed.active is not False,
    )


def check_alias(alias: Alias, items: Items) -> None:
    """Raise `Refused` unless an alias is sound: words that can be shown, one meaning, no exact name in its way."""
    kind = AliasKind(alias.kind)
    check_name(f"buyer's word for a {_SPOKEN[kind]}", alias.theirs, length_max=WORD_LENGTH_MAX)
    if alias.their_sub_status is not None:
        check_name("buyer's word for a sub-status", alias.their_sub_status, length_max=WORD_LENGTH_MAX)
    sub_status = items[CatalogKind.SUB_STATUS].get(alias.sub_status_id or 0)
    if kind is AliasKind.FIELD:
        sound = (alias.field_id in items[CatalogKind.FIELD]) is not alias.ignored and sub_status is None
    elif kind is AliasKind.SUB_STATUS:
        sound = sub_status is not None and not alias.ignored
    else:
        sound = alias.status_id in items[CatalogKind.STATUS] and not alias.ignored
        sound = sound and (
            alias.sub_status_id is None
            or (isinstance(sub_status, SubStatus) and sub_status.status_id == alias.status_id)
        )
    if not sound:
        raise Refused("An alias stands for a status, a sub-status of it, or a field, or says that a field is ignored.")
    if alias.active and _is_exact(alias, kind, items):
        words = " / ".join(repr(word) for word in (alias.theirs, alias.their_sub_status) if word is not None)
        raise Refused(
            f"{words} is an active {_SPOKEN[kind]} of the network itself: the exact name always wins, so the alias"
            " would never be used."
        )


def check_words_free(alias: Alias, others: Collection[Alias]) -> None:
    """Raise `Refused` where the buyer has an alias of these words already."""
    for other in others:
        if other.alias_id != alias.alias_id and other.key == alias.key:
            state = "" if other.active else ", which is inactive"
            raise Refused(
                f"This buyer has an alias of these words already, with the id {other.alias_id}{state}."
                " Words are compared without case and outer spaces."
            )


def with_alias(catalog: Catalog, alias: Alias) -> Catalog:
    """The catalog as it would be with one more alias, active or not."""
    found = catalog.alias_by_key | ({alias.key: alias} if alias.active else {})
    return msgspec.structs.replace(catalog, aliases=catalog.aliases | {alias.alias_id: alias}, alias_by_key=found)


def words_of(alias: Alias, buyer_names: Mapping[int, str]) -> str:
    """Whose words they are and what they are: `Acme: status "funded" / "in part"`."""
    words = [json.dumps(word, ensure_ascii=False) for word in (alias.theirs, alias.their_sub_status) if word]
    return f"{buyer_names[alias.buyer_id]}: {_SPOKEN[AliasKind(alias.kind)]} {' / '.join(words)}"


def meaning_of(alias: Alias, items: Items) -> str:
    """What the words stand for: `Funded / Partial`, `loan_amount`, `ignored`."""
    if alias.ignored:
        return "ignored"
    if alias.field_id is not None:
        return items[CatalogKind.FIELD][alias.field_id].name
    sub_status = items[CatalogKind.SUB_STATUS].get(alias.sub_status_id or 0)
    status_id = sub_status.status_id if isinstance(sub_status, SubStatus) else alias.status_id
    status = items[CatalogKind.STATUS][status_id or 0].name
    return status if sub_status is None else f"{status} / {sub_status.name}"


def _kind(listed: ListedAlias) -> AliasKind:
    """What is named; `Refused` where what it stands for does not go with it."""
    of_status = {"status": listed.status, "sub_status": listed.sub_status}
    of_status |= {"as_status": listed.as_status, "as_sub_status": listed.as_sub_status}
    of_field = {"field": listed.field, "as_field": listed.as_field, "ignore": listed.ignore}
    statuses = [name for name, value in of_status.items() if value is not UNSET]
    fields = [name for name, value in of_field.items() if value is not UNSET]
    if statuses and fields:
        raise Refused(f"An alias is of a status or of a field; {statuses[0]} and {fields[0]} do not go together.")
    if listed.field is not UNSET:
        if (listed.as_field is UNSET) is not (listed.ignore is True):
            raise Refused("An alias of a field needs as_field, the field it stands for, or ignore = true; not both.")
        return AliasKind.FIELD
    if listed.status is not UNSET:
        if listed.as_status is UNSET:
            raise Refused("An alias of a status needs as_status, the status it stands for.")
        return AliasKind.STATUS
    if listed.sub_status is not UNSET:
        if listed.as_sub_status is UNSET:
            raise Refused("An alias of a sub-status needs as_sub_status, the sub-status it stands for.")
        return AliasKind.SUB_STATUS
    raise Refused("An alias needs the buyer's word: status, sub_status or both, or field.")


def _sub_status(name: str, status_id: int | None, items: Items) -> SubStatus:
    """The one of this name, of the status where one is given."""
    owned = [
        item
        for item in items[CatalogKind.SUB_STATUS].values()
        if isinstance(item, SubStatus) and status_id in (None, item.status_id)
    ]
    found = [item for item in owned if item.name == name]
    if len(found) == 1:
        return found[0]
    statuses = items[CatalogKind.STATUS]
    if found:
        owners = ", ".join(statuses[item.status_id].name for item in found)
        raise Refused(f"Several statuses have a sub-status {name!r}; give as_status, one of: {owners}.")
    whose = "" if status_id is None else f" of {statuses[status_id].name!r}"
    raise Refused(f"There is no sub-status {name!r}{whose}. {_there_are([item.name for item in owned])}")


def _one(what: str, name: str, items: Collection[Item]) -> Item:
    for item in items:
        if item.name == name:
            return item
    raise Refused(f"There is no {what} {name!r}. {_there_are([item.name for item in items])}")


def _is_exact(alias: Alias, kind: AliasKind, items: Items) -> bool:
    """Whether the words are, to the letter, an active name that would be found first."""
    if kind is AliasKind.FIELD:
        return any(item.active and item.name == alias.theirs for item in items[CatalogKind.FIELD].values())
    sub_statuses = [item for item in items[CatalogKind.SUB_STATUS].values() if isinstance(item, SubStatus)]
    if kind is AliasKind.SUB_STATUS:
        owner = next(item.status_id for item in sub_statuses if item.sub_status_id == alias.sub_status_id)
        return any(item.active and (item.status_id, item.name) == (owner, alias.theirs) for item in sub_statuses)
    named = [item for item in items[CatalogKind.STATUS].values() if item.active and item.name == alias.theirs]
    if alias.their_sub_status is None:
        return bool(named)
    names = {(item.status_id, item.name) for item in sub_statuses if item.active}
    return any((id_of(item), alias.their_sub_status) in names for item in named)


def _there_are(names: Sequence[str]) -> str:
    if not names:
        return "There is none yet."
    more = f" and {len(names) - NAMES_SHOWN_MAX} more" if len(names) > NAMES_SHOWN_MAX else ""
    return f"There are: {', '.join(names[:NAMES_SHOWN_MAX])}{more}."
