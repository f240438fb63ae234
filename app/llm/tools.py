"""The tools a model may call: a registry that upper contexts fill, and the one way to run a call.

A model's call is material to judge: whatever it asks for, it gets a JSON object back, `{"erreur": …}` when it cannot be done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from app.core.errors import DomainError
from app.llm.deltas import ToolCall

log = structlog.get_logger(__name__)

MAX_ARGUMENTS = 64 * 1024


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What the caller lends to the tools of one answer, by name: a price library, a list that receives drafts…"""

    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """`parameters` is a JSON schema of an object; `run` gets arguments that are an object with its required keys."""

    name: str
    description: str
    parameters: dict[str, Any]
    run: Callable[[ToolContext, dict[str, Any]], dict[str, Any]]

    def spec(self) -> dict[str, Any]:
        """The tool as the chat API announces it."""
        return {"type": "function", "function": {"name": self.name, "description": self.description, "parameters": self.parameters}}


_registry: dict[str, Tool] = {}


def register(tool: Tool) -> None:
    """Make a tool known under its name. Raises ValueError when another one has it."""
    if _registry.setdefault(tool.name, tool) is not tool:
        raise ValueError(f"tool registered twice: {tool.name}")


def registered() -> list[Tool]:
    """Every tool, by name."""
    return [_registry[name] for name in sorted(_registry)]


def named(names: Iterable[str]) -> list[Tool]:
    """The tools of these names, in this order; a name nobody registered is left out, so that an agent outlives its tools."""
    return [_registry[name] for name in dict.fromkeys(names) if name in _registry]


def read_arguments(raw: str) -> dict[str, Any] | None:
    """A call's arguments, None when they are not a JSON object of a reasonable size. No text at all means none."""
    if len(raw) > MAX_ARGUMENTS:
        return None
    try:
        arguments = json.loads(raw) if raw.strip() else {}
    except (ValueError, RecursionError):
        return None
    return arguments if isinstance(arguments, dict) else None


def run_call(call: ToolCall, offered: Sequence[Tool], context: ToolContext) -> dict[str, Any]:
    """Run one call of a model among the tools it was offered."""
    tool = next((tool for tool in offered if tool.name == call.name), None)
    if tool is None:
        return _error(f"Cet outil n’existe pas. Outils disponibles : {', '.join(tool.name for tool in offered) or 'aucun'}.")
    arguments = read_arguments(call.arguments)
    if arguments is None:
        return _error("Les arguments ne sont pas un objet JSON valide.")
    if mismatch := _mismatch(arguments, tool.parameters):
        return _error(mismatch)
    try:
        return tool.run(context, arguments)
    except DomainError as error:
        return _error(error.message)
    except Exception:
        # A tool that fails is a bug of ours: it is logged, and the conversation goes on.
        log.exception("tool.failed", tool=tool.name)
        return _error("L’outil a échoué. Continuez sans lui.")


def _mismatch(arguments: dict[str, Any], schema: dict[str, Any]) -> str | None:
    """What is plainly wrong: a missing key, a list where a value is expected or the reverse.

    Numbers written as text and unknown keys are left to the tool, which may know how to read them.
    """
    missing = [key for key in schema.get("required", ()) if arguments.get(key) is None]
    if missing:
        return f"Arguments manquants : {', '.join(missing)}."
    for key, rules in schema.get("properties", {}).items():
        value, shapes = arguments.get(key), _shapes(rules.get("type", ()))
        if value is not None and shapes and _shape(value) not in shapes:
            return f"L’argument « {key} » n’est pas de la forme attendue : {' ou '.join(shapes)}."
    return None


def _shapes(kinds: str | Sequence[str]) -> list[str]:
    """What a JSON schema's type may look like; nothing when it does not say."""
    return [{"array": "liste", "object": "objet"}.get(kind, "valeur") for kind in ([kinds] if isinstance(kinds, str) else kinds)]


def _shape(value: object) -> str:
    return "liste" if isinstance(value, list) else "objet" if isinstance(value, dict) else "valeur"


def _error(sentence: str) -> dict[str, Any]:
    return {"erreur": sentence}
