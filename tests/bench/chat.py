"""`bin/bench chat`: what the product adds to a model that answers many conversations at once (PERFORMANCE.md, Streaming).

Real processes (gunicorn with two gevent workers, two chat workers, scheduler, Redis, PostgreSQL) against a stand-in model on
this machine: 250 words, the first after 100 ms, then one every 20 ms. The same visitors first ask the model itself: what
they measure there is the noise of the machine. Each has one conversation, begun at its own moment within the length of one;
`--rounds` has them go on. Exit code 1 when the gate at 200 conversations does not hold.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
from pathlib import Path

import uvloop

from tests.bench._load import Results, ask_model, converse, run
from tests.bench._product import Cost, Product, free_port, process, product

LEVELS = (1, 100, 200, 300)
GATE_LEVEL = 200
WARM_UP = 40
"""Conversations before the first figure, all at once: a process imports at its first one, and each of its connections has to be made and warmed."""
GATE = {"p50": 80.0, "p95": 200.0, "times": 1.05, "memory": 500.0}

HEADINGS = (
    f"{'conversations':>13}  {'ajouté p50/p95 ms':>18}  {'total × idéal':>13}  {'erreurs':>7}  {'CPU ms/conv.':>12}  {'PSS Mio':>7}"
    f"  {'reste CPU/PSS':>14}  {'direct p50/p95 ms':>18}  {'direct × idéal':>14}"
)


def measure(level: int, rounds: int, model_port: int, served: Product) -> bool:
    """Run one level and print its line. True when it keeps within the gate."""
    direct = uvloop.run(run(level, 1 if level > 1 else rounds, lambda _, results: ask_model(model_port, results)))
    with Cost(served.serving) as cost, Cost(served.rest) as rest:
        results = uvloop.run(run(level, rounds, lambda number, into: converse(served.port, served.visitors[number], into)))
    chats = level * rounds
    memory = sum(cost.memory.values())
    print(
        f"{level:>13}  {_pair(results):>18}  {results.ideal_times:>13.3f}  {len(results.errors):>7}"
        f"  {sum(cost.cpu.values()) / chats * 1000:>12.1f}  {memory:>7.0f}"
        f"  {sum(rest.cpu.values()) / chats * 1000:>6.1f} /{sum(rest.memory.values()):>6.0f}"
        f"  {_pair(direct):>18}  {direct.ideal_times:>14.3f}"
    )
    detail = ", ".join(f"{name} {cost.cpu[name] / chats * 1000:.1f} ms {cost.memory[name]:.0f} Mio" for name in cost.cpu)
    print(f"{'':>13}  ({detail})", flush=True)
    for error in sorted(set(results.errors))[:5]:
        print(f"{'':>13}  {results.errors.count(error)} × {error}")
    return (
        not results.errors
        and results.added_ms(0.50) <= GATE["p50"]
        and results.added_ms(0.95) <= GATE["p95"]
        and results.ideal_times <= GATE["times"]
        and memory <= GATE["memory"]
    )


def _pair(results: Results) -> str:
    return f"{results.added_ms(0.50):.0f} / {results.added_ms(0.95):.0f}"


def main() -> int:
    """Measure every level; the exit code is the gate's."""
    parser = argparse.ArgumentParser(prog="bin/bench chat", description="Conversations simultanées : ce que le produit ajoute au modèle.")
    parser.add_argument("--levels", type=int, nargs="+", default=LEVELS, help="nombres de conversations simultanées")
    parser.add_argument("--rounds", type=int, default=1, help="messages de chaque visiteur ; au-delà d'un, la charge tient à sa hauteur")
    options = parser.parse_args()
    model_port = free_port()
    passed: dict[int, bool] = {}
    log = Path(tempfile.gettempdir()) / "bench-model.log"
    with process(["-m", "tests.bench._model", str(model_port)], dict(os.environ), log), product(model_port, max(options.levels)) as served:
        gc.freeze()
        gc.disable()
        together = min(WARM_UP, len(served.visitors))
        uvloop.run(run(together, 1, lambda number, into: converse(served.port, served.visitors[number], into), spread=0))
        print(HEADINGS)
        for level in options.levels:
            passed[level] = measure(level, options.rounds, model_port, served)
    if GATE_LEVEL not in passed:
        return 0
    print(
        f"{'PASS' if passed[GATE_LEVEL] else 'FAIL'} : à {GATE_LEVEL} conversations, aucune erreur, ajouté p50 ≤ {GATE['p50']:.0f} ms et"
        f" p95 ≤ {GATE['p95']:.0f} ms, total ≤ {GATE['times']} × idéal, PSS (web, chat, Redis) ≤ {GATE['memory']:.0f} Mio"
    )
    return 0 if passed[GATE_LEVEL] else 1


if __name__ == "__main__":
    sys.exit(main())
