"""The parts of the pool that needs no native library: Python threads alone."""
