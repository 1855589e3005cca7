"""The console's pages over the demonstration's network, as a browser asks for them: how long the server takes."""

import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx
import msgspec

from bench.product import Served, demonstrating
from leadback.kit.clock import now
from leadback.kit.errors import Refused

REPORT_P50_MS_MAX: Final = 300.0
WARM_UP_REQUESTS: Final = 2
TIMEOUT_SECONDS: Final = 60
REPORT: Final = "Lead Status, last 30 days by campaign"
PAGES: Final = {
    REPORT: "/reports/lead-status?period=last-30-days",
    "the same by buyer and day": "/reports/lead-status?period=last-30-days&by=buyer&by=day",
    "the same by sub id, with sub-statuses": "/reports/lead-status?period=last-30-days&by=sub_id&sub=1",
    "the same as of a week ago": "/reports/lead-status?period=last-30-days&as_of={week_ago}",
    "its headline beside the period before": "/reports/lead-status/headline?period=last-30-days",
    "Lead Detail": "/reports/lead-detail?period=last-30-days",
    "Buyer Reporting": "/reports/buyer-reporting",
    "Home": "/home",
    "Home's findings": "/home/findings",
}

_SIGN_IN: Final = re.compile(r"^\s+(\S+@\S+)\n\s+(\S+)$", re.MULTILINE)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page, and how long each of its answers took, the last byte included."""

    title: str
    size_kb: float
    """As it came over the wire."""
    times_ms: tuple[float, ...]
    """At least two."""

    @property
    def p50_ms(self) -> float:
        """The median."""
        return statistics.median(self.times_ms)

    @property
    def p95_ms(self) -> float:
        """What 19 of 20 stay under."""
        return statistics.quantiles(self.times_ms, n=20)[-1]


def measure_pages(data_dir: Path, requests: int, tell: Callable[[str], None]) -> list[Page]:
    """Every page by turns, for one who looks alone; `Refused` where one is not answered."""
    with demonstrating(data_dir) as served, closing(_signed_in(served)) as client:
        pages = list(_by_turns(client, requests))
    for page in pages:
        tell(f"{page.title}: p50 {page.p50_ms:.0f} ms, p95 {page.p95_ms:.0f} ms, {page.size_kb:.0f} KB")
    return pages


def is_fast(pages: Sequence[Page]) -> bool:
    """Whether the report page stays under its target."""
    return all(page.p50_ms < REPORT_P50_MS_MAX for page in pages if page.title == REPORT)


def _by_turns(client: httpx.Client, requests: int) -> Iterator[Page]:
    week_ago = f"{now() - timedelta(days=7):%Y-%m-%dT12:00}"
    paths = {title: path.format(week_ago=week_ago) for title, path in PAGES.items()}
    for path in paths.values():
        for _ in range(WARM_UP_REQUESTS):
            _get(client, path)
    times: dict[str, list[float]] = {title: [] for title in paths}
    sizes = {}
    for _ in range(requests):
        for title, path in paths.items():
            took, sizes[title] = _get(client, path)
            times[title].append(took)
    for title in paths:
        yield Page(title=title, size_kb=sizes[title], times_ms=tuple(times[title]))


def _signed_in(served: Served) -> httpx.Client:
    found = _SIGN_IN.search(served.said)
    if found is None:
        raise Refused(f"The demonstration told no sign-in:\n{served.said}")
    client = httpx.Client(base_url=served.url, headers={"sec-fetch-site": "same-origin"}, timeout=TIMEOUT_SECONDS)
    answer = client.post("/sign-in", data={"email": found[1], "password": found[2]})
    if answer.status_code != 303:
        raise Refused(f"The demonstration's visitor was not let in: {answer.status_code}\n{answer.text}")
    return client


def _get(client: httpx.Client, path: str) -> tuple[float, float]:
    """How long it took in milliseconds, and its size in kilobytes."""
    before = time.perf_counter()
    answer = client.get(path)
    took = time.perf_counter() - before
    if answer.status_code != 200:
        raise Refused(f"{path} was answered with {answer.status_code}:\n{answer.text[:2000]}")
    return took * 1e3, answer.num_bytes_downloaded / 1e3
