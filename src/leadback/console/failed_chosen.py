"""Which failed updates a page is about: as its address and its forms say it."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from leadback.access.operator_model import Viewer
from leadback.console.entered import Entered, is_on, number_of
from leadback.kit.errors import Refused
from leadback.leads.failed_model import FailedSelection, RerunOptions

FAILED_PATH: Final = "/reports/failed-updates"
DAYS: Final = {"": "all that are kept", "1": "the last day", "7": "the last 7 days", "30": "the last 30 days"}
REASON_LENGTH_MAX: Final = 200


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What is chosen among the failed updates, and how they are run again."""

    buyer_id: int | None = None
    reason: str = ""
    days: str = ""
    tests: bool = False
    waiting: bool = False
    with_amounts: bool = False

    def selection(self, viewer: Viewer, now: datetime, *, resolved: bool | None = False) -> FailedSelection:
        """The same as reports and runs ask for it, within what the viewer may see."""
        return FailedSelection(
            buyer_id=self.buyer_id,
            buyer_ids=viewer.buyer_ids,
            reason=self.reason or None,
            since=now - timedelta(days=int(self.days)) if self.days else None,
            tests=self.tests,
            waiting=self.waiting,
            resolved=resolved,
        )

    @property
    def options(self) -> RerunOptions:
        """How they are run again."""
        return RerunOptions(with_amounts=self.with_amounts)

    @property
    def query(self) -> list[tuple[str, str]]:
        """As an address, and as the hidden fields of a form."""
        pairs = [
            ("buyer", "" if self.buyer_id is None else str(self.buyer_id)),
            ("reason", self.reason),
            ("days", self.days),
            ("tests", "on" if self.tests else ""),
            ("waiting", "on" if self.waiting else ""),
            ("with_amounts", "on" if self.with_amounts else ""),
        ]
        return [(name, value) for name, value in pairs if value]


def chosen_of(entered: Entered, viewer: Viewer) -> Chosen:
    """What an address or a form says; another's buyer is refused in the words for one that is not there."""
    buyer_id = number_of(entered, "buyer", "Buyer")
    if buyer_id is not None:
        viewer.require_buyer(buyer_id)
    days = str(entered.get("days") or "")
    if days not in DAYS:
        raise Refused(f"Days: {days[:40]!r} is not one of {', '.join(filter(None, DAYS))}.")
    return Chosen(
        buyer_id=buyer_id,
        # No text of the database holds a NUL, so none is looked for.
        reason=str(entered.get("reason") or "").replace("\0", "")[:REASON_LENGTH_MAX],
        days=days,
        tests=is_on(entered, "tests"),
        waiting=is_on(entered, "waiting"),
        with_amounts=is_on(entered, "with_amounts"),
    )
