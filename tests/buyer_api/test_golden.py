"""That the files of answers are all there, all tested, and say all that can be said."""

import pytest

from leadback.buyer_api.operations import OPERATIONS
from leadback.leads.model import Message
from tests.buyer_api import test_golden_requests, test_golden_sisters, test_golden_update_lead
from tests.buyer_api.calls import channels_of
from tests.buyer_api.golden_files import GOLDEN, class_of, form_of

CLASSES = {"success", "failure", "not bound", "throttled", "our own fault", "in progress"}
CHANGES_NOTHING = {"GetReturnReasons"}

ROWS = [
    (operation.name, form, outcome)
    for operation in OPERATIONS
    for form in sorted({form_of(channel) for channel in channels_of(operation.name)})
    for outcome in sorted(CLASSES if operation.name in CHANGES_NOTHING else CLASSES | {"replayed"})
]


@pytest.mark.parametrize(("operation", "form", "outcome"), ROWS)
def test_every_operation_has_a_file_of_every_form_and_kind_of_outcome(operation: str, form: str, outcome: str) -> None:
    assert outcome in {class_of(path.read_bytes()) for path in (GOLDEN / operation / form).iterdir()}


def test_every_file_has_a_test_and_every_test_its_file() -> None:
    modules = (test_golden_update_lead, test_golden_sisters, test_golden_requests)
    names = {name for module in modules for name in module.golden_names()}
    assert {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file()} == names


def test_every_message_is_in_a_file() -> None:
    written = b"".join(path.read_bytes() for path in GOLDEN.rglob("*.txt"))
    assert [message for message in Message if f"<message>{message}</message>".encode() not in written] == []
