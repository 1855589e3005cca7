"""The document a network sends to a buyer's developers: everything they need to report, in the buyer's own words."""

from collections.abc import Iterable
from datetime import datetime

from leadback.buyer_api.posting_document.calls import plan_of
from leadback.buyer_api.posting_document.model import Form
from leadback.buyer_api.posting_document.render import render
from leadback.buyer_api.posting_document.samples import programs_of
from leadback.buyer_api.posting_document.sections import document
from leadback.buyer_api.posting_document.words import address_of, example_of, words_of
from leadback.kit.settings import Settings
from leadback.leads.configuration import Configuration
from leadback.parties.model import Vertical

__all__ = ["Form", "address_of", "posting_document"]


def posting_document(
    configuration: Configuration,
    verticals: Iterable[Vertical],
    buyer_id: int,
    settings: Settings,
    *,
    made_at: datetime,
    form: Form = Form.MARKDOWN,
) -> str:
    """A buyer's document, for services at the settings' `public_url`.

    Raises `Refused` where the buyer has no contract, or the address is none.
    """
    words = words_of(configuration, verticals, buyer_id, settings, made_at)
    example = example_of(words)
    whole = document(words, example, programs_of(words.address, example), plan_of(example))
    return render(whole, form)
