"""What a wheel has inside: everything that the repository's package has, and the license."""

import subprocess
import sys
import zipfile
from pathlib import Path

from bulkeic.version import __version__

ROOT = Path(__file__).parents[2]


def test_a_wheel_has_every_file_of_the_package_and_the_license(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip

    (wheel,) = tmp_path.glob("bulkeic-*-py3-none-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(
        ["find", "bulkeic", "-type", "f", "-not", "-name", "*.pyc"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert set(listed.stdout.split()) <= names
    assert [name for name in names if name.endswith("dist-info/licenses/LICENSE")]
    assert not {name.split("/")[0] for name in names} & {"tests", "benchmarks", "examples"}


def test_the_changelog_has_a_section_and_a_link_for_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert f"\n## [{__version__}] - 20" in text
    assert f"\n[{__version__}]: https://" in text
    assert f"/compare/v{__version__}...HEAD" in text
