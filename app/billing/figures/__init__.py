"""What models were used for and what they cost, for pages, statements and exports: queries only.

Totals come from the folded days (`usage_days`) plus the calls not folded yet, read in one statement, so that a figure is
never behind the log; what a sum cannot give (percentiles, single calls) is read from the log itself.
"""

from __future__ import annotations

from app.billing.figures.agents import AgentFigures, agent_figures
from app.billing.figures.costs import CostFigures, Figure, cost_figures, cost_rows
from app.billing.figures.live import Today, today
from app.billing.figures.wanted import NONE, PURPOSES, Wanted

__all__ = [
    "NONE",
    "PURPOSES",
    "AgentFigures",
    "CostFigures",
    "Figure",
    "Today",
    "Wanted",
    "agent_figures",
    "cost_figures",
    "cost_rows",
    "today",
]
