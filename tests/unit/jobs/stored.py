"""What a Jenkins makes of an item's XML when it saves it: the recorded pairs, as rules.

Recorded from 2.504.3 with workflow-job 1540, git 5.7.0, cloudbees-folder 6.1036 and
generic-webhook-trigger 2.2.1. tests/cases/jobs/recorded holds what was sent and what was stored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
PIPELINE = "flow-definition"
MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
BRANCH_API = "branch-api@2.1233.vfb_6b_2b_3ed499"
CLOUDBEES = "cloudbees-folder@6.1036.vb_94fd035b_287"
GIT = "git@5.7.0"
GWT = "org.jenkinsci.plugins.gwt.GenericTrigger"
GWT_ORDER = (
    *("spec", "genericVariables", "regexpFilterText", "regexpFilterExpression"),
    *("printPostContent", "printContributedVariables", "causeString", "token"),
    *("tokenCredentialId", "silentResponse", "overrideQuietPeriod", "shouldNotFlattern"),
    "allowSeveralTriggersPerBuild",
)
GWT_FLAGS = (
    *("printPostContent", "printContributedVariables", "silentResponse", "overrideQuietPeriod"),
    *("shouldNotFlattern", "allowSeveralTriggersPerBuild"),
)
JOB = "org.jenkinsci.plugins.workflow.job.properties"
PROPERTIES = {
    "hudson.model.ParametersDefinitionProperty",
    "jenkins.model.BuildDiscarderProperty",
    f"{JOB}.DisableConcurrentBuildsJobProperty",
    f"{JOB}.PipelineTriggersJobProperty",
}
PIPELINE_ORDER = (
    *("actions", "description", "displayName", "keepDependencies", "properties", "definition"),
    *("triggers", "disabled"),
)
FOLDER_ORDER = (
    *("actions", "description", "displayName", "properties", "folderViews", "healthMetrics"),
    *("icon", "orphanedItemStrategy", "triggers", "disabled", "sources", "factory"),
)
FOLDER_VIEWS = f"""
<folderViews class="com.cloudbees.hudson.plugins.folder.views.DefaultFolderViewHolder">
  <views>
    <hudson.model.AllView>
      <owner class="{FOLDER}" reference="../../../.."/>
      <name>All</name>
      <description>x</description>
      <filterExecutors>false</filterExecutors>
      <filterQueue>false</filterQueue>
      <properties class="hudson.model.View$PropertyList"/>
    </hudson.model.AllView>
  </views>
  <tabBar class="hudson.views.DefaultViewsTabBar"/>
</folderViews>"""
FOLDER_ICON = '<icon class="com.cloudbees.hudson.plugins.folder.icons.StockFolderIcon"/>'
OWNER = f'<owner class="{MULTIBRANCH}" reference="../.."/>'
BRANCH_VIEWS = f"""
<folderViews class="jenkins.branch.MultiBranchProjectViewHolder" plugin="{BRANCH_API}">
{OWNER}</folderViews>"""
BRANCH_ICON = f"""
<icon class="jenkins.branch.MetadataActionFolderIcon" plugin="{BRANCH_API}">{OWNER}</icon>"""


class NotTaken(Exception):
    """Jenkins answers 500 to this XML."""


def parsed(xml: str) -> Element:
    """Raises `NotTaken` for what is no XML, and for a root that no plug-in knows."""
    try:
        root = ET.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", xml))  # noqa: S314 - our own
    except ET.ParseError:
        raise NotTaken from None
    if root.tag not in SAVED:
        raise NotTaken
    return root


def fresh(xml: str) -> str:
    """Right after the post: what was sent, with another first line."""
    return '<?xml version="1.1" encoding="UTF-8"?>' + re.sub(r"^\s*<\?xml[^>]*\?>", "", xml)


def stored(xml: str) -> str:
    """After Jenkins has saved the item itself."""
    root = parsed(xml)
    SAVED[root.tag](root)
    ET.indent(root)
    return "<?xml version='1.1' encoding='UTF-8'?>\n" + ET.tostring(root, encoding="unicode")


def _pipeline(root: Element) -> None:
    root.set("plugin", "workflow-job@1540.v295eccc9778f")
    properties = _child(root, "properties")
    for each in list(properties):
        if each.tag not in PROPERTIES:
            properties.remove(each)
    for strategy in root.iter("strategy"):
        _default(strategy, "removeLastBuild", "false")
    for trigger in root.iter(GWT):
        _webhook(trigger)
    for definition in root.findall("definition"):
        definition.set("plugin", "workflow-cps@4209.v83c4e257f1e9")
    for scm in root.findall("definition/scm"):
        scm.set("plugin", GIT)
        _default(scm, "doGenerateSubmoduleConfigurations", "false")
        _child(scm, "extensions")
    _child(root, "triggers")
    _default(root, "disabled", "false")
    _sort(root, PIPELINE_ORDER)


def _webhook(trigger: Element) -> None:
    trigger.set("plugin", "generic-webhook-trigger@2.2.1")
    for name in GWT_FLAGS:
        _default(trigger, name, "false")
    _sort(trigger, GWT_ORDER)


def _folder(root: Element) -> None:
    root.set("plugin", CLOUDBEES)
    _folderish(root, FOLDER_VIEWS, FOLDER_ICON)
    _sort(root, FOLDER_ORDER)


def _multibranch(root: Element) -> None:
    root.set("plugin", "workflow-multibranch@806.vb_b_688f609ee9")
    _child(root, "actions")
    _folderish(root, BRANCH_VIEWS, BRANCH_ICON)
    strategy = _child(root, "orphanedItemStrategy")
    strategy.set("plugin", CLOUDBEES)
    _default(strategy, "abortBuilds", "false")
    for each in _child(root, "triggers"):
        each.set("plugin", CLOUDBEES)
    _default(root, "disabled", "false")
    _child(root, "sources").set("plugin", BRANCH_API)
    for source in root.iter("source"):
        source.set("plugin", GIT)
    for trait in root.iter("jenkins.scm.impl.trait.WildcardSCMHeadFilterTrait"):
        trait.set("plugin", "scm-api@704.v3ce5c542825a_")
    factory = _child(root, "factory")
    if factory.find("owner") is None:
        factory.insert(0, ET.fromstring(OWNER))  # noqa: S314 - our own
    _sort(root, FOLDER_ORDER)


def _folderish(root: Element, views: str, icon: str) -> None:
    _child(root, "properties")
    _child(root, "healthMetrics")
    for text, tag in ((views, "folderViews"), (icon, "icon")):
        if root.find(tag) is None:
            root.append(ET.fromstring(text))  # noqa: S314 - our own


def _child(node: Element, tag: str) -> Element:
    found = node.find(tag)
    return ET.SubElement(node, tag) if found is None else found


def _default(node: Element, tag: str, text: str) -> None:
    if node.find(tag) is None:
        ET.SubElement(node, tag).text = text


def _sort(node: Element, order: tuple[str, ...]) -> None:
    """Jenkins writes fields in the order of its classes."""
    node[:] = sorted(node, key=lambda each: order.index(each.tag))


SAVED: dict[str, Callable[[Element], None]] = {
    FOLDER: _folder,
    PIPELINE: _pipeline,
    MULTIBRANCH: _multibranch,
}


def plain(xml: str, tag: str) -> str:
    """The text of a child of the root, whatever kind of item it is."""
    root = ET.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", xml))  # noqa: S314 - our own
    return root.findtext(tag) or ""
