"""Instructions of one's own (001 §5.3)."""

from __future__ import annotations

from collections.abc import Sequence

from app.blueprints.api.ai import schemas
from app.blueprints.api.ai.blueprint import bp, owner_id
from app.blueprints.api.bodies import Deleted
from app.llm import system_prompts
from app.llm.models import SystemPrompt
from app.web.access import requires
from app.web.api import set_meta


@bp.get("/ai/prompts")
@requires("ai.manage")
@bp.response(200, schemas.AiPrompt(many=True))
def prompts() -> Sequence[SystemPrompt]:
    """Instructions, the oldest first."""
    found = system_prompts.list_prompts(owner_id())
    set_meta(next_cursor=None, total=len(found))
    return found


@bp.post("/ai/prompts")
@requires("ai.manage")
@bp.arguments(schemas.AiPromptIn)
@bp.response(201, schemas.AiPrompt)
def create(body: dict[str, str]) -> SystemPrompt:
    """Write instructions; they serve once activated."""
    return system_prompts.create_prompt(owner_id(), body["name"], body["content"])


@bp.get("/ai/prompts/<prompt_id>")
@requires("ai.manage")
@bp.response(200, schemas.AiPrompt)
def prompt(prompt_id: str) -> SystemPrompt:
    """Instructions by their id."""
    return system_prompts.prompt_by_id(owner_id(), prompt_id)


@bp.put("/ai/prompts/<prompt_id>")
@requires("ai.manage")
@bp.arguments(schemas.AiPromptIn)
@bp.response(200, schemas.AiPrompt)
def change(body: dict[str, str], prompt_id: str) -> SystemPrompt:
    """Change them; the active configuration keeps its copy until they are activated again."""
    return system_prompts.change_prompt(owner_id(), prompt_id, body["name"], body["content"])


@bp.post("/ai/prompts/<prompt_id>/activate")
@requires("ai.manage")
@bp.response(200, schemas.AiPrompt)
def activate(prompt_id: str) -> SystemPrompt:
    """Copy them into the active configuration."""
    return system_prompts.activate_prompt(owner_id(), prompt_id)


@bp.delete("/ai/prompts/<prompt_id>")
@requires("ai.manage")
@bp.response(200, Deleted)
def delete(prompt_id: str) -> dict[str, bool]:
    """Delete them; of the active ones the copy goes too."""
    system_prompts.delete_prompt(owner_id(), prompt_id)
    return {"deleted": True}
