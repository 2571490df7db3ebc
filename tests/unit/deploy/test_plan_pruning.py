"""What is pruned with a release: the name of its image, while no other release needs it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyhelpers.deploy.plan import make_plan
from tests.unit.deploy import builders

HISTORY = ["deploy v1 blue done", "deploy v2 green done", "deploy v3 blue done"]


@pytest.mark.parametrize(
    ("shared", "pruned"), [("v9", "v1=shop/api@sha256:v1"), ("v3", "v1"), ("v4", "v1")]
)
def test_a_digest_that_a_kept_release_shares_stays(shared: str, pruned: str) -> None:
    """v1's image under another configuration is `shared`: kept, wanted, or nobody's."""
    facts = builders.facts(blue="v3", kept=["v1", "v3"], history=HISTORY)
    same = builders.release("v1").image
    records = tuple(
        replace(record, release=replace(record.release, image=same))
        if record.release.id == shared
        else record
        for record in facts.history
    )
    wanted = builders.target("v4", keep_releases=2)
    if shared == "v4":
        wanted = replace(wanted, release=replace(wanted.release, image=same))
    assert make_plan(replace(facts, history=records), wanted).prune == (pruned,)
