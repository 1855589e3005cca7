"""The corpus as it is kept: what its modules tell, enough of it, and enough that must work."""

from collections import defaultdict

import pytest

from tests.corpus.generate import CATEGORIES, content_of, path_of
from tests.corpus.model import read_cases

CASES_MIN = 1800
ACCEPTED_SHARE_MIN = 0.1


@pytest.mark.parametrize("name", CATEGORIES)
def test_a_file_holds_what_its_module_tells(name: str) -> None:
    kept = path_of(name).read_bytes().splitlines()
    told = content_of(name).splitlines()
    # Not the whole files: two of half a megabyte would be compared letter by letter.
    wrong = [line[:200] for line, other in zip(kept, told, strict=False) if line != other]
    assert (wrong, len(kept)) == ([], len(told)), "run: python -m tests.corpus.generate"


def test_no_other_file_lies_there() -> None:
    there = {path.stem for path in path_of("x").parent.glob("*.jsonl")}
    assert there == set(CATEGORIES)


def test_there_are_many_cases_and_each_has_its_own_name() -> None:
    names = [case.id for name in CATEGORIES for case in read_cases(path_of(name))]
    assert len(names) >= CASES_MIN
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", CATEGORIES)
def test_one_in_ten_must_work(name: str) -> None:
    cases = read_cases(path_of(name))
    assert sum(case.accepted for case in cases) >= ACCEPTED_SHARE_MIN * len(cases)


@pytest.mark.parametrize("name", CATEGORIES)
def test_the_same_call_has_one_verdict_in_every_form(name: str) -> None:
    """And, since each case is held to its own, so has the server."""
    verdicts = defaultdict(set)
    for case in read_cases(path_of(name)):
        if case.family:
            # What could not be read is told in each form's own words.
            message = None if case.expect_class == "L1" else case.expect_message
            verdicts[case.family].add((case.expect_class, message, repr(case.expect_change)))
    assert {family: found for family, found in verdicts.items() if len(found) > 1} == {}
