"""How fast a caller may call: token buckets in the memory of one process, asked before the database is."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_network
from typing import Final

import msgspec

from leadback.leads.configuration import Configuration
from leadback.leads.model import (
    MACHINE_CHANNELS,
    Answer,
    BuyerCaller,
    Failure,
    KeylessCaller,
    Message,
    Outcome,
    OutcomeKind,
    ReasonsRequest,
    RefusedCall,
    UpdateRequest,
)
from leadback.leads.rules import recognise

BURST_SECONDS: Final = 10
"""A bucket holds so many seconds' worth of calls."""
BUCKETS_MAX: Final = 10_000
"""Callers known in one network; of more, those that were silent longest are forgotten."""
IPV6_PREFIX: Final = 64
"""One host has at least so large a network for itself, and could call from another address each time."""

ADDRESS: Final = "address:"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for callers without a setting of their own; 0: no limit."""

    rate_per_key: int
    """Calls a second for each key, or for each address without one."""
    lead_guesses_max: int
    """Unknown leads in the window for each address without a key; 0 switches the limit for keys off too."""
    web_workers: int
    """Processes among which a rate is divided."""
    clock: Callable[[], float] = time.monotonic
    """In seconds."""


class Bucket(msgspec.Struct):
    """What a caller may still ask at once, and when that was so."""

    tokens: float
    at: float


class RateLimiter:
    """The rates of one network's callers in one process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def throttle(
        self, call: UpdateRequest | ReasonsRequest | RefusedCall, configuration: Configuration
    ) -> Outcome | None:
        """The answer to a call that is one too many, None to one that may go on.

        A caller that is nobody's goes on: it is told so, and has nothing to gain by calling often.
        """
        if call.origin.channel not in MACHINE_CHANNELS:
            return None
        buyers = recognise(call.caller, call.origin, configuration)
        if isinstance(buyers, Failure):
            return None
        rate: int | None = None
        if isinstance(call.caller, BuyerCaller):
            (buyer_id,) = buyers
            rate = configuration.buyers[buyer_id].rate_per_key
        if rate is None:
            rate = self._limits.rate_per_key
        if rate == 0:
            return None
        seconds = self._take(caller_name(call.caller, configuration), rate / self._limits.web_workers)
        return None if seconds is None else one_too_many(seconds)

    def _take(self, name: str, rate: float) -> int | None:
        """Take a token; the whole seconds until there is one where there is none."""
        now = self._limits.clock()
        full = max(1.0, rate * BURST_SECONDS)
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(full, now)
            if len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
            bucket.tokens = min(full, bucket.tokens + (now - bucket.at) * rate)
            bucket.at = now
        if bucket.tokens < 1:
            return math.ceil((1 - bucket.tokens) / rate)
        bucket.tokens -= 1
        return None


def caller_name(caller: BuyerCaller | KeylessCaller, configuration: Configuration) -> str:
    """Who is counted as one: `key:7`, or `address:192.0.2.1` without a key. Only of callers that were recognised."""
    if isinstance(caller, BuyerCaller):
        return f"key:{configuration.keys[caller.key.digest].api_key_id}"
    address = caller.address
    if isinstance(address, IPv6Address):
        return f"{ADDRESS}{ip_network((address, IPV6_PREFIX), strict=False)}"
    return f"{ADDRESS}{address}"


def one_too_many(retry_after_seconds: int) -> Outcome:
    """The answer to a call that is one too many."""
    return Outcome(OutcomeKind.THROTTLED, Answer(False, Message.RESTRICTED), max(1, retry_after_seconds))
