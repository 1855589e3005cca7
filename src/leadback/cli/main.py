"""The program `leadback`: every command group under one name."""

import sys

import typer

from leadback.kit.errors import Refused

app = typer.Typer(
    name="leadback",
    help="What became of every lead you sold.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """The entry point."""
    try:
        app()
    except Refused as error:
        print(f"leadback: {error}", file=sys.stderr)
        sys.exit(2)
