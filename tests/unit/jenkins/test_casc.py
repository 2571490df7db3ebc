"""Jenkins's configuration as code: what a controller takes, and what the house wants of it."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from pyhelpers import __version__
from pyhelpers.jobs.loading import load
from pyhelpers.jobs.needs import credentials as needed_credentials
from pyhelpers.jobs.needs import folders_above
from pyhelpers.jobs.wanted import credentials as folder_credentials
from pyhelpers.jobs.wanted import wanted

from .casc import CASES, CHECKOUT, FOLDER, document, schema

WRONG = yaml.safe_load((CASES / "wrong.yml").read_text())
COMPOSE = yaml.safe_load((CHECKOUT / "compose/centre/jenkins.yml").read_text())
VALIDATOR = Draft7Validator(schema())


def spoilt(at: list[str | int], say: object) -> dict[str, Any]:
    changed = copy.deepcopy(document())
    place: Any = changed
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = say
    return changed


def credentials() -> dict[str, tuple[str, dict[str, Any]]]:
    (domain,) = document()["credentials"]["system"]["domainCredentials"]
    found = [next(iter(each.items())) for each in domain["credentials"]]
    return {settings["id"]: (kind, settings) for kind, settings in found}


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


def test_a_controller_takes_it() -> None:
    assert [error.message for error in VALIDATOR.iter_errors(document())] == []


@pytest.mark.parametrize("case", WRONG, ids=lambda case: ".".join(map(str, case["at"])))
def test_a_mistake_in_it_is_found(case: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(spoilt(case["at"], case["say"]))


class TestWhoRunsWhat:
    def test_nothing_runs_on_the_controller(self) -> None:
        assert document()["jenkins"]["numExecutors"] == 0

    def test_one_build_at_a_time_and_a_deploy_never_waits_for_it(self) -> None:
        nodes = [each["permanent"] for each in document()["jenkins"]["nodes"]]
        assert {each["labelString"]: each["numExecutors"] for each in nodes} == {
            "build": 1,
            "deploy": 2,
        }

    def test_only_who_asks_for_it_gets_the_deploy_agent(self) -> None:
        deploy = document()["jenkins"]["nodes"][1]["permanent"]
        assert (deploy["name"], deploy["mode"]) == ("deploy", "EXCLUSIVE")

    def test_only_the_build_agent_has_an_engine(self) -> None:
        build, deploy = (each["permanent"] for each in document()["jenkins"]["nodes"])
        assert "DOCKER_HOST" in str(build["nodeProperties"])
        assert "nodeProperties" not in deploy

    def test_each_agent_is_a_container_of_the_stack(self) -> None:
        hosts = [n["permanent"]["launcher"]["ssh"]["host"] for n in document()["jenkins"]["nodes"]]
        assert set(hosts) <= set(COMPOSE["services"])


class TestWhoMay:
    def entries(self) -> dict[str, list[str]]:
        told = document()["jenkins"]["authorizationStrategy"]["globalMatrix"]["entries"]
        found = [next(iter(each.items())) for each in told]
        return {f"{kind} {each['name']}": each["permissions"] for kind, each in found}

    def test_nobody_may_anything_unless_signed_in(self) -> None:
        assert "anonymous" not in str(self.entries())
        assert document()["jenkins"]["securityRealm"]["local"]["allowsSignup"] is False

    def test_one_administers(self) -> None:
        may = [who for who, may in self.entries().items() if "Overall/Administer" in may]
        assert may == ["user admin"]

    def test_a_permission_is_a_group_and_a_name(self) -> None:
        names = [each for may in self.entries().values() for each in may]
        assert [each for each in names if not re.fullmatch(r"[A-Z]\w+/[A-Z]\w+", each)] == []


class TestSecrets:
    # The container's own, which are none.
    OPEN = frozenset(COMPOSE["services"]["jenkins"]["environment"])

    def named(self) -> set[str]:
        return {n for t in texts(document()) for n in re.findall(r"\$\{(\w+)\}", t)}

    def test_each_is_a_file_that_is_mounted_and_each_file_is_used(self) -> None:
        files = {path.name.removesuffix(".j2") for path in (FOLDER / "secrets").iterdir()}
        assert self.named() - self.OPEN == files
        assert "./jenkins/secrets:/run/secrets:ro" in COMPOSE["services"]["jenkins"]["volumes"]

    @pytest.mark.parametrize("path", sorted(FOLDER.rglob("secrets/*")), ids=lambda p: p.name)
    def test_each_file_comes_from_outside_git(self, path: Any) -> None:
        assert path.read_text() == f'{{{{ secret("{path.stem}") }}}}\n'

    def test_none_stands_in_the_configuration(self) -> None:
        for _, settings in credentials().values():
            held = [settings[key] for key in ("password", "secret") if key in settings]
            held += texts(settings.get("privateKeySource", {}))
            assert [each for each in held if not re.fullmatch(r"\$\{\w+\}", each)] == []

    def test_the_way_into_the_agents_is_no_builds(self) -> None:
        assert credentials()["agent-ssh"][1]["scope"] == "SYSTEM"


class TestWhoFindsWhichCredential:
    JOBS = load(CHECKOUT / "jobs", {})
    HELD = tuple(folder_credentials(JOBS))

    def found_by(self, job: str) -> set[str]:
        """Of the folders around it, and of all of Jenkins."""
        around = folders_above(job)
        return {each.id for each in self.HELD if each.folder in around} | set(credentials())

    def test_each_job_finds_what_it_names(self) -> None:
        """What `protostar jobs plan` would find out on the server."""
        asked = needed_credentials(wanted(self.JOBS).values())
        lacking = [
            (id_, job)
            for id_, jobs in asked.items()
            for job in jobs
            if id_ not in self.found_by(job)
        ]
        assert lacking == []

    def test_only_services_and_the_upkeep_of_their_servers_can_name_the_key_that_deploys(
        self,
    ) -> None:
        table = json.loads((CHECKOUT / "resources/org/protostar/steps.json").read_text())
        key = table["arguments"]["sshCredentials"]["default"]
        finding = {job for job in self.JOBS.items if "/" in job and key in self.found_by(job)}
        services = {f"protostar/{name}" for name in ("api", "web", "ai-worker")}
        backups = {f"protostar/backups{job}" for job in ("", "/run-a5", "/verify-a5", "/drill-a5")}
        assert finding == {*services, *backups, "protostar/certificates"}

    def test_only_the_job_that_seeds_itself_can_make_jobs(self) -> None:
        text = (CHECKOUT / "jobs/Jenkinsfile").read_text()
        (password,) = re.findall(r"credentialsId: '([\w-]+)'", text)
        finding = {job for job in self.JOBS.items if "/" in job and password in self.found_by(job)}
        assert finding == {"infra/jobs"}


def test_the_jobs_agents_are_there() -> None:
    labels = {n["permanent"]["labelString"] for n in document()["jenkins"]["nodes"]}
    text = (CHECKOUT / "jobs/Jenkinsfile").read_text()
    assert set(re.findall(r"label '(\w+)'", text)) <= labels
    assert "agent any" not in text


def test_the_library_and_the_agents_are_of_this_version() -> None:
    services = COMPOSE["services"]
    library = services["jenkins"]["environment"]["LIBRARY_VERSION"]
    assert library == f"${{PROTOSTAR_LIBRARY_VERSION:-{__version__}}}"
    for name in ("jenkins-build", "jenkins-deploy"):
        image = services[name]["image"]
        assert image == f"${{PROTOSTAR_JENKINS_AGENT:-protostar/jenkins-agent:{__version__}}}"


def test_the_examples_jenkinsfile_is_three_lines_and_of_this_version() -> None:
    lines = (CHECKOUT / "examples/app/Jenkinsfile").read_text().splitlines()
    assert lines == [
        f"@Library('protostar@{__version__}') _",
        "",
        "protostarPipeline service: 'api'",
    ]
