"""jobs/*.yml: every mistake at once, in the words that stand in tests/cases/jobs/wrong.yml."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from pyhelpers.config.explain import model_at
from pyhelpers.errors import ConfigurationError, Exit
from pyhelpers.jobs.loading import load, parse
from pyhelpers.jobs.model import (
    JobsFile,
    Multibranch,
    Parameter,
    Pipeline,
    Scm,
    Source,
    Triggers,
    Webhook,
)
from pyhelpers.jobs.schema import SCHEMA_FILE, json_schema
from tests.unit.jobs.world import CASES, FULL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic import BaseModel

ROOT = CASES.parents[2]
WRONG = yaml.safe_load((CASES / "wrong.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["name"])
def test_a_bad_file_is_refused_with_all_its_problems(case: dict[str, Any]) -> None:
    texts = {"jobs/a.yml": case["text"]}
    if "other" in case:
        texts["jobs/b.yml"] = case["other"]
    with pytest.raises(ConfigurationError) as refused:
        parse(texts, {}, [])
    assert refused.value.error.splitlines() == case["lines"]
    assert refused.value.exit_code is Exit.CONFIGURATION
    assert refused.value.try_ == "protostar jobs check"


def test_all_files_of_the_folder_are_read_with_either_ending(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("installation: shop\nfolders: { team: {} }\n")
    (tmp_path / "b.yaml").write_text("installation: shop\nfolders: { team/inner: {} }\n")
    (tmp_path / "Jenkinsfile").write_text("no YAML: at: all")
    assert list(load(tmp_path, {}).items) == ["team", "team/inner"]


@pytest.mark.parametrize("name", [".", "missing"])
def test_a_folder_without_files_is_never_taken_for_one_that_declares_nothing(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no \*\.yml in it"):
        load(tmp_path / name, {})


def test_a_file_that_cannot_be_read_stops_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("installation: shop\n")
    (tmp_path / "b.yml").write_bytes(b"installation: \xff\n")
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, {})
    assert refused.value.error == f"{tmp_path}/b.yml:1: is not UTF-8 (byte 0xff)"


def test_a_text_is_filled_from_the_environment() -> None:
    text = "installation: shop\npipelines: { api: { scm: { url: '${GIT}/api.git' } } }\n"
    (item,) = parse({"a.yml": text}, {"GIT": "git@h:shop"}, []).items.values()
    assert item.model_dump()["scm"]["url"] == "git@h:shop/api.git"


def test_a_folder_comes_before_what_is_in_it() -> None:
    data: dict[str, object] = {name: {} for name in ("b/c/d", "b/c", "a/x", "b", "a")}
    text = yaml.safe_dump({"installation": "shop", "folders": data}, sort_keys=False)
    assert list(parse({"a.yml": text}, {}, []).items) == ["a", "b", "a/x", "b/c", "b/c/d"]


# --- the checkout's own, and the schema ----------------------------------------------------------


def test_the_jobs_of_the_checkout_are_right() -> None:
    jobs = load(ROOT / "jobs", {})
    assert "infra/jobs" in jobs.items


def test_the_schema_in_the_checkout_is_current() -> None:
    current = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    stored = (ROOT / SCHEMA_FILE).read_text(encoding="utf-8")
    assert stored == current, "run: protostar jobs schema --write"


@pytest.mark.parametrize("path", [*(ROOT / "jobs").glob("*.yml")], ids=lambda path: path.name)
def test_an_editor_finds_the_schema_and_it_accepts_the_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema=../{SCHEMA_FILE}\n")
    jsonschema.Draft202012Validator(json_schema()).validate(yaml.safe_load(text))


def test_the_schema_is_one_and_accepts_every_option() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.Draft202012Validator(json_schema()).validate(FULL)


SCHEMA_CANNOT = {
    *("a folder with a typing error", "the same in two files, in another case"),
    *("two installations", "not YAML, beside a file with a mistake"),
}


@pytest.mark.parametrize(
    "case", [c for c in WRONG if c["name"] not in SCHEMA_CANNOT], ids=lambda case: case["name"]
)
def test_the_schema_refuses_what_one_file_alone_has_wrong(case: dict[str, str]) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    assert not validator.is_valid(yaml.safe_load(case["text"]))


# --- docs/jobs.md --------------------------------------------------------------------------------

REFERENCE = (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8")
SHOWN: dict[str, Any] = yaml.safe_load(REFERENCE.split("```yaml\n")[1].split("```")[0])


def documented(shown: object, model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Fields below `model` that the reference does not show at their place."""
    for name in model.model_fields:
        inner, entry = model_at(model, (name,)), model_at(model, (name, "x"))
        value = shown.get(name) if isinstance(shown, dict) else None
        if not isinstance(shown, dict) or name not in shown:
            yield ".".join((*path, name))
        elif inner is not None:
            yield from documented(value, inner, (*path, name))
        elif entry is not None and isinstance(value, dict):
            # One entry shows most of the options, another those that exclude them.
            merged = {key: each for one in value.values() for key, each in one.items()}
            yield from documented(merged, entry, (*path, name, "*"))


def test_the_reference_shows_every_option() -> None:
    assert list(documented(SHOWN, JobsFile)) == []


def test_the_reference_is_right_and_states_the_defaults() -> None:
    told = JobsFile.model_validate(SHOWN)
    pipeline, branches = told.pipelines["team/api"], told.multibranches["team/web"]
    webhook = pipeline.triggers.webhook
    assert webhook is not None
    plain = Pipeline(scm=Scm(url=pipeline.scm.url, credentials="git-ssh"))
    assert pipeline == plain.model_copy(
        update={
            "parameters": {
                "VERSION": Parameter(),
                "TARGET": Parameter(kind="choice", choices=["a5", "staging"]),
            },
            "triggers": Triggers(webhook=Webhook(token=webhook.token, matches=webhook.matches)),
        }
    )
    source = Source(url=branches.scm.url, credentials="git-ssh")
    assert branches == Multibranch(scm=source)
