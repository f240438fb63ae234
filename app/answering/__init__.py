"""One answer of an agent: resolve, assemble the prompt, run the tools, fall back, read the pre-quote. Stores nothing."""
