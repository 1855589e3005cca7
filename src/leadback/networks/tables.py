"""The tables of the tenant and of its version counter."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKeyConstraint, Integer, SmallInteger, Table, text

from leadback.kit.columns import ExactText, metadata, network_column, one_of

network = Table(
    "network",
    metadata,
    network_column(),
    Column("name", ExactText, nullable=False, unique=True),
    Column("host_name", ExactText, unique=True),
    Column("time_zone", ExactText, nullable=False),
    Column("currency", ExactText, nullable=False),
    Column("week_start", SmallInteger, nullable=False, server_default=text("1")),
    Column("date_format", ExactText, nullable=False, server_default="MDY"),
    Column("lead_statuses", Boolean, nullable=False, server_default=text("true")),
    Column("terminal_statuses", ExactText, nullable=False, server_default="flag"),
    Column("return_approval", ExactText, nullable=False, server_default="manual"),
    Column("credit_sets_revenue_to_zero", Boolean, nullable=False, server_default=text("false")),
    Column("return_to_affiliate", Boolean, nullable=False, server_default=text("false")),
    Column("rerun_waiting_updates", Boolean, nullable=False, server_default=text("false")),
    Column("failed_update_days", Integer, nullable=False, server_default=text("90")),
    Column("second_factor_required", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    one_of("date_format", "MDY", "DMY"),
    one_of("terminal_statuses", "flag", "keep"),
    one_of("return_approval", "manual", "automatic_credit"),
)

network_version = Table(
    "network_version",
    metadata,
    network_column(),
    Column("version", BigInteger, nullable=False),
    ForeignKeyConstraint(["network_id"], ["network.network_id"]),
)
