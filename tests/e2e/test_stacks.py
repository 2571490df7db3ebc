"""What servers run themselves, from the shipped files: A5's data, Centre's registry and store."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests

from bench.engine import CHECKOUT, docker
from bench.registry import MANIFEST, upload

from .signed_link import signed_link
from .stacks import ServerStack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Make = Callable[[str], ServerStack]

pytestmark = pytest.mark.e2e

SERVERS = ("a5", "centre", "proxy")
# Without the gateway, which tests of its own start, and cAdvisor: no package has it.
RUNNING = ("postgres", "queue", "cache", "node-exporter")


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Make]:
    made: list[ServerStack] = []

    def one(server: str) -> ServerStack:
        made.append(ServerStack(server, tmp_path_factory.mktemp(server)))
        tags.append(made[-1].tag)
        return made[-1]

    yield one
    for stack in made:
        stack.remove()


@pytest.fixture(scope="module")
def a5(make: Make) -> ServerStack:
    stack = make("a5")
    stack.up(*RUNNING)
    stack.job("postgres-setup")
    return stack


@pytest.fixture(scope="module")
def centre(make: Make) -> ServerStack:
    stack = make("centre")
    stack.up("registry", "s3")
    return stack


@pytest.fixture(scope="module")
def first(centre: ServerStack) -> str:
    """What the store's setup says on a store that has nothing."""
    return centre.job("s3-setup")


@pytest.mark.parametrize("server", SERVERS)
def test_compose_takes_a_server_with_its_example(make: Make, server: str) -> None:
    assert make(server).compose("config", "--quiet").stderr == ""


def inspected(stack: ServerStack, service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("inspect", stack.container(service)))[0]
    return found


def held_to(stack: ServerStack, service: str) -> None:
    """The engine holds it to what the file says; Compose has left keys out in silence before."""
    host = inspected(stack, service)["HostConfig"]
    assert host["Memory"] > 0
    assert 0 < host["PidsLimit"] <= 300
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert set(host["LogConfig"]["Config"]) == {"max-size", "max-file"}


def volumes(stack: ServerStack, service: str) -> list[str]:
    mounts = inspected(stack, service)["Mounts"]
    return sorted(mount["Name"] for mount in mounts if mount["Type"] == "volume")


