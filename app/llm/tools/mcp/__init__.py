"""Tools of servers that speak the Model Context Protocol over streamable HTTP."""
