"""Processor time of a measure: what else runs on the machine takes from the rates, and hardly anything from this."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def seconds_used(data_dir: Path) -> float:
    """What our own processes and the server in this data directory have used until now, ended ones included.

    Linux alone tells it. Only differences mean something, and only between moments at which the same processes run:
    one that has ended counts once whoever waited for it is asked.
    """
    postmaster = int((data_dir / "postgres" / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                # The name, in parentheses, may hold anything.
                fields = (place / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            pid = int(place.name)
            parents[pid] = int(fields[1])
            used[pid] = sum(int(field) for field in fields[11:15]) / TICKS
    return sum(seconds for pid, seconds in used.items() if _descends(pid, {postmaster, os.getpid()}, parents))


def _descends(pid: int, roots: set[int], parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid in roots:
            return True
        pid = parents[pid]
    return False
