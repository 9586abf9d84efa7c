"""One module for each wire protocol. Nothing outside `app.llm` and the wiring imports them."""
