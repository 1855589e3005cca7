"""What a key's scopes let a call do: decided from what the call asks for, before anything of it is looked at."""

from collections.abc import Iterator

from leadback.access.model import ApiKey
from leadback.access.rules import REASONS_READ, RETURN_WRITE, REVENUE_WRITE, STATUS_WRITE, WRITE_SCOPES
from leadback.leads.model import Failure, Message, ReasonsRequest, RefusedCall, UpdateRequest


def check_scopes_of(key: ApiKey, call: UpdateRequest | RefusedCall | ReasonsRequest) -> Failure | None:
    """The refusal of a call that asks for more than its key may do; None where the key covers it.

    A call that could not be bound asks for nothing, and is told what is wrong with it. One that changes nothing needs
    any scope to write.
    """
    if not key.scopes or isinstance(call, RefusedCall):
        return None
    needed = [REASONS_READ] if isinstance(call, ReasonsRequest) else list(_needed(call))
    lacking = [scope for scope in needed if scope not in key.scopes]
    what = ", ".join(lacking)
    if not needed and not WRITE_SCOPES.intersection(key.scopes):
        what = f"one of {', '.join(sorted(WRITE_SCOPES))}"
    if not what:
        return None
    return Failure(
        message=Message.NOT_ALLOWED_BY_API_KEY,
        detail=f"The key {key.shown_as}… may {', '.join(key.scopes)}; the call needs {what}.",
        buyer_id=key.buyer_id,
    )


def _needed(call: UpdateRequest) -> Iterator[str]:
    if call.status or call.sub_status or call.fields:
        yield STATUS_WRITE
    # Many programs send amount=0&add_to_existing=true with everything they say: it changes nothing.
    if call.amount is not None and (call.amount != 0 or not call.add_to_existing):
        yield REVENUE_WRITE
    if call.must_return or call.return_reason_id:
        yield RETURN_WRITE
