"""What other programs see of a runtime: one file per outside library or format.

Nothing here is imported unless it is used, and none of those libraries is a dependency.
"""
