"""Discoveries of listings that change or lead back, and of outputs that cannot be written."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from .conftest import REGION, Bulkeic, Result, Server
from .discover_helpers import discover, found_keys
from .listing_server import ListingServer, listing_server, page
from .rollout_helpers import until

GONE = 404, {"Type": "User", "Message": "Function not found: arn:aws:lambda:…"}


def discover_from(bulkeic: Bulkeic, server: ListingServer, *words: object) -> Result:
    return bulkeic(
        "discover", "--regions", REGION, "--endpoint-url", server.url, "--rate", "unlimited", *words
    )


def names_of(result: Result) -> list[str]:
    return [key[2] for key in found_keys(result.out)]


def test_a_function_on_two_pages_is_found_once(bulkeic: Bulkeic) -> None:
    pages = {"": page("a", "b", marker="2"), "2": page("b", "c", marker="3"), "3": page("c", "a")}

    def answer(path: str, marker: str) -> tuple[int, dict[str, Any]]:
        return (200, {"Aliases": []}) if path else pages[marker]

    with listing_server(answer) as server:
        result = discover_from(bulkeic, server, "--qualifiers", "latest,aliases")

    assert result.code == 0, result.err
    assert names_of(result) == ["a", "b", "c"]
    assert sorted(server.asked) == [("", ""), ("", "2"), ("", "3")] + [
        (f"{name}/aliases", "") for name in "abc"
    ]


def test_pages_that_lead_back_end(bulkeic: Bulkeic) -> None:
    pages = {"": page("a", marker="2"), "2": page("b", marker="3"), "3": page("c", marker="2")}

    with listing_server(lambda _path, marker: pages[marker]) as server:
        result = discover_from(bulkeic, server)

    assert result.code == 1, result.err
    assert names_of(result) == ["a", "b"]
    (line,) = (line for line in result.lines if line.startswith("not read: "))
    assert "RepeatedMarker: ListFunctions: the page leads back to an earlier one" in line
    assert [marker for _, marker in server.asked] == ["", "2", "3"]


def test_a_page_that_names_itself_ends(bulkeic: Bulkeic) -> None:
    with listing_server(lambda _path, marker: page("a", marker=marker or "1")) as server:
        result = discover_from(bulkeic, server, "--max-attempts", 1)

    assert result.code == 1, result.err
    assert names_of(result) == ["a"]
    assert len([line for line in result.lines if line.startswith("not read: ")]) == 1


def test_a_function_that_was_deleted_meanwhile_is_left_out_and_counted(bulkeic: Bulkeic) -> None:
    def answer(path: str, _marker: str) -> tuple[int, dict[str, Any]]:
        if not path:
            return page("a", "gone", "z")
        return GONE if path.startswith("gone/") else (200, {"Aliases": []})

    with listing_server(answer) as server:
        result = discover_from(bulkeic, server, "--qualifiers", "latest,aliases")

    assert result.code == 0, result.err
    assert names_of(result) == ["a", "z"]
    assert "1 function left out, because deleted meanwhile" in result.err
    assert server.asked.count(("gone/aliases", "")) == 1


def test_aliases_on_several_pages_are_all_found(bulkeic: Bulkeic) -> None:
    def answer(path: str, marker: str) -> tuple[int, dict[str, Any]]:
        if not path:
            return page("a")
        name = "live" if marker else "beta"
        arn = f"arn:aws:lambda:{REGION}:123456789012:function:a:{name}"
        alias = {"Name": name, "AliasArn": arn, "FunctionVersion": "1"}
        return 200, {"Aliases": [alias]} | ({} if marker else {"NextMarker": "2"})

    with listing_server(answer) as server:
        result = discover_from(bulkeic, server, "--qualifiers", "aliases")

    assert result.code == 0, result.err
    assert [key[3] for key in found_keys(result.out)] == ["beta", "live"]


def test_a_page_that_keeps_failing_is_tried_as_often_as_allowed(bulkeic: Bulkeic) -> None:
    def answer(path: str, _marker: str) -> tuple[int, dict[str, Any]]:
        if not path:
            return page("a", "b")
        return (500, {"message": "down"}) if path == "a/aliases" else (200, {"Aliases": []})

    with listing_server(answer) as server:
        result = discover_from(
            bulkeic, server, "--qualifiers", "latest,aliases", "--max-attempts", 2
        )

    assert result.code == 1, result.err
    assert names_of(result) == ["b"]
    assert server.asked.count(("a/aliases", "")) == 2


def test_functions_of_another_account_are_refused(bulkeic: Bulkeic) -> None:
    status, body = page("a")
    body["Functions"][0]["FunctionArn"] = f"arn:aws:lambda:{REGION}:999999999999:function:a"

    with listing_server(lambda _path, _marker: (status, body)) as server:
        result = discover_from(bulkeic, server, "--max-attempts", 1)

    assert result.code == 1, result.err
    assert names_of(result) == []
    assert len([line for line in result.lines if line.startswith("not read: ")]) == 1


def test_an_existing_file_is_not_overwritten(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("found.csv", "mine\n")

    result = discover(bulkeic, server, "--regions", REGION, "--out", "found.csv")

    assert result.code == 2, result.err
    assert len(result.lines) == 1
    assert "--out 'found.csv' exists already" in result.err
    assert (bulkeic.folder / "found.csv").read_text() == "mine\n"
    assert server.stats()["calls"] == 0


def test_a_closed_pipe_loses_nothing(bulkeic: Bulkeic) -> None:
    with listing_server(lambda _path, _marker: page("a", "b")) as server:
        reading, writing = os.pipe()
        os.close(reading)
        process = bulkeic.start(
            "discover", "--regions", REGION, "--endpoint-url", server.url, stdout=writing
        )
        os.close(writing)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 3, err
        assert "Traceback" not in err
        assert "stopped: stdout: Broken pipe" in err
        last = err.splitlines()[-1]
        assert last.startswith("resume with: bulkeic discover --run ")
        again = bulkeic(*last.split()[3:])

    assert again.code == 0, again.err
    assert names_of(again) == ["a", "b"]
    assert len(server.asked) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_targets_are_written_loses_nothing(
    bulkeic: Bulkeic, number: signal.Signals
) -> None:
    names = [f"orders-{each:04}" for each in range(500)]
    with listing_server(lambda _path, _marker: page(*names)) as server:
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        process = bulkeic.start(
            "discover", "--regions", REGION, "--endpoint-url", server.url, stdout=writing
        )
        os.close(writing)
        until(lambda: waiting_bytes(reading) > 0, "rows are written")
        process.send_signal(number)
        with os.fdopen(reading, "rb") as pipe:
            assert len(pipe.read().splitlines()) < len(names)
        _, err = process.communicate(timeout=30)
        again = bulkeic(*err.splitlines()[-1].split()[3:])

    assert process.returncode == 3, err
    assert "stopped: interrupted" in err
    assert err.splitlines()[-1].startswith("resume with: bulkeic discover --run ")
    assert again.code == 0, again.err
    assert names_of(again) == names
    assert len(server.asked) == 1


def waiting_bytes(reading: int) -> int:
    """Bytes that nothing has read from a pipe."""
    return int.from_bytes(fcntl.ioctl(reading, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_a_full_disk_under_the_targets_file_loses_nothing(bulkeic: Bulkeic) -> None:
    with (
        listing_server(lambda _path, _marker: page("a", "b")) as server,
        Path("/dev/full").open("w") as full,
    ):
        process = bulkeic.start(
            "discover", "--regions", REGION, "--endpoint-url", server.url, stdout=full
        )
        _, err = process.communicate(timeout=30)

    assert process.returncode == 3, err
    assert "stopped: stdout: No space left on device" in err
    assert err.splitlines()[-1].startswith("resume with: bulkeic discover --run ")


def test_a_disk_that_is_full_from_the_start_is_one_line(bulkeic: Bulkeic, server: Server) -> None:
    command = " ".join(
        bulkeic.words(("discover", "--regions", REGION, "--endpoint-url", server.url))
    )
    done = subprocess.run(
        ["sh", "-c", f"ulimit -f 8; exec {command}"], cwd=bulkeic.folder, env=bulkeic.env,
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "discovery file 'bulkeic-runs/" in done.stderr
    assert "cannot be written" in done.stderr
    assert server.stats()["calls"] == 0


def test_a_file_of_another_kind_is_one_line_with_its_command(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", "FunctionName\norders\n")
    applied = bulkeic(
        "apply", "targets.csv", "--run", "run.db", "--yes", "--endpoint-url", server.url,
        "--maximum-retry-attempts", 1,
    )  # fmt: skip
    found = discover(bulkeic, server, "--regions", REGION, "--run", "found.db")
    assert applied.code == found.code == 0, applied.err + found.err

    for words, says in (
        (("discover", "--run", "run.db"), "'run.db' is a run file, not a discovery file"),
        (("discover", "--run", "targets.csv"), "'targets.csv' is not a discovery file"),
        (("report", "found.db"), "bulkeic discover --out targets.csv --run found.db"),
        (("export", "found.db"), "'found.db' is a discovery file, not a run file"),
        (("apply", "found.db", "--yes"), "'found.db' is a discovery file, not a run file"),
        (("plan", "found.db"), "'found.db' is a discovery file, not a run file"),
        (("verify", "found.db"), "'found.db' is a discovery file, not a run file"),
    ):
        result = bulkeic(*words)
        assert result.code == 2, result.err
        assert len(result.lines) == 1, result.err
        assert says in result.err


def test_a_damaged_file_is_one_line(bulkeic: Bulkeic, server: Server) -> None:
    discover(bulkeic, server, "--regions", REGION, "--run", "found.db")
    path = bulkeic.folder / "found.db"
    content = path.read_bytes().replace(b'"qualifiers"', b'"qualifierz"')
    path.write_bytes(content)

    result = discover(bulkeic, server, "--run", "found.db")

    assert result.code == 2, result.err
    assert len(result.lines) == 1
    assert "cannot be opened: damaged" in result.err
    assert "discover again" in result.err


def test_a_terminal_shows_progress_unless_no_progress(bulkeic: Bulkeic) -> None:
    shown = {}
    with listing_server(lambda _path, _marker: page("a", "b")) as server:
        for flags in ((), ("--no-progress",)):
            ours, theirs = pty.openpty()
            process = bulkeic.start(
                "discover", "--regions", REGION, "--endpoint-url", server.url, *flags,
                stderr=theirs, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            os.close(theirs)
            screen = b""
            try:
                while piece := os.read(ours, 4096):
                    screen += piece
            except OSError:  # the other end of a terminal that has gone
                pass
            os.close(ours)
            assert process.wait(20) == 0, screen
            shown[flags] = screen

    for text in (b"1 of 1 lane, 2 functions", b"finding accounts and Regions"):
        assert text in shown[()]
        assert text not in shown["--no-progress",]
    assert all(b"2 targets of 2 functions" in screen for screen in shown.values())


def test_a_targets_file_that_cannot_be_created_is_one_line_before_any_call(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("left.csv.part", "")
    (bulkeic.folder / "folder.csv").mkdir()
    for out, says in (
        ("nowhere/found.csv", "cannot be written: No such file or directory"),
        ("left.csv", "cannot be written: delete 'left.csv.part'"),
        ("folder.csv", "cannot be written: Is a directory"),
    ):
        result = discover(bulkeic, server, "--regions", REGION, "--out", out)

        assert result.code == 2, result.err
        assert result.lines == [f"bulkeic: --out '{out}' {says}"]
    assert server.stats()["calls"] == 0
