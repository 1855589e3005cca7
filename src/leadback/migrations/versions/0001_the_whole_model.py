"""The whole model."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.create_table(
        "audit_entry",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("audit_entry_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(collation="C"), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(collation="C"), nullable=False),
        sa.Column("action", sa.Text(collation="C"), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("network_id", "audit_entry_id", name=op.f("pk_audit_entry")),
    )
    op.create_table(
        "field_delta",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("delta_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sold_on", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("buyer_contract_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sale_type", sa.Text(collation="C"), autoincrement=False, nullable=False),
        sa.Column("status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sub_status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("updated", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("stage_reached", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("return_state", sa.Text(collation="C"), autoincrement=False, nullable=False),
        sa.Column("field_id", sa.Integer(), nullable=False),
        sa.Column("value_count", sa.BigInteger(), nullable=False),
        sa.Column("value_sum", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "delta_id", name=op.f("pk_field_delta")),
    )
    op.create_table(
        "field_rollup",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sold_on", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("buyer_contract_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sale_type", sa.Text(collation="C"), autoincrement=False, nullable=False),
        sa.Column("status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sub_status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("updated", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("stage_reached", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("return_state", sa.Text(collation="C"), autoincrement=False, nullable=False),
        sa.Column("field_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value_count", sa.BigInteger(), nullable=False),
        sa.Column("value_sum", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.PrimaryKeyConstraint(
            "network_id",
            "sold_on",
            "campaign_id",
            "buyer_contract_id",
            "sale_type",
            "status_id",
            "sub_status_id",
            "updated",
            "stage_reached",
            "return_state",
            "field_id",
            name=op.f("pk_field_rollup"),
        ),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("caller", sa.Text(collation="C"), nullable=False),
        sa.Column("operation", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "caller", "operation", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index("ix_idempotency_key_expires", "idempotency_key", ["network_id", "expires_at"], unique=False)
    op.create_table(
        "lead_status_delta",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("delta_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sold_on", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("buyer_contract_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sale_type", sa.Text(collation="C"), autoincrement=False, nullable=False),
        sa.Column("status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sub_status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("updated", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("stage_reached", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("return_state", sa.Text(collation="C"), autoincrement=False, nullable=False),
        sa.Column("leads", sa.BigInteger(), nullable=False),
        sa.Column("sales", sa.BigInteger(), nullable=False),
        sa.Column("gross", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.Column("revenue", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.Column("payout", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "delta_id", name=op.f("pk_lead_status_delta")),
    )
    op.create_table(
        "lead_status_rollup",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sold_on", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("buyer_contract_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sale_type", sa.Text(collation="C"), autoincrement=False, nullable=False),
        sa.Column("status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sub_status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("updated", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("stage_reached", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("return_state", sa.Text(collation="C"), autoincrement=False, nullable=False),
        sa.Column("leads", sa.BigInteger(), nullable=False),
        sa.Column("sales", sa.BigInteger(), nullable=False),
        sa.Column("gross", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.Column("revenue", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.Column("payout", sa.Numeric(precision=24, scale=4), nullable=False),
        sa.PrimaryKeyConstraint(
            "network_id",
            "sold_on",
            "campaign_id",
            "buyer_contract_id",
            "sale_type",
            "status_id",
            "sub_status_id",
            "updated",
            "stage_reached",
            "return_state",
            name=op.f("pk_lead_status_rollup"),
        ),
    )
    op.create_table(
        "lead_update",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sale_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("counts_as_update", sa.Boolean(), nullable=False),
        sa.Column("actor_kind", sa.Text(collation="C"), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(collation="C"), nullable=False),
        sa.Column("channel", sa.Text(collation="C"), nullable=False),
        sa.Column("address", postgresql.INET(), nullable=True),
        sa.Column("request_id", sa.Text(collation="C"), nullable=False),
        sa.Column("operation", sa.Text(collation="C"), nullable=False),
        sa.Column("idempotency_key", sa.Text(collation="C"), nullable=True),
        sa.Column("flags", postgresql.ARRAY(sa.Text(collation="C")), server_default="{}", nullable=False),
        sa.Column("status_id_before", sa.Integer(), nullable=True),
        sa.Column("status_before", sa.Text(collation="C"), nullable=True),
        sa.Column("status_id_after", sa.Integer(), nullable=True),
        sa.Column("status_after", sa.Text(collation="C"), nullable=True),
        sa.Column("sub_status_id_before", sa.Integer(), nullable=True),
        sa.Column("sub_status_before", sa.Text(collation="C"), nullable=True),
        sa.Column("sub_status_id_after", sa.Integer(), nullable=True),
        sa.Column("sub_status_after", sa.Text(collation="C"), nullable=True),
        sa.Column("stage_reached_before", sa.SmallInteger(), nullable=False),
        sa.Column("stage_reached_after", sa.SmallInteger(), nullable=False),
        sa.Column("revenue_before", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("revenue_delta", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("revenue_after", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("field_changes", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("return_state_before", sa.Text(collation="C"), nullable=True),
        sa.Column("return_state_after", sa.Text(collation="C"), nullable=True),
        sa.Column("return_reason_id_before", sa.Integer(), nullable=True),
        sa.Column("return_reason_id_after", sa.Integer(), nullable=True),
        sa.Column("return_reason_after", sa.Text(collation="C"), nullable=True),
        sa.Column("updated_before", sa.SmallInteger(), nullable=False),
        sa.Column("updated_after", sa.SmallInteger(), nullable=False),
        sa.Column("sale_changes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('buyer', 'operator', 'import', 'system')", name=op.f("ck_lead_update_actor_kind")
        ),
        sa.CheckConstraint(
            "kind IN ('update', 'correction', 'import', 'return decision', 'undo')", name=op.f("ck_lead_update_kind")
        ),
        sa.CheckConstraint("revenue_after = revenue_before + revenue_delta", name=op.f("ck_lead_update_revenue_chain")),
        sa.CheckConstraint(
            "revenue_after >= -1000000000000 AND revenue_after <= 1000000000000",
            name=op.f("ck_lead_update_revenue_after_range"),
        ),
        sa.PrimaryKeyConstraint("network_id", "sale_id", "version", "received_at", name=op.f("pk_lead_update")),
        postgresql_partition_by="RANGE (received_at)",
    )
    op.create_table(
        "network",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("host_name", sa.Text(collation="C"), nullable=True),
        sa.Column("time_zone", sa.Text(collation="C"), nullable=False),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("week_start", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("date_format", sa.Text(collation="C"), server_default="MDY", nullable=False),
        sa.Column("lead_statuses", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("terminal_statuses", sa.Text(collation="C"), server_default="flag", nullable=False),
        sa.Column("return_approval", sa.Text(collation="C"), server_default="manual", nullable=False),
        sa.Column("credit_sets_revenue_to_zero", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("return_to_affiliate", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rerun_waiting_updates", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("failed_update_days", sa.Integer(), server_default=sa.text("90"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("date_format IN ('MDY', 'DMY')", name=op.f("ck_network_date_format")),
        sa.CheckConstraint(
            "return_approval IN ('manual', 'automatic_credit')", name=op.f("ck_network_return_approval")
        ),
        sa.CheckConstraint("terminal_statuses IN ('flag', 'keep')", name=op.f("ck_network_terminal_statuses")),
        sa.PrimaryKeyConstraint("network_id", name=op.f("pk_network")),
        sa.UniqueConstraint("host_name", name=op.f("uq_network_host_name")),
        sa.UniqueConstraint("name", name=op.f("uq_network_name")),
    )
    op.create_table(
        "outbox",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("topic", sa.Text(collation="C"), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "outbox_id", name=op.f("pk_outbox")),
    )
    op.create_table(
        "recent_answer",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sale_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("connection", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('committed', 'sent', 'delivered', 'lost')", name=op.f("ck_recent_answer_state")),
        sa.PrimaryKeyConstraint("network_id", "sale_id", "fingerprint", name=op.f("pk_recent_answer")),
    )
    op.create_index("ix_recent_answer_expires", "recent_answer", ["network_id", "expires_at"], unique=False)
    op.create_table(
        "affiliate",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("affiliate_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.network_id"], name=op.f("fk_affiliate_network_id")),
        sa.PrimaryKeyConstraint("network_id", "affiliate_id", name=op.f("pk_affiliate")),
        sa.UniqueConstraint("network_id", "name", name=op.f("uq_affiliate_network_id_name")),
    )
    op.create_table(
        "field",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), nullable=False),
        sa.Column("label", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("data_type", sa.Text(collation="C"), nullable=False),
        sa.Column("length_max", sa.Integer(), nullable=True),
        sa.Column("list_values", postgresql.ARRAY(sa.Text(collation="C")), server_default="{}", nullable=False),
        sa.Column("summary", sa.Text(collation="C"), server_default="none", nullable=False),
        sa.Column("vertical_ids", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False),
        sa.Column("buyer_ids", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("former_name", sa.Text(collation="C"), nullable=True),
        sa.Column("former_name_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "data_type IN ('String', 'Number', 'Date', 'Bool', 'List')", name=op.f("ck_field_data_type")
        ),
        sa.CheckConstraint("summary IN ('none', 'sum', 'average', 'min', 'max')", name=op.f("ck_field_summary")),
        sa.ForeignKeyConstraint(["network_id"], ["network.network_id"], name=op.f("fk_field_network_id")),
        sa.PrimaryKeyConstraint("network_id", "field_id", name=op.f("pk_field")),
        sa.UniqueConstraint("network_id", "name_key", name=op.f("uq_field_network_id_name_key")),
    )
    op.create_table(
        "network_version",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.network_id"], name=op.f("fk_network_version_network_id")),
        sa.PrimaryKeyConstraint("network_id", name=op.f("pk_network_version")),
    )
    op.create_table(
        "offer",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.network_id"], name=op.f("fk_offer_network_id")),
        sa.PrimaryKeyConstraint("network_id", "offer_id", name=op.f("pk_offer")),
        sa.UniqueConstraint("network_id", "name", name=op.f("uq_offer_network_id_name")),
    )
    op.create_table(
        "operator",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operator_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("email", sa.Text(collation="C"), nullable=False),
        sa.Column("role", sa.Text(collation="C"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'admin', 'account manager', 'reporting only')", name=op.f("ck_operator_role")
        ),
        sa.ForeignKeyConstraint(["network_id"], ["network.network_id"], name=op.f("fk_operator_network_id")),
        sa.PrimaryKeyConstraint("network_id", "operator_id", name=op.f("pk_operator")),
        sa.UniqueConstraint("network_id", "email", name=op.f("uq_operator_network_id_email")),
    )
    op.create_table(
        "return_reason",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("return_reason_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.network_id"], name=op.f("fk_return_reason_network_id")),
        sa.PrimaryKeyConstraint("network_id", "return_reason_id", name=op.f("pk_return_reason")),
        sa.UniqueConstraint("network_id", "name", name=op.f("uq_return_reason_network_id_name")),
    )
    op.create_table(
        "status",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("colour", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("meaning", sa.Text(collation="C"), server_default="neutral", nullable=False),
        sa.Column("stage", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("terminal", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("vertical_ids", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False),
        sa.Column("former_name", sa.Text(collation="C"), nullable=True),
        sa.Column("former_name_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("meaning IN ('positive', 'neutral', 'negative')", name=op.f("ck_status_meaning")),
        sa.ForeignKeyConstraint(["network_id"], ["network.network_id"], name=op.f("fk_status_network_id")),
        sa.PrimaryKeyConstraint("network_id", "status_id", name=op.f("pk_status")),
        sa.UniqueConstraint("network_id", "name", name=op.f("uq_status_network_id_name")),
    )
    op.create_table(
        "vertical",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("vertical_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.network_id"], name=op.f("fk_vertical_network_id")),
        sa.PrimaryKeyConstraint("network_id", "vertical_id", name=op.f("pk_vertical")),
        sa.UniqueConstraint("network_id", "name", name=op.f("uq_vertical_network_id_name")),
    )
    op.create_table(
        "buyer",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("buyer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("account_manager_id", sa.Integer(), nullable=True),
        sa.Column("lead_statuses", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("accept_keyless", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("keyless_until", sa.Date(), nullable=True),
        sa.Column("keyless_networks", postgresql.ARRAY(postgresql.CIDR()), server_default="{}", nullable=False),
        sa.Column("rate_per_key", sa.Integer(), nullable=True),
        sa.Column("retry_guard", sa.Text(collation="C"), server_default="guard", nullable=False),
        sa.CheckConstraint("retry_guard IN ('guard', 'off', 'strict')", name=op.f("ck_buyer_retry_guard")),
        sa.ForeignKeyConstraint(
            ["network_id", "account_manager_id"],
            ["operator.network_id", "operator.operator_id"],
            name=op.f("fk_buyer_network_id_account_manager_id"),
        ),
        sa.ForeignKeyConstraint(["network_id"], ["network.network_id"], name=op.f("fk_buyer_network_id")),
        sa.PrimaryKeyConstraint("network_id", "buyer_id", name=op.f("pk_buyer")),
        sa.UniqueConstraint("network_id", "name", name=op.f("uq_buyer_network_id_name")),
    )
    op.create_table(
        "campaign",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "affiliate_id"],
            ["affiliate.network_id", "affiliate.affiliate_id"],
            name=op.f("fk_campaign_network_id_affiliate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "offer_id"],
            ["offer.network_id", "offer.offer_id"],
            name=op.f("fk_campaign_network_id_offer_id"),
        ),
        sa.PrimaryKeyConstraint("network_id", "campaign_id", name=op.f("pk_campaign")),
        sa.UniqueConstraint(
            "network_id", "affiliate_id", "name", name=op.f("uq_campaign_network_id_affiliate_id_name")
        ),
    )
    op.create_table(
        "sub_status",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sub_status_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("former_name", sa.Text(collation="C"), nullable=True),
        sa.Column("former_name_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["network_id", "status_id"],
            ["status.network_id", "status.status_id"],
            name=op.f("fk_sub_status_network_id_status_id"),
        ),
        sa.PrimaryKeyConstraint("network_id", "sub_status_id", name=op.f("pk_sub_status")),
        sa.UniqueConstraint("network_id", "status_id", "name", name=op.f("uq_sub_status_network_id_status_id_name")),
        sa.UniqueConstraint(
            "network_id", "status_id", "sub_status_id", name=op.f("uq_sub_status_network_id_status_id_sub_status_id")
        ),
    )
    op.create_table(
        "alias",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("alias_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("theirs", sa.Text(collation="C"), nullable=False),
        sa.Column("their_key", sa.Text(collation="C"), nullable=False),
        sa.Column("their_sub_status", sa.Text(collation="C"), nullable=True),
        sa.Column("their_sub_status_key", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("status_id", sa.Integer(), nullable=True),
        sa.Column("sub_status_id", sa.Integer(), nullable=True),
        sa.Column("field_id", sa.Integer(), nullable=True),
        sa.Column("ignored", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("kind IN ('status', 'sub_status', 'field')", name=op.f("ck_alias_kind")),
        sa.ForeignKeyConstraint(
            ["network_id", "buyer_id"],
            ["buyer.network_id", "buyer.buyer_id"],
            name=op.f("fk_alias_network_id_buyer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "field_id"],
            ["field.network_id", "field.field_id"],
            name=op.f("fk_alias_network_id_field_id"),
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "status_id"],
            ["status.network_id", "status.status_id"],
            name=op.f("fk_alias_network_id_status_id"),
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "sub_status_id"],
            ["sub_status.network_id", "sub_status.sub_status_id"],
            name=op.f("fk_alias_network_id_sub_status_id"),
        ),
        sa.PrimaryKeyConstraint("network_id", "alias_id", name=op.f("pk_alias")),
        sa.UniqueConstraint(
            "network_id",
            "buyer_id",
            "kind",
            "their_key",
            "their_sub_status_key",
            name=op.f("uq_alias_network_id_buyer_id_kind_their_key_their_sub_status_key"),
        ),
    )
    op.create_table(
        "api_key",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("api_key_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("shown_as", sa.Text(collation="C"), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text(collation="C")), server_default="{}", nullable=False),
        sa.Column("allowed_networks", postgresql.ARRAY(postgresql.CIDR()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_address", postgresql.INET(), nullable=True),
        sa.ForeignKeyConstraint(
            ["network_id", "buyer_id"],
            ["buyer.network_id", "buyer.buyer_id"],
            name=op.f("fk_api_key_network_id_buyer_id"),
        ),
        sa.PrimaryKeyConstraint("network_id", "api_key_id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("network_id", "digest", name=op.f("uq_api_key_network_id_digest")),
    )
    op.create_table(
        "buyer_contract",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("buyer_contract_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("vertical_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("returnable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("max_return_age_days", sa.Integer(), server_default=sa.text("30"), nullable=False),
        sa.Column("priced_on_outcome", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("returns_owed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "buyer_id"],
            ["buyer.network_id", "buyer.buyer_id"],
            name=op.f("fk_buyer_contract_network_id_buyer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "vertical_id"],
            ["vertical.network_id", "vertical.vertical_id"],
            name=op.f("fk_buyer_contract_network_id_vertical_id"),
        ),
        sa.PrimaryKeyConstraint("network_id", "buyer_contract_id", name=op.f("pk_buyer_contract")),
        sa.UniqueConstraint("network_id", "buyer_id", "name", name=op.f("uq_buyer_contract_network_id_buyer_id_name")),
    )
    op.create_table(
        "failed_update",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("failed_update_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("sale_id", sa.BigInteger(), nullable=True),
        sa.Column("lead_id", sa.Text(collation="C"), nullable=False),
        sa.Column("operation", sa.Text(collation="C"), nullable=False),
        sa.Column("channel", sa.Text(collation="C"), nullable=False),
        sa.Column("address", postgresql.INET(), nullable=True),
        sa.Column("request_id", sa.Text(collation="C"), nullable=False),
        sa.Column("reason", sa.Text(collation="C"), nullable=False),
        sa.Column("detail", sa.Text(collation="C"), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("lead_key", sa.Text(collation="C"), nullable=True),
        sa.Column("waiting_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rerun_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["network_id", "buyer_id"],
            ["buyer.network_id", "buyer.buyer_id"],
            name=op.f("fk_failed_update_network_id_buyer_id"),
        ),
        sa.PrimaryKeyConstraint("network_id", "failed_update_id", name=op.f("pk_failed_update")),
    )
    op.create_index(
        "ix_failed_update_buyer", "failed_update", ["network_id", "buyer_id", "reason", "received_at"], unique=False
    )
    op.create_index("ix_failed_update_received", "failed_update", ["network_id", "received_at"], unique=False)
    op.create_index(
        "ix_failed_update_waiting",
        "failed_update",
        ["network_id", "lead_key"],
        unique=False,
        postgresql_where=sa.text("waiting_until IS NOT NULL AND resolved_at IS NULL"),
    )
    op.create_table(
        "lead",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lead_key", sa.Text(collation="C"), nullable=False),
        sa.Column("lead_id", sa.Text(collation="C"), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("sub_id_1", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("sub_id_2", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("sub_id_3", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("sub_id_4", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("sub_id_5", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payout", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("is_test", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.CheckConstraint("campaign_id IS NOT NULL OR is_test", name=op.f("ck_lead_campaign")),
        sa.CheckConstraint("payout >= -1000000000000 AND payout <= 1000000000000", name=op.f("ck_lead_payout_range")),
        sa.ForeignKeyConstraint(
            ["network_id", "campaign_id"],
            ["campaign.network_id", "campaign.campaign_id"],
            name=op.f("fk_lead_network_id_campaign_id"),
        ),
        sa.PrimaryKeyConstraint("network_id", "lead_key", name=op.f("pk_lead")),
    )
    op.create_table(
        "sale",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sale_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sale_ref", sa.Text(collation="C"), nullable=True),
        sa.Column("lead_key", sa.Text(collation="C"), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("buyer_contract_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("sub_id_1", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("is_test", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("buyer_lead_id", sa.Text(collation="C"), nullable=True),
        sa.Column("sold_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("sold_price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("revenue", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("revenue_set", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("payout_share", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("first_of_lead", sa.Boolean(), nullable=False),
        sa.Column("sale_type", sa.Text(collation="C"), server_default="exclusive", nullable=False),
        sa.Column("returnable", sa.Boolean(), nullable=True),
        sa.Column("replaces_sale_id", sa.BigInteger(), nullable=True),
        sa.Column("status_id", sa.Integer(), nullable=True),
        sa.Column("sub_status_id", sa.Integer(), nullable=True),
        sa.Column("status_happened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stage_reached", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("field_values", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("return_state", sa.Text(collation="C"), nullable=True),
        sa.Column("return_reason_id", sa.Integer(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("update_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("buyer_updated_first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("buyer_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("ledger_hash", sa.LargeBinary(), server_default="", nullable=False),
        sa.CheckConstraint(
            "return_state IN ('submitted', 'credited', 'replaced', 'rejected')", name=op.f("ck_sale_return_state")
        ),
        sa.CheckConstraint("sale_type IN ('exclusive', 'multi-sell', 'replacement')", name=op.f("ck_sale_sale_type")),
        sa.CheckConstraint(
            "payout_share >= -1000000000000 AND payout_share <= 1000000000000", name=op.f("ck_sale_payout_share_range")
        ),
        sa.CheckConstraint(
            "revenue >= -1000000000000 AND revenue <= 1000000000000", name=op.f("ck_sale_revenue_range")
        ),
        sa.CheckConstraint(
            "sold_price >= -1000000000000 AND sold_price <= 1000000000000", name=op.f("ck_sale_sold_price_range")
        ),
        sa.CheckConstraint(
            "sub_status_id IS NULL OR status_id IS NOT NULL", name=op.f("ck_sale_sub_status_has_status")
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "buyer_contract_id"],
            ["buyer_contract.network_id", "buyer_contract.buyer_contract_id"],
            name=op.f("fk_sale_network_id_buyer_contract_id"),
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "campaign_id"],
            ["campaign.network_id", "campaign.campaign_id"],
            name=op.f("fk_sale_network_id_campaign_id"),
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "lead_key"], ["lead.network_id", "lead.lead_key"], name=op.f("fk_sale_network_id_lead_key")
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "replaces_sale_id"],
            ["sale.network_id", "sale.sale_id"],
            name=op.f("fk_sale_network_id_replaces_sale_id"),
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "return_reason_id"],
            ["return_reason.network_id", "return_reason.return_reason_id"],
            name=op.f("fk_sale_network_id_return_reason_id"),
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "status_id", "sub_status_id"],
            ["sub_status.network_id", "sub_status.status_id", "sub_status.sub_status_id"],
            name=op.f("fk_sale_network_id_status_id_sub_status_id"),
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "status_id"],
            ["status.network_id", "status.status_id"],
            name=op.f("fk_sale_network_id_status_id"),
        ),
        sa.PrimaryKeyConstraint("network_id", "sale_id", name=op.f("pk_sale")),
        sa.UniqueConstraint("network_id", "sale_ref", name=op.f("uq_sale_network_id_sale_ref")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_sale_lead", "sale", ["network_id", "lead_key", "buyer_contract_id"], unique=False)
    op.create_index(
        "ix_sale_replaces",
        "sale",
        ["network_id", "replaces_sale_id"],
        unique=False,
        postgresql_where=sa.text("replaces_sale_id IS NOT NULL"),
    )
    op.create_index("ix_sale_sold_on", "sale", ["network_id", "sold_on", "campaign_id", "sale_id"], unique=False)
    add_role()
    isolate_networks()
    add_directory()
    seal_ledger()
    add_ledger_months()
    expect_large_networks()


TABLES = (
    "affiliate alias api_key audit_entry buyer buyer_contract campaign failed_update field field_delta field_rollup"
    " idempotency_key lead lead_status_delta lead_status_rollup lead_update network network_version offer operator"
    " outbox recent_answer return_reason sale status sub_status vertical"
).split()

# What the application may do beyond reading and adding rows. Nothing in the ledger and in the audit is ever changed.
UPDATED = (
    "affiliate alias api_key buyer buyer_contract campaign failed_update field field_rollup idempotency_key lead"
    " lead_status_rollup network network_version offer operator recent_answer return_reason sale status sub_status vertical"
).split()
DELETED = (
    "affiliate alias api_key buyer buyer_contract campaign failed_update field field_delta field_rollup"
    " idempotency_key lead_status_delta lead_status_rollup offer operator outbox recent_answer return_reason status"
    " sub_status vertical"
).split()


def add_role() -> None:
    """The role as which everything but migrations runs; made here unless an administrator made it before."""
    op.execute(
        """
        DO $$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'leadback_app') THEN
            CREATE ROLE leadback_app NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
          END IF;
        EXCEPTION WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'the role leadback_app does not exist and this role may not create it:'
            ' CREATE ROLE leadback_app LOGIN PASSWORD ...';
        END $$
        """
    )
    op.execute("GRANT USAGE ON SCHEMA public TO leadback_app")
    op.execute("GRANT SELECT ON alembic_version TO leadback_app")


def isolate_networks() -> None:
    """Row-level security, forced on the owner too: a statement sees the network its transaction is bound to."""
    # After a committed set_config the setting is '' and not null: hence nullif.
    own = "network_id = nullif(current_setting('app.network_id', true), '')::integer"
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_network ON {table} USING ({own}) WITH CHECK ({own})")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO leadback_app")
    for table in UPDATED:
        op.execute(f"GRANT UPDATE ON {table} TO leadback_app")
    for table in DELETED:
        op.execute(f"GRANT DELETE ON {table} TO leadback_app")


def add_directory() -> None:
    """Which networks there are: the one thing that is asked for before a network is known."""
    op.execute("CREATE POLICY directory ON network FOR SELECT TO CURRENT_USER USING (true)")
    op.execute(
        """
        CREATE FUNCTION leadback_networks() RETURNS TABLE (network_id integer, name text, host_name text)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
        AS 'SELECT network.network_id, network.name, network.host_name FROM public.network ORDER BY 1'
        """
    )
    op.execute("CREATE SEQUENCE network_id_seq AS integer")
    op.execute("GRANT USAGE ON SEQUENCE network_id_seq TO leadback_app")
    op.execute("REVOKE ALL ON FUNCTION leadback_networks() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION leadback_networks() TO leadback_app")


def seal_ledger() -> None:
    """The ledger only grows: no row of it can be changed or removed, by the owner neither."""
    op.execute(
        """
        CREATE FUNCTION leadback_refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'insufficient_privilege'; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON lead_update"
        " FOR EACH ROW EXECUTE FUNCTION leadback_refuse_ledger_change()"
    )
    op.execute(
        "CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON lead_update"
        " FOR EACH STATEMENT EXECUTE FUNCTION leadback_refuse_ledger_change()"
    )


