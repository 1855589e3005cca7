"""Logs: one JSON object a line on standard error, without what was sent to us and without secrets."""

import json
import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, Final

import structlog
from sqlalchemy.exc import DBAPIError
from structlog.typing import Processor

from leadback.kit.clock import now
from leadback.kit.database import sqlstate
from leadback.kit.errors import Refused

FRAMES_MAX: Final = 30
CAUSES_MAX: Final = 5

# Keys and the passwords of database addresses, wherever they slipped into a text.
SECRETS: Final = re.compile(r"(lbk_)[0-9A-Za-z_]+|(postgres(?:ql)?(?:\+\w+)?://[^:/@\s\"]*:)[^@\s\"]+(?=@)")

# These say at `info` what they do several times a minute.
QUIET: Final = ("alembic", "httpx", "procrastinate", "sqlalchemy")

Event = MutableMapping[str, Any]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure_logs(level: str) -> None:
    """Send structlog's and the standard library's records to standard error from now on."""
    number = logging.getLevelNamesMapping()[level.upper()]
    first: list[Processor] = [structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, _stamp]
    structlog.configure(
        processors=[*first, _explain, _render_bytes],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*first, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _explain, _render],
        )
    )
    logging.basicConfig(level=number, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def explain(error: BaseException, causes_max: int = CAUSES_MAX) -> dict[str, Any]:
    """What a log says of an exception: its kind, where it came from, and the same of what caused it.

    The text of an exception often quotes what was sent to us, so it is kept only of those that are ours to word.
    """
    explained: dict[str, Any] = {"kind": type(error).__name__}
    if isinstance(error, DBAPIError):
        explained["database_kind"] = type(error.orig).__name__
        explained["sqlstate"] = sqlstate(error)
    elif isinstance(error, Refused | OSError):
        explained["text"] = str(error)
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    explained["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and causes_max:
        explained["cause"] = explain(cause, causes_max - 1)
    return explained


def _stamp(logger: object, method: str, event: Event) -> Event:
    event["time"] = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _explain(logger: object, method: str, event: Event) -> Event:
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = explain(error)
    return event


def _render(logger: object, method: str, event: Event) -> str:
    # ASCII alone: nothing that was sent to us can end the line or steer the terminal it is read on.
    first = {name: event.pop(name, None) for name in ("time", "level", "event")}
    line = json.dumps({**first, **event}, ensure_ascii=True, default=repr)
    return SECRETS.sub(r"\1\2(hidden)", line)


def _render_bytes(logger: object, method: str, event: Event) -> bytes:
    return _render(logger, method, event).encode()
