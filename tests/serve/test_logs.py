"""What a log line tells, and what it must not."""

import json

from leadback.kit.tokens import make_key
from tests.kit.embedded_support import child

SCRIPT = """
import logging, sys
import structlog
from leadback.kit.errors import Refused
from leadback.kit.logs import configure_logs
configure_logs(sys.argv[1])
log = structlog.get_logger("leadback.test")
{body}
"""


def lines(body: str, *, level: str = "info") -> list[dict[str, object]]:
    """What a program that does this writes to standard error, each line parsed."""
    with child(SCRIPT.format(body=body), level) as process:
        _, errors = process.communicate(timeout=60)
    return [json.loads(line) for line in errors.splitlines()]


def test_every_line_is_one_object_with_a_utc_time_in_milliseconds() -> None:
    written = lines("log.info('one', buyer_id=10)\nlogging.getLogger('else').warning('two %s', 2)")
    assert [line["event"] for line in written] == ["one", "two 2"]
    assert [line["level"] for line in written] == ["info", "warning"]
    assert written[0]["buyer_id"] == 10
    for line in written:
        time = str(line["time"])
        assert (time[10], time[-5], time[-1], len(time)) == ("T", ".", "Z", 24)


def test_nothing_below_the_level_is_written() -> None:
    assert lines("log.info('quiet')\nlogging.getLogger('else').info('quiet')", level="warning") == []


def test_what_is_logged_cannot_forge_a_line_or_steer_a_terminal() -> None:
    written = lines(r"log.warning('sent', lead_id='a\n{}\r\x1b[2J\u2028\u009b')")
    assert len(written) == 1
    assert written[0]["lead_id"] == "a\n{}\r\x1b[2J\u2028\u009b"


def test_a_key_and_a_password_are_hidden_wherever_they_stand() -> None:
    key = make_key(1)
    written = lines(
        f"log.warning('called with {key}', query='api_key={key}&lead_id=1',"
        " address='postgresql://leadback_app:hunter2@/leadback')"
    )
    text = json.dumps(written)
    assert key not in text
    assert "hunter2" not in text
    assert "lead_id=1" in text


def test_an_exception_is_told_by_kind_and_place_and_not_by_what_it_quotes() -> None:
    written = lines(
        "try:\n    int('secret value')\nexcept ValueError:\n    log.exception('broken')\n"
        "try:\n    raise Refused('There is no network yet.')\nexcept Refused:\n    logging.getLogger().exception('no')"
    )
    first, second = (line["error"] for line in written)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["kind"] == "ValueError"
    assert first["at"]
    assert "secret value" not in json.dumps(first)
    assert second["text"] == "There is no network yet."
