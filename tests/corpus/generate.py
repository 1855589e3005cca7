"""Writes the corpus: `python -m tests.corpus.generate`."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from tests.corpus import (
    amounts,
    booleans,
    encodings,
    envelopes,
    fields,
    integers,
    lead_ids,
    newer_form,
    presence,
    requests,
    scripts,
    statuses,
    xml_attacks,
)
from tests.corpus.model import DIRECTORY, Case

CATEGORIES: Final[dict[str, Callable[[], list[Case]]]] = {
    "b_requests": requests.cases,
    "c_encodings": encodings.cases,
    "d_presence": presence.cases,
    "e_lead_ids": lead_ids.cases,
    "f_integers": integers.cases,
    "g_amounts": amounts.cases,
    "h_booleans": booleans.cases,
    "i_statuses": statuses.cases,
    "j_fields": fields.cases,
    "k_xml_attacks": xml_attacks.cases,
    "l_envelopes": envelopes.cases,
    "m_scripts": scripts.cases,
    "w_newer_form": newer_form.cases,
}
"""The files without their `.jsonl`, each with what tells its cases."""


def path_of(name: str) -> Path:
    """The file of a category."""
    return DIRECTORY / f"{name}.jsonl"


def content_of(name: str) -> bytes:
    """What a category's file holds."""
    return b"".join(msgspec.json.encode(case) + b"\n" for case in CATEGORIES[name]())


if __name__ == "__main__":
    for category in CATEGORIES:
        path_of(category).write_bytes(content_of(category))
