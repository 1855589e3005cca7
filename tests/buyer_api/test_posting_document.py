"""The document for a buyer's developers: what it says of one buyer, the same in every form."""

import ast
import json
import re
import shlex
from collections.abc import Sequence
from datetime import date, timedelta
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt

from leadback.buyer_api.operations import OPERATIONS
from leadback.buyer_api.posting_document import Form, posting_document
from leadback.buyer_api.posting_document.messages import ADVICE
from leadback.buyer_api.posting_document.model import Code, text
from leadback.buyer_api.posting_document.render import fence, in_markdown
from leadback.buyer_api.posting_document.samples import PROGRAMS, in_double_quotes, in_php, in_shell
from leadback.catalog.model import AliasKind, Catalog
from leadback.kit.errors import Refused
from leadback.kit.settings import Settings
from leadback.leads.model import Message
from leadback.parties.model import Vertical
from leadback.parties.rules import RETRY_GUARDS
from tests.support import values

VERTICALS = (
    Vertical(vertical_id=1, name="Payday", active=True),
    Vertical(vertical_id=99, name="Solar", active=True),
)
AWKWARD = r"""É"'&amp;<b> | `id` **x** _y_ [z](w) \| \\ ~~~ # {} {{ 1 }} 🎉"""

# Every name there can be: see `check_name`.
NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=100
).filter(lambda name: name == name.strip())


def made(form: Form = Form.MARKDOWN, url: str = "https://leads.example.com", **changes: Any) -> str:
    """The document of buyer 10."""
    given = values.configuration(**changes)
    return posting_document(given, VERTICALS, 10, Settings(public_url=url), made_at=values.NOW, form=form)


def read(document: str) -> Any:
    """A document as a reader of its form understands it."""
    if not document.startswith("<!doctype html>"):
        document = MarkdownIt("commonmark").enable("table").render(document)
    return html.document_fromstring(document)


def tables(document: str, title: str) -> list[list[list[str]]]:
    """The cells of every table in the section of this title."""
    found: list[list[list[str]]] = []
    (heading,) = [element for element in read(document).iter("h2") if element.text_content() == title]
    for element in heading.itersiblings():
        if element.tag == "h2":
            break
        if element.tag == "table":
            found.append([[cell.text_content() for cell in row.iter("td")] for row in element.find("tbody").iter("tr")])
    return found


def titles(document: str) -> list[str]:
    """The titles of the sections."""
    return [element.text_content() for element in read(document).iter("h2")]


def renamed(**names: str) -> Catalog:
    """The catalog with the first status, sub-status, field label, return reason called otherwise."""
    catalog = values.catalog()
    return msgspec.structs.replace(
        catalog,
        statuses=_renamed(catalog.statuses, 2, "name", names.get("status")),
        sub_statuses=_renamed(catalog.sub_statuses, 1, "name", names.get("sub_status")),
        fields=_renamed(catalog.fields, 1, "label", names.get("label")),
        return_reasons=_renamed(catalog.return_reasons, 1, "name", names.get("return_reason")),
    )


def _renamed(items: dict[int, Any], item_id: int, attribute: str, name: str | None) -> dict[int, Any]:
    if name is None:
        return items
    return items | {item_id: msgspec.structs.replace(items[item_id], **{attribute: name})}


def test_it_refuses_a_buyer_without_contracts_and_an_address_that_is_none() -> None:
    with pytest.raises(Refused, match="'Buyer 10' has no contract yet"):
        made(contracts={300: values.contract(300, buyer_id=11)})
    for url in (
        "",
        "leads.example.com",
        "https://leads.example.com/?a=b",
        "https://key@leads.example.com",
        "https://'",
    ):
        with pytest.raises(Refused, match="is not an address such as"):
            made(url=url)


def test_every_message_has_its_meaning_and_advice() -> None:
    assert set(ADVICE) == set(Message)
    (rows,) = tables(made(), "Answers")
    assert [row[0] for row in rows][: len(Message)] == list(ADVICE)


