"""A data directory for a server of one's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.embedded_support import scratch_directory


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A path that is not there yet."""
    # Not tmp_path: every pytest session of an account takes the o+x from their common parent again, under the
    # feet of a server that runs as another account.
    with scratch_directory() as scratch:
        yield scratch / "data"
