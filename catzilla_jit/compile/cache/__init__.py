"""What is kept on disk of compiled tasks, and under which fingerprint."""
