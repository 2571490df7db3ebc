"""Secrets are planted, a service is deployed in good and bad ways, and everything is searched.

Where they may be: in the environment of the deployer, and in the release's own env file.
"""

from __future__ import annotations

import re
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
import yaml

from bench.server import ROOT, USER

from .colours import wait_until
from .listening import listening
from .ssh_servers import LOG, VERBOSE, cut_sessions, servers
from .town import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.installation import Finished
    from bench.server import Server
    from bench.servers import Servers

pytestmark = pytest.mark.e2e
TOKEN, PHRASE, VALUE = "t0ken-of-the-hook", "phrase-of-the-key", "value-of-the-env-file"
WRONG_PHRASE = "wrong-phrase-of-the-key"
CANARY = "argument-to-be-seen"
# What the engine gives to a container that runs; nobody but root gets in there.
ENGINES_OWN = "/run/docker/containerd/"
# Everything that ran for a moment. Without a pause the deploy itself would have no processor.
SAMPLE = (
    "while [ ! -e /tmp/over ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; sleep 0.01; "
    "done "
    ">/tmp/seen; rm /tmp/over"
)


@dataclass
class Watch:
    """The arguments of every process on both sides, looked at many times a second."""

    server: Server
    here: str = ""
    there: str = ""
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        looks = (self._look_here, lambda: self.server.sh(SAMPLE))
        self._threads = [threading.Thread(target=look) for look in looks]
        for thread in self._threads:
            thread.start()
        return self

    def _look_here(self) -> None:
        seen: set[bytes] = set()
        while not self._over.wait(0.02):
            seen |= {_arguments(each) for each in Path("/proc").glob("[0-9]*/cmdline")}
        self.here = b"\n".join(seen).decode(errors="replace").replace("\0", " ")

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self.server.sh("touch /tmp/over")
        for thread in self._threads:
            thread.join()
        self.there = self.server.sh("cat /tmp/seen")


def _arguments(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has ended meanwhile


@dataclass
class Story:
    """What was typed, what came of it, and who saw what meanwhile."""

    remote: Servers
    secrets: dict[str, str]
    watch: Watch
    told: dict[str, Finished] = field(default_factory=dict)
    deployed: list[str] = field(default_factory=list)  # sshd's log of the first deploy

    @property
    def server(self) -> Server:
        return self.remote.servers["a5"]

    def type(self, *command: str, name: str = "", **env: str) -> Finished:
        given = {"PROTOSTAR_SSH_PASSPHRASE": PHRASE, **env}
        done = self.remote.deploy(*command, env=given)
        self.told[name or " ".join(command)] = done
        return done

    def found_in(self, text: str) -> list[str]:
        return [name for name, secret in self.secrets.items() if secret in text]


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Servers]:
    with servers(tmp_path_factory.mktemp("ssh") / "servers", tags) as remote:
        images = [f"protostar-example/app:v{version}" for version in (1, 2, 3)]
        server = remote.add_server("a5", images=tuple(images))
        # The ninth session at once would be refused.
        server.sh("echo MaxSessions 8 >/etc/ssh/sshd_config.d/sessions.conf")
        server.sh(VERBOSE)
        environment = {"READY_AFTER_S": "0.2"}
        settings = {**QUICK, "ready": {"timeout_s": 3}}
        remote.add("api", host="a5", route="/", environment=environment, **settings)
        remote.top["registry"] = {"address": "127.0.0.1:5000", "reach": "none"}
        with_env_file(remote)
        remote.start_gateways()
        remote.top["notify"] = {"webhook": "${NOTIFY_URL}"}
        remote.write()
        yield remote


def with_env_file(remote: Servers) -> None:
    compose = remote.folder / "api.yml"
    document = yaml.safe_load(compose.read_text())
    document["services"]["app"]["env_file"] = ["api.env"]
    compose.write_text(yaml.safe_dump(document, sort_keys=False))
    (remote.folder / "api.env").write_text(f"DATABASE_PASSWORD={VALUE}\n")


@pytest.fixture(scope="module")
def story(remote: Servers) -> Story:
    """Told once; each test searches another place."""
    plain = remote.key.read_text().splitlines()[2]
    lock(remote.key)
    secrets = {
        "webhook": TOKEN,
        "passphrase": PHRASE,
        "wrong passphrase": WRONG_PHRASE,
        "env file": VALUE,
        "key": plain,
        "locked key": remote.key.read_text().splitlines()[2],
    }
    with listening() as hook, Watch(remote.servers["a5"]) as watch:
        story = Story(remote, secrets, watch)
        tell(story, f"http://127.0.0.1:{hook.server_address[1]}/{TOKEN}")
    assert {each["service"] for each in hook.heard} == {"api"}, "the hook was told"
    return story


