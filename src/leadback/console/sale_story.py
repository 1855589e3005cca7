"""A sale's history as pages show it: each step with what it changed, the newest first."""

from decimal import Decimal

import msgspec

from leadback.console.session import Seen
from leadback.leads.model import Flag
from leadback.reports.lead_history import HistoryStep, SaleHistory, StepChange, changes_of


class ShownChange(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that changed; an amount with its difference."""

    name: str
    before: str | Decimal | None
    after: str | Decimal | None
    delta: Decimal | None
    reason: str | None


class ShownStep(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger; moments in the network's time."""

    step: HistoryStep
    what: str
    received: str
    happened: str | None
    """Where it is another moment than the receipt."""
    changes: tuple[ShownChange, ...]
    flags: tuple[str, ...]
    repeats: str | None
    mark: str
    """How the time line draws it: neutral or warning."""


def story_of(sale: SaleHistory, seen: Seen) -> list[ShownStep]:
    """Every step of a sale that is known here, the newest first."""
    return [_shown(step, seen) for step in reversed(sale.steps)]


def _shown(step: HistoryStep, seen: Seen) -> ShownStep:
    flags = tuple(flag for flag in step.flags if flag != Flag.POSSIBLE_DUPLICATE)
    repeats = None
    if step.possible_duplicate_of is not None:
        first, second = sorted((step.version, step.possible_duplicate_of))
        repeats = f"possible duplicate: {first} and {second} say the same"
    named_nothing = step.kind == "update" and not step.counts_as_update
    return ShownStep(
        step=step,
        what="call that named nothing" if named_nothing else step.kind,
        received=_moment(step, seen, received=True),
        happened=None if step.happened_at == step.received_at else _moment(step, seen, received=False),
        changes=tuple(map(_change, changes_of(step))),
        flags=flags,
        repeats=repeats,
        mark="warning" if repeats or set(flags) - {Flag.AMOUNT_WITH_RETURN} else "neutral",
    )


def _change(change: StepChange) -> ShownChange:
    delta = None
    if isinstance(change.before, Decimal) and isinstance(change.after, Decimal):
        delta = change.after - change.before
    return ShownChange(name=change.name, before=change.before, after=change.after, delta=delta, reason=change.reason)


def _moment(step: HistoryStep, seen: Seen, *, received: bool) -> str:
    return f"{seen.network.local(step.received_at if received else step.happened_at):%Y-%m-%d %H:%M:%S}"