def test_every_operation_and_parameter_is_there() -> None:
    document = made()
    addresses = [row[0] for row in tables(document, "Addresses")[0]]
    parameters = {row[0] for table in tables(document, "Parameters") for row in table}
    for operation in OPERATIONS:
        assert operation.name in addresses
        assert {parameter.name for parameter in operation.parameters} <= parameters


def test_only_this_buyers_contracts_are_told() -> None:
    contracts = {
        217: values.contract(),
        218: values.contract(218, returnable=False, vertical_id=99),
        219: values.contract(219, active=False, max_return_age_days=1),
        300: values.contract(300, buyer_id=11),
    }
    (rows,) = tables(made(contracts=contracts), "Your contracts")
    assert rows == [
        ["217", "Contract 217", "Payday", "within 30 days", "TEST217"],
        ["218", "Contract 218", "Solar", "not returnable", "TEST218"],
        ["219", "Contract 219 (closed; its leads still take updates)", "Payday", "within 1 day", "TEST219"],
    ]


def test_only_words_that_are_accepted_are_told() -> None:
    document = made()
    assert tables(document, "Statuses") == [
        [
            ["Contacted", "By phone"],
            ["Funded", "Full Payment, Partial"],
            ["Dead", "–"],
            ["Renamed (until 2026-03-20 also Before)", "–"],
        ]
    ]
    (fields,) = tables(document, "Fields")
    assert [row[0] for row in fields] == ["loan_amount", "note", "closed_on", "insured", "grade"]
    assert [row[3] for row in fields] == ["25000", "Any t", "2026-01-31", "true", "A"]
    assert fields[1][2] == "text of at most 5 characters"
    assert fields[2][2] == "a date, YYYY-MM-DD or MM/DD/YYYY"
    assert fields[4][2] == "exactly one of A, B"
    assert tables(document, "Return reasons") == [[["1", "Invalid phone"], ["2", "Duplicate"]]]


def test_words_of_one_vertical_are_told_apart_where_the_buyer_has_several() -> None:
    contracts = {217: values.contract(), 218: values.contract(218, vertical_id=99)}
    document = made(contracts=contracts)
    (statuses,) = tables(document, "Statuses")
    assert [(row[0], row[2]) for row in statuses if row[0] in ("Funded", "Solar Only")] == [
        ("Funded", "Payday, Solar"),
        ("Solar Only", "Solar"),
    ]
    assert ["solar_kw", "Solar"] in [[row[0], row[4]] for row in tables(document, "Fields")[0]]


def test_a_former_name_is_told_for_as_long_as_it_is_taken() -> None:
    later = values.configuration()
    document = posting_document(
        later, VERTICALS, 10, Settings(public_url="https://a.example"), made_at=values.NOW + timedelta(seconds=1)
    )
    assert "Before" not in document


def test_the_buyers_own_words_are_told_where_they_lead_somewhere() -> None:
    catalog = values.with_aliases(
        values.alias(1, AliasKind.STATUS, "paid", status_id=2),
        values.alias(2, AliasKind.STATUS, "paid", their_sub_status="all", status_id=2, sub_status_id=1),
        values.alias(3, AliasKind.SUB_STATUS, "half", sub_status_id=2),
        values.alias(4, AliasKind.FIELD, "loanamt", field_id=1),
        values.alias(5, AliasKind.FIELD, "noise", ignored=True),
        values.alias(6, AliasKind.STATUS, "leads nowhere", status_id=5),
        values.alias(7, AliasKind.STATUS, "switched off", status_id=2, active=False),
        values.alias(8, AliasKind.STATUS, "another's", status_id=2, buyer_id=11),
    )
    assert tables(made(catalog=catalog), "Your own words") == [
        [
            ["status paid", "the status Funded"],
            ["status paid with sub_status all", "the status Funded with the sub-status Full Payment"],
            ["sub_status half", "the sub-status Partial"],
            ["field loanamt", "the field loan_amount"],
            ["field noise", "nothing: it is left out of the call"],
        ]
    ]
    assert "Your own words" not in titles(made())


