"""A network's own ratios of the Lead Status report."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBERS = (
    "'sales', 'leads', 'updated', 'updated_by_buyer', 'status', 'sub_status', 'contacted', 'qualified', 'converted',"
    " 'funded', 'submitted', 'credited', 'replaced', 'rejected', 'gross', 'adjustments', 'revenue', 'payout',"
    " 'margin', 'field'"
)
CATALOG = ("status", "sub_status", "field")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.create_table(
        "own_ratio",
        sa.Column("network_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("own_ratio_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.Text(collation="C"), nullable=False),
        sa.Column("label_key", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("numerator", sa.Text(collation="C"), nullable=False),
        sa.Column("numerator_status_id", sa.Integer(), nullable=True),
        sa.Column("numerator_sub_status_id", sa.Integer(), nullable=True),
        sa.Column("numerator_field_id", sa.Integer(), nullable=True),
        sa.Column("denominator", sa.Text(collation="C"), nullable=False),
        sa.Column("denominator_status_id", sa.Integer(), nullable=True),
        sa.Column("denominator_sub_status_id", sa.Integer(), nullable=True),
        sa.Column("denominator_field_id", sa.Integer(), nullable=True),
        sa.Column("shown_as", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(f"numerator IN ({NUMBERS})", name=op.f("ck_own_ratio_numerator")),
        sa.CheckConstraint(f"denominator IN ({NUMBERS})", name=op.f("ck_own_ratio_denominator")),
        sa.CheckConstraint("shown_as IN ('percent', 'amount')", name=op.f("ck_own_ratio_shown_as")),
        sa.ForeignKeyConstraint(["network_id"], ["network.network_id"], name=op.f("fk_own_ratio_network_id")),
        *(part_of(term, name) for term in ("numerator", "denominator") for name in CATALOG),
        sa.PrimaryKeyConstraint("network_id", "own_ratio_id", name=op.f("pk_own_ratio")),
        sa.UniqueConstraint("network_id", "label_key", name=op.f("uq_own_ratio_network_id_label_key")),
    )
    own = "network_id = nullif(current_setting('app.network_id', true), '')::integer"
    op.execute("ALTER TABLE own_ratio ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE own_ratio FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_network ON own_ratio USING ({own}) WITH CHECK ({own})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON own_ratio TO leadback_app")


def part_of(term: str, name: str) -> sa.ForeignKeyConstraint:
    """The status, sub-status or field that a term is about."""
    return sa.ForeignKeyConstraint(
        ["network_id", f"{term}_{name}_id"],
        [f"{name}.network_id", f"{name}.{name}_id"],
        name=op.f(f"fk_own_ratio_network_id_{term}_{name}_id"),
    )
