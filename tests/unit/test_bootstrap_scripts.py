"""The scripts of docs/bootstrap.md, where no server is needed to see what they do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PROVIDERS = [
    *("ALERT_MAIL_FROM", "ALERT_MAIL_TO", "ALERT_SMTP_PASSWORD", "ALERT_SMTP_SERVER"),
    *("ALERT_SMTP_USERNAME", "ALERT_WATCHDOG", "ALERT_WEBHOOK"),
    *("BACKUP_SECRET_KEY", "BACKUP_STORE", "CENTRE_BACKUP_SECRET_KEY", "CENTRE_BACKUP_STORE"),
    *("DOCKER_GID", "DYNDNS_PASSWORD", "DYNDNS_SERVER", "DYNDNS_USERNAME"),
    *("GIT_SSH_KEY", "INTAKE_URL", "JENKINS_AGENT_KEY", "JENKINS_AGENT_PUBLIC_KEY"),
    "KNOWN_HOSTS",
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("compose", "script"):
        shutil.copytree(CHECKOUT / name, tmp_path / name)
    return tmp_path


def secrets(checkout: Path) -> tuple[str, dict[str, str]]:
    """What the script says, and what the file holds then."""
    argv = [checkout / "script/secrets"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    lines = (checkout / "secrets.env").read_text().splitlines()
    return done.stdout, dict(line.split("=", 1) for line in lines)


class TestSecrets:
    def test_are_made_for_all_that_the_stacks_want_but_what_a_provider_gives_out(
        self, checkout: Path
    ) -> None:
        said, made = secrets(checkout)
        assert {"POSTGRES_PASSWORD", "QUEUE_PASSWORD", "S3_ADMIN_SECRET_KEY"} <= set(made)
        assert [name for name, value in made.items() if not value] == PROVIDERS
        assert [line for line in said.splitlines() if "for you" in line] == [
            f"{name} is for you to fill in" for name in PROVIDERS
        ]
        values = [value for value in made.values() if value]
        assert len(set(values)) == len(values)
        assert min(map(len, values)) >= 32
        assert not any(value in said for value in values)

    def test_are_for_their_owner_alone(self, checkout: Path) -> None:
        (checkout / "secrets.env").touch(0o644)
        secrets(checkout)
        assert (checkout / "secrets.env").stat().st_mode & 0o777 == 0o600

    def test_that_are_there_stay_and_a_new_name_gets_one(self, checkout: Path) -> None:
        _, before = secrets(checkout)
        said, after = secrets(checkout)
        assert after == before
        assert "nothing to do" in said
        (checkout / "compose/a5/more.env.j2").write_text('MORE={{ secret("MORE_KEY") }}\n')
        said, after = secrets(checkout)
        assert "1 secrets added" in said
        assert {**after, "MORE_KEY": ""} == {**before, "MORE_KEY": ""}


def test_a_server_that_cannot_be_reached_is_said_before_anything_is_begun(tmp_path: Path) -> None:
    config = tmp_path / "ssh_config"
    config.write_text("Host *\n  Port 1\n")
    done = subprocess.run(
        [CHECKOUT / "script/self-signed", "root@127.0.0.1", "shop.test", "shop.test"],
        env={"PATH": "/usr/bin:/bin", "PROTOSTAR_SSH_CONFIG": str(config)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Error: root@127.0.0.1 cannot be reached by ssh" in done.stderr
    assert "State: nothing was changed" in done.stderr
