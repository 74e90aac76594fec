"""What is compiled along for bytes: reading, building, splitting, converting."""
