"""A county that runs, on this machine, in a minute: seeded people and sheets, and the real desk, store and audit."""
