"""What a user writes: tasks, workflows and the runtime; where compile and runtime meet."""
