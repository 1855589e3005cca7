"""The column types and the metadata that every package's tables share."""

from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Numeric, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

MONEY_MAX = 10**12
"""Amounts and revenues lie within plus and minus this many units of the network's currency."""

# Text is compared byte by byte: names are exact, and an index never depends on a collation's version.
ExactText = Text(collation="C")

Money = Numeric(18, 4)

# Sums of money over any number of sales.
Total = Numeric(24, 4)


def network_column(*, primary_key: bool = True) -> Column[int]:
    """The first column of every table, key and foreign key: every statement touches one network."""
    return Column("network_id", Integer, primary_key=primary_key, nullable=False, autoincrement=False)


def one_of(column: str, *values: str) -> CheckConstraint:
    """The column holds one of these texts (or null, where it is nullable)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def money_range(column: str) -> CheckConstraint:
    """Within plus and minus `MONEY_MAX`; NaN sorts above every number, so this refuses it as well."""
    return CheckConstraint(f"{column} >= -{MONEY_MAX} AND {column} <= {MONEY_MAX}", name=f"{column}_range")
