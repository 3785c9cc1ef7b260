"""What is masked in visitors' messages, and what must stay."""

from __future__ import annotations

import time

import pytest

from bot import privacy, settings


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        # E-mail
        ("my email is jo.smith+x@gmail.com thanks", "my email is [e-mail address] thanks"),
        ("jo@example.com", "[e-mail address]"),
        ("jo@0.example.com", "[e-mail address]"),
        ("Mail JO_O'HARA@sub.college.example.", "Mail [e-mail address]."),
        ("(jo@example.com)", "([e-mail address])"),
        ("jo@example.com, amy@example.org", "[e-mail address], [e-mail address]"),
        ("josé@exämple.com", "[e-mail address]"),
        ("jo(at)gmail(dot)com", "[e-mail address]"),
        ("jo [at] gmail [dot] com", "[e-mail address]"),
        ("Jo Smith <jo@example.com>", "Jo Smith <[e-mail address]>"),
        ("jo@gmail without the end", "[e-mail address] without the end"),
        ("a/b#c=d!{e}~@example.com", "[e-mail address]"),
        ('"jo smith"@example.com', "[e-mail address]"),
        ("jo@[192.0.2.1]", "[e-mail address]"),
        ("jo＠example．com", "[e-mail address]"),
        ("jo @ example . com", "[e-mail address]"),
        ("jo at gmail.com or amy at yahoo dot com", "[e-mail address] or [e-mail address]"),
        # Telephone
        ("reach me at 212-555-0123", "reach me at [phone number]"),
        ("(614) 555-0199", "[phone number]"),
        ("614.555.0199 after 5", "[phone number] after 5"),
        ("614 555 0199", "[phone number]"),
        ("1-800-555-0199", "[phone number]"),
        ("call 555-0142", "call [phone number]"),
        ("have somebody ring me: 555 0142", "have somebody ring me: [phone number]"),
        ("+1 555 0100", "[phone number]"),
        ("+44 20 7946 0958", "[phone number]"),
        ("+4915112345678", "[phone number]"),
        ("2062233344", "[phone number]"),
        ("I earn $50,250, call 206-223-3344", "I earn $50,250, call [phone number]"),
        ("my number is 5550142", "my number is [phone number]"),
        ("555-0142", "[phone number]"),
        ("２１２-５５５-０１２３", "[phone number]"),
        ("+１ ２００ ２００ ００００", "[phone number]"),
        ("614-555-0199 or 555-2368", "[phone number]"),
        ("my number is 6145550199 or 5552368, after 5", "my number is [phone number], after 5"),
        ("call me at two one two five five five 0123", "call me at [phone number]"),
        # Social security
        ("my ssn is 123-45-6789", "my ssn is [social security number]"),
        ("123 45 6789", "[social security number]"),
        ("123.45.6789", "[social security number]"),
        ("ssn 123456789", "ssn [social security number]"),
        ("social security number is 123 45 6789", "social security number is [social security number]"),
        ("last four of my SSN: 6789", "last four of my SSN: [social security number]"),
        ("SS# 123456789", "SS# [social security number]"),
        ("my social is 123456789", "my social is [social security number]"),
        # Cards, by their check digit or their groups
        ("4111 1111 1111 1111", "[card number]"),
        ("4111111111111111", "[card number]"),
        ("pay with 5500-0000-0000-0004 please", "pay with [card number] please"),
        ("378282246310005", "[card number]"),
        ("6011 0009 9013 9424 exp 12/27", "[card number] exp 12/27"),
        ("1234 5678 9012 3456", "[card number]"),
        # Accounts
        ("account number 0012345678", "account number [account number]"),
        ("acct 123 456 789", "acct [account number]"),
        ("routing: 021000021", "routing: [account number]"),
        ("my student id is A1234567", "my student id is [account number]"),
        ("passport no. X1234567", "passport no. [account number]"),
        ("it is 987654321012", "it is [account number]"),
        ("Account #: 1234-5678-90", "Account #: [account number]"),
        ("student id: S-1234567", "student id: [account number]"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [account number]"),
        ("gb29nwbk60161331926819", "[account number]"),
        # Dates of birth
        ("dob 3/5/1998", "dob [date of birth]"),
        ("D.O.B: 03-05-98", "D.O.B: [date of birth]"),
        ("I was born on March 5th, 1998", "I was born on [date of birth]"),
        ("born 1998-03-05", "born [date of birth]"),
        ("my birthday is 5 March 1998", "my birthday is [date of birth]"),
        ("my birthday is the 5th of March", "my birthday is [date of birth]"),
        ("03/05/1998 is my date of birth", "[date of birth] is my date of birth"),
        ("born in March 1998", "born in [date of birth]"),
        ("my bday is 5/12", "my bday is [date of birth]"),
        ("d o b 1/2/1990", "d o b [date of birth]"),
        # All at once
        (
            "Jo, 3/5/1998 born, 123-45-6789, jo@x.org, 212-555-0123",
            "Jo, [date of birth] born, [social security number], [e-mail address], [phone number]",
        ),
        # What stands beside personal data is not taken for a part of it, now or when it is masked again
        ("born 1/1/1990, exam on 3/5/2025", "born [date of birth], exam on 3/5/2025"),
        ("ssn 123456789, 120 credits", "ssn [social security number], 120 credits"),
        ("[account number] 20610", "[account number] 20610"),
        ("[phone number] 800-1000", "[phone number] 800-1000"),
    ],
)
def test_privacy_masks(text, masked):
    assert privacy.mask(text) == masked
    assert privacy.mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "what do coders make a year, $50,250?",
        "$45,000-$55,000",
        "$53690.00 or €45000000",
        "40000-50000 a year",
        "i made 52000 in 2023",
        "salary 50,250.75",
        "in May 2024 the median was 50250",
        "is 100,000,000 possible",
        "pays $18.50-$22.75",
        "is ICD-10 hard",
        "ICD-10-CM and CPT 99213 99214",
        "CPT 20610 20611",
        "HCPCS J1885, D0120",
        "E11.9 or Z00.00",
        "code 99213-25",
        "CCS-P or RHIT, CPC-A",
        "401(k) and form 1099",
        "2023-2024",
        "2019 2020 2021 2022",
        "the 2021 2022 2023 2024 figures",
        "class of 2024, 120 credits",
        "1990s",
        "I am 45 and born in 1978",
        "born to code",
        "my birthday wish is to pass the CPC",
        "800 hours",
        "800-1000 hours of work",
        "call center work, 800-1000 hours",
        "the number of hours is 800-1000",
        "between 1,000-1,200 hours",
        "I need 2000 hours by 12/2025",
        "5 hours and 40 minutes",
        "150 questions in 240 minutes, 70%",
        "1-2 years or 3-4",
        "2 years 6 months",
        "3.5 GPA",
        "exam on 3/5/2025",
        "starts March 5, 2026",
        "09:00-17:00, 24/7",
        "zip 43215 or 43215-1234",
        "look at aapc dot com",
        "aapc.com/certification",
        "@AHIMA",
        "license in 2024?",
        "(at) the office",
        "meet at outlook valley, at live events",
        "20@80%",
        "coders @ home, ask @AAPC. Thanks",
        "ICD10 2024 2025 2026",
        "one or two, three to four, five, six",
        "1 2 3 4 5 6 7 8 9",
        "call 911 or 988",
        "phone work pays $1500000",
        "24/7 since the day my son was born",
        "SOC 29-2072 and NAICS 621111",
        "45 CFR 164.512",
        "the median of 50250, 53690 and 51889",
        "",
        "[phone number]",
    ],
)
def test_privacy_leaves(text):
    assert privacy.mask(text) == text


def test_privacy_reads_telephone_numbers_of_the_settings_region(monkeypatch):
    text = "ring 020 7946 0958"
    assert privacy.mask(text) == text
    british = settings.in_force().copy(update={"phone_region": "GB"})
    monkeypatch.setattr(settings, "in_force", lambda: british)
    assert privacy.mask(text) == "ring [phone number]"


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1",
        "1 ",
        "1-",
        "+1",
        "a@",
        "a@b.",
        "x.y",
        "(at)",
        "a [at] ",
        "born ",
        "born 1/1 ",
        "jan ",
        "call ",
        "account ",
        "4111-",
        "555-1234 or ",
        " ",
        "é",
        "😀",
    ],
)
def test_privacy_takes_no_text_long(piece):
    started = time.process_time()
    for text in (piece * 1000, piece * 999 + "1@"):
        privacy.mask(text[:1000])
    assert time.process_time() - started < 0.5  # a tenth of the time a visitor waits at most; measured 0.03 s
