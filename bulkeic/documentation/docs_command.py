"""``bulkeic docs``: lists the pages, shows one, or searches them."""

import sys
from typing import Annotated

import msgspec

from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.options.known_values import KnownValues
from bulkeic.core.options.option_declaration import Argument, Flag, OptionGroup
from bulkeic.core.options.option_values import ValueType


class DocsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``docs``."""

    page: Annotated[str, Argument(
        "PAGE", "The page to show. Without it, every page is listed.", required=False,
        values=ValueType("PAGE", known=KnownValues.DOC_PAGES))] = ""  # fmt: skip
    search: Annotated[str | None, Flag(
        "--search", "Print the lines with this text, whatever the case, instead of pages.",
        OptionGroup.OUTPUT, ValueType("TEXT"))] = None  # fmt: skip


def show_docs(options: DocsOptions) -> ExitCode:
    """Prints a page, the list of pages, or the lines with a text.

    Raises:
        UsageError: there is no such page, or no line with the text.
    """
    from bulkeic.documentation.doc_page import (  # noqa: PLC0415 - not for help
        find_page,
        index_lines,
        matching_lines,
    )
    from bulkeic.documentation.page_files import read_pages  # noqa: PLC0415
    from bulkeic.output.terminal.markdown_view import show_markdown  # noqa: PLC0415

    pages = read_pages()
    chosen = [find_page(pages, options.page)] if options.page else pages
    if options.search is not None:
        lines = list(matching_lines(chosen, options.search))
        if not lines:
            raise UsageError(f"no line contains {quoted(options.search)}; try a shorter text")
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    elif options.page:
        show_markdown(chosen[0].text)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in index_lines(pages)))
        sys.stdout.write("\nShow a page with: bulkeic docs PAGE\n")
    return ExitCode.OK