def test_calls_without_a_key_are_spoken_of_only_where_they_are_accepted() -> None:
    networks = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))

    def document(**changes: Any) -> str:
        return made(buyers={10: values.buyer(keyless_networks=networks, **changes)})

    # What is left of a network's words stays away too.
    assert "192.0.2.0/24" not in document()
    assert "192.0.2.0/24" not in document(accept_keyless=True, keyless_until=date(2026, 3, 19))
    last_day = document(accept_keyless=True, keyless_until=date(2026, 3, 20))
    assert "without any key until 2026-03-20, that day included" in last_day
    assert "- `192.0.2.0/24`\n- `2001:db8::/32`\n" in last_day
    assert "without any key, but for `UpdateLeadStatus`" in document(accept_keyless=True)


def test_a_switch_that_is_off_stands_before_everything_else() -> None:
    notice = "> Updates are switched off at the moment"
    assert notice not in made()
    assert notice in made(network=values.network(lead_statuses=False))
    assert notice in made(buyers={10: values.buyer(lead_statuses=False)})


def test_limits_are_the_buyers_own() -> None:
    def limits(settings: Settings, **changes: Any) -> dict[str, str]:
        configuration = values.configuration(buyers={10: values.buyer(**changes)})
        document = posting_document(configuration, VERTICALS, 10, settings, made_at=values.NOW)
        (rows,) = tables(document, "Limits")
        return dict(rows)

    rate = "Calls a second with one key"
    settings = Settings(public_url="https://a.example", rate_per_key=20, lead_guesses_max=0)
    assert limits(settings)[rate] == "about 20, and 200 at once"
    assert limits(settings, rate_per_key=150)[rate] == "about 150, and 1,500 at once"
    assert rate not in limits(settings, rate_per_key=0)
    assert "Lead ids that are not yours" not in limits(settings)


def test_what_happens_without_an_idempotency_key_is_as_the_buyers_guard_has_it() -> None:
    told = {guard: made(buyers={10: values.buyer(retry_guard=guard)}) for guard in RETRY_GUARDS}
    assert "not applied again, unless the first answer is known to have arrived." in told["guard"]
    assert "not applied again." in told["strict"]
    assert "without an idempotency key it counts each time." in told["off"]


def test_what_the_buyer_has_no_words_for_is_left_out() -> None:
    empty = Catalog(
        statuses={}, sub_statuses={}, fields={}, return_reasons={}, aliases={},
        status_by_name={}, sub_status_by_name={}, field_by_name={},
    )  # fmt: skip
    document = made(catalog=empty)
    assert not {"Statuses", "Fields", "Return reasons"} & set(titles(document))
    unreturnable = made(contracts={217: values.contract(returnable=False)})
    assert "Return reasons" not in titles(unreturnable)
    for bare in (document, unreturnable):
        programs = [element.text_content() for element in read(bare).iter("pre")]
        assert len(programs) == len(PROGRAMS)
        for program in programs:
            assert "25.50" in program
            assert "GetReturnReasons" not in program
    (plan,) = tables(document, "Test plan")
    assert [row[2] for row in plan].count("Lead updated") == 2


def test_samples_speak_of_what_can_be_returned_and_has_sub_statuses() -> None:
    contracts = {217: values.contract(returnable=False), 218: values.contract(218), 219: values.contract(219)}
    catalog = values.catalog()
    by_phone = msgspec.structs.replace(catalog.sub_statuses[4], active=False)
    catalog = msgspec.structs.replace(catalog, sub_statuses=catalog.sub_statuses | {4: by_phone})
    for program in read(made(contracts=contracts, catalog=catalog)).iter("pre"):
        code = program.text_content()
        assert "TEST218" in code
        assert "Funded" in code
        assert "Full Payment" in code


@pytest.mark.parametrize(
    ("url", "call"),
    [
        ("https://leads.example.com", 'BuyerAPI("YOUR-API-KEY:@leads.example.com")'),
        ("http://[::1]:8400/", 'BuyerAPI("YOUR-API-KEY:@[::1]:8400", use_https=False)'),
        ("https://example.com/leads", 'BuyerAPI("YOUR-API-KEY:@example.com/leads")'),
    ],
)
def test_pycake_is_told_the_host_as_it_takes_it(url: str, call: str) -> None:
    assert call in made(url=url)


