"""The function before types: its source, names, hints and values."""
