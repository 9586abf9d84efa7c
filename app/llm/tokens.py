"""How many tokens a text may have, whoever's model counts them. Pure."""

ASCII_PER_TOKEN = 3


def estimate_tokens(text: str) -> int:
    """Rather too many than too few: letters of other scripts are taken for the bytes that a
    vocabulary made of English leaves of them."""
    ascii_count = len(text.encode("ascii", "ignore"))
    other_bytes = len(text.encode(errors="surrogatepass")) - ascii_count
    return -(-ascii_count // ASCII_PER_TOKEN) + other_bytes - (len(text) - ascii_count)