def test_both_forms_say_the_same() -> None:
    catalog = renamed(status=AWKWARD, sub_status="`` ` | \\", label="* # | <i>", return_reason="<script> & _a_")
    changes: dict[str, Any] = {
        "catalog": catalog,
        "network": values.network(name="# 1 & <Co> *", lead_statuses=False),
        "buyers": {
            10: values.buyer(
                name="O'Neill_&_<Söhne> | #", accept_keyless=True, keyless_networks=(ip_network("192.0.2.0/24"),)
            )
        },
    }
    markdown, page = read(made(Form.MARKDOWN, **changes)), read(made(Form.HTML, **changes))
    for kept in ("h1", "h2", "h3", "th", "td", "pre", "code"):
        assert _texts(markdown, [kept]) == _texts(page, [kept])
    body = ["h1", "h2", "h3", "p", "th", "td", "pre"]
    assert [" ".join(words.split()) for words in _texts(markdown, body)] == [
        " ".join(words.split()) for words in _texts(page, body)
    ]
    cells = _texts(markdown, ["td"])
    assert AWKWARD in cells
    assert "* # | <i>" in cells
    assert "<script> & _a_" in cells


def _texts(document: Any, tags: Sequence[str]) -> list[str]:
    return [element.text_content() for element in document.iter(*tags)]


def test_the_page_needs_nothing_beside_itself() -> None:
    page = read(made(Form.HTML, buyers={10: values.buyer(name="</title><script>alert(1)</script>")}))
    assert not list(page.iter("script", "img", "link", "iframe", "object"))
    targets = [element.get("href") for element in page.iter("a")]
    assert targets
    assert all(page.get_element_by_id(target.removeprefix("#")) is not None for target in targets)
    (style,) = page.iter("style")
    assert "url(" not in style.text
    assert "@import" not in style.text
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


@given(NAMES)
@example(AWKWARD)
@example("\u2028'\\\"$`")
def test_every_language_reads_a_word_as_it_was_written(name: str) -> None:
    assert shlex.split(in_shell(name)) == [name]
    quoted = in_double_quotes(name)
    assert json.loads(quoted) == name
    assert ast.literal_eval(quoted) == name
    assert not re.search("[\x85\u2028\u2029]", quoted)
    php = in_php(name)
    assert re.fullmatch(r"'(?:[^'\\]|\\['\\])*'", php)
    assert re.sub(r"\\(['\\])", r"\1", php[1:-1]) == name


@given(NAMES)
@example(AWKWARD)
@example("a\\|b")
@example("a|b  c")
@example("&lt;")
def test_markdown_shows_a_word_as_it_was_written(name: str) -> None:
    table = f"| {in_markdown((Code(name),))} | {in_markdown(name)} | end |\n"
    document = f"# {in_markdown(name)}\n\n| a | b | c |\n| --- | --- | --- |\n{table}"
    page = read(document)
    (code,) = page.iter("code")
    assert code.text_content() == name
    cells = [cell.text_content() for cell in page.iter("td")]
    assert cells == [name, name, "end"]
    (heading,) = page.iter("h1")
    assert heading.text_content() == name


@given(st.text("`~ab\n"))
def test_a_program_cannot_leave_its_fence(code: str) -> None:
    fenced = f"{fence(code)}sh\n{code}\n{fence(code)}\n\nend\n"
    (opened, *_) = tokens = MarkdownIt("commonmark").parse(fenced)
    assert (opened.type, opened.content) == ("fence", code + "\n")
    assert [token.content for token in tokens if token.type == "inline"] == ["end"]


def test_words_and_values_are_told_apart() -> None:
    assert text("Send `status` as {}.", "a `b` {}") == ("Send ", Code("status"), " as ", Code("a `b` {}"), ".")
