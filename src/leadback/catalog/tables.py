"""The tables of the vocabulary in which buyers report."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    SmallInteger,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from leadback.kit.columns import ExactText, metadata, network_column, one_of

status = Table(
    "status",
    metadata,
    network_column(),
    Column("status_id", Integer, primary_key=True, autoincrement=False),
    Column("name", ExactText, nullable=False),
    Column("position", Integer, nullable=False),
    Column("colour", ExactText, nullable=False, server_default=""),
    Column("meaning", ExactText, nullable=False, server_default="neutral"),
    Column("stage", SmallInteger, nullable=False, server_default=text("0")),
    Column("terminal", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("vertical_ids", ARRAY(Integer), nullable=False, server_default="{}"),
    # After a rename the old name may stay accepted until this moment.
    Column("former_name", ExactText),
    Column("former_name_until", DateTime(timezone=True)),
    UniqueConstraint("network_id", "name"),
    ForeignKeyConstraint(["network_id"], ["network.network_id"]),
    one_of("meaning", "positive", "neutral", "negative"),
)

sub_status = Table(
    "sub_status",
    metadata,
    network_column(),
    Column("sub_status_id", Integer, primary_key=True, autoincrement=False),
    Column("status_id", Integer, nullable=False),
    Column("name", ExactText, nullable=False),
    Column("position", Integer, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("former_name", ExactText),
    Column("former_name_until", DateTime(timezone=True)),
    UniqueConstraint("network_id", "status_id", "name"),
    UniqueConstraint("network_id", "status_id", "sub_status_id"),
    ForeignKeyConstraint(["network_id", "status_id"], ["status.network_id", "status.status_id"]),
)

field = Table(
    "field",
    metadata,
    network_column(),
    Column("field_id", Integer, primary_key=True, autoincrement=False),
    Column("name", ExactText, nullable=False),
    # Names are unique without case: buyers send them as parameter names, which carry none.
    Column("name_key", ExactText, nullable=False),
    Column("label", ExactText, nullable=False),
    Column("position", Integer, nullable=False),
    Column("data_type", ExactText, nullable=False),
    Column("length_max", Integer),
    Column("list_values", ARRAY(ExactText), nullable=False, server_default="{}"),
    Column("summary", ExactText, nullable=False, server_default="none"),
    Column("vertical_ids", ARRAY(Integer), nullable=False, server_default="{}"),
    Column("buyer_ids", ARRAY(Integer), nullable=False, server_default="{}"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("former_name", ExactText),
    Column("former_name_until", DateTime(timezone=True)),
    UniqueConstraint("network_id", "name_key"),
    ForeignKeyConstraint(["network_id"], ["network.network_id"]),
    one_of("data_type", "String", "Number", "Date", "Bool", "List"),
    one_of("summary", "none", "sum", "average", "min", "max"),
)

return_reason = Table(
    "return_reason",
    metadata,
    network_column(),
    Column("return_reason_id", Integer, primary_key=True, autoincrement=False),
    Column("name", ExactText, nullable=False),
    Column("position", Integer, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("network_id", "name"),
    ForeignKeyConstraint(["network_id"], ["network.network_id"]),
)

# Theirs → ours, for one buyer. `their_…_key` is upper case without outer spaces: how theirs is compared.
alias = Table(
    "alias",
    metadata,
    network_column(),
    Column("alias_id", Integer, primary_key=True, autoincrement=False),
    Column("buyer_id", Integer, nullable=False),
    Column("kind", ExactText, nullable=False),
    Column("theirs", ExactText, nullable=False),
    Column("their_key", ExactText, nullable=False),
    Column("their_sub_status", ExactText),
    Column("their_sub_status_key", ExactText, nullable=False, server_default=""),
    Column("status_id", Integer),
    Column("sub_status_id", Integer),
    Column("field_id", Integer),
    Column("ignored", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("network_id", "buyer_id", "kind", "their_key", "their_sub_status_key"),
    ForeignKeyConstraint(["network_id", "buyer_id"], ["buyer.network_id", "buyer.buyer_id"]),
    ForeignKeyConstraint(["network_id", "status_id"], ["status.network_id", "status.status_id"]),
    ForeignKeyConstraint(["network_id", "sub_status_id"], ["sub_status.network_id", "sub_status.sub_status_id"]),
    ForeignKeyConstraint(["network_id", "field_id"], ["field.network_id", "field.field_id"]),
    one_of("kind", "status", "sub_status", "field"),
)

_NUMBERS = tuple(
    "sales leads updated updated_by_buyer status sub_status contacted qualified converted funded submitted credited"
    " replaced rejected gross adjustments revenue payout margin field".split()
)

# A number of the Lead Status report divided by another; of statuses, sub-statuses and fields by their ids.
own_ratio = Table(
    "own_ratio",
    metadata,
    network_column(),
    Column("own_ratio_id", Integer, primary_key=True, autoincrement=False),
    Column("label", ExactText, nullable=False),
    # Labels are unique without case.
    Column("label_key", ExactText, nullable=False),
    Column("position", Integer, nullable=False),
    Column("numerator", ExactText, nullable=False),
    Column("numerator_status_id", Integer),
    Column("numerator_sub_status_id", Integer),
    Column("numerator_field_id", Integer),
    Column("denominator", ExactText, nullable=False),
    Column("denominator_status_id", Integer),
    Column("denominator_sub_status_id", Integer),
    Column("denominator_field_id", Integer),
    Column("shown_as", ExactText, nullable=False),
    UniqueConstraint("network_id", "label_key"),
    ForeignKeyConstraint(["network_id"], ["network.network_id"]),
    *(
        ForeignKeyConstraint(["network_id", f"{term}_{name}_id"], [f"{name}.network_id", f"{name}.{name}_id"])
        for term in ("numerator", "denominator")
        for name in ("status", "sub_status", "field")
    ),
    one_of("numerator", *_NUMBERS),
    one_of("denominator", *_NUMBERS),
    one_of("shown_as", "percent", "amount"),
)
