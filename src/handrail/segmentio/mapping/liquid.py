"""The directive `@liquid`: Liquid over an event, without loops, files and the filters that Segment leaves out.

Segment bounds a template by milliseconds and megabytes. Ours needs no clock: without loops a template runs each of its
words once, and what a filter may make is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, cast

from liquid import Environment, Tag
from liquid.exceptions import LiquidError, LiquidSyntaxError

from handrail.segmentio.mapping.budget import Budget, MappingFailed

DISABLED_TAGS = ("case", "for", "include", "layout", "render", "tablerow")
DISABLED_FILTERS = (
    "array_to_sentence_string",
    "concat",
    "find",
    "find_exp",
    "find_index",
    "find_index_exp",
    "group_by",
    "group_by_exp",
    "has",
    "has_exp",
    "map",
    "newline_to_br",
    "reject",
    "reject_exp",
    "reverse",
    "sort",
    "sort_natural",
    "uniq",
    "where_exp",
    "type",
)
MOST = 100_000
"""Characters that one filter, or the whole template, may make."""


class _Bounded(Environment):
    output_stream_limit = MOST
    local_namespace_limit = 10 * MOST
    context_depth_limit = 10


@cache
def _environment() -> Environment:
    environment = _Bounded()
    for name in DISABLED_TAGS:
        environment.tags[name] = _disabled_tag(environment, name)
    for name, run in list(environment.filters.items()):
        environment.filters[name] = _bounded(name, run)
    for name in DISABLED_FILTERS:
        environment.filters[name] = _disabled_filter(name)
    return environment


def _disabled_tag(environment: Environment, word: str) -> Tag:
    class Disabled(Tag):
        name = word

        def parse(self, stream: object) -> Any:
            raise LiquidSyntaxError(f'tag "{word}" is disabled', token=None)

    return Disabled(environment)


def _disabled_filter(name: str) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise LiquidError(f'filter "{name}" is disabled', token=None)

    return fail


def _bounded(name: str, run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def bounded(value: Any, *arguments: Any, **named: Any) -> Any:
        if name == "replace" and len(arguments) > 1:
            text, old, new = (str(each) for each in (value, *arguments[:2]))
            if text.count(old) * len(new) > MOST:
                raise LiquidError(f"a filter makes at most {MOST} characters", token=None)
        made = run(value, *arguments, **named)
        if isinstance(made, str) and len(made) > MOST:
            raise LiquidError(f"a filter makes at most {MOST} characters", token=None)
        return made

    return bounded


def why_not(template: str) -> str | None:
    """Why a text is no template, in the parser's words; None when it is one."""
    try:
        _environment().from_string(template)
    except LiquidError as problem:
        return str(problem.message)
    return None


def renderer(template: str, budget: Budget) -> Callable[[object], object]:
    """The template as a function of the payload. It raises MappingFailed for what it cannot render."""
    try:
        parsed = _environment().from_string(template)
    except LiquidError as problem:
        reason = str(problem)

        def fail(_: object) -> object:
            raise MappingFailed(reason)

        return fail

    def render(payload: object) -> object:
        try:
            made = parsed.render(**cast("dict[str, Any]", payload)) if isinstance(payload, dict) else parsed.render()
        except (LiquidError, ArithmeticError, ValueError, TypeError) as problem:
            raise MappingFailed(str(problem)) from None
        budget.spend(len(made))
        return made

    return render
