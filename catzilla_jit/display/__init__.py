"""How things look to people, from plain values and from the public attributes of objects."""
