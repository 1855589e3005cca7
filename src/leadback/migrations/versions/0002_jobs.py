"""The job queue, in a schema of its own, and the right to lock what the outbox holds."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("CREATE SCHEMA jobs")
    op.execute("SET LOCAL search_path TO jobs")
    # By the driver itself: it sends a text without parameters as it is, with all its statements and percent signs.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(Path(__file__).with_suffix(".sql").read_bytes())
    op.execute("SET LOCAL search_path TO DEFAULT")
    op.execute("GRANT USAGE ON SCHEMA jobs TO leadback_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO leadback_app")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO leadback_app")
    op.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs TO leadback_app")
    op.execute("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jobs FROM PUBLIC")
    # Nobody changes a notice, but SELECT … FOR UPDATE SKIP LOCKED is refused without this.
    op.execute("GRANT UPDATE ON outbox TO leadback_app")
