"""A buyer's own words and what they stand for, between forms and use cases."""

from typing import Final

from msgspec import UNSET

from leadback.catalog.model import Catalog
from leadback.catalog.vocabulary import ListedAlias
from leadback.console.entered import Entered
from leadback.kit.errors import Refused

IGNORE: Final = "ignore"
WORDS: Final = ("status", "sub_status", "field")
MEANING_MISSING: Final = "Choose what the buyer's word stands for."

Choices = list[tuple[str, str]]


def status_choices(catalog: Catalog) -> Choices:
    """Every active status, and below each its active sub-statuses, by ids."""
    choices = [("", "Choose …")]
    for status in catalog.statuses.values():
        if not status.active:
            continue
        choices.append((str(status.status_id), status.name))
        choices += [
            (f"{status.status_id}/{item.sub_status_id}", f"{status.name} / {item.name}")
            for item in catalog.sub_statuses.values()
            if item.active and item.status_id == status.status_id
        ]
    return choices


def field_choices(catalog: Catalog) -> Choices:
    """Every active field, and that the word is ignored."""
    fields = [(str(item.field_id), f"{item.label} ({item.name})") for item in catalog.fields.values() if item.active]
    return [("", "Choose …"), *fields, (IGNORE, "Nothing: leave it out of every call")]


def meaning_name(entered: Entered) -> str:
    """What the form calls what is meant: statuses and fields are chosen in two places of one page."""
    return "field_meaning" if str(entered.get("field") or "").strip() else "meaning"


def meaning_in(entered: Entered) -> str:
    """What is chosen as what the word stands for; empty where nothing is yet."""
    return str(entered.get(meaning_name(entered)) or "")


def listed_of(entered: Entered, buyer: str, catalog: Catalog) -> ListedAlias:
    """The alias a form describes; `Refused` where it says too little."""
    words = {name: str(entered.get(name) or "").strip() for name in WORDS}
    meaning = meaning_in(entered)
    if not meaning:
        raise Refused(MEANING_MISSING)
    if words["field"]:
        if meaning == IGNORE:
            return ListedAlias(buyer=buyer, field=words["field"], ignore=True)
        field = catalog.fields.get(_id(meaning))
        if field is None:
            raise Refused(MEANING_MISSING)
        return ListedAlias(buyer=buyer, field=words["field"], as_field=field.name)
    first, _, second = meaning.partition("/")
    status, sub_status = catalog.statuses.get(_id(first)), catalog.sub_statuses.get(_id(second))
    if status is None or (second and sub_status is None):
        raise Refused(MEANING_MISSING)
    return ListedAlias(
        buyer=buyer,
        status=words["status"] or UNSET,
        sub_status=words["sub_status"] or UNSET,
        as_status=status.name,
        as_sub_status=UNSET if sub_status is None else sub_status.name,
    )


def _id(text: str) -> int:
    """An id, or 0, which is nobody's."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
