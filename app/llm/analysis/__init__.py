"""What a conversation was like: numbers from code, judgement from a language model, and of that
judgement only what the conversation bears out."""
