"""Words as sounds in Kokoro's alphabet."""
