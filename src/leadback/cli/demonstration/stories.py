"""What is planted in the demonstration network: who plays in each story, and the ids of the leads that show it."""

from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from leadback.cli.demonstration.clock import last_clock_set_back

DAYS: Final = 120

BEST_PAID_AFFILIATE: Final = "ClickHarbor"
BEST_PAID_VERTICAL: Final = "Payday"

SPOILED_CAMPAIGN: Final = "Bluefin Auto Insurance Social"
SPOILED_SUB_ID: Final = "tt7"

SILENT_BUYER: Final = "Helio Homes"
SILENT_DAYS: Final = 9

MISSPELLING_BUYER: Final = "Ridgeline Finance"
MISSPELLED_CALLS: Final = 300

INVALID_PHONE: Final = "Invalid phone"

LATE_BUYER: Final = "Statewide Cover"
LATE_CONTRACT: Final = "Statewide Auto"
LATE_RETURNS: Final = 45
LATE_DAYS: Final = (29, 30, 31)
RETURN_DAYS: Final = 30

REPLACED_CONTRACT: Final = "Lakeland Nursing"
REPLACED: Final = 6
DELIVERED: Final = 2
RESTORED_CONTRACT: Final = "Sunvale Rooftop"

OUTCOME_CONTRACT: Final = "Homestead Refinance"

STALE_BUYER: Final = "Clearwater Lending"
STALE_CALLS: Final = 40
STALE_DAYS_AGO: Final = 12

TWICE_CONTRACT: Final = "Clearwater Prime"
TWICE_SECONDS: Final = 20
TEST_CONTRACT: Final = "Clearwater Prime"

# Leads that a story shows: the same ids whatever the seed, so that their story can be told.
RESTORED_LEAD: Final = "7A31C05D9E42B186"
DELIVERED_LEAD: Final = "3F8E6D21B70A94C5"
STALE_LEAD: Final = "B50C7E1943D8A26F"
TWICE_LEAD: Final = "C94F20A8E6B3175D"
TEST_LEAD: Final = "0D6B82F5A1C7394E"
LATE_LEAD: Final = "58E19D3A7C0F62B4"

STORY_LEADS: Final = (RESTORED_LEAD, DELIVERED_LEAD, STALE_LEAD, TWICE_LEAD, TEST_LEAD, LATE_LEAD)


class Story(msgspec.Struct, frozen=True):
    """What can be found in the network, and what to call `leadback` with to see it."""

    title: str
    text: str
    commands: tuple[str, ...]


def stories(last_day: date, zone: ZoneInfo) -> list[Story]:
    """Every story of a network whose newest leads were sold on a day."""
    days = f"--from {last_day - timedelta(days=DAYS)} --to {last_day}"
    night = last_clock_set_back(last_day, zone).astimezone(zone).date()
    return [*_of_leads(days, night), *_of_updates(days), *_of_returns(days)]


def _of_leads(days: str, night: date) -> list[Story]:
    return [
        Story(
            "The affiliate that is paid best funds least",
            f"{BEST_PAID_AFFILIATE}'s payday leads bring more revenue each than anybody's, and the smallest share of"
            " them is funded.",
            (f"report lead-status {days} --filter vertical={BEST_PAID_VERTICAL} --by affiliate",),
        ),
        Story(
            "One sub id spoils a good campaign",
            f"Of {SPOILED_CAMPAIGN}, whoever comes by {SPOILED_SUB_ID} is hardly ever reached; the others are fine.",
            (f"report lead-status {days} --filter campaign='{SPOILED_CAMPAIGN}' --by sub_id",),
        ),
        Story(
            "Revenue that comes weeks later",
            f"{OUTCOME_CONTRACT} pays for what is funded, 20 to 45 days after the sale: the last weeks show a loss.",
            (f"report lead-status {days} --filter buyer_contract='{OUTCOME_CONTRACT}' --by week",),
        ),
        Story(
            "The night on which one o'clock came twice",
            "Leads were sold in both hours; those of the second come after those of the first.",
            (f"report lead-detail --from {night} --to {night} --sort sold_at:asc --limit 60 --format json",),
        ),
        Story(
            "A test lead",
            "It takes updates like any other and is counted nowhere.",
            (f"lead show {TEST_LEAD}",),
        ),
    ]


def _of_updates(days: str) -> list[Story]:
    return [
        Story(
            "A buyer fell silent",
            f"{SILENT_BUYER} goes on buying and has reported nothing for {SILENT_DAYS} days.",
            (f"report buyer-reporting {days}",),
        ),
        Story(
            f"{MISSPELLED_CALLS} calls failed for a small letter",
            f'{MISSPELLING_BUYER} writes "funded"; the status is "Funded". An alias and a re-run repair it.',
            (f"failed-updates --buyer '{MISSPELLING_BUYER}'",),
        ),
        Story(
            "An old list undid what was funded",
            f"{STALE_BUYER} sent a list of weeks ago: {STALE_CALLS} funded leads are in progress again, each flagged"
            ' "left a terminal status". The report still counts them as having reached funded.',
            (
                f"report lead-status {days} --filter buyer='{STALE_BUYER}' --by buyer_contract",
                f"lead show {STALE_LEAD}",
            ),
        ),
        Story(
            "An addition that came twice",
            f"The same addition arrived again after {TWICE_SECONDS} seconds, although the first had been answered:"
            " both are marked as a possible duplicate.",
            (f"lead show {TWICE_LEAD}",),
        ),
    ]


def _of_returns(days: str) -> list[Story]:
    return [
        Story(
            "Returns in every state",
            "Submitted, credited, replaced and rejected, by contract.",
            (f"report lead-status {days} --by buyer_contract",),
        ),
        Story(
            "Good leads come back on the last days",
            f'{LATE_CONTRACT}: leads that had been contacted are returned as "{INVALID_PHONE}" {LATE_DAYS[0]} to'
            f" {LATE_DAYS[-1]} days after the sale. The window is {RETURN_DAYS} days: a third of the calls failed.",
            (f"lead show {LATE_LEAD}", f"failed-updates --buyer '{LATE_BUYER}'"),
        ),
        Story(
            "Replacements are owed",
            f"{REPLACED} returns of {REPLACED_CONTRACT} were to be replaced; {DELIVERED} replacements were delivered,"
            f" {REPLACED - DELIVERED} are still owed.",
            ("returns owed", f"lead show {DELIVERED_LEAD}"),
        ),
        Story(
            "A return was rejected, and its revenue restored",
            f"{RESTORED_CONTRACT} gave a lead back whose phone was right: the price stands again.",
            (f"lead show {RESTORED_LEAD}",),
        ),
    ]
