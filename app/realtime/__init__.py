"""A conversation in real time: who has the floor, what is heard, thought and spoken. No database,
no tenants, no telephone accounts; recognizer, synthesizer and model are handed in."""
