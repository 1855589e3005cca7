"""The catalog as people write it: one TOML file, read into values and written from them.

[[status]]
name = "Funded"                  # on every entry: id = 7, active = false, was = "Old name"
meaning = "positive"             # or neutral (default), negative
stage = "funded"                 # or none (default), contacted, qualified, converted
terminal = false
colour = "#2f9e6e"
verticals = ["Payday"]           # absent or empty: every vertical
sub_statuses = ["Full Payment", { name = "Partial", id = 12 }]

[[field]]
label = "Loan amount"
name = "loan_amount"
type = "Number"                  # or String (length_max), Date, Bool, List (values)
summary = "sum"                  # or none (default), average, min, max
verticals = []
buyers = []

[[return_reason]]
name = "Invalid phone"

[[alias]]                        # a buyer's own word; compared without case and outer spaces
buyer = "Acme"
status = "funded"                # sub_status = "in part" beside it, or alone
as_status = "Funded"             # as_sub_status = "Partial"

[[alias]]
buyer = "Acme"
field = "loanamt"
as_field = "loan_amount"         # or ignore = true
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from leadback.catalog.model import MEANINGS, STAGES, DataType, Summary
from leadback.kit.errors import Refused

FILE_BYTES_MAX: Final = 1_000_000

Meaning = Literal["positive", "neutral", "negative"]
Stage = Literal["none", "contacted", "qualified", "converted", "funded"]


class Listed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every entry of the file may say; what it does not say is left as it is."""

    name: str
    item_id: int | UnsetType = msgspec.field(name="id", default=UNSET)
    active: bool | UnsetType = UNSET
    was: str | UnsetType = UNSET


class ListedSubStatus(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sub-status: a name alone, or an inline table."""


class ListedStatus(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[status]]."""

    meaning: Meaning | UnsetType = UNSET
    stage: Stage | UnsetType = UNSET
    terminal: bool | UnsetType = UNSET
    colour: str | UnsetType = UNSET
    verticals: tuple[str, ...] | UnsetType = UNSET
    sub_statuses: tuple[ListedSubStatus, ...] | UnsetType = UNSET


class ListedField(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[field]]."""

    label: str | UnsetType = UNSET
    data_type: DataType | UnsetType = msgspec.field(name="type", default=UNSET)
    summary: Summary | UnsetType = UNSET
    length_max: int | UnsetType = UNSET
    list_values: tuple[str, ...] | UnsetType = msgspec.field(name="values", default=UNSET)
    verticals: tuple[str, ...] | UnsetType = UNSET
    buyers: tuple[str, ...] | UnsetType = UNSET


class ListedReturnReason(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[return_reason]]."""


class ListedAlias(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[alias]]: a buyer's words, and the names of what they stand for."""

    buyer: str
    status: str | UnsetType = UNSET
    sub_status: str | UnsetType = UNSET
    as_status: str | UnsetType = UNSET
    as_sub_status: str | UnsetType = UNSET
    field: str | UnsetType = UNSET
    as_field: str | UnsetType = UNSET
    ignore: bool | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file, each kind in the order it is written in."""

    statuses: tuple[ListedStatus, ...] = ()
    fields: tuple[ListedField, ...] = ()
    return_reasons: tuple[ListedReturnReason, ...] = ()
    aliases: tuple[ListedAlias, ...] = ()


Entry = TypeVar("Entry", bound=Listed)
Table = TypeVar("Table", bound=msgspec.Struct)

_CHOICES: Final = {"type": tuple(DataType), "summary": tuple(Summary), "meaning": MEANINGS, "stage": STAGES}
_SECTIONS: Final = frozenset({"status", "field", "return_reason", "alias"})


def read_vocabulary(content: bytes) -> Vocabulary:
    """The file's entries; `Refused` names the place of whatever cannot be meant."""
    if len(content) > FILE_BYTES_MAX:
        raise Refused(f"The catalog file has {len(content)} bytes; at most {FILE_BYTES_MAX} are read.")
    try:
        # Windows editors begin a file with a mark that TOML does not know.
        document = tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"The catalog file is not TOML: {error}") from error
    for section in document:
        if section not in _SECTIONS:
            raise Refused(
                f"The catalog file has {section!r}; it may have [[status]], [[field]], [[return_reason]] and [[alias]]."
            )
    return Vocabulary(
        statuses=_section(document, "status", ListedStatus),
        fields=_section(document, "field", ListedField),
        return_reasons=_section(document, "return_reason", ListedReturnReason),
        aliases=_tables(document, "alias", ListedAlias),
    )


