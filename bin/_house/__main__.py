"""Entry of the three commands: `python bin/_house/__main__.py run|test|bench [arguments]`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from _house import run, suite  # noqa: E402  (the line above makes it importable)
from _house.console import HouseError, say  # noqa: E402
from _house.processes import StopRequested, stop_on_signals  # noqa: E402

COMMANDS = {"run": run.main, "test": suite.test, "bench": suite.bench}


def main() -> int:
    """Run the named command; whatever stops it is told in one line."""
    stop_on_signals()
    try:
        return COMMANDS[sys.argv[1]](sys.argv[2:])
    except StopRequested as stop:
        return 128 + stop.signal_number
    except HouseError as error:
        say(f"Erreur : {error}")
        if error.detail:
            say(error.detail)
    except subprocess.SubprocessError as error:
        say(f"Erreur : {error}")
    except OSError as error:
        say(f"Erreur : {error.strerror or error} : {error.filename}" if error.filename else f"Erreur : {error}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
