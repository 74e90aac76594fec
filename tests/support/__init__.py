"""What several tests use; `pythonpath` in pyproject.toml leads here."""
