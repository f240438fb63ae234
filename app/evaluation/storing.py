"""What a trial came to, put into its row; and the log of what it cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.answering.errors import AnswerFailedError
from app.answering.request import Answer, ToolRun, Turn
from app.billing.models import UsageLog
from app.billing.service import log_calls
from app.evaluation.models import Trial
from app.evaluation.queueing import end_trial
from app.evaluation.rules import Outcome, judge
from app.llm.calls import ModelCall, usage_logs
from app.llm.errors import ProviderError
from app.quoting.drafting import Draft
from app.quoting.presentation import stored_lines, stored_vat

MAX_RESULT = 4000


def log_spent(calls: Sequence[ModelCall], ids: Mapping[str, Any]) -> list[UsageLog]:
    """Log each call, with `purpose`, `agent_id` and `user_id` of the trial."""
    entries = usage_logs(calls, **ids)
    log_calls(entries)
    return entries


def keep_played(trial: Trial, said: Sequence[Turn], answers: Sequence[Answer], spent: Sequence[UsageLog], *, told: int) -> None:
    """The answers came (or were stopped): the last one is the trial's, figures are those of all of them."""
    last, drafts = answers[-1], [draft for answer in answers for draft in answer.drafts]
    _keep_spent(trial, spent)
    trial.said = [{"role": turn.role, "text": turn.text} for turn in said]
    trial.answer, trial.provider, trial.model = last.text, last.provider, last.model
    trial.latency_ms, trial.ttft_ms = sum(answer.latency_ms for answer in answers), answers[0].ttft_ms
    trial.tools = [_tool(run) for answer in answers for run in answer.tool_runs]
    trial.failures = [_failure(failure) for answer in answers for failure in answer.failures]
    trial.refusals = [refusal for answer in answers for refusal in answer.refusals]
    trial.quote = _quote(drafts[-1]) if drafts else None
    trial.resolved_prompt = last.resolved_prompt
    if trial.question and not last.stopped:
        total = drafts[-1].totals.total_ttc if drafts else None
        outcome = Outcome(last.text, total, tuple(trial.refusals), quoted_last=bool(last.drafts))
        verdict = judge(trial.question["rule"], trial.question["expected"], outcome)
        trial.passed, trial.verdict = verdict.passed, verdict.why
    end_trial(trial, "cancelled" if last.stopped else "done", told=told)


def keep_failure(trial: Trial, failure: AnswerFailedError, spent: Sequence[UsageLog], *, told: int) -> None:
    """No model answered."""
    _keep_spent(trial, spent)
    trial.failures = [_failure(one) for one in failure.failures]
    end_trial(trial, "failed", failure.failures[-1].kind if failure.failures else "broken", told=told)


def _keep_spent(trial: Trial, spent: Sequence[UsageLog]) -> None:
    trial.prompt_tokens = sum(entry.prompt_tokens for entry in spent)
    trial.completion_tokens = sum(entry.completion_tokens for entry in spent)
    trial.estimated = any(entry.estimated for entry in spent)
    trial.cost_eur = sum((entry.cost_eur for entry in spent), Decimal(0))


def _tool(run: ToolRun) -> dict[str, Any]:
    result = json.dumps(dict(run.result), ensure_ascii=False, default=str, indent=1)
    return {"name": run.name, "arguments": run.arguments[:MAX_RESULT], "result": result[:MAX_RESULT]}


def _failure(failure: ProviderError) -> dict[str, Any]:
    return {"provider": failure.provider, "model": failure.model, "kind": failure.kind}


def _quote(draft: Draft) -> dict[str, Any]:
    """The pre-quote, its numbers as text, as `PreQuote` keeps them."""
    return {
        "title": draft.title,
        "lines": stored_lines(draft),
        "vat": stored_vat(draft),
        "total_ht": format(draft.totals.total_ht, "f"),
        "total_ttc": format(draft.totals.total_ttc, "f"),
    }
