"""The parts that pages have in common; ``templates/page_parts.html`` renders them."""

from typing import NamedTuple


class Tile(NamedTuple):
    """A key figure at the top of a page."""

    name: str
    value: str
    note: str


class Fact(NamedTuple):
    """A circumstance of what the page shows; an empty value is not shown."""

    name: str
    value: str
    is_code: bool = False
