"""From typed intermediate representation to LLVM, with the checks Python's answers need."""
