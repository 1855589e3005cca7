"""The document's tables of the buyer's own words: contracts, statuses, fields, return reasons, aliases."""

from collections.abc import Iterator, Sequence
from typing import Final

from leadback.buyer_api.posting_document.model import (
    Block,
    Code,
    OfferedStatus,
    Paragraph,
    Table,
    Text,
    Words,
    text,
)
from leadback.buyer_api.posting_document.words import value_of
from leadback.catalog.field_values import STRING_LENGTH_MAX
from leadback.catalog.model import AliasKind, DataType, Field, Status, SubStatus
from leadback.leads.contracts import standing_lead_id
from leadback.parties.model import BuyerContract

SLASHED: Final = {"MDY": "MM/DD/YYYY", "DMY": "DD/MM/YYYY"}


def contracts(words: Words) -> Iterator[Block]:
    """What the buyer buys under, and the test lead of each."""
    rows = tuple(
        (
            text("{}", contract.buyer_contract_id),
            (contract.name,) if contract.active else (f"{contract.name} (closed; its leads still take updates)",),
            (words.verticals[contract.vertical_id],),
            _returns(contract),
            text("{}", standing_lead_id(contract.buyer_contract_id)),
        )
        for contract in words.contracts
    )
    yield Paragraph(
        text(
            "Send `buyer_contract_id` as the contract under which you bought the lead, or `0` where only one of"
            " yours did."
        )
    )
    yield Table(("Id", "Contract", "Vertical", "Returns", "Test lead"), rows)


def statuses(words: Words) -> Iterator[Block]:
    """Every status and sub-status, to the letter."""
    if not words.statuses:
        return
    yield Paragraph(
        text(
            "Send these words exactly as they stand, capitals and blanks included. A sub-status goes with its own"
            " status in the same call. An empty `status` leaves both as they are; a `status` with an empty"
            " `sub_status` keeps the sub-status where the status stays the same, and clears it where it changes."
        )
    )
    yield _by_vertical(
        ("Status", "Sub-statuses"),
        [
            ((*text("{}", item.status.name), *_former(item.status, words)), _sub_statuses(item, words))
            for item in words.statuses
        ],
        [item.status.vertical_ids for item in words.statuses],
        words,
    )


def fields(words: Words) -> Iterator[Block]:
    """What can be reported beside the status."""
    if not words.fields:
        return
    yield Paragraph(
        text(
            "One call of `UpdateLead` sets one field, by `field_name` and `field_value`; an empty `field_value`"
            " clears it. `UpdateLeadStatus` sets any number of them, each as a parameter of its own name."
        )
    )
    yield _by_vertical(
        ("Name", "Label", "Takes", "Example"),
        [
            (
                (*text("{}", field.name), *_former(field, words)),
                (field.label,),
                _takes(field, words.network.date_format),
                text("{}", value_of(field)),
            )
            for field in words.fields
        ],
        [field.vertical_ids for field in words.fields],
        words,
    )


def return_reasons(words: Words) -> Iterator[Block]:
    """Why a lead can be given back."""
    if not words.return_reasons or not any(contract.returnable for contract in words.contracts):
        return
    yield Paragraph(
        text(
            "Call `Return` with the id, or send it as `return_reason_id` with `UpdateLead`; `GetReturnReasons`"
            " tells this list at any time. The day you bought the lead is day 0 of the return window, days are"
            " those of {}. A return leaves the revenue to the network: where you owe nothing any more, send"
            " `amount=0` and `add_to_existing=false` with it.",
            words.network.time_zone,
        )
    )
    yield Table(
        ("Id", "Reason"),
        tuple((text("{}", reason.return_reason_id), (reason.name,)) for reason in words.return_reasons),
    )


def own_words(words: Words) -> Iterator[Block]:
    """The aliases."""
    if not words.aliases:
        return
    rows = []
    for alias, meaning in words.aliases:
        name = {AliasKind.STATUS: "`status` {}", AliasKind.SUB_STATUS: "`sub_status` {}", AliasKind.FIELD: "field {}"}
        sent = text(name[AliasKind(alias.kind)], alias.theirs)
        if alias.their_sub_status is not None:
            sent += text(" with `sub_status` {}", alias.their_sub_status)
        rows.append((sent, meaning))
    yield Paragraph(
        text(
            "The network knows these words of yours too, whatever their capitals. Where one is also a word of the"
            " tables above, that one counts."
        )
    )
    yield Table(("You send", "It means"), tuple(rows))


def _by_vertical(
    columns: tuple[str, ...], rows: Sequence[tuple[Text, ...]], scopes: Sequence[frozenset[int]], words: Words
) -> Table:
    """A table whose last column says for which leads a row is, unless every row is for all of the buyer's."""
    if all(not scope or scope >= words.verticals.keys() for scope in scopes):
        return Table(columns, tuple(rows))
    names = [
        ", ".join(name for vertical_id, name in words.verticals.items() if not scope or vertical_id in scope)
        for scope in scopes
    ]
    return Table((*columns, "For leads of"), tuple((*row, (name,)) for row, name in zip(rows, names, strict=True)))


def _sub_statuses(offered: OfferedStatus, words: Words) -> Text:
    pieces: list[str | Code] = []
    for sub_status in offered.sub_statuses:
        pieces += [", " if pieces else "", *text("{}", sub_status.name), *_former(sub_status, words)]
    return tuple(piece for piece in pieces if piece) or ("–",)


def _former(item: Status | SubStatus | Field, words: Words) -> Text:
    """The name it had, for as long as that is taken too."""
    until = item.former_name_until
    if item.former_name is None or until is None or until < words.made_at:
        return ()
    return text(f" (until {words.network.day_of(until)} also {{}})", item.former_name)


def _returns(contract: BuyerContract) -> Text:
    if not contract.returnable:
        return text("not returnable")
    days = contract.max_return_age_days
    return text("on the day of sale only" if days == 0 else "within 1 day" if days == 1 else f"within {days} days")


def _takes(field: Field, date_format: str) -> Text:
    match field.data_type:
        case DataType.STRING:
            return text(f"text of at most {field.length_max or STRING_LENGTH_MAX} characters")
        case DataType.NUMBER:
            return text("a number with at most 4 decimals, such as `25000` or `1,250.75`")
        case DataType.DATE:
            return text(f"a date, `YYYY-MM-DD` or `{SLASHED[date_format]}`")
        case DataType.BOOL:
            return text("`true` or `false`, `1` or `0`, `yes` or `no`")
        case DataType.LIST:
            pieces: list[str | Code] = ["exactly one of "]
            for value in field.list_values:
                pieces += [Code(value), ", "]
            return tuple(pieces[:-1])
