"""Runs that can be undone, notes in the ledger, the count of guesses, and the orders that lists are read in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.create_table(
        "run",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(collation="C"), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(collation="C"), nullable=False),
        sa.Column("description", sa.Text(collation="C"), nullable=False),
        sa.Column("undoes_run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('rerun', 'undo')", name=op.f("ck_run_kind")),
        sa.CheckConstraint("actor_kind IN ('operator', 'system')", name=op.f("ck_run_actor_kind")),
        sa.ForeignKeyConstraint(
            ["network_id", "undoes_run_id"],
            ["run.network_id", "run.run_id"],
            name=op.f("fk_run_network_id_undoes_run_id"),
        ),
        sa.PrimaryKeyConstraint("network_id", "run_id", name=op.f("pk_run")),
        sa.UniqueConstraint("network_id", "undoes_run_id", name=op.f("uq_run_network_id_undoes_run_id")),
    )
    op.create_table(
        "run_sale",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sale_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_before", sa.Integer(), nullable=False),
        sa.Column("version_after", sa.Integer(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "run_id"], ["run.network_id", "run.run_id"], name=op.f("fk_run_sale_network_id_run_id")
        ),
        sa.PrimaryKeyConstraint("network_id", "run_id", "sale_id", name=op.f("pk_run_sale")),
    )
    op.create_table(
        "guess_count",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("caller", sa.Text(collation="C"), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("unknown_leads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "caller", "minute", name=op.f("pk_guess_count")),
    )
    op.create_index("ix_guess_count_minute", "guess_count", ["network_id", "minute"], unique=False)
    op.create_table(
        "restricted_caller",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("caller", sa.Text(collation="C"), nullable=False),
        sa.Column("restricted_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "caller", name=op.f("pk_restricted_caller")),
    )
    own = "network_id = nullif(current_setting('app.network_id', true), '')::integer"
    for table in ("run", "run_sale", "guess_count", "restricted_caller"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_network ON {table} USING ({own}) WITH CHECK ({own})")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO leadback_app")
    # A run stays as it was made; the counts and the callers they restrict come and go.
    for table in ("guess_count", "restricted_caller"):
        op.execute(f"GRANT UPDATE, DELETE ON {table} TO leadback_app")
    # As for the tables of 0001: plans made for any network look rows up by the rest of the key.
    for table in ("run", "run_sale"):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN network_id SET (n_distinct = 1)")
    op.add_column("lead_update", sa.Column("note", sa.Text(collation="C"), nullable=True))
    op.add_column("lead_update", sa.Column("run_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_lead_update_received", "lead_update", ["network_id", "received_at"], unique=False, postgresql_using="brin"
    )
    op.create_index(
        "ix_lead_update_run",
        "lead_update",
        ["network_id", "run_id"],
        unique=False,
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )
    op.create_index(
        "ix_lead_update_corrected",
        "lead_update",
        ["network_id", "received_at"],
        unique=False,
        postgresql_where=sa.text("kind = 'import' AND sale_changes <> '{}'"),
    )
    # Nothing has written the old name yet.
    op.drop_column("failed_update", "rerun_id")
    op.add_column("failed_update", sa.Column("run_id", sa.BigInteger(), nullable=True))
    # One answer for each sale, the last. Nothing has written any yet.
    op.drop_constraint("pk_recent_answer", "recent_answer", type_="primary")
    op.create_primary_key("pk_recent_answer", "recent_answer", ["network_id", "sale_id"])
    op.drop_column("recent_answer", "connection")
    op.alter_column("recent_answer", "answered_at", new_column_name="received_at")
    # As for the tables of 0001: plans made for any network look rows up by the rest of the key.
    for table in ("recent_answer", "guess_count"):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN network_id SET (n_distinct = 1)")
    op.add_column("failed_update", sa.Column("call", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_index("ix_sale_sold_at", "sale", ["network_id", "sold_at", "sale_id"], unique=False)
    op.create_index(
        "ix_sale_returned",
        "sale",
        ["network_id", "return_state", "returned_at", "sale_id"],
        unique=False,
        postgresql_where=sa.text("return_state IS NOT NULL"),
    )
