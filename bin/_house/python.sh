# Sourced by the commands: sets `root` (the clone) and `python` (the interpreter to start with).
# The clone's own environment comes first; else Python 3.11 or 3.12; a newer one only with a Redis of its own.
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)"
python=""
newer=""
for candidate in "$root/.venv/bin/python" python3 python3.12 python3.11 python3.13 python3.14; do
  version="$("$candidate" -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null)" || continue
  case "$version" in
    "3 11" | "3 12") python="$candidate"; break ;;
    "3 "[1-9][0-9]) [ "${version#3 }" -gt 12 ] && [ -z "$newer" ] && newer="$candidate" ;;
  esac
done
if [ -z "$python" ] && [ -n "$newer" ]; then
  if command -v redis-server >/dev/null || [ -n "${REDIS_URL:-}" ]; then python="$newer"; fi
fi
if [ -z "$python" ]; then
  echo "Erreur : Python 3.11 ou 3.12 est nécessaire (une version plus récente convient si redis-server est installé)." >&2
  exit 1
fi
unset PYTHONPATH PYTHONHOME candidate version newer
