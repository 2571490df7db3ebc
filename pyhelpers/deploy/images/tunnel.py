"""`tunnel`: the host's engine pulls from a front on its own loopback, which we answer."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from pyhelpers.deploy.commands import image_tag
from pyhelpers.deploy.images import commands
from pyhelpers.deploy.images.endings import failed
from pyhelpers.deploy.images.front import Origin
from pyhelpers.deploy.images.names import name_in_registry
from pyhelpers.deploy.images.progress import Meter
from pyhelpers.errors import FailedBeforeSwitch

if TYPE_CHECKING:
    from pyhelpers.deploy.model import ImageFacts
    from pyhelpers.deploy.run import Run

PULL_S = 1800.0


def pull_through(run: Run, image: ImageFacts) -> None:
    """The layers that the host lacks, through a port that is there for this run only.

    Raises `FailedBeforeSwitch` when the registry, or the host's engine, does not see it through.
    """
    meter = Meter(run.show.note, run.clock, run.show.interval_s)
    tag = image_tag(run.plan.target.name, run.plan.target.release.id)
    with closing(run.sources.registry()) as registry:
        name = name_in_registry(image.reference)
        origin = Origin(registry, name, frozenset(image.layers), meter)
        with run.host.exposed(origin.serve) as port:
            source = f"127.0.0.1:{port}/{origin.repository}@{image.digest}"
            done = run.guard.run(commands.pull_as(source, tag), deadline_s=PULL_S)
    if done.ok:
        run.show.note(meter.text())
    elif origin.problem is not None:
        raise FailedBeforeSwitch(error=origin.problem.error, try_=origin.problem.try_)
    else:
        raise failed(run, f"pulling {image.reference}", done)
