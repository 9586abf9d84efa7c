"""The tables of tenancy and all of their SQL. Private to tenancy."""
