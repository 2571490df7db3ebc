"""The config.xml of an item → its options in the words of jobs/*.yml. Pure.

The other way of the templates. What jobs/*.yml has no word for is left out, so that a default that
Jenkins adds is no difference. But in lists that decide what is built and when (triggers, traits,
extensions, remotes) a member that somebody added shows, under `other`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.jobs import mark
from pyhelpers.jobs.definition import ROOTS, Definition, Kind
from pyhelpers.jobs.elements import class_name, flag, limit, members, optional, parse, text
from pyhelpers.jobs.parameters import parameters

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from pyhelpers.jobs.definition import Option

_TRIGGERS = (
    "properties/org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty/triggers"
)
_CRON = "hudson.triggers.TimerTrigger"
_WEBHOOK = "org.jenkinsci.plugins.gwt.GenericTrigger"
_ROTATOR = "properties/jenkins.model.BuildDiscarderProperty/strategy"
_ONE_AT_A_TIME = (
    "properties/org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty"
)
_REMOTES = "definition/scm/userRemoteConfigs"
_REMOTE = f"{_REMOTES}/hudson.plugins.git.UserRemoteConfig"
_SOURCE = "sources/data/jenkins.branch.BranchSource/source"
_SCAN = "com.cloudbees.hudson.plugins.folder.computed.PeriodicFolderTrigger"
_FILTER = "jenkins.scm.impl.trait.WildcardSCMHeadFilterTrait"
_BRANCHES = "jenkins.plugins.git.traits.BranchDiscoveryTrait"
_TAGS = "jenkins.plugins.git.traits.TagDiscoveryTrait"
_INTERVALS = {"900000": "15m", "3600000": "1h", "14400000": "4h", "86400000": "1d"}


def read(xml: str) -> Definition:
    """Raises `NotXml`."""
    root = parse(xml)
    kind = ROOTS.get(root.tag)
    description, owner = mark.split(text(root, "description"))
    shown = {"description": description, "display_name": text(root, "displayName")}
    if kind is Kind.PIPELINE:
        return Definition(kind, owner, {**shown, **_pipeline(root)})
    if kind is Kind.MULTIBRANCH:
        return Definition(kind, owner, {**shown, **_multibranch(root)})
    return Definition(kind, owner, shown)


def _pipeline(root: Element) -> dict[str, Option]:
    return {
        "scm": _scm(root),
        "script": text(root, "definition/scriptPath"),
        "parameters": parameters(root),
        "triggers": _triggers(root),
        "keep": _keep(root),
        "concurrent": root.find(_ONE_AT_A_TIME) is None,
        "abort_previous": flag(root, f"{_ONE_AT_A_TIME}/abortPrevious"),
        "disabled": flag(root, "disabled"),
    }


def _scm(root: Element) -> dict[str, Option]:
    specs = [text(each, "name") for each in members(root, "definition/scm/branches")]
    added = [*members(root, "definition/scm/extensions"), *members(root, _REMOTES)[1:]]
    found: dict[str, Option] = {
        "url": text(root, f"{_REMOTE}/url"),
        "credentials": optional(root, f"{_REMOTE}/credentialsId"),
        "branch": ", ".join(spec.removeprefix("*/") for spec in specs),
        "lightweight": flag(root, "definition/lightweight"),
    }
    return _with_other(found, added)


def _with_other(found: dict[str, Option], added: list[Element]) -> dict[str, Option]:
    """`other` is there only where something is: so it shows as one line, when it goes."""
    return {**found, "other": [class_name(each.tag) for each in added]} if added else found


def _triggers(root: Element) -> dict[str, Option]:
    found = members(root, _TRIGGERS)
    webhooks = [_webhook(each) for each in found if each.tag == _WEBHOOK]
    told: dict[str, Option] = {
        "cron": "\n".join(text(each, "spec") for each in found if each.tag == _CRON),
        "webhook": webhooks[0] if webhooks else None,
    }
    others = [each for each in found if each.tag not in (_CRON, _WEBHOOK)]
    return _with_other(told, others + [each for each in found if each.tag == _WEBHOOK][1:])


def _webhook(node: Element) -> dict[str, Option]:
    found: dict[str, Option] = {
        "token": text(node, "tokenCredentialId"),
        "matches": text(node, "regexpFilterExpression"),
        "text": text(node, "regexpFilterText"),
        "variables": {
            text(each, "key"): text(each, "value") for each in members(node, "genericVariables")
        },
        "cause": text(node, "causeString"),
    }
    # That there is one, never which: whoever knows it can start the job.
    return {**found, "token_in_plain_text": True} if text(node, "token") else found


def _keep(root: Element) -> dict[str, Option]:
    return {
        "builds": limit(root, f"{_ROTATOR}/numToKeep"),
        "days": limit(root, f"{_ROTATOR}/daysToKeep"),
        "artifact_builds": limit(root, f"{_ROTATOR}/artifactNumToKeep"),
        "artifact_days": limit(root, f"{_ROTATOR}/artifactDaysToKeep"),
    }


def _multibranch(root: Element) -> dict[str, Option]:
    return {
        "scm": _source(root),
        "script": text(root, "factory/scriptPath"),
        **_scan(root),
        "orphans": {
            "builds": limit(root, "orphanedItemStrategy/numToKeep"),
            "days": limit(root, "orphanedItemStrategy/daysToKeep"),
        },
        "disabled": flag(root, "disabled"),
    }


def _scan(root: Element) -> dict[str, Option]:
    interval = text(root, f"triggers/{_SCAN}/interval").strip()
    every = _INTERVALS.get(interval, f"{interval} ms") if interval else None
    others = [class_name(each.tag) for each in members(root, "triggers") if each.tag != _SCAN]
    return {"scan_every": every, **({"other_triggers": others} if others else {})}


def _source(root: Element) -> dict[str, Option]:
    traits = members(root, f"{_SOURCE}/traits")
    known = (_BRANCHES, _TAGS, _FILTER)
    added = [each for each in traits if each.tag not in known] + members(root, "sources/data")[1:]
    found: dict[str, Option] = {
        "url": text(root, f"{_SOURCE}/remote"),
        "credentials": optional(root, f"{_SOURCE}/credentialsId"),
        "include": text(root, f"{_SOURCE}/traits/{_FILTER}/includes") or "*",
        "exclude": text(root, f"{_SOURCE}/traits/{_FILTER}/excludes"),
        "tags": _TAGS in [each.tag for each in traits],
        "id": text(root, f"{_SOURCE}/id"),
    }
    return _with_other(found, added)
