"""Several hosts: asked all at once, deployed to in turn, or some at a time by a process each."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

from pyhelpers import interrupts
from pyhelpers.deploy import fleet
from pyhelpers.errors import Interrupted, ProtostarError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pyhelpers.deploy.children import Children
    from pyhelpers.deploy.fleet import Outcome

ASKED_AT_ONCE = 16
# A signal that another thread happened to get is heard when the main one wakes up.
LOOK_EVERY_S = 0.5
# A deploy that is interrupted settles within its own deadlines; beyond that it hangs.
SETTLE_S = 120.0

_Name = TypeVar("_Name")
_Answer = TypeVar("_Answer")


def ask(
    names: Iterable[_Name], question: Callable[[_Name], _Answer]
) -> tuple[dict[_Name, _Answer], dict[_Name, ProtostarError]]:
    """All at once, in threads. The answers, and the errors of those who gave none."""
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        asked = {name: pool.submit(question, name) for name in names}
    problems = {name: future.exception() for name, future in asked.items()}
    answers = {name: asked[name].result() for name, problem in problems.items() if not problem}
    return answers, {name: _known(problem) for name, problem in problems.items() if problem}


def _known(problem: BaseException) -> ProtostarError:
    if not isinstance(problem, ProtostarError):
        raise problem
    return problem


def ask_all(names: Iterable[str], question: Callable[[str], _Answer]) -> dict[str, _Answer]:
    """Raises the error of those who gave no answer; of a host that was asked alone, its own."""
    answers, problems = ask(names, question)
    if problems:
        alone = len(answers) + len(problems) == 1
        raise next(iter(problems.values())) if alone else fleet.refusal(problems)
    return answers


def one_by_one(
    order: Sequence[str], tried: dict[str, Outcome], deploy: Callable[[str], Mapping[str, object]]
) -> None:
    """In this process and its main thread, so that a signal interrupts the deploy itself."""
    while begin := fleet.next_hosts(order, tried, (), 1):
        try:
            told = deploy(begin[0])
        except ProtostarError as problem:
            told = problem.as_dict()
        tried[begin[0]] = fleet.outcome_of(told)


def at_once(
    order: Sequence[str], number: int, tried: dict[str, Outcome], children: Children
) -> None:
    """A process for each host: a signal reaches main threads only, and here each has its own.

    Interrupted, all of them are told, and what they settle is waited for; another signal is passed
    over until the end of the caller's `interrupts.raised`.
    """
    going: dict[Future[Outcome], str] = {}
    with ThreadPoolExecutor(number) as pool:
        try:
            while True:
                for host in fleet.next_hosts(order, tried, going.values(), number):
                    going[pool.submit(children.deploy, host)] = host
                if not going:
                    return
                _take(going, tried, wait(going, LOOK_EVERY_S, FIRST_COMPLETED).done)
        except Interrupted:
            interrupts.pass_over()
            _end(going, tried, children)
            raise


def _take(
    going: dict[Future[Outcome], str],
    tried: dict[str, Outcome],
    ended: Iterable[Future[Outcome]],
) -> None:
    for each in ended:
        host, outcome = going.pop(each), each.result()
        if outcome.word != fleet.NOT_TRIED:
            tried[host] = outcome


def _end(going: dict[Future[Outcome], str], tried: dict[str, Outcome], children: Children) -> None:
    children.interrupt()
    if wait(going, SETTLE_S).not_done:
        children.kill()
    _take(going, tried, wait(going).done)
