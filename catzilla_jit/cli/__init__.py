"""The command line, `catzilla-jit`: its arguments, its commands and their exit codes."""
