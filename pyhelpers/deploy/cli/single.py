"""A deploy to one host: carried out, shown, and told to the team when it fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyhelpers import console
from pyhelpers.errors import Exit, ProtostarError
from pyhelpers.hosts.cli import who

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyhelpers.deploy.cli.options import Options
    from pyhelpers.deploy.fleet import Outcome
    from pyhelpers.deploy.site import Site, Wanted


# What else ends a deploy (a lock, a preflight) is no line in the history, or was a lost line.
LEFT_A_RECORD = (Exit.FAILED_BEFORE_SWITCH, Exit.FAILED_AFTER_SWITCH)


@dataclass(frozen=True, slots=True)
class How:
    """What is asked for, and the commands that go with it.

    `words`: the command for one host alone, in a process of its own; the release's id follows it.
    `again`: what goes on after a failure. `settle`: what helps where the hosts differ.
    """

    options: Options
    words: tuple[str, ...]
    again: str
    settle: str
    # Hosts that are settled already, by `rollback --now`.
    already: Mapping[str, Outcome] = field(default_factory=dict)


def deploy(site: Site, wanted: Wanted, how: How) -> dict[str, Any]:
    """What `--json` prints of it. Raises the `ProtostarError` that says what stands."""
    from pyhelpers.deploy import report
    from pyhelpers.deploy.pipeline import carry_out

    options = how.options
    view = console.steps_view(json_wanted=options.json_wanted, steps_too=options.steps)
    try:
        result = carry_out(site, wanted, who(), view, detach=options.detach)
    except ProtostarError as problem:
        view.close()
        tell_team(site, wanted, problem, site.host.name)
        if problem.exit_code in LEFT_A_RECORD:
            keep_figures(site)
        raise
    view.close()
    if result.run is not None:
        keep_figures(site)
    if not options.json_wanted:
        console.say(report.summary(result))
    elif options.steps:
        console.note(report.summary(result))
    return report.result_as_dict(result)


def keep_figures(site: Site) -> None:
    """What node-exporter reads of this service's deploys. Never the deploy's own trouble."""
    from pyhelpers.deploy import metrics
    from pyhelpers.deploy.facts import read_history

    host = site.host
    try:
        text = metrics.text(host.name, site.name, read_history(host, site.name))
        host.put(host.root / "metrics" / f"deploy-{site.name}.prom", text.encode())
    except (ProtostarError, OSError) as trouble:
        console.warn(f"{host.name}: the deploy's figures were not written: {trouble}")


def tell_team(site: Site, wanted: Wanted, problem: ProtostarError, host: str) -> None:
    """Of a refusal or a flip-back; that somebody else deploys is neither."""
    webhook = site.config.notify.webhook if site.config.notify else None
    if webhook is None or problem.exit_code is Exit.LOCKED:
        return
    from pyhelpers.deploy.notify import notify

    told = {**problem.as_dict(), "error": problem.error.splitlines()[0]}  # no logs in a chat
    message = {**told, "service": site.name, "label": wanted.target.release.label}
    trouble = notify(webhook.reveal(), {**message, "host": host, "who": who()})
    if trouble:
        console.warn(trouble)
