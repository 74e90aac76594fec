"""What an author is told: the reasons for a refusal, in which words, at which line."""
