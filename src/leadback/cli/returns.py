"""`leadback returns …`: the returns queue, and deciding on what stands in it."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.catalog.queries import read_catalog
from leadback.cli.choices import named, named_contract, parse_date
from leadback.cli.output import Format, FormatOption, Switch, is_on, print_json, print_table, say
from leadback.cli.sale_options import BuyerOption, ContractOption, LeadOption, SaleOption, Sales
from leadback.cli.session import EXIT_FINDINGS, Session, command, run
from leadback.cli.shown import NOTHING, moment, money, percent, safe
from leadback.kit.clock import now
from leadback.kit.errors import Refused
from leadback.leads.model import ReturnState
from leadback.leads.returns import ReturnResult, credit_returns, reject_returns, replace_returns, submit_return
from leadback.networks.model import COMMAND_LINE, Network
from leadback.networks.queries import read_network
from leadback.parties.queries import list_buyers, list_contracts
from leadback.reports.returns import list_returns
from leadback.reports.returns_model import Disagreements, ReturnedSale, ReturnsPage, ReturnsQuery
from leadback.reports.returns_owed import find_disagreements, list_owed

DISAGREEMENT_DAYS: Final = 90
INDENT: Final = " " * 11

group = typer.Typer(help="What buyers gave back, and what becomes of it.", no_args_is_help=True)

NoteOption = Annotated[
    str | None, typer.Option("--note", metavar="TEXT", help="Kept with the step; the buyer reads it.")
]
Act = Callable[[AsyncConnection, int, list[int]], Awaitable[list[ReturnResult]]]


@command(group, "list")
def list_(  # noqa: PLR0913 - an option is an argument
    *,
    states: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help=f"One of {', '.join(ReturnState)}; may be repeated."),
    ] = None,
    buyer: BuyerOption = None,
    contract: ContractOption = None,
    reason: Annotated[str | None, typer.Option(metavar="NAME", help="The return reason's name.")] = None,
    returned_from: Annotated[str | None, typer.Option(metavar="DATE", help="First day given back.")] = None,
    returned_to: Annotated[str | None, typer.Option(metavar="DATE", help="Last day given back, included.")] = None,
    sold_from: Annotated[str | None, typer.Option(metavar="DATE", help="First day sold.")] = None,
    sold_to: Annotated[str | None, typer.Option(metavar="DATE", help="Last day sold, included.")] = None,
    tests: Annotated[bool, typer.Option("--tests", help="Sales of test leads as well.")] = False,
    limit: Annotated[int, typer.Option(metavar="N", help="Rows of a page.")] = 100,
    after: Annotated[str | None, typer.Option(metavar="TOKEN", help="The page after this one.")] = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Returns, those given back first before the others, with what is needed to decide on them."""
    days: dict[str, Any] = {
        name: None if text is None else parse_date(f"--{name.replace('_', '-')}", text)
        for name, text in (
            ("returned_from", returned_from),
            ("returned_to", returned_to),
            ("sold_from", sold_from),
            ("sold_to", sold_to),
        )
    }

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            network = await read_network(connection, network_id)
            ids = await _party_ids(connection, network_id, buyer, contract)
            query = ReturnsQuery(
                states=tuple(states or ()),
                return_reason_id=None if reason is None else await _reason_id(connection, network_id, reason),
                tests=tests,
                **ids,
                **days,
            )
            today = network.day_of(now())
            page = await list_returns(connection, network, query, today=today, limit=limit, after=after)
        if format is Format.JSON:
            print_json(page)
        else:
            _print_page(page, network)

    run(work)


