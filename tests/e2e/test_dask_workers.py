"""--workers ADDRESS: workers that have joined a Dask scheduler make the calls."""

import signal
import subprocess
import sys

import pytest

from bulkeic.sandbox.state.function_facts import CANARY_SECRET
from bulkeic.version import __version__

from .conftest import Bulkeic, Server
from .dask_cluster import dask_cluster, make_certificates, other_worker
from .discover_helpers import found_keys
from .frame_recorder import frame_recorder
from .rollout_helpers import REGIONS, states, until, words, write_rows

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")


def test_a_rollout_over_a_scheduler_is_verified_interrupted_and_rolled_back(
    bulkeic: Bulkeic, server: Server
) -> None:
    certificates = make_certificates(bulkeic.folder / "authority")
    foreign = make_certificates(bulkeic.folder / "foreign")
    write_rows(bulkeic, REGIONS, 25)
    with dask_cluster(bulkeic, certificates=certificates) as cluster:
        refused = bulkeic(
            *words(server, "--yes"), "--workers", cluster.address,
            "--tls-ca-file", certificates / "ca.pem",
            "--tls-cert", foreign / "command.pem", "--tls-key", foreign / "command.key",
        )  # fmt: skip
        assert refused.code == 2
        assert len(refused.lines) == 1
        assert f"{cluster.address}: the certificates do not match" in refused.err
        assert server.calls("GetCallerIdentity") == server.calls() == 0

        done = bulkeic(*words(server, "--yes", "--waves", "10%,100%", *cluster.flags()))
        assert done.code == 0, done.err
        assert f"{cluster.address}: 2 workers" in done.lines
        assert [line for line in done.lines if line.startswith("wave")] == [
            "wave 1 of 2: 10 targets",
            "wave 1 of 2: done, 10 verified, 0 failed",
            "wave 2 of 2: 90 targets",
            "wave 2 of 2: done, 90 verified, 0 failed",
        ]
        assert server.calls() == 100
        access = ("--endpoint-url", server.url, "--rate", "unlimited", *cluster.flags())
        assert bulkeic("verify", "run.db", *access).code == 0
        listed = bulkeic("discover", "--regions", ",".join(REGIONS[:2]), *access)
        assert listed.code == 0, listed.err
        wanted = {place for place in states(server) if place[0] in REGIONS[:2]}
        assert {key[1:3] for key in found_keys(listed.out)} == wanted

        server.window("faults", {"latency_s": 0.05}, "PUT")
        process = bulkeic.start(
            "rollback", "run.db", "--yes", "--run", "back.db", "--concurrency", 4, *access
        )
        before = server.calls("GetFunctionEventInvokeConfig")
        until(lambda: server.calls("GetFunctionEventInvokeConfig") > before + 5, "it reads")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 3, err
        assert "stopped: interrupted" in err
        server.window("faults", {}, "PUT")
        resumed = bulkeic(*err.splitlines()[-1].split()[3:])
        assert resumed.code == 0, resumed.err
    found = states(server).values()
    assert [config for config in found if config and config.get("MaximumRetryAttempts") == 1] == []


def test_no_credential_travels_and_another_version_is_refused(
    bulkeic: Bulkeic, server: Server
) -> None:
    canaries = {"MY_SESSION_TOKEN": "canary-of-a-session", "MY_PASSWORD": "canary-password"}
    bulkeic.env |= canaries
    write_rows(bulkeic, REGIONS[:2], 20)
    with (
        dask_cluster(bulkeic, names=()) as cluster,
        frame_recorder(int(cluster.address.rpartition(":")[2])) as recorder,
    ):
        recorded = f"tcp://127.0.0.1:{recorder.port}"
        for what, problem in (
            ("0.0.1", f"has version 0.0.1, and this command has {__version__}"),
            ("missing", "has no bulkeic; install"),
        ):
            with other_worker(cluster.address, what):
                refused = bulkeic(*words(server, "--yes", *cluster.flags()))
            assert refused.code == 2, refused.err
            (line,) = refused.lines
            assert problem in line
        assert server.stats()["calls"] == 0

        cluster.start_worker("one", recorded)
        cluster.wait_for("one")
        done = bulkeic(*words(server, "--yes", *cluster.flags(recorded)))
        assert done.code == 0, done.err
        access = ("--endpoint-url", server.url, *cluster.flags(recorded))
        found = bulkeic("discover", "--regions", REGIONS[0], "--qualifiers", "aliases", *access)
        assert found.code == 0, found.err
    assert b"fn-19" in recorder.seen
    assert b"ListAliases" in recorder.seen
    secrets = (*canaries.values(), bulkeic.env["AWS_ACCESS_KEY_ID"], CANARY_SECRET)
    assert [each for each in secrets if each.encode() in recorder.seen] == []


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--workers", "tls://h:1"), "needs --tls-ca-file, --tls-cert, --tls-key"),
        (("--workers", "tcp://127.0.0.1:1"), "is not encrypted"),
        (("--workers", "tcp://10.0.0.1:1", "--insecure"), "is not encrypted"),
        (("--workers", "tcp://127.0.0.1:1", "--insecure", "--sandbox"), "--sandbox is on loopback"),
        (
            ("--workers", "tcp://127.0.0.1:1", "--insecure", "--tls-key", "k"),
            "--tls-key needs a scheduler at tls://",
        ),
        (("--workers", 2, "--insecure"), "--insecure needs the address of a scheduler"),
        (("--tls-cert", "c"), "--tls-cert needs the address of a scheduler"),
        (
            ("--workers", "tls://h:1", "--tls-ca-file", "a", "--tls-cert", "c", "--tls-key", "k"),
            "cannot be used: No such file or directory",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_one_line(
    bulkeic: Bulkeic, words: tuple[object, ...], problem: str
) -> None:
    bulkeic.write("targets.csv", "FunctionName\norders\n")
    done = bulkeic("apply", "targets.csv", "--yes", "--maximum-retry-attempts", 1, *words)
    assert done.code == 2
    (line,) = done.lines
    assert problem in line
    assert not (bulkeic.folder / "bulkeic-runs").exists()


def test_without_dask_the_command_that_installs_it_is_named(bulkeic: Bulkeic) -> None:
    hidden = "import sys; sys.modules['distributed'] = None; from bulkeic.cli.process import main; "
    words = ["worker", "tcp://127.0.0.1:1", "--insecure"]
    done = subprocess.run(
        [sys.executable, "-c", f"{hidden}sys.argv[1:] = {words}; main()"],
        env=bulkeic.env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install 'bulkeic[dask]'" in done.stderr
