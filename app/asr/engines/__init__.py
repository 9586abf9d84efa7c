"""Models that hear, each behind a few plain functions. Engines know no database and no tenant."""