@command(group, "submit")
def submit(
    *,
    sales: SaleOption = None,
    lead: LeadOption = None,
    contract: ContractOption = None,
    buyer: BuyerOption = None,
    reason: Annotated[str, typer.Option(metavar="NAME", help="The return reason's name.")],
    note: NoteOption = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Give sales back in their buyer's place, under the checks of the buyer's own calls."""

    async def act(connection: AsyncConnection, network_id: int, sale_ids: list[int]) -> list[ReturnResult]:
        reason_id = await _reason_id(connection, network_id, reason)
        # In the order in which everybody locks sales.
        return [
            await submit_return(
                connection,
                network_id,
                sale_id,
                return_reason_id=reason_id,
                note=note,
                actor=COMMAND_LINE,
                now=now(),
            )
            for sale_id in sorted(set(sale_ids))
        ]

    _decide(Sales(sales, lead, contract, buyer), act, format)


@command(group, "credit")
def credit(
    *,
    sales: SaleOption = None,
    lead: LeadOption = None,
    contract: ContractOption = None,
    buyer: BuyerOption = None,
    zero_revenue: Annotated[
        Switch | None, typer.Option(help="Set revenue above zero to zero too. Default: as the network has it.")
    ] = None,
    note: NoteOption = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Credit submitted returns: the buyer does not pay for these sales."""

    async def act(connection: AsyncConnection, network_id: int, sale_ids: list[int]) -> list[ReturnResult]:
        return await credit_returns(
            connection,
            network_id,
            sale_ids,
            zero_revenue=is_on(zero_revenue),
            note=note,
            actor=COMMAND_LINE,
            now=now(),
        )

    _decide(Sales(sales, lead, contract, buyer), act, format)


@command(group, "replace")
def replace(
    *,
    sales: SaleOption = None,
    lead: LeadOption = None,
    contract: ContractOption = None,
    buyer: BuyerOption = None,
    note: NoteOption = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Promise other leads for submitted returns: revenue stays, and the contract is owed one more for each."""

    async def act(connection: AsyncConnection, network_id: int, sale_ids: list[int]) -> list[ReturnResult]:
        return await replace_returns(connection, network_id, sale_ids, note=note, actor=COMMAND_LINE, now=now())

    _decide(Sales(sales, lead, contract, buyer), act, format)


@command(group, "reject")
def reject(
    *,
    sales: SaleOption = None,
    lead: LeadOption = None,
    contract: ContractOption = None,
    buyer: BuyerOption = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why; the buyer reads it.")],
    restore_revenue: Annotated[
        bool, typer.Option("--restore-revenue", help="Take back the amounts that came with the returns.")
    ] = False,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Reject submitted returns; within the window the buyer can return them again."""

    async def act(connection: AsyncConnection, network_id: int, sale_ids: list[int]) -> list[ReturnResult]:
        return await reject_returns(
            connection,
            network_id,
            sale_ids,
            note=note,
            restore_revenue=restore_revenue,
            actor=COMMAND_LINE,
            now=now(),
        )

    _decide(Sales(sales, lead, contract, buyer), act, format)


@command(group, "owed")
def owed(
    *,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Replacements that contracts are owed, and those that have come."""

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            contracts = await list_owed(connection, network_id)
        if format is Format.JSON:
            print_json(contracts)
        elif contracts:
            print_table(
                ("buyer", "contract", "owed", "replaced", "delivered"),
                [(row.buyer, row.buyer_contract, row.returns_owed, row.replaced, row.delivered) for row in contracts],
            )
        else:
            print("No return has been replaced yet.")

    run(work)


@command(group, "disagreements")
def disagreements(
    *,
    sold_from: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", help=f"First day sold. Default: {DISAGREEMENT_DAYS} days up to the last."
        ),
    ] = None,
    sold_to: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day sold, included. Default: today.")
    ] = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the name is the option's
) -> None:
    """Sales that are credited and keep revenue, and those that lost it without being returned."""
    first = None if sold_from is None else parse_date("--from", sold_from)
    last = None if sold_to is None else parse_date("--to", sold_to)

    async def work(session: Session) -> None:
        network_id = await session.network_id()
        async with session.database.snapshot(network_id) as connection:
            network = await read_network(connection, network_id)
            end = last or network.day_of(now())
            begin = first or end - timedelta(days=DISAGREEMENT_DAYS - 1)
            found = await find_disagreements(connection, network, sold_from=begin, sold_to=end)
        if format is Format.JSON:
            print_json(found)
        else:
            _print_disagreements(found)

    run(work)


def _decide(wanted: Sales, act: Act, format: Format) -> None:  # noqa: A002 - as the option is called
    """One act on sales in one transaction; the exit code says whether some were refused."""

    async def work(session: Session) -> int:
        network_id = await session.network_id()
        async with session.database.transaction(network_id) as connection:
            results = await act(connection, network_id, await wanted.ids(connection, network_id))
        if format is Format.JSON:
            print_json(results)
        else:
            for row in results:
                became = (
                    f"refused. {row.refusal}" if row.state is None else f"{row.state}, revenue {money(row.revenue)}"
                )
                print(f"sale {row.sale_id}: {became}")
        _sum_up(results)
        return EXIT_FINDINGS if any(row.refusal for row in results) else 0

    run(work)


def _sum_up(results: Sequence[ReturnResult]) -> None:
    counts = Counter(row.state or "refused" for row in results)
    say(", ".join(f"{count} {word}" for word, count in counts.items()) + ".")
    keep = sum(row.state == ReturnState.CREDITED and row.revenue is not None and row.revenue > 0 for row in results)
    if keep:
        say(f"{keep} credited with revenue above zero; `leadback returns disagreements` lists such sales.")


def _print_page(page: ReturnsPage, network: Network) -> None:
    print(", ".join(f"{count} {state}" for state, count in page.counts.items()))
    for row in page.returns:
        print()
        for line in _lines(row, network):
            print(safe(line))
    if page.after is not None:
        say(f"There are more: --after {page.after}")


def _lines(row: ReturnedSale, network: Network) -> Iterator[str]:
    test = ", test" if row.is_test else ""
    yield f"{row.state:<9}  sale {row.sale_id} · lead {row.lead_id}{test} · {row.buyer}, {row.buyer_contract}"
    yield f"{INDENT}{row.return_reason or NOTHING}, given back {moment(row.returned_at, network)}"
    yield f"{INDENT}sold on {row.sold_on} for {money(row.sold_price)}, to be returned until {row.last_return_day}"
    revenue = money(row.revenue)
    if row.revenue_before is not None and row.revenue_before != row.revenue:
        revenue = f"{money(row.revenue_before)} → {revenue}"
    came = ", came with the return" if row.amount_with_return else ""
    returns = row.buyer_returns
    yield f"{INDENT}revenue {revenue} {network.currency}{came}"
    yield f"{INDENT}the buyer gives back {percent(returns.return_rate)} of its sales, {returns.submitted} pending"
    for note in row.notes:
        yield f"{INDENT}“{note.note}” {note.actor}, {moment(note.at, network)}"


def _print_disagreements(found: Disagreements) -> None:
    print(f"Date sold {found.sold_from} to {found.sold_to}: {found.count} sales")
    for row in found.sales:
        where = f"sale {row.sale_id} · lead {row.lead_id} · {row.buyer}, {row.buyer_contract}"
        amounts = f"sold on {row.sold_on} for {money(row.sold_price)}, revenue {money(row.revenue)}"
        print(safe(f"{where} · {amounts} · {row.disagreement}"))
    if found.count > len(found.sales):
        say(f"The first {len(found.sales)} are shown.")


async def _party_ids(
    connection: AsyncConnection, network_id: int, buyer: str | None, contract: str | None
) -> dict[str, Any]:
    buyers = await list_buyers(connection, network_id)
    owner = None if buyer is None else named("buyer", buyer, buyers)
    ids = {} if owner is None else {"buyer_id": owner.buyer_id}
    if contract is not None:
        contracts = await list_contracts(connection, network_id)
        ids["buyer_contract_id"] = named_contract(contract, owner, contracts, buyers).buyer_contract_id
    return ids


async def _reason_id(connection: AsyncConnection, network_id: int, name: str) -> int:
    reasons = (await read_catalog(connection, network_id)).return_reasons.values()
    for reason in reasons:
        if reason.name == name:
            return reason.return_reason_id
    there_are = f"There are: {', '.join(reason.name for reason in reasons)}" if reasons else "There is none yet"
    raise Refused(f"There is no return reason {name!r}. {there_are}.")
