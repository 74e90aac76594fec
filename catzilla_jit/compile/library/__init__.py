"""Python functions that are compiled along with the tasks that call them."""
