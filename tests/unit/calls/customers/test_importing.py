"""Files of customers as spreadsheets write them, and what is wrong with others."""

from io import BytesIO

import pytest

from app.calls.customers import importing as module
from app.calls.customers.domain import CustomerDetails, CustomerInvalid
from app.calls.customers.importing import Draft, RowFault, opened_file

PLAIN = (
    "name,phone_number,email\n"
    "Jane Smith,+1 415 555 1234,jane@example.com\n"
    "José Müller,+49301234567,\n"
)  # fmt: skip


def read(
    text: str | bytes, mapping: dict[str, str] | None = None, code: str = ""
) -> tuple[list[Draft], list[RowFault]]:
    file = BytesIO(text.encode() if isinstance(text, str) else text)
    rows = list(opened_file(file, mapping).rows(code))
    drafts = [row for row in rows if isinstance(row, Draft)]
    return drafts, [row for row in rows if isinstance(row, RowFault)]


def details(text: str | bytes, mapping: dict[str, str] | None = None) -> list[CustomerDetails]:
    drafts, faults = read(text, mapping)
    assert not faults
    return [draft.details for draft in drafts]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_files_are_read_however_a_spreadsheet_saves_them(
    encoding: str, separator: str, line_end: str
) -> None:
    text = PLAIN.replace(",", separator).replace("\n", line_end)
    assert details(text.encode(encoding)) == [
        CustomerDetails(name="Jane Smith", phone_number="+14155551234", email="jane@example.com"),
        CustomerDetails(name="José Müller", phone_number="+49301234567"),
    ]


def test_columns_hold_what_they_are_called_and_unknown_ones_are_metadata() -> None:
    (found,) = details(
        "Phone Number,Preferred-Language,Tags,Due amount,\n"
        '+14155551234,en,"vip, late;vip2",12.50,ignored\n'
    )
    assert found == CustomerDetails(
        phone_number="+14155551234",
        language="en",
        tags=("vip", "late", "vip2"),
        metadata={"Due amount": "12.50"},
    )


def test_a_mapping_says_what_columns_hold_and_leaves_out_the_rest() -> None:
    (found,) = details(
        "Mobile,Who,Secret,Shop\n+14155551234,Jane,xyz,Berlin\n",
        {"Mobile": "phone_number", "Who": "name", "Shop": "shop", "Secret": ""},
    )
    assert found == CustomerDetails(
        name="Jane", phone_number="+14155551234", metadata={"shop": "Berlin"}
    )


def test_what_is_wrong_in_a_row_is_said_of_that_row() -> None:
    drafts, faults = read(
        "phone_number,email,name\n"
        "+14155551234,,Jane\n"
        "\n"
        "030 1234567,,Karl\n"
        ",karl@example.com,Karl\n"
        "+14155551235,no address,Eve\n"
        "+14155551236,,Eve,more\n"
        '+14155551237,,"Eve\nAdams"\n'
    )
    assert [draft.row for draft in drafts] == [2]
    assert [fault.row for fault in faults] == [4, 5, 6, 7, 8]
    reasons = [fault.reason for fault in faults]
    for reason, word in zip(
        reasons, ("country_code", "it is missing", "email", "4 cells", "name"), strict=True
    ):
        assert word in reason
    assert "Karl" not in str(reasons)


def test_national_numbers_are_of_the_country_of_the_organization() -> None:
    drafts, _ = read("phone\n030 1234567\n", code="49")
    assert drafts[0].details.phone_number == "+49301234567"


@pytest.mark.parametrize(
    ("content", "mapping", "field", "fault"),
    [
        (b"", None, "file", "first row"),
        (b"\n", None, "file", "first row"),
        (b"name\nJane\n", None, "mapping", "no column holds phone_number"),
        (b"phone,phone_number\n1,2\n", None, "mapping", "two columns hold 'phone_number'"),
        (b"phone,phone\n1,2\n", None, "file", "two columns are called 'phone'"),
        (b"phone\n1\n", {"Mobile": "phone_number"}, "mapping", "no column 'Mobile'"),
        (b"name,phone\nJos\xe9,+14155551234\n", None, "file", "byte 15 is not UTF-8"),
        (b"\xff\xfen", None, "file", "not UTF-8"),
        (b"PK\x03\x04\x00\x00", None, "file", "NUL"),
        (b'phone\n"unclosed', None, "file", "line 2"),
        (b"phone\n" + b"x" * 200_000, None, "file", "line 2"),
        (b"a," * 100 + b"phone\n", None, "file", "1 to 100 columns"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    content: bytes, mapping: dict[str, str] | None, field: str, fault: str
) -> None:
    with pytest.raises(CustomerInvalid) as refused:
        read(content, mapping)
    assert refused.value.details == {"field": field}
    assert fault in refused.value.message


def test_one_row_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    assert len(details(PLAIN)) == 2
    with pytest.raises(CustomerInvalid, match="more than 2 rows"):
        read(PLAIN + "x,+14155551239,\n")
