"""One fuzz target under atheris, which looks for inputs that reach code not reached before.

``make fuzz`` runs it, for each target in a process of its own:
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
    """Fuzzes until the time is over, or something is found: then the input is kept in a file."""
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