def write_vocabulary(vocabulary: Vocabulary) -> str:
    """The file's text: one table an entry and one line a value, as people write it.

    By hand, because writers of TOML fold short tables into one line, and this file is made to be edited.
    """
    sections = (
        ("status", vocabulary.statuses),
        ("field", vocabulary.fields),
        ("return_reason", vocabulary.return_reasons),
        ("alias", vocabulary.aliases),
    )
    tables = []
    for section, entries in sections:
        for entry in entries:
            values = msgspec.to_builtins(entry)
            lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
            tables.append("\n".join([f"[[{section}]]", *lines, ""]))
    return "\n".join(tables)


def place_of(section: str, place: int) -> str:
    """Where in the file an entry stands, counted from 1."""
    return f"[[{section}]] {place}"


@contextmanager
def refusing_at(place: str) -> Iterator[None]:
    """Inside, what is refused is refused with its place in the file."""
    try:
        yield
    except Refused as error:
        raise Refused(f"{place}: {error}" if place else str(error)) from error


def _tables(document: Mapping[str, Any], section: str, kind: type[Table]) -> tuple[Table, ...]:
    tables = document.get(section, [])
    if not isinstance(tables, list):
        raise Refused(f"{section!r} is not a list of tables: write [[{section}]] above each.")
    return tuple(_entry(place_of(section, place), table, kind) for place, table in enumerate(tables, 1))


def _section(document: Mapping[str, Any], section: str, kind: type[Entry]) -> tuple[Entry, ...]:
    entries = _tables(document, section, kind)
    _refuse_twice(section, entries, without_case=section == "field")
    return entries


def _entry(place: str, table: object, kind: type[Table]) -> Table:
    if not isinstance(table, dict):
        raise Refused(f"{place} is not a table.")
    keys = [field.encode_name for field in msgspec.structs.fields(kind)]
    if unknown := [key for key in table if key not in keys]:
        raise Refused(f"{place}: {unknown[0]!r} is not known here; there are {', '.join(keys)}.")
    values = dict(table)
    if isinstance(values.get("sub_statuses"), list):
        values["sub_statuses"] = _sub_statuses(place, values["sub_statuses"])
    try:
        entry = msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        allowed = next((words for key, words in _CHOICES.items() if str(error).endswith(f"`$.{key}`")), None)
        hint = "" if allowed is None else f"; allowed are {', '.join(allowed)}"
        raise Refused(f"{place}: {error}{hint}") from error
    for key in ("verticals", "buyers"):
        names = values.get(key, [])
        if len(set(names)) != len(names):
            raise Refused(f"{place}: {key} names one twice.")
    return entry


def _sub_statuses(place: str, values: Sequence[object]) -> tuple[ListedSubStatus, ...]:
    entries = tuple(
        _entry(f"{place}, sub_statuses {number}", {"name": value} if isinstance(value, str) else value, ListedSubStatus)
        for number, value in enumerate(values, 1)
    )
    _refuse_twice(f"{place}, sub_statuses", entries)
    return entries


def _refuse_twice(place: str, entries: Sequence[Listed], *, without_case: bool = False) -> None:
    names: dict[str, str] = {}
    ids: set[int] = set()
    for entry in entries:
        key = entry.name.upper() if without_case else entry.name
        if key in names:
            raise Refused(f"{place}: {entry.name!r} stands there twice.")
        names[key] = entry.name
        if entry.item_id is not UNSET:
            if entry.item_id in ids:
                raise Refused(f"{place}: the id {entry.item_id} is given twice.")
            ids.add(entry.item_id)
    former = [entry for entry in entries if entry.was is not UNSET]
    for entry in former:
        assert entry.was is not UNSET
        key = entry.was.upper() if without_case else entry.was
        # Read a second time, such a file would rename the new entry of the old name.
        if names.get(key, entry.name) != entry.name:
            raise Refused(f"{place}: {entry.name!r} was {entry.was!r}, but {entry.was!r} stands there as well.")
    if len({entry.was for entry in former}) != len(former):
        raise Refused(f"{place}: two entries have the same old name.")


def _toml(value: object) -> str:
    if isinstance(value, bool | int | str):
        # A JSON text is a TOML text; names have no control characters, whose escapes would differ.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(part)}" for key, part in value.items()) + " }"
    assert isinstance(value, list | tuple)
    parts = [_toml(part) for part in value]
    if any(isinstance(part, Mapping) for part in value):
        return "[\n" + "".join(f"    {part},\n" for part in parts) + "]"
    return "[" + ", ".join(parts) + "]"
