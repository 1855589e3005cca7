"""The catalog file: what can be read, and where it says what is wrong."""

import pytest

from leadback.catalog.model import DataType, Summary
from leadback.catalog.vocabulary import FILE_BYTES_MAX, read_vocabulary, write_vocabulary
from leadback.kit.errors import Refused


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[status]\n", "is not TOML: .*line 1"),
        ('[[statuses]]\nname = "A"', r"has 'statuses'; it may have \[\[status\]\]"),
        ('status = "A"', r"'status' is not a list of tables: write \[\[status\]\]"),
        ('[status]\nname = "A"', r"write \[\[status\]\] above each"),
        ("status = [1]", r"\[\[status\]\] 1 is not a table"),
        ("[[status]]\nmeaning = 'neutral'", r"\[\[status\]\] 1: Object missing required field `name`"),
        (
            "[[status]]\nname = 'A'\n[[status]]\nname = 'B'\ncolor = ''",
            r"\[\[status\]\] 2: 'color' is not known here; .*colour",
        ),
        (
            "[[field]]\nname = 'a'\ntype = 'number'",
            r"\[\[field\]\] 1: Invalid enum value 'number' - at `\$.type`; allowed are String, N",
        ),
        ("[[field]]\nname = 'a'\ntype = 'Number'\nsummary = 'SUM'", r"\[\[field\]\] 1: Invalid enum value 'SUM'"),
        ("[[status]]\nname = 'A'\nstage = 4", r"\[\[status\]\] 1: .*stage`; allowed are none, contacted"),
        ("[[status]]\nname = 'A'\nterminal = 'yes'", r"\[\[status\]\] 1: Expected `bool`, got `str`"),
        ("[[status]]\nname = 7", r"\[\[status\]\] 1: Expected `str`, got `int`"),
        ("[[status]]\nname = 'A'\nid = 1.0", r"\[\[status\]\] 1: Expected `int`, got `float`"),
        ("[[status]]\nname = 'A'\nid = '7'", r"\[\[status\]\] 1: Expected `int`, got `str`"),
        ("[[status]]\nname = 'A'\nsub_statuses = 'B'", r"\[\[status\]\] 1: .*sub_statuses"),
        ("[[status]]\nname = 'A'\nsub_statuses = ['B', 7]", r"\[\[status\]\] 1, sub_statuses 2 is not a table"),
        ("[[status]]\nname = 'A'\nsub_statuses = [{ naem = 'B' }]", r"\[\[status\]\] 1, sub_statuses 1: 'naem'"),
        (
            "[[status]]\nname = 'A'\nsub_statuses = ['B', 'B']",
            r"\[\[status\]\] 1, sub_statuses: 'B' stands there twice",
        ),
        ("[[status]]\nname = 'A'\nverticals = ['B', 'B']", r"\[\[status\]\] 1: verticals names one twice"),
        ("[[return_reason]]\nname = 'A'\nterminal = true", r"\[\[return_reason\]\] 1: 'terminal' is not known here"),
        ("[[status]]\nname = 'A'\n[[status]]\nname = 'A'", "status: 'A' stands there twice"),
        ("[[field]]\nname = 'A'\n[[field]]\nname = 'a'", "field: 'a' stands there twice"),
        ("[[status]]\nname = 'A'\nid = 1\n[[status]]\nname = 'B'\nid = 1", "status: the id 1 is given twice"),
        ("[[status]]\nname = 'A'\nwas = 'B'\n[[status]]\nname = 'B'", "'A' was 'B', but 'B' stands there as well"),
        ("[[status]]\nname = 'A'\nwas = 'C'\n[[status]]\nname = 'B'\nwas = 'C'", "two entries have the same old name"),
    ],
)
def test_it_says_where_something_is_wrong(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        read_vocabulary(text.encode())


def test_it_refuses_what_is_no_text_and_what_is_too_long() -> None:
    with pytest.raises(Refused, match="is not TOML"):
        read_vocabulary(b"\xff\xfe\x00")
    with pytest.raises(Refused, match=f"at most {FILE_BYTES_MAX} are read"):
        read_vocabulary(b"#" * (FILE_BYTES_MAX + 1))


def test_it_reads_what_people_write() -> None:
    vocabulary = read_vocabulary(
        """\ufeff# Ours
[[status]]
name = "Funded"
meaning = "positive"
sub_statuses = ["Full Payment", { name = "Partial", id = 12, active = false }]
[[field]]
label = "Loan amount"
name = "loan_amount"
type = "Number"
summary = "sum"
""".encode()
    )
    (status,), (field,) = vocabulary.statuses, vocabulary.fields
    assert isinstance(status.sub_statuses, tuple)
    assert [(item.name, item.item_id) for item in status.sub_statuses][1] == ("Partial", 12)
    assert (field.data_type, field.summary, field.label) == (DataType.NUMBER, Summary.SUM, "Loan amount")


def test_what_it_writes_reads_the_same() -> None:
    text = """[[status]]
name = "Quote \\" and \\\\ and ü 💶"
sub_statuses = [
    { name = "Full Payment", id = 1, active = true },
    { name = "It's", id = 2, active = false },
]

[[status]]
name = "Bare"
verticals = ["Payday", "Solar, roof"]
sub_statuses = []

[[return_reason]]
name = "Invalid phone"
id = 7
"""
    assert write_vocabulary(read_vocabulary(text.encode())) == text