class TestA5:
    @pytest.mark.parametrize("service", RUNNING)
    def test_the_engine_holds_each_to_its_limits(self, a5: ServerStack, service: str) -> None:
        held_to(a5, service)

    def test_no_data_lie_in_a_volume_without_a_name(self, a5: ServerStack) -> None:
        assert volumes(a5, "postgres") == [f"{a5.project}-postgres"]
        assert volumes(a5, "queue") == [f"{a5.project}-queue"]
        assert volumes(a5, "cache") == []

    def test_no_password_is_in_a_command_line(self, a5: ServerStack) -> None:
        running = "".join(docker("top", a5.container(s)) for s in ("postgres", "queue", "cache"))
        assert a5.secret("QUEUE_PASSWORD").startswith("change-me")
        assert "change-me" not in running

    def test_the_database_runs_as_its_file_says(self, a5: ServerStack) -> None:
        refused = "SELECT name, error FROM pg_file_settings WHERE NOT applied"
        assert self.asked(a5, refused) == ""
        assert self.asked(a5, "SHOW shared_buffers") == "3GB"
        assert self.asked(a5, "SHOW max_wal_size") == "4GB"
        assert self.asked(a5, "SHOW data_checksums") == "on"
        assert self.asked(a5, "SHOW data_directory") == "/var/lib/postgresql/18/docker"

    def asked(self, a5: ServerStack, sql: str) -> str:
        """By its owner, on the socket."""
        argv = ["psql", "-U", "postgres", "-d", "protostar", "-Atc", sql]
        done = a5.within("postgres", *argv)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def test_vectors_can_be_stored_by_a_user_who_may_not_install_them(
        self, a5: ServerStack
    ) -> None:
        made = "CREATE TABLE v (e halfvec(3)); INSERT INTO v VALUES ('[1,2,3]')"
        assert self.as_user(a5, "worker", f"CREATE EXTENSION IF NOT EXISTS vector; {made}") == ""
        assert self.as_user(a5, "worker", "SELECT e <-> '[1,2,4]' FROM v") == "1"

    def as_user(self, a5: ServerStack, user: str, sql: str) -> str:
        """By TCP with the password, as the application comes."""
        done = self.psql(a5, user, a5.secret(f"{user.upper()}_DATABASE_PASSWORD"), sql)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def psql(
        self, a5: ServerStack, user: str, password: str, sql: str
    ) -> subprocess.CompletedProcess[str]:
        argv = ["psql", "-q", "-h", "127.0.0.1", "-U", user, "-d", "protostar", "-Atc", sql]
        return a5.within("postgres", *argv, PGPASSWORD=password)

    def test_one_application_does_not_read_the_other_ones_tables(self, a5: ServerStack) -> None:
        self.as_user(a5, "api", "CREATE TABLE IF NOT EXISTS private (line text)")
        password = a5.secret("WORKER_DATABASE_PASSWORD")
        refused = self.psql(a5, "worker", password, "SELECT * FROM api.private")
        assert "permission denied" in refused.stderr
        assert (
            "password authentication failed" in self.psql(a5, "worker", "other", "SELECT 1").stderr
        )

    def test_the_setup_again_leaves_what_is_there(self, a5: ServerStack) -> None:
        self.as_user(a5, "api", "CREATE TABLE IF NOT EXISTS kept (line text)")
        schema = (
            "SELECT schemaname, tablename, tableowner FROM pg_tables WHERE tableowner != 'postgres'"
        )
        before = self.asked(a5, schema)
        assert a5.job("postgres-setup") == ""
        assert self.asked(a5, schema) == before
        assert "api|kept|api" in before

    def test_a_changed_password_holds_after_the_setup(self, a5: ServerStack) -> None:
        a5.job("postgres-setup", API_DATABASE_PASSWORD="other")
        assert self.psql(a5, "api", "other", "SELECT 1").stdout == "1\n"
        a5.job("postgres-setup")
        assert self.as_user(a5, "api", "SELECT 1") == "1"

    def redis(self, a5: ServerStack, service: str, *words: str) -> list[str]:
        """As a person would: the password is in the container's environment."""
        return a5.within(service, "redis-cli", *words).stdout.split()

    @pytest.mark.parametrize(
        ("service", "settings"),
        [
            (
                "queue",
                {
                    "appendonly": "yes",
                    "appendfsync": "always",
                    "maxmemory": str(512 << 20),
                    "maxmemory-policy": "noeviction",
                },
            ),
            (
                "cache",
                {
                    "appendonly": "no",
                    "maxmemory": str(1 << 30),
                    "maxmemory-policy": "allkeys-lru",
                },
            ),
        ],
    )
    def test_each_redis_has_its_own_settings(
        self, a5: ServerStack, service: str, settings: dict[str, str]
    ) -> None:
        told = self.redis(a5, service, "CONFIG", "GET", *settings)
        assert dict(zip(told[::2], told[1::2], strict=True)) == settings
        assert self.redis(a5, service, "CONFIG", "GET", "save") == ["save"]

    @pytest.mark.parametrize("service", ["queue", "cache"])
    def test_neither_redis_lets_a_stranger_in(self, a5: ServerStack, service: str) -> None:
        told = a5.within(service, "redis-cli", "PING", REDISCLI_AUTH="other").stdout
        assert "NOAUTH" in told

    def test_a_job_outlives_a_kill_and_a_cached_answer_does_not(self, a5: ServerStack) -> None:
        for service in ("queue", "cache"):
            assert self.redis(a5, service, "SET", "job", "1") == ["OK"]
            docker("kill", "--signal", "KILL", a5.container(service))
        a5.up("queue", "cache")
        assert self.redis(a5, "queue", "GET", "job") == ["1"]
        assert self.redis(a5, "cache", "GET", "job") == []

    def test_the_queue_does_not_know_the_database(self, a5: ServerStack) -> None:
        """No network has both."""
        told = a5.within("queue", "redis-cli", "-h", "postgres", "-p", "5432", "PING")
        assert told.returncode != 0
        assert "Could not connect" in told.stderr

    def test_the_machine_is_measured_and_not_the_container(self, a5: ServerStack) -> None:
        told = a5.within("node-exporter", "wget", "-qO-", "http://127.0.0.1:9100/metrics").stdout
        memory = re.search(r"^node_memory_MemTotal_bytes (\S+)$", told, re.MULTILINE)
        assert memory is not None
        assert float(memory[1]) == pytest.approx(psutil.virtual_memory().total, rel=0.01)
        assert "node_filesystem_avail_bytes{" in told
        assert "node_network_receive_bytes_total" not in told

    @pytest.mark.parametrize("name", ["app_network", "data_network", "watch_network"])
    def test_its_networks_lead_nowhere(self, a5: ServerStack, name: str) -> None:
        shown = docker("network", "inspect", "--format", "{{.Internal}}", f"{a5.project}-{name}")
        assert shown.strip() == "true"


