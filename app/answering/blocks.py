"""Keeps the ```` ```json-quote ```` blocks of a model out of the person's sight while the text arrives (003 §15.2 F)."""

from __future__ import annotations

import re

_OPENING = re.compile(r"```[ \t]{0,3}json-quote", re.IGNORECASE)
_MAYBE_OPENING = re.compile(r"`{1,3}[ \t]{0,3}(?:j(?:s(?:o(?:n(?:-(?:q(?:u(?:o(?:t)?)?)?)?)?)?)?)?)?\Z", re.IGNORECASE)
# A JSON text has no line break nor closing bracket right before three backticks inside a string, short of malice.
_CLOSING = re.compile(r"([\n}\]])[ \t]{0,8}```")
_MAYBE_CLOSING = re.compile(r"[\n}\]][ \t]{0,8}`{0,2}\Z")
_LONG_SPACE = re.compile(r"\s{3,}")


class BlockFilter:
    """Text in, in any pieces; visible text out, the same whatever the pieces. `blocks` are the contents hidden so far.

    The visible text has no space at its ends and never more than one empty line; a hidden block leaves a paragraph break.
    A block left open hides all that follows it.
    """

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self._inside: list[str] | None = None
        self._held = ""  # the end of what came, which may begin a fence
        self._space = ""  # white space that only shows if something follows
        self._begun = False

    def feed(self, text: str) -> str:
        """Take a piece in; what can be shown by now."""
        if self._inside is None and not self._held and "`" not in text:
            return self._tidy(text)  # nearly always: no fence begins here
        self._held += text
        shown: list[str] = []
        while self._step(shown):
            pass
        return self._tidy("".join(shown))

    def end(self) -> str:
        """The model has said all: what was still held, unless it is a block, which is then as complete as it will be."""
        held, self._held = self._held, ""
        if self._inside is None:
            return self._tidy(held)
        self._close(held)
        return ""

    def new_paragraph(self) -> None:
        """What follows stands apart from what came before."""
        self._space += "\n\n"

    def _step(self, shown: list[str]) -> bool:
        """Go as far as the next fence; False when there is none yet."""
        if self._inside is None:
            fence = _OPENING.search(self._held)
            if fence is None:
                shown.append(self._settle(_MAYBE_OPENING))
                return False
            shown.append(self._held[: fence.start()] + "\n\n")
            # The line break lets an empty block close at once.
            self._inside, self._held = [], "\n" + self._held[fence.end() :]
            return True
        fence = _CLOSING.search(self._held)
        if fence is None:
            self._inside.append(self._settle(_MAYBE_CLOSING))
            return False
        rest = self._held[fence.end() :]
        self._close(self._held[: fence.end(1)])
        self._held = rest
        return True

    def _settle(self, maybe_fence: re.Pattern[str]) -> str:
        """Let go of what cannot belong to a fence, keep the end that may."""
        match = maybe_fence.search(self._held)
        cut = match.start() if match else len(self._held)
        settled, self._held = self._held[:cut], self._held[cut:]
        return settled

    def _close(self, last: str) -> None:
        self.blocks.append("".join([*(self._inside or ()), last]).strip())
        self._inside = None

    def _tidy(self, text: str) -> str:
        text = self._space + text
        body = text.rstrip()
        self._space = text[len(body) :]
        if not body:
            return ""
        if not self._begun:
            body, self._begun = body.lstrip(), True
        return _LONG_SPACE.sub(lambda space: "\n\n" if space[0].count("\n") > 2 else space[0], body)
