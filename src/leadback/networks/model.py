"""The tenant as a value."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """One operator's business and its settings."""

    network_id: int
    name: str
    host_name: str | None
    time_zone: str
    currency: str
    week_start: int
    """ISO weekday on which the network's week begins: 1 Monday … 7 Sunday."""
    date_format: str
    """`MDY` or `DMY`: how a buyer's date with slashes is read."""
    lead_statuses: bool
    terminal_statuses: str
    """`flag`: leaving a terminal status is accepted and flagged; `keep`: the terminal status stays."""
    return_approval: str
    credit_sets_revenue_to_zero: bool
    return_to_affiliate: bool
    rerun_waiting_updates: bool
    failed_update_days: int
    second_factor_required: bool
    """Of owners and admins: until they have one the console shows them nothing else."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which its days begin and end."""
        return ZoneInfo(self.time_zone)

    def day_of(self, moment: datetime) -> date:
        """The network's calendar day of a moment."""
        return moment.astimezone(self.zone).date()

    def local(self, moment: datetime) -> datetime:
        """A moment in the network's time."""
        return moment.astimezone(self.zone)


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who did something: a buyer, an operator, an import, or the system itself."""

    kind: str
    actor_id: int | None
    name: str


COMMAND_LINE = Actor(kind="operator", actor_id=None, name="command line")
SYSTEM = Actor(kind="system", actor_id=None, name="system")
