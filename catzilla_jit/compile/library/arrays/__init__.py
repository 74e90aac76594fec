"""What is compiled along for arrays: sums, reductions, elementwise functions."""