class TestCentre:
    @pytest.mark.parametrize("service", ["registry", "s3"])
    def test_the_engine_holds_each_to_its_limits(self, centre: ServerStack, service: str) -> None:
        held_to(centre, service)

    def test_an_image_that_was_deleted_is_collected_and_the_others_stay(
        self, centre: ServerStack
    ) -> None:
        base = f"http://127.0.0.1:{centre.registry_port}/v2/shop"
        kept, gone = self.pushed(base, "kept"), self.pushed(base, "gone")
        requests.delete(f"{base}/manifests/{gone}", timeout=10).raise_for_status()
        assert self.collected(centre) >= self.LAYER_KB
        centre.up("registry")
        assert requests.get(f"{base}/manifests/{kept}", timeout=10).ok
        assert requests.get(f"{base}/manifests/{gone}", timeout=10).status_code == 404
        assert self.collected(centre) == 0
        centre.up("registry")

    LAYER_KB = 256

    def pushed(self, base: str, tag: str) -> str:
        """A manifest's digest, whose only layer nobody else has."""
        config = upload(base, json.dumps({"tag": tag}).encode())
        layer = upload(base, tag.encode() * (self.LAYER_KB * 1024 // len(tag)))
        kinds = "application/vnd.docker.container.image.v1+json", "application/octet-stream"
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": kinds[0], **config},
            "layers": [{"mediaType": kinds[1], **layer}],
        }
        url, headers = f"{base}/manifests/{tag}", {"Content-Type": MANIFEST}
        answer = requests.put(url, json.dumps(manifest), headers=headers, timeout=10)
        answer.raise_for_status()
        return answer.headers["Docker-Content-Digest"]

    def collected(self, centre: ServerStack) -> int:
        """KB that it says it freed."""
        script = str(CHECKOUT / "compose/centre/registry-gc.sh")
        done = subprocess.run(
            ["sh", script, centre.container("registry")],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return int(done.stdout.split()[1])

    def test_the_first_setup_makes_users_buckets_and_policies(self, first: str) -> None:
        made = [f"user {name}: made, or its key changed" for name in self.USERS]
        for name in self.BUCKETS:
            made += [f"bucket {name}: made", f"bucket {name}: policy set"]
        assert first.splitlines() == made

    USERS = ("backups", "documents", "static", "web")
    BUCKETS = ("backups", "documents", "static")

    def test_the_second_changes_nothing_and_says_so(self, centre: ServerStack, first: str) -> None:
        assert centre.job("s3-setup") == "nothing to do\n"

    def ask(
        self, centre: ServerStack, user: str, method: str, path: str, data: str = ""
    ) -> tuple[int, str]:
        """Status and body of a signed request; the keys go by stdin."""
        keys = f'user = "{user}:{centre.secret(f"S3_{user.upper()}_SECRET_KEY")}"\n'
        return self.sent(centre, keys, method, path, data)

    def sent(
        self, centre: ServerStack, keys: str, method: str, path: str, data: str = ""
    ) -> tuple[int, str]:
        signed = ["--aws-sigv4", "aws:amz:us-east-1:s3"] if keys else []
        body = ["--data-binary", data] if data else []
        url = f"http://127.0.0.1:7070{path}"
        argv = ["curl", "-s", "--config", "-", *signed, "-X", method, *body, "-w", "\n%{http_code}"]
        told = centre.within("s3", *argv, url, given=keys).stdout
        text, _, status = told.rpartition("\n")
        return int(status), text

    def test_each_writes_and_reads_its_own(self, centre: ServerStack, first: str) -> None:
        for user in self.BUCKETS:
            assert self.ask(centre, user, "PUT", f"/{user}/a/b.txt", "hello")[0] == 200
            assert self.ask(centre, user, "GET", f"/{user}/a/b.txt") == (200, "hello")
            assert self.ask(centre, user, "GET", f"/{user}?list-type=2")[0] == 200
            assert self.ask(centre, user, "DELETE", f"/{user}/a/b.txt")[0] == 204

    def test_the_web_user_reads_static_files_and_can_do_nothing_else(
        self, centre: ServerStack, first: str
    ) -> None:
        assert self.ask(centre, "static", "PUT", "/static/logo.svg", "<svg/>")[0] == 200
        assert self.ask(centre, "web", "GET", "/static/logo.svg") == (200, "<svg/>")
        refused = [
            ("PUT", "/static/logo.svg"),
            ("DELETE", "/static/logo.svg"),
            ("GET", "/static?list-type=2"),
            ("PUT", "/static?policy="),
            ("GET", "/backups/a"),
            ("PUT", "/another-bucket"),
            ("PATCH", "/list-users"),
        ]
        statuses = [self.ask(centre, "web", *each)[0] for each in refused]
        assert statuses == [403] * len(refused)

    def test_nobody_reads_what_is_anothers(self, centre: ServerStack, first: str) -> None:
        assert self.ask(centre, "static", "GET", "/backups?list-type=2")[0] == 403
        assert self.ask(centre, "documents", "PUT", "/backups/a", "x")[0] == 403

    def test_a_static_file_is_read_without_a_key_and_not_written(
        self, centre: ServerStack, first: str
    ) -> None:
        assert self.ask(centre, "static", "PUT", "/static/logo.svg", "<svg/>")[0] == 200
        assert self.sent(centre, "", "GET", "/static/logo.svg") == (200, "<svg/>")
        assert self.sent(centre, "", "PUT", "/static/logo.svg", "x")[0] == 403
        assert self.sent(centre, "", "DELETE", "/static/logo.svg")[0] == 403

    def test_without_a_key_there_is_nothing_else_and_no_console(
        self, centre: ServerStack, first: str
    ) -> None:
        for path in ("/", "/documents/a.svg", "/static", "/static?list-type=2", "/static?policy="):
            status, text = self.sent(centre, "", "GET", path)
            assert status == 403
            assert "<html" not in text.lower()

    def test_a_signed_link_shows_one_file_to_whoever_has_it_for_a_while(
        self, centre: ServerStack, first: str
    ) -> None:
        assert self.ask(centre, "documents", "PUT", "/documents/a.svg", "<svg/>")[0] == 200
        host, path = f"127.0.0.1:{centre.s3_port}", "/documents/a.svg"
        keys = "documents", centre.secret("S3_DOCUMENTS_SECRET_KEY")
        link, short = signed_link(host, path, *keys), signed_link(host, path, *keys, lasts_s=1)
        assert requests.get(link, timeout=10).text == "<svg/>"
        assert requests.put(link, "x", timeout=10).status_code == 403
        assert requests.get(link.replace("a.svg", "b.svg"), timeout=10).status_code == 403
        time.sleep(2)
        assert requests.get(short, timeout=10).status_code == 403

    def test_a_changed_key_holds_and_the_old_one_no_longer(
        self, centre: ServerStack, first: str
    ) -> None:
        told = centre.job("s3-setup", S3_WEB_SECRET_KEY="another-key-of-the-web")
        assert told == "user web: made, or its key changed\n"
        assert self.ask(centre, "web", "GET", "/static/logo.svg")[0] == 403
        centre.job("s3-setup")
        assert self.ask(centre, "web", "GET", "/static/logo.svg")[0] == 200

    def test_objects_are_plain_files(self, centre: ServerStack, first: str) -> None:
        assert self.ask(centre, "static", "PUT", "/static/css/a.css", "a{}")[0] == 200
        assert centre.within("s3", "cat", "/data/static/css/a.css").stdout == "a{}"

    def test_a_store_that_refuses_the_owner_is_said_in_three_lines(
        self, centre: ServerStack, first: str
    ) -> None:
        done = centre.compose("run", "--rm", "--no-deps", "s3-setup", S3_ADMIN_SECRET_KEY="x" * 20)
        assert done.returncode == 1
        assert "Error: the store refuses its owner's keys\nState: " in done.stderr
        assert "x" * 20 not in done.stdout + done.stderr
