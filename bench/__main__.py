"""`python -m bench`: runs the measures, prints them, and writes them down where told."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bench.pages import measure_pages
from bench.programs import find_wrk
from bench.results import as_markdown, machine, summary
from bench.update_lead import Plan, measure
from bench.world import prepared
from leadback.kit.errors import Refused


def main(
    sales: Annotated[int, typer.Option(min=100, help="How many sales the calls choose from.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured, by turns.")] = 5,
    seconds: Annotated[int, typer.Option(min=1, help="How long each time.")] = 20,
    page_requests: Annotated[int, typer.Option(min=2, help="How often each page is asked for.")] = 40,
    web_workers: Annotated[int | None, typer.Option(min=1, help="Default: the product's.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where the database is made, and kept.")] = None,
    results: Annotated[Path | None, typer.Option(help="The file to write the results to.")] = None,
) -> None:
    """Measure UpdateLead beside pgbench doing the same writes on the same server, then the console's pages.

    The ratios come last.
    """
    plan = Plan(rounds=rounds, seconds=seconds, web_workers=web_workers)
    try:
        find_wrk()
        load_before, *_ = os.getloadavg()
        with tempfile.TemporaryDirectory(prefix="leadback-bench-") as made_here:
            _tell(f"Making {sales:,} sales")
            with prepared(data_dir or Path(made_here), sales) as world:
                rows = measure(world, plan, _tell)
                facts = machine(world, load_before)
        with tempfile.TemporaryDirectory(prefix="leadback-bench-") as made_here:
            _tell("Making the demonstration's network")
            pages = measure_pages(Path(made_here), page_requests, _tell)
    except Refused as error:
        print(f"bench: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    if results is not None:
        results.write_text(as_markdown(rows, pages, facts, plan, sales), encoding="utf-8")
    print(summary(rows, pages))


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
