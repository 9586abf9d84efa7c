"""The API families: thin adapters, one package each, that know services and not each other."""
