"""A discovery file: where functions are looked for, what was found, and which pages remain."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from bulkeic.core.errors import RunFileError
from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Lane, Operation
from bulkeic.store.discovery.discovered_pages import (
    FailedPage,
    PlaceFailure,
    ReadPage,
    StoredAccount,
    StoredListing,
)
from bulkeic.store.discovery.discovery_metadata import DiscoveryMetadata
from bulkeic.store.discovery.discovery_rows import (
    account_row,
    decode_tags,
    entry_row,
    function_of,
    function_row,
    lane_row,
    tags_row,
)
from bulkeic.store.discovery.discovery_schema import (
    ADD_LISTINGS,
    DISCOVERY_SCHEMA,
    FORGET_LANE_FAILURES,
    MARK_GONE,
    MARK_PENDING,
    SEALED_TABLES,
    SELECT_FAILURES,
    SELECT_FUNCTIONS,
    STORE_ACCOUNTS,
    STORE_ENTRIES,
    STORE_FUNCTIONS,
    STORE_LANES,
    STORE_LISTINGS,
    STORE_TAGS,
    ListingState,
)
from bulkeic.store.integrity.digests import are_run_rows_intact, is_intact, save_run_rows, sealed
from bulkeic.store.integrity.file_integrity import DamagedError, check_structure
from bulkeic.store.mapping import lane_of
from bulkeic.store.run_writer import close_log, open_writer
from bulkeic.store.sqlite.database import Database
from bulkeic.store.sqlite.file_kind import DISCOVERY_FILE

_BATCH = 1000


def _check_content(connection: sqlite3.Connection) -> None:
    check_structure(connection, DISCOVERY_SCHEMA)
    if not are_run_rows_intact(connection):
        raise DamagedError("run: not as it was stored")
    for table in SEALED_TABLES:
        rows = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - constants only
        while batch := rows.fetchmany(_BATCH):
            if not all(map(is_intact, batch)):
                raise DamagedError(f"{table}: a row is not as it was stored")


class DiscoveryFile:
    """A discovery file that belongs to this process until it is closed.

    One thread can read while another writes.

    Args:
        path: of the file.

    Attributes:
        metadata: how the discovery was started.

    Raises:
        DamagedRunError: it is damaged.
        RunFileError: it cannot be opened, is not a discovery file, or is in use.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # A lost log costs pages that are read again, and nothing else.
        self._database = Database(path, accept_loss=True, kind=DISCOVERY_FILE, check=_check_content)
        self._lane_ids: dict[Lane, int] = {}
        try:
            with self._database.errors("cannot be read"):
                self._reader = self._database.connect(read_only=True)
                rows: dict[str, str] = dict(self._reader.execute("SELECT key, value FROM run"))
                if "criteria" not in rows:
                    raise DamagedError("run: it does not say what to look for")  # noqa: TRY301 - placed by errors()
                self.metadata = DiscoveryMetadata.load(rows)
                self._load_lanes()
            self._writer = open_writer(self._database)
        except BaseException:
            self._database.close()
            raise

    def _load_lanes(self) -> None:
        rows = self._reader.execute("SELECT account_id, region, id FROM lane ORDER BY 1, 2")
        self._lane_ids = {lane_of(account, region): number for account, region, number in rows}

    def close(self) -> None:
        """Closes the file, and lets other processes use it."""
        close_log(self._writer)
        self._database.close()

    def delete(self) -> None:
        """Deletes the file, unless its name belongs to another file by now, and closes it."""
        close_log(self._writer)
        with suppress(RunFileError, OSError):
            self._database.check_in_place()
            for ending in ("", "-wal", "-shm"):  # a reader may have kept the log
                self.path.with_name(f"{self.path.name}{ending}").unlink(missing_ok=True)
        self._database.close()

    def lanes(self) -> list[Lane]:
        """Every lane that is known, sorted."""
        return sorted(self._lane_ids)

    def accounts(self) -> dict[str, StoredAccount]:
        """Every account, by its id."""
        with self._database.errors("cannot be read"):
            return {
                row[0]: StoredAccount(*row)
                for row in self._reader.execute(
                    "SELECT account_id, role_arn, code, message FROM account ORDER BY 1"
                )
            }

    def save_metadata(self, metadata: DiscoveryMetadata) -> None:
        """Replaces the metadata."""
        with self._transaction() as writer:
            save_run_rows(writer, metadata.save())
        self.metadata = metadata

    def save_places(
        self, accounts: Iterable[StoredAccount], lanes: Iterable[Lane], listed: Operation | None
    ) -> None:
        """Stores where to look, in one transaction. Known lanes stay as they are.

        Args:
            accounts: which; they replace those that are stored.
            lanes: of these accounts.
            listed: lists the functions of each new lane; ``None``: the functions come from an
                inventory.
        """
        new = [lane for lane in lanes if lane not in self._lane_ids]
        metadata = msgspec.structs.replace(self.metadata, has_places=True)
        with self._transaction() as writer:
            STORE_ACCOUNTS.execute(writer, [account_row(account) for account in accounts])
            first = [self._add_lane(lane, has_tags=False) for lane in new]
            STORE_LANES.execute(writer, first)
            if listed is not None:
                rows = [self._listing_row(StoredListing(lane, listed)) for lane in new]
                ADD_LISTINGS.execute(writer, rows)
            save_run_rows(writer, metadata.save())
        self.metadata = metadata

    def _add_lane(self, lane: Lane, *, has_tags: bool) -> tuple[Any, ...]:
        number = self._lane_ids[lane] = len(self._lane_ids) + 1
        return lane_row(lane, number, has_tags=has_tags)

    def lanes_without_tags(self) -> list[Lane]:
        """The lanes whose tags were not read."""
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                "SELECT account_id, region FROM lane WHERE NOT has_tags ORDER BY 1, 2"
            )
            return [Lane(*row) for row in rows]

    def save_tags(
        self, lane: Lane, tags: Mapping[str, Mapping[str, str]], *, is_last: bool
    ) -> None:
        """Stores tags of functions.

        Args:
            lane: of the functions.
            tags: the tags of each function.
            is_last: whether the tags of the lane are complete now.
        """
        number = self._lane_ids[lane]
        rows = [tags_row(number, *each) for each in tags.items()]
        with self._transaction() as writer:
            STORE_TAGS.execute(writer, rows)
            if is_last:
                STORE_LANES.execute(writer, [lane_row(lane, number, has_tags=True)])

    def tags(self, lane: Lane, functions: Sequence[str]) -> dict[str, dict[str, str]]:
        """The tags of some functions of a lane, as far as they have any."""
        marks = ", ".join("?" * len(functions))
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                f"SELECT function, tags FROM tagged WHERE lane_id = ? AND function IN ({marks})",  # noqa: S608 - marks only
                (self._lane_ids[lane], *functions),
            )
            return {name: decode_tags(text) for name, text in rows}

    def tagged_lanes(self) -> set[Lane]:
        """The lanes with functions that have tags."""
        with self._database.errors("cannot be read"):
            rows = self._reader.execute("SELECT DISTINCT lane_id FROM tagged")
            numbers = {number for (number,) in rows}
        return {lane for lane, number in self._lane_ids.items() if number in numbers}

    def save_failure(self, lane: Lane, code: str, message: str) -> None:
        """Stores why a lane was not read."""
        with self._transaction() as writer:
            writer.execute(
                "UPDATE lane SET code = :code, message = :message, row_digest = "
                "row_digest(id, account_id, region, has_tags, :code, :message) WHERE id = :lane",
                {"lane": self._lane_ids[lane], "code": code, "message": message},
            )

    def record(self, pages: Sequence[ReadPage | FailedPage]) -> None:
        """Stores pages in one transaction, with what remains to be read after them.

        Raises:
            RunFileError: they cannot be written; then none of them is.
        """
        self._database.check_in_place()
        with self._transaction() as writer:
            for page in pages:
                if isinstance(page, ReadPage):
                    self._record_page(writer, page)
                else:
                    self._record_failure(writer, page)

    def _record_page(self, writer: sqlite3.Connection, page: ReadPage) -> None:
        listing, number = page.listing, self._lane_ids[page.listing.lane]
        STORE_FUNCTIONS.execute(
            writer,
            [function_row(number, *each) for each in page.functions.items()],
        )
        rows = [entry_row(number, listing.operation, entry) for entry in page.entries]
        STORE_ENTRIES.execute(writer, rows)
        ADD_LISTINGS.execute(writer, [self._listing_row(each) for each in page.following])
        if page.next_marker is None:
            row = self._listing_row(listing, ListingState.DONE)
        else:
            row = self._listing_row(msgspec.structs.replace(listing, marker=page.next_marker))
        STORE_LISTINGS.execute(writer, [row])

    def _record_failure(self, writer: sqlite3.Connection, failed: FailedPage) -> None:
        listing, number = failed.listing, self._lane_ids[failed.listing.lane]
        row = self._listing_row(listing, ListingState.FAILED, failed.code, failed.message)
        STORE_LISTINGS.execute(writer, [row])
        if failed.is_gone:
            writer.execute(MARK_GONE, (number, listing.function))

    def _listing_row(
        self,
        listing: StoredListing,
        state: ListingState = ListingState.PENDING,
        code: str | None = None,
        message: str | None = None,
    ) -> tuple[Any, ...]:
        number = self._lane_ids[listing.lane]
        key = number, listing.function, listing.operation.value
        return sealed((*key, listing.marker, state.value, code, message))

    def retry_failures(self) -> None:
        """Makes the pages that failed pending again, and forgets why lanes were not read."""
        with self._transaction() as writer:
            writer.execute(MARK_PENDING)
            writer.execute(FORGET_LANE_FAILURES)

    def finish_listings(self, listings: Iterable[StoredListing]) -> None:
        """Stores that no page of these listings is needed, in one transaction."""
        rows = [self._listing_row(listing, ListingState.DONE) for listing in listings]
        with self._transaction() as writer:
            STORE_LISTINGS.execute(writer, rows)

    def save_inventory(
        self,
        functions: Sequence[FoundFunction],
        following: Sequence[StoredListing],
        *,
        has_tags: bool,
    ) -> None:
        """Stores functions of an inventory; their lanes become known.

        Args:
            functions: with facts and tags.
            following: the listings that they need.
            has_tags: whether the inventory knows all tags.
        """
        with self._transaction() as writer:
            new = {each.lane: None for each in functions if each.lane not in self._lane_ids}
            STORE_LANES.execute(writer, [self._add_lane(lane, has_tags=has_tags) for lane in new])
            ids = self._lane_ids
            rows = [function_row(ids[each.lane], each.name, each.facts) for each in functions]
            STORE_FUNCTIONS.execute(writer, rows)
            tags = [(each, each.tags) for each in functions if each.tags is not None]
            rows = [tags_row(ids[each.lane], each.name, found) for each, found in tags]
            STORE_TAGS.execute(writer, rows)
            ADD_LISTINGS.execute(writer, [self._listing_row(each) for each in following])

    def pending(self) -> Iterator[StoredListing]:
        """The listings of which a page must be read. A stream."""
        lanes = {number: lane for lane, number in self._lane_ids.items()}
        with self._database.errors("cannot be read"):
            for number, operation, function, marker in self._reader.execute(
                "SELECT lane_id, operation, function, marker FROM listing "
                "WHERE state = 'pending' ORDER BY 1, 3"
            ):
                yield StoredListing(lanes[number], Operation(operation), function, marker)

    def functions_by_lane(self) -> dict[Lane, int]:
        """Number of functions in each lane, those that cannot match included."""
        with self._database.errors("cannot be read"):
            counts = dict(self._reader.execute("SELECT lane_id, count(*) FROM function GROUP BY 1"))
        return {lane: counts.get(number, 0) for lane, number in sorted(self._lane_ids.items())}

    def unread_lanes(self) -> set[Lane]:
        """The lanes of which pages remain to be read."""
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                "SELECT account_id, region FROM lane WHERE id IN "
                "(SELECT lane_id FROM listing WHERE state IN ('pending', 'failed'))"
            )
            return {Lane(*row) for row in rows}

    def deleted_functions(self) -> int:
        """Number of functions that were deleted after they were listed."""
        with self._database.errors("cannot be read"):
            (number,) = self._reader.execute(
                "SELECT count(*) FROM (SELECT DISTINCT lane_id, function FROM listing "
                "WHERE state = 'gone')"
            ).fetchone()
        return int(number)

    def is_complete(self, *, needs_inventory: bool, needs_tags: bool) -> bool:
        """Whether nothing remains to be read.

        Args:
            needs_inventory: whether the functions come from an inventory.
            needs_tags: whether the tags of every lane must be read.
        """
        metadata = self.metadata
        has_functions = metadata.has_inventory or not needs_inventory
        return (
            metadata.has_places
            and has_functions
            and not (needs_tags and self.lanes_without_tags())
            and not self.failures()
            and not self.unread_lanes()
        )

    def failures(self) -> list[PlaceFailure]:
        """Why places were not read completely, sorted by account and Region."""
        with self._database.errors("cannot be read"):
            return [PlaceFailure(*row) for row in self._reader.execute(SELECT_FAILURES)]

    def functions(self, *, has_tags: bool, has_configs: bool) -> Iterator[FoundFunction]:
        """The functions about which everything needed is known, sorted. A stream.

        Args:
            has_tags: whether tags were read; lanes of which they are not known are left out.
            has_configs: whether configurations were read.
        """
        left_out = set(self.lanes_without_tags()) if has_tags else set()
        with self._database.errors("cannot be read"):
            for lane in sorted(self._lane_ids.keys() - left_out):
                rows = self._reader.execute(SELECT_FUNCTIONS, (self._lane_ids[lane],))
                for name, group in groupby(rows, itemgetter(0)):
                    yield function_of(
                        lane, name, list(group), has_tags=has_tags, has_configs=has_configs
                    )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._database.errors("cannot be written"), self._writer as writer:
            writer.execute("BEGIN")
            yield writer
