"""What `bin/run`, `bin/test` and `bin/bench` do. Standard library only: it runs before any package is installed."""