def tell(story: Story, hook: str) -> None:
    story.type("run", "api", "v1", NOTIFY_URL=hook)
    story.deployed = log(story.server)
    story.type("run", "api", "v2", "--json", NOTIFY_URL=hook)
    for again in (hook, f"http://127.0.0.1:9/{TOKEN}"):  # heard, and not reached
        story.type("run", "api", "v3", name=f"v3 {len(story.told)}", NOTIFY_URL=again)
    with ThreadPoolExecutor(2) as pool:
        looks = (["status", "--json"], ["history", "api", "--json"], ["doctor", "api"])
        list(pool.map(lambda command: story.type(*command, NOTIFY_URL=hook), looks))
    for phrase in (WRONG_PHRASE, ""):
        env = {"PROTOSTAR_SSH_PASSPHRASE": phrase, "HOME": "/nowhere", "NOTIFY_URL": hook}
        story.type("run", "api", "v1", name=f"phrase {phrase}", **env)
    with cut_in_the_middle(story.server):
        story.type("run", "api", "v1", name="cut", NOTIFY_URL=hook)
    for side in (["sh", "-c"], ["docker", "exec", story.server.name, "sh", "-c"]):
        subprocess.run([*side, "sleep 0.3; :", CANARY], check=True, timeout=20)


@contextmanager
def cut_in_the_middle(server: Server) -> Iterator[None]:
    """As soon as v1's colour has a container again."""

    def cut() -> None:
        wait_until(lambda: server.docker("ps", "-q", "-f", "name=api-blue"), "v1 starts")
        cut_sessions(server)

    thread = threading.Thread(target=cut)
    thread.start()
    yield
    thread.join()


def log(server: Server) -> list[str]:
    return server.run("cat", LOG).splitlines()


def lock(key: Path) -> None:
    argv = ["ssh-keygen", "-q", "-p", "-P", "", "-N", PHRASE, "-f", str(key)]
    subprocess.run(argv, check=True, timeout=20, stdout=subprocess.DEVNULL)


def test_the_story_had_good_and_bad_ends(story: Story) -> None:
    codes = {name: done.code for name, done in story.told.items()}
    cut = codes.pop("cut")
    assert codes == {
        "run api v1": 0,
        "run api v2 --json": 0,
        "v3 2": 6,
        "v3 3": 6,
        "status --json": 0,
        "history api --json": 0,
        "doctor api": codes["doctor api"],
        f"phrase {WRONG_PHRASE}": 4,
        "phrase ": 4,
    }
    assert cut in (4, 6, 7)
    # The guard's line, the engine's or a command's: whoever notices first says it.
    words = ("the connection to a5 was cut", "is gone", "the engine does not answer")
    assert any(each in story.told["cut"].err for each in words), story.told["cut"].err
    assert "the webhook was not reached" in story.told["v3 3"].err + story.told["v3 3"].out


def test_nothing_that_was_said_holds_a_secret(story: Story) -> None:
    found = {name: story.found_in(done.out + done.err) for name, done in story.told.items()}
    assert {name: secrets for name, secrets in found.items() if secrets} == {}


def test_no_process_of_either_side_had_a_secret_among_its_arguments(story: Story) -> None:
    seen = {"here": story.watch.here, "there": story.watch.there}
    for side, arguments in seen.items():
        assert CANARY in arguments, f"nobody looked {side}"
        assert story.found_in(arguments) == [], side
    assert "pyhelpers.deploy run api v1" in seen["here"]
    for command in ("docker compose", "flock --shared", "timeout --kill-after"):
        assert command in seen["there"], command


def test_of_all_files_on_the_host_only_the_releases_env_file_holds_its_value(story: Story) -> None:
    for name, secret in story.secrets.items():
        script = 'grep -rlF -- "$1" /srv /tmp /run /home /root /var/log 2>/dev/null || :'
        files = story.server.run("sh", "-c", script, "look", secret).split()
        if name != "env file":
            assert files == [], name
            continue
        assert files
        for file in files:
            if file.startswith(ENGINES_OWN):
                assert story.server.tried("runuser", "-u", USER, "--", "cat", file).returncode
                continue
            assert re.fullmatch(rf"{ROOT}/releases/api/[0-9a-f]+/api\.env", file)
            assert story.server.run("stat", "-c", "%a", file).strip() == "600"


def test_the_secrets_were_there_to_be_found(story: Story) -> None:
    """Else nothing above would prove anything."""
    (container,) = story.server.docker("ps", "-q", "-f", "name=api-green").split()
    environment = story.server.docker("exec", container, "printenv", "DATABASE_PASSWORD")
    assert story.found_in(environment) == ["env file"]
    assert story.found_in(story.remote.key.read_text()) == ["locked key"]


# --- the line, as sshd saw it -----------------------------------------------------------------


def test_a_deploy_is_one_handshake(story: Story) -> None:
    assert len([line for line in story.deployed if "Accepted publickey" in line]) == 1


def test_a_deploy_has_at_most_eight_sessions_at_once(story: Story) -> None:
    now, most, opened = 0, 0, 0
    for line in story.deployed:
        now += line.startswith("Starting session:") - line.startswith("Close session:")
        opened += line.startswith("Starting session:")
        most = max(most, now)
    assert opened > 10, "this is no log of a deploy"
    assert most <= 8
    assert not [line for line in story.deployed if "no more sessions" in line]
