"""Requests that arguments fill: whatever they hold, they stay values in their places."""

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.core.http.exchange import Exchange
from app.llm.tools.secrets import Secret, Secrets
from app.llm.tools.templates import FilledRequest, HttpRequest, Template
from app.llm.tools.tool import ToolRefused

KEY = 's3cr3t-Key/+=&"x'
HOST = "crm.example.com"
SECRETS = Secrets([Secret("crm_key", HOST, KEY), Secret("other", "evil.example.com", "x" * 9)])


def template(*, required: tuple[str, ...] = ("id",), **fields: Any) -> Template:
    names = ("id", "text", "flag", "count", "list", "more")
    fields.setdefault("url", f"https://{HOST}/v1/customers/{{id}}/notes")
    parameters = {
        "type": "object",
        "properties": {name: {} for name in names},
        "required": list(required),
    }
    return Template(HttpRequest(parameters=parameters, **fields))


def filled(made: Template, **arguments: Any) -> FilledRequest:
    return made.fill({"id": "7"} | arguments, SECRETS)


def body_of(request: FilledRequest) -> Any:
    return json.loads(request.content)


def test_everything_goes_to_its_place() -> None:
    made = template(
        method="POST",
        headers={"Authorization": "Bearer {{secret:crm_key}}", "X-Count": "n={count}"},
        query={"q": "{text}", "flag": "{flag}", "tag": "{list}", "fixed": "1", "none": "{more}"},
        body={
            "text": "{text}",
            "count": "{count}",
            "flag": "{flag}",
            "list": "{list}",
            "said": "{count} of {text}",
            "left": "{more}",
            "items": ["{more}", "{count}", 3, None],
            "graphql": "query { customer { name } }",
        },
    )
    request = filled(made, id="a b", text='5 "x" {id}', flag=True, count=2**70, list=["a", 1.5])
    assert request.url.partition("?")[0] == f"https://{HOST}/v1/customers/a%20b/notes"
    assert parse_qsl(urlsplit(request.url).query) == [
        ("q", '5 "x" {id}'),
        ("flag", "true"),
        ("tag", "a"),
        ("tag", "1.5"),
        ("fixed", "1"),
    ]
    assert request.headers == {
        "authorization": f"Bearer {KEY}",
        "x-count": f"n={2**70}",
        "content-type": "application/json",
    }
    assert body_of(request) == {
        "text": '5 "x" {id}',
        "count": 2**70,
        "flag": True,
        "list": ["a", 1.5],
        "said": f'{2**70} of 5 "x" {{id}}',
        "items": [2**70, 3, None],
        "graphql": "query { customer { name } }",
    }
    assert made.secrets == {"crm_key"}


def test_a_secret_goes_into_path_query_and_body_too() -> None:
    made = template(
        url=f"https://{HOST}/bot{{{{secret:crm_key}}}}/{{id}}",
        query={"key": "{{secret:crm_key}}"},
        body={"key": "{{secret:crm_key}}"},
    )
    request = filled(made)
    assert unquote(urlsplit(request.url).path) == f"/bot{KEY}/7"
    assert urlsplit(request.url).path.count("/") == 2
    assert parse_qsl(urlsplit(request.url).query) == [("key", KEY)]
    assert body_of(request) == {"key": KEY}


@pytest.mark.parametrize(("name", "word"), [("other", "another host"), ("unknown", "missing")])
def test_a_secret_goes_to_its_own_host_only(name: str, word: str) -> None:
    made = template(headers={"X-Key": f"{{{{secret:{name}}}}}"})
    with pytest.raises(ToolRefused, match=word) as refused:
        filled(made)
    assert "xxxxxxxxx" not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "..",
        "../admin",
        "..\\admin",
        "a/../b",
        "a/./b",
        "/..",
        "a\r\nHost: x",
        "a\0b",
        "\x7f",
    ],
)
def test_no_argument_leads_out_of_its_place_in_the_path(value: str) -> None:
    with pytest.raises(ToolRefused, match=r"^id: "):
        filled(template(), id=value)


@pytest.mark.parametrize("value", [[], {}, ["a"], {"a": 1}, None])
def test_a_path_takes_texts_and_numbers_only(value: Any) -> None:
    with pytest.raises(ToolRefused):
        filled(template(), id=value)


def test_two_arguments_together_are_no_way_out_either() -> None:
    made = template(url=f"https://{HOST}/v1/{{id}}{{text}}/x", required=("id", "text"))
    for first, second in ((".", "."), ("%2e", ".")):
        with pytest.raises(ToolRefused):
            filled(made, id=first, text=second)
    assert filled(made, id="..a", text="b").url.endswith("/v1/..ab/x")


@pytest.mark.parametrize(
    "value",
    ["a\r\nX-Evil: 1", "a\nb", "a\rb", "\0", "\u2028", "ключ", "\N{PILE OF POO}", "\x85", "a\x0bb"],
)
def test_no_argument_makes_a_header(value: str) -> None:
    with pytest.raises(ToolRefused, match=r"^text: a header takes"):
        filled(template(headers={"X-Note": "note {text}"}), text=value)


