"""The types and rules of tenancy. Pure: no database, no clock of their own."""
