"""A flipped bit in a run file is found before anything is sent, or it changes nothing.

``make fuzz`` flips 2,000 bits anywhere and 200 in names, settings, roles, digests and statuses.
"""

import os
from pathlib import Path

from .bit_flips import FlipCounts, flips

EXAMPLES = int(os.environ.get("BULKEIC_EXAMPLES", "30"))
ANYWHERE, AIMED = (2000, 200) if EXAMPLES >= 1000 else (30, 30)
SEED = 16


def test_a_flipped_bit_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    counts = FlipCounts(tmp_path)

    for at, bit in flips(counts.data, ANYWHERE, AIMED, SEED):
        counts.flip(at, bit)

    assert counts.false == []
    assert counts.refused + counts.harmless == ANYWHERE + AIMED
    assert counts.refused >= AIMED