@given(
    st.one_of(st.text(), st.integers(), st.booleans(), st.floats(allow_nan=False)),
    st.text(),
)
def test_whatever_is_said_the_request_is_the_same(segment: Any, text: str) -> None:
    made = template(
        method="POST", headers={"X-Note": "{text}"}, query={"q": "{text}"}, body={"said": "{text}"}
    )
    try:
        request = filled(made, id=segment, text=text)
    except (ToolRefused, UnicodeEncodeError):
        return
    sent = Exchange.begin(request.method, request.url, request.headers, request.content)
    assert sent.origin == ("https", HOST, 443)
    path, _, query = sent.url.raw_path.decode().partition("?")
    assert path.count("/") == 4
    assert path.startswith("/v1/customers/")
    assert path.endswith("/notes")
    assert parse_qsl(query, keep_blank_values=True) == [("q", text)]
    assert body_of(request) == {"said": text}
    assert request.headers.keys() == {"x-note", "content-type"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": "https://{id}/x"}, "url"),
        ({"url": "https://{id}.example.com/x"}, "url"),
        ({"url": "https://crm.example.com:{id}/x"}, "url"),
        ({"url": "https://crm.example.com{id}"}, "url"),
        ({"url": "{id}://crm.example.com/"}, "url"),
        ({"url": "https://a:b@crm.example.com/"}, "url"),
        ({"url": "https://{{secret:crm_key}}.example.com/"}, "url"),
        ({"url": "ftp://crm.example.com/"}, "url"),
        ({"url": "//crm.example.com/"}, "url"),
        ({"url": "https://crm.example.com/?q={id}"}, "url"),
        ({"url": "https://crm.example.com/#x"}, "url"),
        ({"url": "https://crm.example.com/a/../b"}, "url"),
        ({"url": "https://crm.example.com/a/%2e%2e/b"}, "url"),
        ({"url": "https://crm.example.com\\@evil.example.com/"}, "url"),
        ({"url": "https://crm.example.com:99999/"}, "url"),
        ({"url": "https://crm.example.com/{nobody}"}, "url"),
        ({"url": "https://crm.example.com/{text}"}, "url"),
        ({"url": "https://crm.example.com/{ id }"}, "url"),
        ({"url": "https://crm.example.com/{id"}, "url"),
        ({"url": "https://crm.example.com/" + "a" * 2000}, "url"),
        ({"url": "x\r\ny"}, "url"),
        ({"headers": {"Host": "evil.example.com"}}, "headers.Host"),
        ({"headers": {"Content-Length": "5"}}, "headers.Content-Length"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers.Transfer-Encoding"),
        ({"headers": {"X-{id}": "5"}}, "headers.X-{id}"),
        ({"headers": {"X:Y": "5"}}, "headers.X:Y"),
        ({"headers": {"": "5"}}, "headers."),
        ({"headers": {"X": "a\r\nY: b"}}, "headers.X"),
        ({"headers": {"X": "{nobody}"}}, "headers.X"),
        ({"headers": {"X": "{{secret:Crm Key}}"}}, "headers.X"),
        ({"headers": {"X": "{{crm_key}}"}}, "headers.X"),
        ({"query": {"q": "{nobody}"}}, "query.q"),
        ({"body": {"a": ["{nobody}"]}}, "body"),
        ({"body": "x" * 20_000}, "body"),
        ({"body": [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}, "body"),
        ({"body": "\ud800"}, "body"),
        ({"pick": "data"}, "pick"),
    ],
)
def test_what_cannot_be_a_template_is_refused_by_its_field(
    fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        template(**fields)
    assert refused.value.details["field"] == field
    assert refused.value.message.startswith(f"{field}: ")
    assert len(refused.value.message) < 400


def test_a_secret_is_taken_out_of_whatever_comes_back() -> None:
    for echo in (
        KEY,
        KEY.upper(),
        json.dumps({"Authorization": f"Bearer {KEY}"}),
        "s3cr3t-Key%2F%2B%3D%26%22x",
        "s3cr3t-Key%2f%2b%3d%26%22x",
        "czNjcjN0LUtleS8rPSYieA==",
        "s3cr3t-Key/+=&amp;&quot;x",
    ):
        assert SECRETS.redacted(f"<<{echo}>>") != f"<<{echo}>>"
        assert "s3cr3t" not in SECRETS.redacted(echo).lower()
    assert SECRETS.redacted("nothing of it") == "nothing of it"
    assert SECRETS.redacted_json({KEY: [KEY, 1, None, {"a": KEY}], "b": 2}) == {
        "***": ["***", 1, None, {"a": "***"}],
        "b": 2,
    }
    assert Secrets([Secret("pin", HOST, "12345678")]).redacted_json([12345678]) == ["***"]
    assert Secrets().redacted(KEY) == KEY
    assert KEY not in repr(Secret("crm_key", HOST, KEY))
