"""The live feed: bounded, lossy fan-out for dashboards and supervisors. Nothing durable here."""
