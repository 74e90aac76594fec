"""What a submission is and what can be done with it: results, batches, promises, engines.

It knows no Task: `catzilla_jit.tasks` joins it with the compile stage.
"""
