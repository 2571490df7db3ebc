"""What must hold, whatever breaks. An invariant returns what is wrong, or nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from pyhelpers.errors import FailedAfterSwitch, FailedBeforeSwitch, ProtostarError
from tests.model.world import ROOT, SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.model.story import Story

HELP_COMES_S = 10.0
WHOLE_RECORD = {"id", "at", "outcome"}

# --- at every instant: after every call of a deployer, before every step of every process -------


def a_ready_colour_answers(story: Story) -> str:
    """A ready colour was live at the start: whoever asks the gateway meets a ready container."""
    if not story.was_ready or story.is_booting():
        return ""
    edge, now_s = story.world.edge, story.world.machine.now_s
    running = story.world.machine.engine.of(SERVICE, edge.live(), running_only=True)
    unready = [c.name for c in running if not c.is_ready(now_s)]
    if running and not unready:
        return ""
    return (
        f"{edge.live() or 'no colour'} is live: {unready or 'nothing'} of it runs and is not ready"
    )


def marker_is_the_truth(story: Story) -> str:
    """Exactly one marker (none before the first switch): a gateway may restart at any instant."""
    names = story.world.machine.disk.names(str(ROOT / "live"))
    at_least = 1 if story.live_before else 0
    legal = {f"{SERVICE}.blue", f"{SERVICE}.green"}
    return "" if at_least <= len(names) <= 1 and names <= legal else f"markers: {sorted(names)}"


def never_more_than_two_colours(story: Story) -> str:
    """Blue and green at most; each of one release, and of no more replicas than wanted."""
    service = story.world.config.services[SERVICE]
    for colour, containers in story.colours().items():
        releases = {c.release for c in containers}
        if colour not in ("blue", "green") or len(releases) > 1:
            return f"{colour} runs {sorted(releases)}"
        if len(containers) > service.replicas:
            return f"{colour} runs {len(containers)} replicas"
    return ""


def hooks_ran_at_most_once(story: Story) -> str:
    """A hook succeeds once, as long as its release is kept, and never has another beside it."""
    engine = story.world.machine.engine
    doubled = [name for name, times in Counter(engine.hooks_done).items() if times > 1]
    beside = [c.name for c in engine.containers.values() if c.one_off and c.running]
    return f"ran {doubled}, runs {beside}" if doubled or len(beside) > 1 else ""


# --- once everybody has come to rest ------------------------------------------------------------


def uncommitted_goes_back(story: Story) -> str:
    """Without a commit the old release is live again, within ten seconds and with nobody's help."""
    if story.is_committed() or not story.has_fallback or story.all_were_killed:
        return ""
    if story.unsettled and story.has_intent():
        return ""
    if story.live_release() != story.release_before:
        return f"{story.live_release()} is live, {story.release_before} was"
    late_s = story.last_seen_new_s - story.struck_s if story.deployer_died else 0.0
    return f"only {late_s:.0f} s later" if late_s > HELP_COMES_S else ""


def committed_stays(story: Story) -> str:
    """What the history calls done is what serves."""
    last = story.last_good()
    if last is None or not story.has_fallback:
        return ""
    if story.has_intent() and (story.all_were_killed or story.unsettled):
        return ""
    if last["colour"] == story.world.edge.live() and last["release"]["id"] == story.live_release():
        return ""
    return f"done is {last['colour']}, live is {story.world.edge.live()}"


def no_lock_left(story: Story) -> str:
    """Nobody holds a lock, and no guard lives."""
    held = [path for path, pids in story.world.machine.locks.items() if pids]
    guards = [p.pid for p in story.world.machine.processes if p.is_guard]
    return f"locks {held}, guards {guards}" if held or guards else ""


def no_half_written_file(story: Story) -> str:
    """What has its final name is whole; a torn last line of the history is a power cut's only."""
    torn = [line for line in story.history_lines() if not _is_whole(line)]
    if len(torn) > int(story.power_was_cut):
        return f"history: {torn}"
    empty = [
        path
        for path, data in story.world.machine.disk.paths().items()
        if not data and not path.startswith((f"{ROOT}/live/", f"{ROOT}/guard/"))
    ]
    return f"empty: {empty}" if empty else ""


def _is_whole(line: str) -> bool:
    try:
        record: dict[str, object] = json.loads(line)
    except ValueError:
        return False
    return record.keys() >= WHOLE_RECORD


