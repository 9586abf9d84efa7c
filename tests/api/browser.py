"""A browser, as far as cookies go. It takes this machine for safe without TLS, as browsers do;
the jar of httpx does not."""

from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx


class Browser:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.cookies: dict[str, Morsel[str]] = {}

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.request("GET", path, **more)

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.request("POST", path, **more)

    async def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        sent = [
            f"{name}={cookie.value}"
            for name, cookie in self.cookies.items()
            if f"{path}/".startswith(cookie["path"].rstrip("/") + "/")
        ]
        headers = {"cookie": "; ".join(sent)} if sent else {}
        headers |= more.pop("headers", {})
        answer = await self._client.request(method, path, headers=headers, **more)
        for line in answer.headers.get_list("set-cookie"):
            self._keep(SimpleCookie(line))
        return answer

    def _keep(self, given: SimpleCookie) -> None:
        for name, cookie in given.items():
            if int(cookie["max-age"]) <= 0:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = cookie
