"""What a command is, before anything of it is imported."""

from typing import NamedTuple


class CommandDeclaration(NamedTuple):
    """A command.

    Attributes:
        name: as typed behind ``bulkeic``.
        options: ``module:name`` of the struct that declares its options.
        run: ``module:name`` of the function that takes the options and returns the exit code, or
            ``None`` for success.
        summary: one sentence.
        description: more sentences; may be empty.
        examples: what each example does, and its command line.
        workers: ``module:name`` of what opens the workers that ``--workers`` names, given the
            options; ``None``: the command has no such flag.
        resumes: the argument or option that names a file whose work the command resumes, if it
            exists; what the file stores is then not taken from the configuration.
        page: the page of the documentation that says more; empty: there is none.
    """

    name: str
    options: str
    run: str
    summary: str
    description: str
    examples: tuple[tuple[str, str], ...]
    workers: str | None = None
    resumes: str | None = None
    page: str = ""
