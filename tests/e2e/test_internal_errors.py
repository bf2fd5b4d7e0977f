"""An unexpected error in the installed command."""

import pytest

from .conftest import Bulkeic

BUG = """
from bulkeic.store.loader import Loader

def fail(self, *words, **named):
    raise RuntimeError("a bug")

Loader.finish = fail
"""


@pytest.mark.parametrize(("level", "has_traceback"), [("debug", True), ("warning", False)])
def test_an_internal_error_exits_with_3_and_shows_its_traceback_at_level_debug(
    bulkeic: Bulkeic, level: str, *, has_traceback: bool
) -> None:
    bulkeic.write("sitecustomize.py", BUG)
    bulkeic.write("targets.csv", "FunctionName\nfn\n")

    process = bulkeic.start(
        "apply", "targets.csv", "--sandbox", "--maximum-retry-attempts", "1", "--log-level", level,
        "--log-format", "console", env={"PYTHONPATH": str(bulkeic.folder)},
    )  # fmt: skip
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out) == (3, ""), err
    assert ("Traceback" in err) == has_traceback
    assert err.splitlines()[-1] == (
        "bulkeic: internal error, please report it with --log-level debug: RuntimeError('a bug')"
    )
