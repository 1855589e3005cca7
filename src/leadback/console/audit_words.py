"""A change of the configuration in words: moments in the network's time, and names in place of ids."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from leadback.catalog.model import STAGES, Catalog
from leadback.console.session import Seen, local_text
from leadback.console.templating import NOTHING

HIDDEN: Final = frozenset({"password_hash", "totp_secret", "digest"})
EMPTY: Final = {
    "vertical_ids": "every vertical",
    "buyer_ids": "every buyer",
    "scopes": "everything a buyer may",
    "allowed_networks": "from anywhere",
    "keyless_networks": "from nowhere",
    "list_values": "none",
    "vertical_id": "every vertical",
    "keyless_until": "without end",
    "expires_at": "never",
    "revoked_at": "not revoked",
    "rate_per_key": "as the server is set",
    "length_max": "any length",
    "account_manager_id": "nobody",
    "their_sub_status": "any",
    "host_name": "none",
}
"""What it means where nothing stands."""
LABELS: Final = {
    "vertical_ids": "verticals",
    "buyer_ids": "buyers",
    "theirs": "its word",
    "their_sub_status": "its word for the sub-status",
    "shown_as": "key",
    "totp_secret": "second factor",
    "operator": "user",
}
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What ids are called, by the column they stand in without its `_id`."""

    by_kind: Mapping[str, Mapping[int, str]]

    def called(self, kind: str, item_id: Any) -> str:
        """A name; of what is no more, its id."""
        name = self.by_kind.get(kind, {}).get(item_id) if isinstance(item_id, int) else None
        return f"{kind.replace('_', ' ')} {item_id}" if name is None else name


class Told(msgspec.Struct, frozen=True):
    """One value that changed; None: there was, or is, none to tell of."""

    label: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        """As one line."""
        return f"{self.label}: {' → '.join(part for part in (self.before, self.after) if part is not None)}"


def catalog_names(catalog: Catalog) -> dict[str, dict[int, str]]:
    """What the catalog's entries are called."""
    return {
        "status": {key: item.name for key, item in catalog.statuses.items()},
        "sub_status": {key: item.name for key, item in catalog.sub_statuses.items()},
        "field": {key: item.label or item.name for key, item in catalog.fields.items()},
        "return_reason": {key: item.name for key, item in catalog.return_reasons.items()},
    }


def told_subject(entry: Mapping[str, Any], names: Names) -> str:
    """What was changed: `status Funded`, `API key lbk_1234`."""
    kind, item_id = entry["subject"], entry["subject_id"]
    word = LABELS.get(kind, kind.replace("_", " "))
    values = (entry["before"] or {}) | (entry["after"] or {})
    name = (
        names.by_kind.get(kind, {}).get(item_id) or values.get("name") or values.get("theirs") or values.get("shown_as")
    )
    if name is None:
        return word if item_id is None else f"{word} {item_id}"
    return f"{word} {name}"


def told_changes(entry: Mapping[str, Any], names: Names, seen: Seen) -> list[Told]:
    """Each value that differs, before and after."""
    before, after = entry["before"] or {}, entry["after"] or {}
    return [
        Told(
            LABELS.get(name.removesuffix("_id"), name.removesuffix("_id").replace("_", " ")),
            _told(name, before[name], names, seen) if name in before else None,
            _told(name, after[name], names, seen) if name in after else None,
        )
        for name in {**before, **after}
    ]


def _told(name: str, value: Any, names: Names, seen: Seen) -> str:
    if name in HIDDEN:
        return "not shown" if value else "none"
    if value is None or value == "" or value == [] or value == {}:
        return EMPTY.get(name, NOTHING)
    if isinstance(value, bool):
        return "on" if value else "off"
    if name == "week_start" and value in range(1, 8):
        return WEEKDAYS[value - 1]
    if name == "stage" and value in range(len(STAGES)):
        return STAGES[value]
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')} {_told(key, part, names, seen)}" for key, part in value.items())
    if isinstance(value, list):
        return _told_list(name, value, names, seen)
    if name.endswith("_id"):
        return names.called("operator" if name == "account_manager_id" else name.removesuffix("_id"), value)
    return _told_text(name, value, seen)


def _told_list(name: str, values: Sequence[Any], names: Names, seen: Seen) -> str:
    if name.endswith("_ids"):
        return ", ".join(names.called(name.removesuffix("_ids"), item_id) for item_id in values)
    return ", ".join(_told("", item, names, seen) for item in values)


def _told_text(name: str, value: Any, seen: Seen) -> str:
    text = str(value)
    if name.endswith(("_at", "_until")) and "T" in text:
        try:
            return local_text(seen, datetime.fromisoformat(text))
        except ValueError:
            return text
    # Words for choices are written with underscores in the database alone.
    return text.replace("_", " ") if name in ("return_approval", "data_type", "summary", "kind") else text
