"""How many connections are open in this process, for whoever reports on it."""


class Presence:
    def __init__(self) -> None:
        self.websockets = 0
