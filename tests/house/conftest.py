"""`bin` is no package of the application: it is put on the path for these tests only."""

from __future__ import annotations

import sys
from pathlib import Path

BIN = Path(__file__).parents[2] / "bin"
sys.path.insert(0, str(BIN))
