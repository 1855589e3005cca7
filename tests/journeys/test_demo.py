"""The demonstration: from nothing to a served network, and what it prints works."""

import re
import shlex

import httpx
import pytest

from tests.kit.embedded_support import wait_for
from tests.support.program import Program, running

MAKING_SECONDS_MAX = 300

pytestmark = pytest.mark.timeout(600)


def test_what_the_demonstration_prints_works(program: Program) -> None:
    for _ in range(2):  # the second time it finds what it made the first time
        with running("demo", environment=program.environment) as demo:
            wait_for(lambda: "Ctrl-C" in demo.errors or demo.process.poll() is not None, MAKING_SECONDS_MAX)
            demo.wait_until_ready()
            (curl,) = re.findall(r"^ +(curl .*)$", demo.errors, re.MULTILINE)
            _, _, header, address = shlex.split(curl)
            answer = httpx.get(address, headers=dict([header.split(": ")]))
            assert "<message>Lead updated</message>" in answer.text
            report = program.json("report", "lead-status", "--by", "affiliate")
            assert len(report["rows"]) == 6
            assert report["totals"]["sales"] > 2000
            assert report["totals"]["updated"] > 1000
            assert demo.stop() == 0
