"""What every answer means, and what a buyer's program does about it."""

from typing import Final

from leadback.buyer_api.posting_document.model import Table, text
from leadback.leads.model import Message

AGAIN: Final = "Repeat the call unchanged after `Retry-After` seconds, with the same idempotency key."

ADVICE: Final[dict[Message, tuple[str, str]]] = {
    Message.LEAD_UPDATED: ("Everything in the call is on disk and in the network's reports.", "Nothing."),
    Message.LEAD_RETURNED: ("The return is on disk; the network decides about the credit.", "Nothing."),
    Message.INVALID_API_KEY: (
        "There is no key, it is unknown, expired, revoked or not allowed from this address, or the call holds two.",
        "Look at the key and where it stands. Ask the network for a new one.",
    ),
    Message.NOT_ALLOWED_BY_API_KEY: (
        "Your key may not do all that the call asks for, such as report an amount. Nothing was changed.",
        "Use the key that was made for it, or ask the network for one.",
    ),
    Message.RESTRICTED: (
        "HTTP 429: too many calls, or too many lead ids that are not yours. Nothing was changed.",
        "Wait for the seconds of the header `Retry-After`, then repeat the call.",
    ),
    Message.IDEMPOTENCY_KEY_INVALID: (
        "It is not 1 to 255 printable ASCII characters, or header and parameter differ.",
        "Correct the program.",
    ),
    Message.IDEMPOTENCY_KEY_REUSED: (
        "You used this key before, for a call with other parameters.",
        "Give every event a key of its own.",
    ),
    Message.REQUEST_IN_PROGRESS: ("A call with this idempotency key is still running.", AGAIN),
    Message.LEAD_STATUSES_NOT_ENABLED: ("The network has switched updates off.", "Ask the network."),
    Message.INVALID_LEAD_ID: (
        "No lead with this id was sold to you, or not yet.",
        "Send the id exactly as it was delivered. Where it was: ask the network, which sees the call.",
    ),
    Message.INVALID_BUYER_CONTRACT: (
        "This contract of yours did not buy the lead, or is not yours.",
        "Send the contract that did, or `0`.",
    ),
    Message.BUYER_CONTRACT_REQUIRED: (
        "Several of your contracts bought the lead, and the call said `0`.",
        "Send the contract you mean.",
    ),
    Message.INVALID_LEAD_STATUS: (
        "It is not exactly one of the statuses above.",
        "Look at capitals and blanks. The network can also make your own word stand for one of them.",
    ),
    Message.INVALID_LEAD_SUB_STATUS: (
        "It is not exactly a sub-status of the status in the same call, or stands without a status.",
        "Send both, as they stand above.",
    ),
    Message.INVALID_AMOUNT: (
        "The amount or the revenue would leave ±1,000,000,000,000; or SOAP sent `amount` without `add_to_existing`.",
        "Correct the amount.",
    ),
    Message.INVALID_LEAD_FIELD: (
        "There is no such field for leads of this kind.",
        "Send the name as it stands above.",
    ),
    Message.INVALID_FIELD_VALUE: ("The value is not of the field's type.", "Send a value as it stands above."),
    Message.INVALID_RETURN_REASON: (
        "There is no active return reason of this id.",
        "Send an id that GetReturnReasons tells.",
    ),
    Message.RETURNS_NOT_ALLOWED: ("Leads of this contract cannot be returned.", "Ask the network."),
    Message.RETURN_WINDOW_EXPIRED: ("The lead was sold too long ago to be returned.", "Ask the network."),
    Message.LEAD_ALREADY_RETURNED: (
        "You returned it before, for another reason.",
        "Nothing: the first return stands. The same reason again is answered with success.",
    ),
    Message.INVALID_HAPPENED_AT: (
        "It is not ISO 8601, or lies more than five minutes ahead.",
        "Look at the format, the clock and the time zone.",
    ),
    Message.SOMETHING_BROKEN: (
        "HTTP 503: it is our fault, and whether the call counted is not known.",
        AGAIN,
    ),
}
"""In the order in which they are decided; the first check that fails gives the answer."""

UNREAD: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "HTTP 500, `Missing parameter: …`",
        "A parameter was left out.",
        "Send every parameter; what has no value is sent empty.",
    ),
    (
        "HTTP 500, `Cannot convert … to …`",
        "A number or a truth value is none. In SOAP this comes as a fault.",
        "Correct the value.",
    ),
    ("HTTP 500, `Duplicate parameter: …`", "A parameter came twice.", "Send it once."),
    (
        "HTTP 500, `Invalid characters in parameter: …`",
        "It is not UTF-8, or holds control characters.",
        "Encode it as UTF-8.",
    ),
    ("HTTP 413, 414", "The body is over 64 KiB, or the query string over 8 KiB.", "Send less; use POST."),
    (
        "no answer, HTTP 502, 504",
        "Something between us failed. Whether the call counted is not known.",
        "Repeat the call unchanged after some seconds, with the same idempotency key.",
    ),
)


def answers() -> Table:
    """Every answer there is."""
    rows = [(text("{}", message), text(means), text(advice)) for message, (means, advice) in ADVICE.items()]
    rows += [(text(answer), text(means), text(advice)) for answer, means, advice in UNREAD]
    return Table(("Answer", "Means", "What to do"), tuple(rows))