def add_ledger_months() -> None:
    """Partitions of the ledger, made by whoever needs one and owned by nobody but the owner."""
    op.execute(
        """
        CREATE FUNCTION leadback_add_ledger_months(first_day date, last_day date) RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET timezone = 'UTC' AS $$
        DECLARE
          month date := date_trunc('month', first_day);
          name text;
          added integer := 0;
        BEGIN
          IF last_day < first_day OR last_day > first_day + 3660 OR last_day > current_date + 800 THEN
            RAISE EXCEPTION 'months from % to % are out of range', first_day, last_day;
          END IF;
          PERFORM pg_advisory_xact_lock(x'1EADBAD'::integer);
          WHILE month <= last_day LOOP
            name := 'lead_update_' || to_char(month, 'YYYY_MM');
            IF to_regclass('public.' || name) IS NULL THEN
              -- Attached rather than created in place: the ledger stays open to readers and writers.
              EXECUTE format('CREATE TABLE public.%I (LIKE public.lead_update INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
              EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
              EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
              EXECUTE format('ALTER TABLE public.lead_update ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                             name, month::timestamptz, (month + interval '1 month')::timestamptz);
              added := added + 1;
            END IF;
            month := month + interval '1 month';
          END LOOP;
          RETURN added;
        END $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION leadback_add_ledger_months(date, date) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION leadback_add_ledger_months(date, date) TO leadback_app")
    op.execute("SELECT leadback_add_ledger_months(current_date, (current_date + interval '6 months')::date)")


def expect_large_networks() -> None:
    """Plans made for any network take it for the whole table, so that they look rows up by the rest of the key.

    Counted from a sample of many small networks, or of one row, PostgreSQL would take every network for a few rows and
    read it from end to end.
    """
    for table in ("lead", "sale", "idempotency_key"):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN network_id SET (n_distinct = 1)")
