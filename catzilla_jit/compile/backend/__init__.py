"""From LLVM to code that can be called: kernels, entries, chunk functions, boxing."""
