"""Ids of organizational units, in the form of botocore's model of Organizations."""

import re

from bulkeic.core.errors import InputError, quoted

_match_unit = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}", re.ASCII).fullmatch


def parse_unit(text: str) -> str:
    """Checks the id of an organizational unit, or of the root, and returns it.

    Raises:
        InputError: it is neither.
    """
    if not _match_unit(text):
        raise InputError(
            f"{quoted(text)} is not an organizational unit; expected an id such as "
            "ou-ab12-11111111, or the root's, such as r-ab12"
        )
    return text
