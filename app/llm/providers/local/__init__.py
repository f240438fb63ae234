"""The built-in provider `local`: a deterministic French conversation engine, no model behind it (CONTRACT.md).

A reply is a pure function of the messages. They are read turn by turn (`history`), each turn's words are understood into a
`Request` (`text`, `number_words`, `measures`, `vocabulary`, `mentions`, `understanding`), the dialogue decides what comes next
(`needs`, `dialogue`), and `provider` says it (`wording`) or calls the tools (`estimate`).
"""

from app.llm.providers.local.provider import stream

__all__ = ["stream"]
