"""How lines reach us: what carries sound to a call and from it."""