def an_error_says_what_stands(story: Story) -> str:
    """Every failure is one that a person can act on: what went wrong, what stands, what to type."""
    error = story.outcome.error
    if error is None or type(error) is OSError:  # a disk that fails is told as unexpected
        return ""
    if not isinstance(error, ProtostarError):
        return f"{type(error).__name__}: {error}"
    missing = [name for name in ("error", "state", "try_") if not getattr(error, name)]
    return f"without {missing}: {error}" if missing else ""


def error_state_is_true(story: Story) -> str:
    """The State line names the colour that the marker names, and what it tells has happened.

    Not judged when another deployed meanwhile, or an earlier deploy was settled first.
    """
    error = story.outcome.error
    if not isinstance(error, ProtostarError) or story.unsettled or not story.is_alone:
        return ""
    named = re.findall(rf"\b{SERVICE}-(blue|green)\b(?=.* serves)", error.state)
    if named and set(named) != {story.world.edge.live()}:
        return f"it says: {error.state}; {story.world.edge.live() or 'none'} is live"
    untrue = [
        words for words, is_true in _claims(story).items() if words in error.state and not is_true
    ]
    return f"it says: {error.state}" if untrue else _wrong_kind(story, error)


def _claims(story: Story) -> Mapping[str, bool]:
    return {
        "traffic never moved": not story.moved,
        "flipped back": story.moved and not story.is_committed(),
        "nothing to flip back to": not story.has_fallback,
        "is committed": story.is_committed(),
        "it is not committed": not story.is_committed() and story.has_intent(),
        "nothing was changed": story.serves_as_before(),
        "no colour of": not story.world.edge.live(),
    }


def _wrong_kind(story: Story, error: ProtostarError) -> str:
    if isinstance(error, FailedBeforeSwitch) and story.moved:
        return "exit code 6, but traffic moved"
    if isinstance(error, FailedAfterSwitch) and not story.moved:
        return "exit code 7, but traffic never moved"
    return ""


# --- after the same command without a fault -----------------------------------------------------


def rerun_converges(story: Story) -> str:
    """The same command again brings the end state that it would have brought without the fault."""
    error, wanted = story.outcome.error, story.scenario.fails_with
    if story.scenario.gives_up_at_once(error):
        return ""
    if type(error) is not (wanted or type(None)):
        return f"it ends with {type(error).__name__}: {error}"
    live = story.release_of(story.scenario.ends_with)
    return "" if live == story.live_release() else f"{story.live_release()} is live, not {live}"


def no_intent_left(story: Story) -> str:
    """Nothing undecided is left for the next one; a commit on disk has decided, intent or not."""
    if story.has_intent() and not story.is_committed_on_disk():
        return "an intent without its commit"
    return ""


def only_one_colour_is_left(story: Story) -> str:
    """The old colour is drained and stopped in the end, unless it is kept warm."""
    if story.scenario.gives_up_at_once(story.outcome.error):
        return ""
    service = story.world.config.services[SERVICE]
    running = {colour for colour, found in story.colours().items() if found}
    extra = running - {story.world.edge.live()}
    return f"{sorted(extra)} still runs" if extra and not service.keep_warm else ""


def third_run_changes_nothing(story: Story) -> str:
    """And says so."""
    if story.scenario.gives_up_at_once(story.outcome.error):
        return "" if story.is_as_before() else "something has changed"
    if story.scenario.fails_with is not None:
        return rerun_converges(story)
    if story.outcome.result is None or story.outcome.result.run is not None:
        return f"it did something, or failed: {story.outcome.error}"
    return "" if story.is_as_before() else "something has changed"


AT_EVERY_INSTANT = (
    a_ready_colour_answers,
    marker_is_the_truth,
    never_more_than_two_colours,
    hooks_ran_at_most_once,
)
AT_REST: tuple[Callable[[Story], str], ...] = (
    uncommitted_goes_back,
    committed_stays,
    no_lock_left,
    no_half_written_file,
    an_error_says_what_stands,
    error_state_is_true,
)
AFTER_THE_RERUN: tuple[Callable[[Story], str], ...] = (
    rerun_converges,
    no_intent_left,
    only_one_colour_is_left,
    *AT_REST[2:],
)
AFTER_THE_THIRD: tuple[Callable[[Story], str], ...] = (third_run_changes_nothing, *AT_REST[2:])
