"""The tables of leads, sales, their ledger, and what an update writes beside them."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB

from leadback.kit.columns import ExactText, Money, Total, metadata, money_range, network_column, one_of

lead = Table(
    "lead",
    metadata,
    network_column(),
    # `lead_id` as given; `lead_key` the same in upper case: lead ids are compared without case.
    Column("lead_key", ExactText, primary_key=True),
    Column("lead_id", ExactText, nullable=False),
    Column("campaign_id", Integer),
    *(Column(f"sub_id_{number}", ExactText, nullable=False, server_default="") for number in range(1, 6)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("payout", Money, nullable=False),
    Column("is_test", Boolean, nullable=False, server_default=text("false")),
    Column("data", JSONB, nullable=False, server_default="{}"),
    ForeignKeyConstraint(["network_id", "campaign_id"], ["campaign.network_id", "campaign.campaign_id"]),
    # Only a contract's standing test sale belongs to no campaign.
    CheckConstraint("campaign_id IS NOT NULL OR is_test", name="campaign"),
    money_range("payout"),
)

sale = Table(
    "sale",
    metadata,
    network_column(),
    Column("sale_id", BigInteger, Identity(), primary_key=True),
    Column("sale_ref", ExactText),
    Column("lead_key", ExactText, nullable=False),
    Column("buyer_id", Integer, nullable=False),
    Column("buyer_contract_id", Integer, nullable=False),
    # The lead's campaign, sub id 1 and test flag stand here too, so that reports read one table.
    Column("campaign_id", Integer),
    Column("sub_id_1", ExactText, nullable=False, server_default=""),
    Column("is_test", Boolean, nullable=False, server_default=text("false")),
    Column("buyer_lead_id", ExactText),
    Column("sold_at", DateTime(timezone=True), nullable=False),
    # The day in the network's zone; computed by PostgreSQL alone.
    Column("sold_on", Date, nullable=False),
    Column("sold_price", Money, nullable=False),
    Column("revenue", Money, nullable=False),
    # Whether anybody reported revenue; until then it follows a corrected price.
    Column("revenue_set", Boolean, nullable=False, server_default=text("false")),
    Column("payout_share", Money, nullable=False),
    Column("first_of_lead", Boolean, nullable=False),
    Column("sale_type", ExactText, nullable=False, server_default="exclusive"),
    # Null: as the contract says.
    Column("returnable", Boolean),
    Column("replaces_sale_id", BigInteger),
    Column("status_id", Integer),
    Column("sub_status_id", Integer),
    Column("status_happened_at", DateTime(timezone=True)),
    Column("stage_reached", SmallInteger, nullable=False, server_default=text("0")),
    # {field_id: value}, each value in the one text form of its data type.
    Column("field_values", JSONB, nullable=False, server_default="{}"),
    Column("return_state", ExactText),
    Column("return_reason_id", Integer),
    Column("returned_at", DateTime(timezone=True)),
    # 0 not updated, 1 by the buyer, 2 by others only.
    Column("updated", SmallInteger, nullable=False, server_default=text("0")),
    Column("update_count", Integer, nullable=False, server_default=text("0")),
    Column("updated_at", DateTime(timezone=True)),
    Column("buyer_updated_first_at", DateTime(timezone=True)),
    Column("buyer_updated_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("ledger_hash", LargeBinary, nullable=False, server_default=""),
    UniqueConstraint("network_id", "sale_ref"),
    ForeignKeyConstraint(["network_id", "lead_key"], ["lead.network_id", "lead.lead_key"]),
    ForeignKeyConstraint(["network_id", "campaign_id"], ["campaign.network_id", "campaign.campaign_id"]),
    ForeignKeyConstraint(
        ["network_id", "buyer_contract_id"], ["buyer_contract.network_id", "buyer_contract.buyer_contract_id"]
    ),
    ForeignKeyConstraint(["network_id", "replaces_sale_id"], ["sale.network_id", "sale.sale_id"]),
    ForeignKeyConstraint(["network_id", "status_id"], ["status.network_id", "status.status_id"]),
    ForeignKeyConstraint(
        ["network_id", "status_id", "sub_status_id"],
        ["sub_status.network_id", "sub_status.status_id", "sub_status.sub_status_id"],
    ),
    ForeignKeyConstraint(
        ["network_id", "return_reason_id"], ["return_reason.network_id", "return_reason.return_reason_id"]
    ),
    one_of("sale_type", "exclusive", "multi-sell", "replacement"),
    one_of("return_state", "submitted", "credited", "replaced", "rejected"),
    CheckConstraint("sub_status_id IS NULL OR status_id IS NOT NULL", name="sub_status_has_status"),
    money_range("sold_price"),
    money_range("revenue"),
    money_range("payout_share"),
    # Updates look sales up by lead, reports by the day they were sold. `revenue`, statuses and the like stand in no
    # index, so that an update can stay on its page (HOT). The buyer stands in the index: a sale of somebody else would
    # take longer not to be found than one that does not exist, where its row had to be read to see whose it is.
    Index("ix_sale_lead", "network_id", "lead_key", "buyer_id", "buyer_contract_id"),
    Index("ix_sale_sold_on", "network_id", "sold_on", "campaign_id", "sale_id"),
    Index("ix_sale_sold_at", "network_id", "sold_at", "sale_id"),
    Index("ix_sale_replaces", "network_id", "replaces_sale_id", postgresql_where=text("replaces_sale_id IS NOT NULL")),
    Index(
        "ix_sale_returned",
        "network_id",
        "return_state",
        "returned_at",
        "sale_id",
        postgresql_where=text("return_state IS NOT NULL"),
    ),
    postgresql_with={"fillfactor": "80"},
)

# The ledger: append-only, one row for each accepted call, partitioned by the month of receipt.
lead_update = Table(
    "lead_update",
    metadata,
    network_column(),
    Column("sale_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("received_at", DateTime(timezone=True), primary_key=True),
    Column("happened_at", DateTime(timezone=True), nullable=False),
    Column("kind", ExactText, nullable=False),
    Column("counts_as_update", Boolean, nullable=False),
    Column("actor_kind", ExactText, nullable=False),
    Column("actor_id", Integer),
    Column("actor", ExactText, nullable=False),
    Column("channel", ExactText, nullable=False),
    Column("address", INET),
    Column("request_id", ExactText, nullable=False),
    Column("operation", ExactText, nullable=False),
    Column("idempotency_key", ExactText),
    Column("flags", ARRAY(ExactText), nullable=False, server_default="{}"),
    Column("status_id_before", Integer),
    Column("status_before", ExactText),
    Column("status_id_after", Integer),
    Column("status_after", ExactText),
    Column("sub_status_id_before", Integer),
    Column("sub_status_before", ExactText),
    Column("sub_status_id_after", Integer),
    Column("sub_status_after", ExactText),
    Column("stage_reached_before", SmallInteger, nullable=False),
    Column("stage_reached_after", SmallInteger, nullable=False),
    Column("revenue_before", Money, nullable=False),
    Column("revenue_delta", Money, nullable=False),
    Column("revenue_after", Money, nullable=False),
    # [{"field_id", "field", "before", "after"}], the field's name as it was at the time.
    Column("field_changes", JSONB, nullable=False, server_default="[]"),
    Column("return_state_before", ExactText),
    Column("return_state_after", ExactText),
    Column("return_reason_id_before", Integer),
    Column("return_reason_id_after", Integer),
    Column("return_reason_after", ExactText),
    Column("updated_before", SmallInteger, nullable=False),
    Column("updated_after", SmallInteger, nullable=False),
    # For an import that corrects the sale itself: {column: [before, after]}.
    Column("sale_changes", JSONB, nullable=False, server_default="{}"),
    # What whoever decided said to it, such as why a return was rejected; the buyer can read it.
    Column("note", ExactText),
    # The run (a re-run of failed updates, an undo) that wrote the row.
    Column("run_id", BigInteger),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    one_of("kind", "update", "correction", "import", "return decision", "undo"),
    one_of("actor_kind", "buyer", "operator", "import", "system"),
    CheckConstraint("revenue_after = revenue_before + revenue_delta", name="revenue_chain"),
    money_range("revenue_after"),
    # Rows arrive in the order of their receipt: for reports by date updated a summary of each block's range is enough,
    # and costs an update nothing.
    Index("ix_lead_update_received", "network_id", "received_at", postgresql_using="brin"),
    Index("ix_lead_update_run", "network_id", "run_id", postgresql_where=text("run_id IS NOT NULL")),
    # What imports corrected of sales: a report as of a past moment puts it back.
    Index(
        "ix_lead_update_corrected",
        "network_id",
        "received_at",
        postgresql_where=text("kind = 'import' AND sale_changes <> '{}'"),
    ),
    postgresql_partition_by="RANGE (received_at)",
)

failed_update = Table(
    "failed_update",
    metadata,
    network_column(),
    Column("failed_update_id", BigInteger, Identity(), primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("buyer_id", Integer, nullable=False),
    Column("sale_id", BigInteger),
    Column("lead_id", ExactText, nullable=False),
    Column("operation", ExactText, nullable=False),
    Column("channel", ExactText, nullable=False),
    Column("address", INET),
    Column("request_id", ExactText, nullable=False),
    # The message the caller got; `detail` says to the operator what was behind it.
    Column("reason", ExactText, nullable=False),
    Column("detail", ExactText, nullable=False),
    # What was sent, for people to read; `call`: what it meant, for running it again. Null: it could not be read, or not
    # be kept whole.
    Column("parameters", JSONB, nullable=False),
    Column("call", JSONB),
    # The key of a lead whose sale the call waits for, and until when.
    Column("lead_key", ExactText),
    Column("waiting_until", DateTime(timezone=True)),
    Column("resolved_at", DateTime(timezone=True)),
    # The run that applied it.
    Column("run_id", BigInteger),
    ForeignKeyConstraint(["network_id", "buyer_id"], ["buyer.network_id", "buyer.buyer_id"]),
    Index("ix_failed_update_received", "network_id", "received_at"),
    Index("ix_failed_update_buyer", "network_id", "buyer_id", "reason", "received_at"),
    Index(
        "ix_failed_update_waiting",
        "network_id",
        "lead_key",
        postgresql_where=text("waiting_until IS NOT NULL AND resolved_at IS NULL"),
    ),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    network_column(),
    # `buyer:12`, or `address:192.0.2.1` for a keyless call.
    Column("caller", ExactText, primary_key=True),
    Column("operation", ExactText, primary_key=True),
    Column("key", ExactText, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("answer", JSONB, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_idempotency_key_expires", "network_id", "expires_at"),
)

# For the guard against repeats of calls without an idempotency key: the last answer it looks at on each sale. It counts
# as long as the sale has its version, so an older one is of no use to anybody.
recent_answer = Table(
    "recent_answer",
    metadata,
    network_column(),
    Column("sale_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("answer", JSONB, nullable=False),
    Column("state", ExactText, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    one_of("state", "committed", "sent", "delivered", "lost"),
    Index("ix_recent_answer_expires", "network_id", "expires_at"),
)

# A batch of changes by an operator that can be undone as a whole; its ledger rows name it.
run = Table(
    "run",
    metadata,
    network_column(),
    Column("run_id", BigInteger, Identity(), primary_key=True),
    Column("kind", ExactText, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("actor_kind", ExactText, nullable=False),
    Column("actor_id", Integer),
    Column("actor", ExactText, nullable=False),
    # What was chosen, in words, such as `buyer Acme, Invalid Lead Status`.
    Column("description", ExactText, nullable=False),
    Column("undoes_run_id", BigInteger),
    UniqueConstraint("network_id", "undoes_run_id"),
    ForeignKeyConstraint(["network_id", "undoes_run_id"], ["run.network_id", "run.run_id"]),
    one_of("kind", "rerun", "undo"),
    one_of("actor_kind", "operator", "system"),
)

# How each sale that a run changed stood before it, and its versions before and after: what an undo needs to know.
run_sale = Table(
    "run_sale",
    metadata,
    network_column(),
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("sale_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version_before", Integer, nullable=False),
    Column("version_after", Integer, nullable=False),
    Column("before", JSONB, nullable=False),
    ForeignKeyConstraint(["network_id", "run_id"], ["run.network_id", "run.run_id"]),
)

# Against guessing lead ids: how many of a caller's calls named unknown leads, minute by minute, over all workers.
guess_count = Table(
    "guess_count",
    metadata,
    network_column(),
    # `key:7`, or `address:192.0.2.1` without a valid key.
    Column("caller", ExactText, primary_key=True),
    Column("minute", DateTime(timezone=True), primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("unknown_leads", Integer, nullable=False),
    Index("ix_guess_count_minute", "network_id", "minute"),
)

restricted_caller = Table(
    "restricted_caller",
    metadata,
    network_column(),
    Column("caller", ExactText, primary_key=True),
    Column("restricted_until", DateTime(timezone=True), nullable=False),
)

ROLLUP_KEY = (
    "sold_on",
    "campaign_id",
    "buyer_contract_id",
    "sale_type",
    "status_id",
    "sub_status_id",
    "updated",
    "stage_reached",
    "return_state",
)
"""What a sale is counted under; 0 or the empty text stands for "none", so that the columns can be a key."""


def _rollup_key(*, primary_key: bool) -> list[Column[Any]]:
    types: dict[str, Any] = {"sold_on": Date, "sale_type": ExactText, "return_state": ExactText}
    types |= {"updated": SmallInteger, "stage_reached": SmallInteger}
    return [
        Column(name, types.get(name, Integer), primary_key=primary_key, nullable=False, autoincrement=False)
        for name in ROLLUP_KEY
    ]


def _sale_measures() -> list[Column[Any]]:
    # Sums over millions of sales: wider than one sale's money.
    return [
        Column("leads", BigInteger, nullable=False),
        Column("sales", BigInteger, nullable=False),
        *(Column(name, Total, nullable=False) for name in ("gross", "revenue", "payout")),
    ]


def _field_measures() -> list[Column[Any]]:
    return [Column("value_count", BigInteger, nullable=False), Column("value_sum", Total, nullable=False)]


lead_status_rollup = Table(
    "lead_status_rollup", metadata, network_column(), *_rollup_key(primary_key=True), *_sale_measures()
)
lead_status_delta = Table(
    "lead_status_delta",
    metadata,
    network_column(),
    Column("delta_id", BigInteger, Identity(), primary_key=True),
    *_rollup_key(primary_key=False),
    *_sale_measures(),
)
field_rollup = Table(
    "field_rollup",
    metadata,
    network_column(),
    *_rollup_key(primary_key=True),
    Column("field_id", Integer, primary_key=True, autoincrement=False),
    *_field_measures(),
)
field_delta = Table(
    "field_delta",
    metadata,
    network_column(),
    Column("delta_id", BigInteger, Identity(), primary_key=True),
    *_rollup_key(primary_key=False),
    Column("field_id", Integer, nullable=False),
    *_field_measures(),
)
