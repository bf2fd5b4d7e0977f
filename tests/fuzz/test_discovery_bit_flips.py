"""A flipped bit in a discovery file is found, or it changes nothing of what is read or written."""

import os
import random
from contextlib import closing
from pathlib import Path

from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Lane, Operation
from bulkeic.discovery.discover_options import CriteriaOptions, DiscoverOptions
from bulkeic.discovery.model.criteria import Qualifiers
from bulkeic.discovery.run.discovery_binding import (
    new_discovery_metadata,
    stored_criteria,
    with_stored_scope,
)
from bulkeic.discovery.run.found_targets import FoundTargets
from bulkeic.store.discovery.discovered_pages import (
    FailedPage,
    ReadPage,
    StoredAccount,
    StoredEntry,
    StoredListing,
)
from bulkeic.store.discovery.discovery_creation import create_discovery_file
from bulkeic.store.discovery.discovery_file import DiscoveryFile

EXAMPLES = int(os.environ.get("BULKEIC_EXAMPLES", "30"))
FLIPS = 20_000 if EXAMPLES >= 1000 else 200
SEED = 18
LANE, OTHER = Lane("123456789012", "us-east-1"), Lane("210987654321", "eu-west-1")
OPTIONS = DiscoverOptions(
    wanted=CriteriaOptions(qualifiers=(Qualifiers.LATEST, Qualifiers.ALIASES), names=("fn-*",))
)


def make_file(path: Path) -> None:
    """A discovery with functions, aliases, tags, a failure and pages that remain."""
    names = [f"fn-{number}" for number in range(20)]
    aliases = [StoredListing(LANE, Operation.LIST_ALIASES, name) for name in names]
    create_discovery_file(path, new_discovery_metadata(OPTIONS))
    entry = {"Name": "live"}
    with closing(DiscoveryFile(path)) as file:
        accounts = [StoredAccount(LANE.account_id), StoredAccount(OTHER.account_id, None, "X", "x")]
        file.save_places(accounts, [LANE, OTHER], Operation.LIST_FUNCTIONS)
        file.save_tags(LANE, {name: {"team": name} for name in names}, is_last=True)
        facts = {name: {"FunctionName": name, "Runtime": "python3.13"} for name in names}
        listing = StoredListing(LANE, Operation.LIST_FUNCTIONS)
        file.record([
            ReadPage(listing=listing, functions=facts, following=aliases, next_marker="2"),
            *(
                ReadPage(listing=each, entries=[StoredEntry(each.function, "live", entry)])
                for each in aliases[:15]
            ),
            FailedPage(aliases[15], "AccessDeniedException", "denied"),
        ])  # fmt: skip


def read_everything(path: Path) -> object:
    """All that decides what is called or written."""
    with closing(DiscoveryFile(path)) as file:
        criteria = stored_criteria(file)
        found = FoundTargets(file, criteria)
        return (
            criteria, with_stored_scope(OPTIONS, file), list(found.rows()), found.tally.lanes(),
            found.tally.unread(), list(file.pending()), file.accounts(), file.lanes_without_tags(),
        )  # fmt: skip


def test_a_flipped_bit_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    whole, path = tmp_path / "whole.db", tmp_path / "found.db"
    make_file(whole)
    data, expected = whole.read_bytes(), read_everything(whole)
    choose, refused = random.Random(SEED), 0

    for _ in range(FLIPS):
        content = bytearray(data)
        at = choose.randrange(len(content))
        content[at] ^= 1 << choose.randrange(8)
        path.write_bytes(content)
        try:
            assert read_everything(path) == expected, at
        except RunFileError:
            refused += 1

    assert refused > FLIPS // 10
