"""What a value can become: its choices, or values that can be listed on this computer."""

from collections.abc import Callable, Iterable

from click.shell_completion import CompletionItem

from bulkeic.cli.completion.listed_files import files_of_kind, source_files
from bulkeic.cli.completion.shell_protocols import PATH
from bulkeic.core.options.known_values import KnownValues
from bulkeic.core.options.option_values import ValueType
from bulkeic.store.sqlite.file_kind import DISCOVERY_FILE, RUN_FILE

Items = list[CompletionItem]


def suggested_values(values: ValueType, incomplete: str) -> Items:
    """The values that begin with what was typed.

    Args:
        values: the type of the option or argument.
        incomplete: what was typed.
    """
    if values.known is not None:
        return _LISTS[values.known](incomplete)
    return _matching(((choice, "") for choice in values.choices), incomplete)


def _matching(known: Iterable[tuple[str, str]], incomplete: str) -> Items:
    """Candidates from values with their descriptions."""
    return [
        CompletionItem(value, help=text or None)
        for value, text in known
        if value.startswith(incomplete)
    ]


def _files(incomplete: str) -> Items:
    return [CompletionItem(incomplete, type="file")]


def _run_files(incomplete: str) -> Items:
    return _paths(files_of_kind(incomplete, RUN_FILE), incomplete) or _files(incomplete)


def _discovery_files(incomplete: str) -> Items:
    return _paths(files_of_kind(incomplete, DISCOVERY_FILE), incomplete) or _files(incomplete)


def _sources(incomplete: str) -> Items:
    return _paths(source_files(incomplete), incomplete)


def _paths(paths: Iterable[str], incomplete: str) -> Items:
    """Candidates from paths; the shell itself lists a home folder."""
    if incomplete.startswith("~"):
        return _files(incomplete)
    return [CompletionItem(path, PATH) for path in paths]


def _profiles(incomplete: str) -> Items:
    from bulkeic.aws.identity.configured_profiles import configured_profiles  # noqa: PLC0415

    return _matching(((name, "") for name in configured_profiles()), incomplete)


def _regions(incomplete: str) -> Items:
    """Candidates for the last Region of a list; ``!`` may be before it."""
    from bulkeic.aws.inventory.region_names_file import described_regions  # noqa: PLC0415

    head, comma, last = incomplete.rpartition(",")
    before = f"{head}{comma}{'!' * last.startswith('!')}"
    return _matching(((f"{before}{name}", text) for name, text in described_regions()), incomplete)


def _doc_pages(incomplete: str) -> Items:
    from bulkeic.documentation.page_files import read_pages  # noqa: PLC0415

    return _matching(((page.name, page.title) for page in read_pages()), incomplete)


_LISTS: dict[KnownValues, Callable[[str], Items]] = {
    KnownValues.FILES: _files,
    KnownValues.PROFILES: _profiles,
    KnownValues.REGIONS: _regions,
    KnownValues.RUN_FILES: _run_files,
    KnownValues.DISCOVERY_FILES: _discovery_files,
    KnownValues.SOURCES: _sources,
    KnownValues.DOC_PAGES: _doc_pages,
}
