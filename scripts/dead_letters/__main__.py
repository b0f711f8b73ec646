"""`python -m scripts.dead_letters list|show|replay|discard`."""

from __future__ import annotations

from app.commands.dead_letters import dead_letters

if __name__ == "__main__":
    dead_letters(prog_name="python -m scripts.dead_letters")
