"""What a release is made of: its id, the files that travel with it, and what we add to them."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from pyhelpers.deploy import release
from tests.unit.deploy import builders

ROOT = PurePosixPath("/srv/protostar")
FILES = {"compose.yml": b"services: {}\n", "override.yml": b"{}\n", "api.env": b"A=1\n"}
SOME_FILES = st.dictionaries(st.text(min_size=1, max_size=8), st.binary(max_size=8), max_size=5)


class TestTheDigest:
    def test_the_order_of_the_files_does_not_matter(self) -> None:
        backwards = dict(reversed(FILES.items()))
        assert release.config_digest(backwards) == release.config_digest(FILES)

    def test_it_is_the_same_in_every_version_of_this_program(self) -> None:
        """Otherwise the next version would deploy every service anew."""
        assert release.config_digest({"a": b"1"}) == (
            "df1190f7f39ade60e708c3d6899036b2e33ada6fed5aa8b54bb4a22e9466f11d"
        )

    @given(SOME_FILES, SOME_FILES)
    def test_it_is_the_same_for_the_same_files_only(
        self, one: dict[str, bytes], other: dict[str, bytes]
    ) -> None:
        same = release.config_digest(one) == release.config_digest(other)
        assert same == (one == other)

    def test_what_moves_from_a_name_into_a_content_is_a_change(self) -> None:
        one, other = {"a": b"b\0", "c": b""}, {"a": b"", "b": b"c"}
        assert release.config_digest(one) != release.config_digest(other)


class TestTheIdentity:
    IMAGE = builders.image()

    def of(self, files: dict[str, bytes] = FILES, label: str = "v2", **changes: Any) -> str:
        return release.release_of(builders.image(**changes), label, files).id

    def test_the_same_image_and_files_are_the_same_release(self) -> None:
        assert self.of() == self.of()
        assert len(self.of()) == release.RELEASE_ID_LENGTH

    def test_the_tag_that_was_typed_does_not_matter(self) -> None:
        assert self.of(label="latest") == self.of(label="v2")

    def test_another_image_is_another_release(self) -> None:
        assert self.of(digest="sha256:v3") != self.of()

    def test_another_file_is_another_release(self) -> None:
        assert self.of({**FILES, "api.env": b"A=2\n"}) != self.of()

    def test_it_holds_what_the_engine_is_asked_for_and_what_was_typed(self) -> None:
        made = release.release_of(self.IMAGE, "v2", FILES)
        assert (made.image, made.label) == (self.IMAGE.reference, "v2")
        assert made.config_digest == release.config_digest(FILES)


def override(name: str = "api", **service: Any) -> dict[str, Any]:
    made = release.override(name, builders.service(**service), builders.gateway(), ROOT)
    read: dict[str, Any] = yaml.safe_load(made)
    return read


class TestWhatWeAdd:
    def test_image_labels_and_the_colours_own_name_on_the_gateways_network(self) -> None:
        assert override() == {
            "networks": {"protostar_edge": {"external": True, "name": "protostar_edge"}},
            "services": {
                "app": {
                    "image": "protostar-release/api:${PROTOSTAR_RELEASE}",
                    "pull_policy": "never",
                    "environment": {
                        "PROTOSTAR_SERVICE": "api",
                        "PROTOSTAR_COLOUR": "${PROTOSTAR_COLOUR}",
                        "PROTOSTAR_RELEASE": "${PROTOSTAR_RELEASE}",
                    },
                    "labels": {
                        "org.protostar.service": "api",
                        "org.protostar.colour": "${PROTOSTAR_COLOUR}",
                        "org.protostar.release": "${PROTOSTAR_RELEASE}",
                        "org.protostar.root": "/srv/protostar",
                    },
                    "networks": {"protostar_edge": {"aliases": ["api-${PROTOSTAR_COLOUR}"]}},
                }
            },
        }

    def test_it_does_not_say_which_release_it_is_of(self) -> None:
        """The release's id is a digest of this text."""
        assert release.override("api", builders.service(), builders.gateway(), ROOT) == (
            release.override("api", builders.service(), builders.gateway(), ROOT)
        )
        assert "v2" not in json.dumps(override())

    def test_a_worker_sees_its_markers_but_cannot_touch_them(self) -> None:
        added = override("jobs", kind="worker", compose_service="worker")["services"]["worker"]
        assert added["volumes"] == ["/srv/protostar/live:/run/protostar/live:ro"]
        assert added["environment"]["PROTOSTAR_MARKER"] == (
            "/run/protostar/live/jobs.${PROTOSTAR_COLOUR}"
        )

    def test_a_worker_that_knows_nothing_of_markers_gets_none(self) -> None:
        added = override("jobs", kind="worker", marker=False)["services"]["app"]
        assert "volumes" not in added
        assert "PROTOSTAR_MARKER" not in added["environment"]

    def test_a_dollar_in_the_root_is_not_a_variable_of_compose(self) -> None:
        worker = builders.service(kind="worker")
        made = release.override("jobs", worker, builders.gateway(), PurePosixPath("/srv/$HOME"))
        added = yaml.safe_load(made)["services"]["app"]
        assert added["volumes"] == ["/srv/$$HOME/live:/run/protostar/live:ro"]
        assert added["labels"]["org.protostar.root"] == "/srv/$$HOME"
