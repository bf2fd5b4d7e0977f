"""``make dist-test``: each artifact in an empty environment, without the repository.

BULKEIC_DIST is the folder that ``make dist`` filled.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
DIST = Path(os.environ.get("BULKEIC_DIST", "/nonexistent"))
KINDS = ("wheel", "sdist", "pyz")
LONGEST_S = 60
MARK = "live page: "
VERSION = re.compile(r'__version__ = "(.+)"')

pytestmark = pytest.mark.skipif(not DIST.is_dir(), reason="runs with make dist-test")


class Installed:
    """An artifact in an empty environment: only HOME and a PATH with Python.

    Attributes:
        ready_s: seconds that the installation took; 0 for a file that needs none.
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self.ready_s = 0.0
        python = Path(sys.executable).resolve().parent
        self.env = {"HOME": str(folder), "PATH": f"{python}:/usr/bin:/bin"}
        self.words = [str(DIST / "bulkeic.pyz")]
        if kind != "pyz":
            (artifact,) = DIST.glob("*.whl" if kind == "wheel" else "*.tar.gz")
            self._install(python / "python3", artifact)

    def _install(self, python: Path, artifact: Path) -> None:
        started = time.monotonic()
        venv = self.folder / "venv"
        subprocess.run([python, "-m", "venv", venv], check=True, cwd=self.folder)
        subprocess.run(  # with pip's settings of this machine: they name the index
            [venv / "bin/python", "-m", "pip", "install", "--quiet", artifact],
            check=True, cwd=self.folder, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.words = [str(venv / "bin/bulkeic")]
        self.ready_s = time.monotonic() - started

    def __call__(self, *words: object) -> "subprocess.CompletedProcess[str]":
        ended = subprocess.run(
            [*self.words, *map(str, words)], cwd=self.folder, env=self.env, timeout=LONGEST_S * 5,
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended


@pytest.fixture(scope="module", params=KINDS)
def bulkeic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "fleet.csv").write_bytes((ROOT / "examples/fleet.csv").read_bytes())
    return Installed(folder, request.param)


def test_it_rolls_out_in_the_sandbox_and_writes_a_report(
    bulkeic: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    applied = bulkeic("apply", "fleet.csv", "--sandbox", "--yes", "--run", "run.db")
    took_s = time.monotonic() - started

    assert "200 targets: 185 updated, 13 unchanged, 2 failed" in applied.stderr
    assert applied.returncode == 1
    with capsys.disabled():
        sys.stdout.write(f"\n{bulkeic.words[0]}: {bulkeic.ready_s:.1f} + {took_s:.1f} s\n")
    assert bulkeic("report", "run.db", "--html", "run.html").returncode == 0
    page = (bulkeic.folder / "run.html").read_text()
    assert "<style>" in page
    assert "<script" in page
    summary = json.loads(bulkeic("report", "run.db", "--json").stdout)
    assert summary["statuses"]["updated"] == 185


def test_it_has_the_version_and_every_command(bulkeic: Installed) -> None:
    version = VERSION.search((ROOT / "bulkeic/version.py").read_text())
    assert version is not None
    assert bulkeic("--version").stdout.split()[-1] == version[1]
    listed = bulkeic("--help").stdout.partition("Commands:")[2]
    commands = re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE)
    assert {"apply", "plan", "report", "sandbox"} <= set(commands)
    for command in commands:
        assert bulkeic(command, "--help").returncode == 0
    if "docs" in commands:
        assert bulkeic("docs").returncode == 0


def test_it_starts_workers(bulkeic: Installed) -> None:
    words = ("--sandbox", "--yes", "--workers", 2, "--limit", 20, "--run", "workers.db")

    ended = bulkeic("apply", "fleet.csv", *words)

    assert "2 workers" in ended.stderr
    assert "20 targets: " in ended.stderr


def test_it_serves_the_live_page(bulkeic: Installed) -> None:
    words = ("apply", "fleet.csv", "--sandbox", "--yes", "--ui", "--rate", "2", "--run", "ui.db")
    with subprocess.Popen(
        [*bulkeic.words, *words], cwd=bulkeic.folder, env=bulkeic.env, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stderr is not None
            url = next(
                line.removeprefix(MARK).strip() for line in process.stderr if line.startswith(MARK)
            )
            with urlopen(url, timeout=20) as answer:
                page = answer.read().decode()
            assets = re.findall(r'(?:src|href)="([^"#]+\.(?:js|css))"', page)
            for asset in assets:
                with urlopen(urljoin(url, asset), timeout=20) as answer:
                    assert answer.read()
            assert "<title>" in page
            assert assets or ("<style" in page and "<script" in page)
        finally:
            process.terminate()
            process.communicate(timeout=30)


def test_the_license_is_inside(bulkeic: Installed) -> None:
    found = [
        path for path in bulkeic.folder.rglob("LICENSE") if "/bulkeic-" in str(path.parent)
    ]  # fmt: skip
    assert found
    assert found[0].read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_checksums_are_those_of_the_files() -> None:
    named = dict(line.split()[::-1] for line in (DIST / "SHA256SUMS").read_text().splitlines())
    files = {path.name: path for path in DIST.iterdir() if path.name != "SHA256SUMS"}
    assert named == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()
    }


def test_the_sbom_names_what_the_base_lock_pins() -> None:
    (path,) = DIST.glob("*.cdx.json")
    sbom = json.loads(path.read_text())
    pins = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "base.lock").read_text(), re.MULTILINE)
    parts = {
        (part["name"].lower().replace("_", "-"), part["version"]) for part in sbom["components"]
    }
    assert sbom["bomFormat"] == "CycloneDX"
    assert parts == set(pins)
