"""A segment task takes as much memory for a million people as for ten thousand."""

import subprocess
import sys
from pathlib import Path

import pytest

SCAN = Path(__file__).with_name("scan_generated_people.py")


def peak_of(people: int) -> int:
    """The most memory, in KiB, that a process held while it scanned so many people."""
    told = subprocess.run([sys.executable, str(SCAN), str(people)], capture_output=True, text=True, check=True)
    selected, peak = map(int, told.stdout.split())
    # Every fourth was meant.
    assert selected == people // 4
    return peak


@pytest.mark.full
def test_memory_stays_flat_in_the_number_of_people():
    small, large = peak_of(10_000), peak_of(1_000_000)

    print(f"peak memory: {small:,} KiB for 10,000 people, {large:,} KiB for 1,000,000")
    assert abs(large - small) < 0.1 * small
