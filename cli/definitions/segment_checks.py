"""What a segment asks that the project cannot answer."""

from collections import Counter
from collections.abc import Iterator, Mapping

from cli.definitions.document import Path
from cli.definitions.findings import Finding
from dangol.domain.matching import MAX_LABELS
from dangol.domain.project import Project
from dangol.domain.segment import Behaviour, Condition, DidCondition, Group, Segment


def check_segment(segment: Segment, project: Project) -> Iterator[Finding]:
    """Check each condition against what the project declares, and the labels."""
    yield from _check_labels(segment)
    for path, node in walk(segment):
        if isinstance(node, Behaviour):
            yield from _check_behaviour(path, node, project)
        if node.label and not (len(path) == 2 and path[0] == "any"):  # noqa: PLR2004 - a branch of the top `any`
            yield Finding((*path, "as"), "a label counts on a branch of the top any only", "take it out here")


def walk(node: Condition, path: Path = ()) -> Iterator[tuple[Path, Condition]]:
    """Every condition of a segment's own with its path, depth first."""
    yield path, node
    if isinstance(node, Group):
        for key, children in (("all", node.all_), ("any", node.any_), ("none", node.none_)):
            for index, child in enumerate(children or ()):
                # A segment that is named here was checked in its own file.
                if not isinstance(child, Segment):
                    yield from walk(child, (*path, key, index))


def _check_labels(segment: Segment) -> Iterator[Finding]:
    labels = [branch.label for branch in segment.branches()]
    if len(labels) > MAX_LABELS:
        yield Finding(("any",), f"has {len(labels)} labelled branches", f"at most {MAX_LABELS} are counted apart")
    for label, times in Counter(labels).items():
        if times > 1:
            yield Finding(("any",), f"two branches have the label {label!r}", "give one another name")


def _check_behaviour(path: Path, node: Behaviour, project: Project) -> Iterator[Finding]:
    yield from _undeclared({(*path, "where", name): (name, node.event) for name in node.where}, project)
    if isinstance(node, DidCondition):
        if node.same:
            yield from _undeclared({(*path, "same"): (node.same, node.did)}, project)
            yield from _undeclared({(*path, "then_not"): (node.same, str(node.then_not))}, project)
        yield from _check_count(path, node, project)


def _undeclared(asked: Mapping[Path, tuple[str, str]], project: Project) -> Iterator[Finding]:
    """The facets asked for that their events do not declare."""
    for path, (facet, event) in asked.items():
        declared = project.event(event).facets
        if facet not in declared:
            known = f"declared now: {', '.join(declared)}" if declared else "none is declared now"
            hint = f"declare it in dangol.yaml, events.{event}.facets ({known})"
            yield Finding(path, f"{facet!r} is not a facet of {event}", hint)


def _check_count(path: Path, node: DidCondition, project: Project) -> Iterator[Finding]:
    keep = project.event(node.did).keep
    windowed = node.within or node.between or node.since or node.during
    # Without a window and a facet the lifetime count answers, which is kept for ever.
    if node.count is None or node.count.reach <= keep or not (windowed or node.where):
        return
    problem = f"only the most recent {keep} of {node.did} are kept, too few to tell"
    yield Finding((*path, "count"), problem, f"raise events.{node.did}.keep in dangol.yaml to {node.count.reach:g}")
