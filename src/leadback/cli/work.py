"""`leadback work`: the background worker."""

import typer

from leadback.cli.session import Session, command, run, settings_of_command
from leadback.kit.logs import configure_logs
from leadback.kit.process import unwind_on_stop
from leadback.worker import BackgroundWorker

group = typer.Typer()


@command(group, "work")
def work() -> None:
    """Run the background jobs until stopped; `leadback serve` does so itself unless told --web-only."""
    configure_logs(settings_of_command().log_level)
    unwind_on_stop()
    run(_work)


async def _work(session: Session) -> None:
    address = session.database.engine.url.render_as_string(hide_password=False)
    await BackgroundWorker(session.database, address).run()
