"""Statistics as people and programs read them: tables, a timeline, a JSON document."""
