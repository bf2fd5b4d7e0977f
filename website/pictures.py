"""Takes the pictures of the documentation from real runs in the sandbox.

``python -m website.pictures`` writes ``docs/pictures``. Terminal screens become SVG, pages PNG.
It needs Chromium and tmux. Only times, counts of a moment and ports differ from run to run.
"""

import base64
import re
import shutil
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from tests.e2e.browser import Browser
from tests.e2e.conftest import Bulkeic, Server
from tests.e2e.live_helpers import ended, live_url
from tests.e2e.tmux import PROMPT, Tmux

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs/pictures"
FLEET = ROOT / "examples/fleet.csv"
COLUMNS, ROWS = 100, 45
WAVE_2_WORKS = r"(?s)wave 2.*updating \S+ +[4-8]\d%"
PAGE_WIDTH, PAGE_HEIGHT = 1100, 760
WAVE_3_WORKS = """[...document.querySelectorAll('dt')].some(
  tile => tile.textContent === 'Pending' && parseInt(tile.nextElementSibling.textContent) < 60
)"""

# The form of rich, but with fonts of the reader's system instead of one from another host.
SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def take_screens(bulkeic: Bulkeic) -> None:
    """A plan of five functions with its diff, and an apply of the fleet in waves."""
    rows = FLEET.read_text(encoding="utf-8").splitlines(keepends=True)
    bulkeic.write("five.csv", "".join(rows[:6]))
    shutil.copy(FLEET, bulkeic.folder / "fleet.csv")
    plan = ("plan", "five.csv", "--sandbox", "--run", "plan.db", "--diff")
    with Tmux(bulkeic, COLUMNS, ROWS) as terminal:
        terminal.start(*plan)
        terminal.last_screen()
        write_screen("plan", plan, terminal.colored_screen())

    apply = ("apply", "fleet.csv", "--sandbox", "--run", "change.db", "--waves", "10,50%,100%")
    with Tmux(bulkeic, COLUMNS, ROWS) as terminal:
        terminal.start(*apply)
        write_screen("progress", apply, screen_with(terminal, WAVE_2_WORKS))
        terminal.last_screen()
        write_screen("apply", apply, terminal.colored_screen())


def screen_with(terminal: Tmux, pattern: str) -> str:
    """The first screen that has a pattern in its text.

    Raises:
        LookupError: the command ended without such a screen.
    """
    while True:
        screen = terminal.colored_screen()
        text = Text.from_ansi(screen).plain
        if re.search(pattern, text):
            return screen
        if PROMPT in text:
            raise LookupError(f"{pattern} was never on the screen:\n{text}")


def write_screen(name: str, words: tuple[str, ...], screen: str) -> None:
    """Writes the picture of a command and its screen."""
    text = Text.assemble((f"$ bulkeic {' '.join(words)}\n", "bold"))
    text += Text.from_ansi(screen.replace(PROMPT, "").rstrip())
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(text, highlight=False, soft_wrap=True)
        svg = console.export_svg(title="", theme=SVG_EXPORT_THEME, code_format=SVG, unique_id=name)
    lines = (line.rstrip() for line in svg.splitlines())
    (PICTURES / f"{name}.svg").write_text("\n".join(lines).strip() + "\n", encoding="utf-8")


def take_pages(bulkeic: Bulkeic, browser: Browser) -> None:
    """The live page and the sandbox's while a run works, then the page of its report."""
    server = Server(bulkeic.start("sandbox", "--targets", "fleet.csv"))
    process = bulkeic.start(
        "apply", "fleet.csv", "--yes", "--ui", "--run", "page.db", "--waves", "10,50%,100%",
        "--max-failures", "5%", "--endpoint-url", server.url,
        "--role-arn", "arn:aws:iam::{account}:role/Updater",
    )  # fmt: skip
    with browser.page():
        open_page(browser, live_url(process))
        browser.until(WAVE_3_WORKS)
        write_page(browser, "live-page")
    with browser.page():
        open_page(browser, f"{server.url}/_sandbox/")
        browser.until("document.querySelectorAll('#recent tbody tr').length > 20")
        write_page(browser, "sandbox-page")
    ended(process)
    server.stop()
    bulkeic("report", "change.db", "--html", "report.html")
    with browser.page():
        open_page(browser, (bulkeic.folder / "report.html").as_uri())
        browser.until("document.querySelector('#targets tbody tr')")
        write_page(browser, "report")


def open_page(browser: Browser, url: str) -> None:
    """Opens a page in a light window of the usual size."""
    size = {"width": PAGE_WIDTH, "height": PAGE_HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    browser.ask("Emulation.setDeviceMetricsOverride", **size)
    browser.ask("Emulation.setScrollbarsHidden", hidden=True)
    browser.open(url)


def write_page(browser: Browser, name: str) -> None:
    """Writes the picture of what the window shows."""
    image = browser.ask("Page.captureScreenshot", format="png", optimizeForSpeed=False)["data"]
    (PICTURES / f"{name}.png").write_bytes(base64.b64decode(image))


def main() -> None:
    """Takes all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        bulkeic = Bulkeic(Path(folder))
        try:
            take_screens(bulkeic)
            with Browser(Path(folder) / "browser") as browser:
                take_pages(bulkeic, browser)
        finally:
            bulkeic.end()


if __name__ == "__main__":
    main()
