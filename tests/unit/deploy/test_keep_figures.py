"""After a deploy its figures are written to the host, and never stand in its way."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pyhelpers.deploy.cli.single import keep_figures
from pyhelpers.hosts.local import LocalHost
from tests.unit.deploy.test_history import entry

if TYPE_CHECKING:
    import pytest


def site(root: Path) -> Any:
    return SimpleNamespace(name="api", host=LocalHost("a5", PurePosixPath(root)))


def test_they_tell_what_the_history_does(tmp_path: Path) -> None:
    (tmp_path / "history").mkdir()
    line = json.dumps(entry(outcome="flipped_back"))
    (tmp_path / "history/api.jsonl").write_text(f"{line}\n")
    keep_figures(site(tmp_path))
    path = tmp_path / "metrics/deploy-api.prom"
    assert 'protostar_deploy_success{host="a5",service="api"} 0' in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o644, "node-exporter is nobody"


def test_a_host_that_cannot_take_them_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metrics").write_text("a file where the folder belongs")
    keep_figures(site(tmp_path))
    assert "a5: the deploy's figures were not written" in capsys.readouterr().err
