"""A discovery file: what is stored of pages, what remains, and how damage is found."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bulkeic.core.errors import RunFileError
from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Lane, Operation
from bulkeic.store.discovery.discovered_pages import (
    FailedPage,
    PlaceFailure,
    ReadPage,
    StoredAccount,
    StoredEntry,
    StoredListing,
)
from bulkeic.store.discovery.discovery_creation import create_discovery_file
from bulkeic.store.discovery.discovery_file import DiscoveryFile
from bulkeic.store.discovery.discovery_metadata import DiscoveryMetadata
from bulkeic.store.discovery.discovery_schema import SEALED_TABLES

LANE, OTHER = Lane("123456789012", "us-east-1"), Lane("123456789012", "eu-west-1")
LISTING = StoredListing(LANE, Operation.LIST_FUNCTIONS)
ALIASES = StoredListing(LANE, Operation.LIST_ALIASES, "a")
CONFIGS = StoredListing(LANE, Operation.LIST_CONFIGS, "a")
METADATA = DiscoveryMetadata(criteria="{}", scope="{}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "found.db"
    create_discovery_file(path, METADATA)
    return path


@pytest.fixture
def file(path: Path) -> Iterator[DiscoveryFile]:
    file = DiscoveryFile(path)
    file.save_places([StoredAccount(LANE.account_id)], [LANE, OTHER], Operation.LIST_FUNCTIONS)
    yield file
    file.close()


def page(*names: str, marker: str | None = None, following: bool = False) -> ReadPage:
    return ReadPage(
        listing=LISTING,
        functions={name: {"FunctionName": name} for name in names},
        following=[ALIASES, CONFIGS] if following else [],
        next_marker=marker,
    )


def names(file: DiscoveryFile) -> list[str]:
    return [each.name for each in file.functions(has_tags=False, has_configs=False)]


def test_a_page_and_the_marker_of_the_next_one_are_stored_together(
    path: Path, file: DiscoveryFile
) -> None:
    file.record([page("b", "a", marker="2")])
    file.close()

    file = DiscoveryFile(path)
    assert names(file) == ["a", "b"]
    assert sorted(each.marker for each in file.pending()) == ["", "2"]
    file.record([ReadPage(listing=StoredListing(LANE, Operation.LIST_FUNCTIONS, marker="2"))])
    assert [each.lane for each in file.pending()] == [OTHER]
    assert file.unread_lanes() == {OTHER}
    file.close()


def test_a_function_is_found_once_everything_about_it_is_read(file: DiscoveryFile) -> None:
    file.save_tags(LANE, {}, is_last=True)
    file.record([page("a", following=True)])
    assert names(file) == []

    alias, config = {"Name": "live"}, {"MaximumRetryAttempts": 1}
    file.record([ReadPage(listing=ALIASES, entries=[StoredEntry("a", "live", alias)])])
    assert names(file) == []
    file.record([ReadPage(listing=CONFIGS, entries=[StoredEntry("a", "$LATEST", config)])])

    assert list(file.functions(has_tags=True, has_configs=True)) == [
        FoundFunction(
            lane=LANE, name="a", facts={"FunctionName": "a"}, aliases={"live": alias},
            configs={"$LATEST": config}, tags={},
        )
    ]  # fmt: skip


def test_functions_of_unknown_tags_are_left_out(file: DiscoveryFile) -> None:
    file.record([page("a")])

    assert list(file.functions(has_tags=True, has_configs=False)) == []


def test_a_repeated_page_does_not_undo_what_followed_it(file: DiscoveryFile) -> None:
    file.record([page("a", following=True), ReadPage(listing=ALIASES), ReadPage(listing=CONFIGS)])

    file.record([page("a", following=True)])

    assert names(file) == ["a"]
    assert file.functions_by_lane() == {LANE: 1, OTHER: 0}


def test_a_deleted_function_has_no_pending_page(file: DiscoveryFile) -> None:
    file.record([page("a", following=True), FailedPage(ALIASES, "Gone", "gone", is_gone=True)])

    assert names(file) == []
    assert file.deleted_functions() == 1
    assert file.unread_lanes() == {OTHER}
    assert file.failures() == []


def test_a_failure_names_its_place_until_it_is_retried(file: DiscoveryFile) -> None:
    file.record([FailedPage(LISTING, "AccessDeniedException", "denied")])
    file.save_failure(OTHER, "RegionNotEnabled", "not enabled")

    assert file.failures() == [
        PlaceFailure(OTHER.account_id, OTHER.region, "RegionNotEnabled", "not enabled"),
        PlaceFailure(LANE.account_id, LANE.region, "AccessDeniedException", "denied"),
    ]
    assert not file.is_complete(needs_inventory=False, needs_tags=False)
    file.retry_failures()
    assert file.failures() == []
    assert {each.lane for each in file.pending()} == {LANE, OTHER}


def test_tags_are_those_of_functions_that_have_any(file: DiscoveryFile) -> None:
    file.save_tags(LANE, {"a": {"team": "x"}}, is_last=False)
    assert file.lanes_without_tags() == [OTHER, LANE]
    file.save_tags(LANE, {"b": {}}, is_last=True)

    assert file.lanes_without_tags() == [OTHER]
    assert file.tags(LANE, ["a", "c"]) == {"a": {"team": "x"}}
    assert file.tagged_lanes() == {LANE}


def test_a_deleted_file_is_noticed_before_pages_are_lost(path: Path, file: DiscoveryFile) -> None:
    path.unlink()

    with pytest.raises(RunFileError, match=r"discovery file .* was deleted, moved or replaced"):
        file.record([page("a")])


@pytest.mark.parametrize("table", SEALED_TABLES)
def test_a_row_that_was_changed_is_damage(path: Path, file: DiscoveryFile, table: str) -> None:
    file.record([page("a", following=True)])
    file.record([ReadPage(listing=ALIASES, entries=[StoredEntry("a", "live", {})])])
    file.save_tags(LANE, {"a": {"team": "x"}}, is_last=True)
    file.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"UPDATE {table} SET row_digest = row_digest + 1")

    with pytest.raises(RunFileError, match=f"damaged: {table}: a row is not as it was stored"):
        DiscoveryFile(path)


def test_a_deleted_file_leaves_no_log_although_somebody_reads_it(path: Path) -> None:
    file = DiscoveryFile(path)
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM run").fetchall()
        file.delete()

    assert list(path.parent.iterdir()) == []


def test_only_the_file_itself_is_deleted(path: Path) -> None:
    file = DiscoveryFile(path)
    path.rename(path.with_name("moved.db"))
    path.write_text("mine")
    file.delete()

    assert path.read_text() == "mine"
