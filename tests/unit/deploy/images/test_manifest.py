"""Manifests and indexes, in Docker's words and in OCI's."""

from __future__ import annotations

from typing import Any

import pytest

from pyhelpers.deploy.images.manifest import (
    Manifest,
    architectures,
    digest_for,
    is_index,
    read_manifest,
)


def entry(digest: str, architecture: str | None = None, os: str = "linux") -> dict[str, Any]:
    platform = {"platform": {"os": os, "architecture": architecture}} if architecture else {}
    return {"digest": digest, **platform}


INDEX = {
    "manifests": [
        entry("sha256:win", "amd64", "windows"),
        entry("sha256:amd", "amd64"),
        entry("sha256:v7", "arm"),
        entry("sha256:v8", "arm"),
        entry("sha256:proof", "unknown", "unknown"),
    ]
}
ONE = {
    "config": {"digest": "sha256:c", "size": 10},
    "layers": [{"digest": "sha256:l1", "size": 200}, {"digest": "sha256:l2", "size": 3}],
}


def test_an_index_is_known_by_what_it_holds_not_by_its_type() -> None:
    assert is_index(INDEX)
    assert not is_index(ONE)


def test_only_what_runs_on_linux_counts_and_attestations_run_nowhere() -> None:
    assert architectures(INDEX) == ("amd64", "arm")


@pytest.mark.parametrize(
    ("architecture", "digest"),
    [("amd64", "sha256:amd"), ("arm", "sha256:v7"), ("s390x", None), ("unknown", None)],
)
def test_the_first_that_fits_is_taken(architecture: str, digest: str | None) -> None:
    assert digest_for(INDEX, architecture) == digest


def test_an_image_that_names_no_platform_is_for_all() -> None:
    assert digest_for({"manifests": [entry("sha256:any")]}, "s390x") == "sha256:any"


def test_a_manifest_says_its_configuration_its_layers_and_what_they_weigh() -> None:
    assert read_manifest(ONE) == Manifest("sha256:c", ("sha256:l1", "sha256:l2"), 213)


def test_a_manifest_of_schema_1_is_not_read() -> None:
    with pytest.raises(KeyError):
        read_manifest({"schemaVersion": 1, "fsLayers": []})
