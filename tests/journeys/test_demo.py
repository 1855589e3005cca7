"""The demonstration: from nothing to a served network, and what it prints works."""

import re
import shlex
import signal
import subprocess
import sys

import httpx
import pytest

from tests.support.program import STOP_SECONDS_MAX, Program, free_port, wait_until_ready

pytestmark = pytest.mark.timeout(600)


def test_what_the_demonstration_prints_works(program: Program) -> None:
    for _ in range(2):  # the second time it finds what it made the first time
        port = free_port()
        demo = subprocess.Popen(
            [sys.executable, "-m", "leadback", "demo", "--port", str(port)],
            env=program.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert demo.stderr is not None
        printed = ""
        while "Ctrl-C" not in printed:
            line = demo.stderr.readline()
            assert line, f"the demonstration ended: {printed}"
            printed += line
        try:
            wait_until_ready(f"http://127.0.0.1:{port}", demo)
            (curl,) = re.findall(r"^ +(curl .*)$", printed, re.MULTILINE)
            _, _, header, address = shlex.split(curl)
            answer = httpx.get(address, headers=dict([header.split(": ")]))
            assert "<message>Lead updated</message>" in answer.text
            report = program.json("report", "lead-status", "--by", "affiliate")
            assert len(report["rows"]) == 6
            assert report["totals"]["sales"] > 2000
            assert report["totals"]["updated"] > 1000
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.stderr.read()
            demo.stderr.close()
            assert demo.wait(STOP_SECONDS_MAX) == 0
