"""Failed updates and what running them again leads to, as values."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from leadback.leads.model import Change, Channel, IPAddress


class KeptCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a call that could be read meant, kept so that it can be run again; named as in `UpdateRequest`."""

    lead_id: str
    buyer_contract_id: int = 0
    status: str = ""
    sub_status: str = ""
    amount: Decimal | None = None
    add_to_existing: bool | None = None
    fields: tuple[tuple[str, str], ...] = ()
    fields_in_any_case: bool = False
    return_reason_id: int = 0
    must_return: bool = False
    happened_at: str = ""


class FailedUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a known buyer that changed nothing."""

    failed_update_id: int
    received_at: datetime
    buyer_id: int
    sale_id: int | None
    lead_id: str
    operation: str
    channel: Channel
    address: IPAddress | None
    request_id: str
    reason: str
    """What the caller was told, or why it stands here where it was told something else."""
    detail: str
    parameters: dict[str, str]
    call: KeptCall | None
    lead_key: str | None
    waiting_until: datetime | None
    resolved_at: datetime | None
    run_id: int | None
    """The run that applied it."""


class FailedSelection(msgspec.Struct, frozen=True, kw_only=True):
    """Which failed updates are meant: what is given must hold, all of it."""

    buyer_id: int | None = None
    buyer_ids: frozenset[int] | None = None
    """Of one of these buyers, whatever else is chosen: those that whoever asks may see. None: of any."""
    reason: str | None = None
    since: datetime | None = None
    ids: frozenset[int] | None = None
    resolved: bool | None = False
    """Applied by a run meanwhile; None: either."""
    waiting: bool = False
    """Those that waited for their sale, which is there now."""
    tests: bool = False
    """Calls on test leads as well; one that is named by its id is meant whatever its lead."""


class RerunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How calls are run again."""

    with_amounts: bool = False
    """Add what calls add to the revenue; without it they are run without their amount."""
    anyway: bool = False
    """Whatever the buyer reported since, and although it was taken for a repeat."""


class Verdict(StrEnum):
    """What becomes of a failed update that is run again."""

    APPLY = "apply"
    FAIL = "fail"
    SKIP = "skip"


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What running one failed update again does, or why it does nothing."""

    failed: FailedUpdate
    verdict: Verdict
    text: str = ""
    """Of one that fails or is skipped: why."""
    change: Change | None = None
    amount_left_out: Decimal | None = None
    same_as_id: int | None = None
    """The failed update that says the same and is run in its place."""


class Rerun(msgspec.Struct, frozen=True, kw_only=True):
    """What a run does, or did."""

    effects: tuple[Effect, ...]
    """Oldest call first."""
    run_id: int | None = None
    """None: nothing was done."""
    is_all: bool = True
    """False: more failed updates were meant than one run takes; these are the oldest."""

    @property
    def settled_ids(self) -> list[int]:
        """The failed updates that need nobody's attention any more: those applied, and those that say the same."""
        applied = {effect.failed.failed_update_id for effect in self.effects if effect.verdict is Verdict.APPLY}
        same = {effect.failed.failed_update_id for effect in self.effects if effect.same_as_id in applied}
        return sorted(applied | same)

    def count(self, verdict: Verdict) -> int:
        """How many come to this."""
        return sum(effect.verdict is verdict for effect in self.effects)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger row by which a buyer or an operator reported something on a sale, and no undo took it back."""

    sale_id: int
    kind: str
    actor_kind: str
    actor_id: int | None
    received_at: datetime
    happened_at: datetime
    run_id: int | None
    flags: frozenset[str]
    status_id_before: int | None
    status_id_after: int | None
    sub_status_id_before: int | None
    sub_status_id_after: int | None
    revenue_before: Decimal
    revenue_after: Decimal
    return_state_before: str | None
    return_state_after: str | None
    field_ids: frozenset[int]

    @property
    def moment(self) -> datetime:
        """When it was said: a call that was run again counts from when it came first."""
        return self.received_at if self.run_id is None else self.happened_at
