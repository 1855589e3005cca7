"""Everything above the Lead Status report that shapes it, as menus, switches and chips of links."""

from collections.abc import Sequence
from typing import Any, Final

from leadback.catalog.model import Catalog
from leadback.console.lead_status_rows import REPORT_PATH
from leadback.console.report_file import FORMS
from leadback.console.report_filters import LABELS, TYPED, chips_of, choices_of
from leadback.console.report_period import PRESETS, USUAL
from leadback.console.report_question import ON, Pairs, Question
from leadback.console.templating import address
from leadback.networks.model import Network
from leadback.reports.filter import Names
from leadback.reports.lead_status_ratios import Base
from leadback.reports.lead_status_updates_model import Moment
from leadback.reports.model import Dimension

BASES: Final = {Base.SALES: "of sales", Base.UPDATED: "of updated", Base.WITH_STATUS: "of sales with a status"}
FOUND_BY: Final = {
    "": "date sold",
    Moment.RECEIVED: "date updated (received)",
    Moment.HAPPENED: "date updated (happened)",
}


def toolbar_of(question: Question, names: Names, catalog: Catalog, network: Network) -> dict[str, Any]:
    """What the template's tool bar shows and where each of its links leads."""
    query = question.pairs(network)
    here = (REPORT_PATH, query)
    entered = question.entered or ""
    return {
        "path": REPORT_PATH,
        "question": question,
        "query": query,
        "title": f"Lead Status by {told_dimensions(question.by)}",
        "period": question.period,
        "zone": told_zone(network),
        "presets": presets_of(REPORT_PATH, query, question.period.preset),
        "found_by": FOUND_BY[entered],
        "by_menu": _by_menu(query, question),
        "then_menu": _then_menu(query, question),
        "base_menu": [
            (label, address(*here, {"share": None if base is Base.SALES else base}), base is question.base)
            for base, label in BASES.items()
        ],
        "base_label": BASES[question.base],
        "found_menu": [
            (
                label,
                address(*here, {"entered": moment or None, "as_of": None, "page": None, "sort": None}),
                moment == entered,
            )
            for moment, label in FOUND_BY.items()
        ],
        "chips": chips_of(question.conditions, names, REPORT_PATH, query),
        "filter_choices": choices_of(names, catalog),
        "typed_filters": [(name, LABELS[name]) for name in TYPED],
        "changes_href": address(*here, {"changes": None if question.show_changes else ON}),
        "sub_href": address(*here, {"sub": None if question.show_sub_status else ON, "column": None}),
        "as_of_text": "" if question.as_of is None else f"{network.local(question.as_of):%Y-%m-%dT%H:%M}",
        "now_href": address(*here, {"as_of": None}),
        "compare_href": address(*here, {"compare": ON}),
        "headline_href": address(f"{REPORT_PATH}/headline", query),
        "exports": exports_of(REPORT_PATH, query),
        "sort": question.sort,
    }


def presets_of(path: str, query: Pairs, chosen: str) -> list[tuple[str, str, bool]]:
    """The presets of days, which take the place of days that were typed."""
    kept = [pair for pair in query if pair[0] not in ("from", "to", "period", "page", "after")]
    return [
        (label, address(path, kept, {"period": None if preset == USUAL else preset}), preset == chosen)
        for preset, label in PRESETS.items()
    ]


def exports_of(path: str, query: Pairs) -> list[tuple[str, str]]:
    """A link to the file for each form."""
    return [(label, address(f"{path}/export", query, {"format": form})) for form, label in FORMS.items()]


def told_zone(network: Network) -> str:
    """The network's time zone by its city."""
    return network.time_zone.rpartition("/")[2].replace("_", " ")


def told_dimensions(by: Sequence[Dimension]) -> str:
    """Dimensions as people say them."""
    return " and ".join(LABELS[dimension].lower() for dimension in by)


def heading_of(by: Sequence[Dimension]) -> str:
    """What stands over the names of the rows."""
    return " · ".join(LABELS[dimension] for dimension in by)


def _by_menu(query: Pairs, question: Question) -> list[tuple[str, str, bool]]:
    then = question.by[1:]
    return [
        (
            LABELS[dimension],
            _divided(query, (dimension, *(item for item in then if item is not dimension))),
            dimension is question.by[0],
        )
        for dimension in Dimension
    ]


def _then_menu(query: Pairs, question: Question) -> list[tuple[str, str, bool]]:
    first = question.by[0]
    nothing = ("–", _divided(query, (first,)), len(question.by) == 1)
    return [nothing] + [
        (LABELS[dimension], _divided(query, (first, dimension)), dimension in question.by[1:])
        for dimension in Dimension
        if dimension is not first
    ]


def _divided(query: Pairs, by: Sequence[Dimension]) -> str:
    return address(REPORT_PATH, query, {"by": [str(dimension) for dimension in by], "page": None})
