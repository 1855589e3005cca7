"""What a catalog file's aliases come to: every change, worked out and checked before the first is made."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET

from leadback.catalog.alias_rules import Items, check_alias, meaning_of, new_alias, words_of
from leadback.catalog.model import Alias, AliasKey
from leadback.catalog.vocabulary import ListedAlias, place_of, refusing_at
from leadback.kit.errors import Refused


class AliasStep(msgspec.Struct, frozen=True):
    """One alias made (`before` is None) or changed."""

    action: str
    before: Alias | None
    after: Alias


class AliasPlan(msgspec.Struct, frozen=True):
    """Everything the file changes, to be done and to be read, and what it does not although one might expect it."""

    steps: tuple[AliasStep, ...]
    lines: tuple[str, ...]
    notes: tuple[str, ...]


def plan_aliases(
    entries: Sequence[ListedAlias],
    present: Mapping[int, Alias],
    items: Items,
    buyer_ids: Mapping[str, int],
    *,
    deactivate_missing: bool,
) -> AliasPlan:
    """The aliases of a file laid over those there are; `items` is the catalog as it will be."""
    planner = _Planner(present, items, {number: name for name, number in buyer_ids.items()})
    for number, entry in enumerate(entries, 1):
        place = place_of("alias", number)
        with refusing_at(place):
            planner.take(place, entry, new_alias(entry, items, buyer_ids))
    if deactivate_missing:
        planner.deactivate_missing()
    return AliasPlan(tuple(planner.steps), tuple(planner.lines), tuple(planner.notes))


class _Planner:
    def __init__(self, present: Mapping[int, Alias], items: Items, buyer_names: Mapping[int, str]) -> None:
        self.present = {alias.key: alias for alias in present.values()}
        self.items = items
        self.buyer_names = buyer_names
        self.places: dict[AliasKey, str] = {}
        self.next_id = max(present, default=0) + 1
        self.steps: list[AliasStep] = []
        self.lines: list[str] = []
        self.notes: list[str] = []

    def take(self, place: str, entry: ListedAlias, wanted: Alias) -> None:
        """One alias of the file."""
        words = words_of(wanted, self.buyer_names)
        if wanted.key in self.places:
            raise Refused(
                f"The alias of {words} stands at {self.places[wanted.key]} already; words are compared without case"
                " and outer spaces."
            )
        self.places[wanted.key] = place
        before = self.present.get(wanted.key)
        if before is None:
            wanted = msgspec.structs.replace(wanted, alias_id=self.next_id)
            self.next_id += 1
            check_alias(wanted, self.items)
            inactive = "" if wanted.active else ", inactive"
            self._put("create alias", None, wanted, f"+ alias of {words} → {meaning_of(wanted, self.items)}{inactive}")
            return
        # Spelt otherwise, the words are the same.
        wanted = msgspec.structs.replace(
            wanted,
            alias_id=before.alias_id,
            theirs=before.theirs,
            their_sub_status=before.their_sub_status,
            active=before.active,
        )
        if wanted != before:
            check_alias(wanted, self.items)
            meanings = [meaning_of(alias, self.items) for alias in (before, wanted)]
            self._put("set alias", before, wanted, f"~ alias of {words}: {meanings[0]} → {meanings[1]}")
        if entry.active is not UNSET and entry.active != before.active:
            self._set_active(wanted, words, active=entry.active)
        elif entry.active is UNSET and not before.active:
            self.notes.append(f"the alias of {words} is inactive; active = true would activate it")

    def deactivate_missing(self) -> None:
        """Deactivate what the file does not have."""
        for key, alias in self.present.items():
            if alias.active and key not in self.places:
                self._set_active(alias, words_of(alias, self.buyer_names), active=False)

    def _set_active(self, before: Alias, words: str, *, active: bool) -> None:
        after = msgspec.structs.replace(before, active=active)
        check_alias(after, self.items)
        line = f"~ alias of {words}: activated" if active else f"- alias of {words}: deactivated"
        self._put("activate alias" if active else "deactivate alias", before, after, line)

    def _put(self, action: str, before: Alias | None, after: Alias, line: str) -> None:
        self.steps.append(AliasStep(action, before, after))
        self.lines.append(line)
