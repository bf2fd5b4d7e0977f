"""Runs one fuzz target under atheris, which searches for inputs that reach new code.

``make fuzz`` runs it in a process for each target:
python -m tests.fuzz.guided NAME -max_total_time=60
"""

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bulkeic", "jmespath"]):
    from tests.fuzz.targets import FUZZ


def main() -> None:
    """Fuzzes until the time is over or an input fails; atheris saves that input in a file."""
    _, name, *flags = sys.argv
    warnings.simplefilter("ignore")
    fuzz = FUZZ[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(fuzz.seeds):
            Path(corpus, str(number)).write_bytes(seed)
        atheris.Setup(["fuzz", corpus, *flags], fuzz.run)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
