"""Kokoro in this process: graphs of our own, made of the published weights by the recipe `kokoro`
(`convert.MADE` names the files)."""
