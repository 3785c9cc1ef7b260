"""Reading and checking contact details."""

from __future__ import annotations

import pytest

from bot import details
from bot.details import DetailError


@pytest.mark.parametrize(
    ("text", "name", "email", "phone", "about"),
    [
        ("I'm Ann Lee, ann@x.org, 212-555-0100, about the CCA", "Ann Lee", "ann@x.org", "+1 212-555-0100", "the CCA"),
        ("my name is ann lee and my email is ann@x.org", "ann lee", "ann@x.org", None, None),
        ("This is Bob. Call (555) 010-0199 regarding financial aid, please", "Bob", None, "+1 555-010-0199", "financial aid, please"),
        ("hi, I'm José Ñandú-O’Neil from Texas", "José Ñandú-O’Neil", None, None, None),
        ("call me 2125550100 ext. 5", None, None, "+1 212-555-0100 ext. 5", None),
        ("reach me at +49 30 1234567", None, None, "+49 30 1234567", None),
        ("I'm interested in coding", None, None, None, None),
        ("I am a nurse", None, None, None, None),
        ("I'M READY TO APPLY", None, None, None, None),
        ("write to <ann@x.org>.", None, "ann@x.org", None, None),
        ("it is ann@x", None, "ann@x", None, None),
        ("pay was $50,250 in 2022-2032, says 11/25/2026", None, None, None, None),
        ("call 555-0100", None, None, None, None),
        ("", None, None, None, None),
    ],
)
def test_details_are_found_in_one_message(text, name, email, phone, about):
    found = details.find_name(text), details.find_email(text), details.find_phone(text, "US"), details.find_about(text, "US")
    assert found == (name, email, phone, about)


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("ann@x.org", "ann@x.org"),
        ("Ann.Lee+school@Mail.X.ORG", "Ann.Lee+school@mail.x.org"),
        ("it's ann@x.org, thanks!", "ann@x.org"),
        ("jürgen@müller.de", "jürgen@müller.de"),
    ],
)
def test_details_email_is_taken(text, email):
    assert details.check_email(text) == email


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ann", "I see no e-mail address in that; one looks like name@example.org."),
        ("ann at x dot org", "I see no e-mail address in that; one looks like name@example.org."),
        ("ann@", "“ann@” cannot be an e-mail address. There must be something after the @-sign."),
        ("@x.org", "“@x.org” cannot be an e-mail address. There must be something before the @-sign."),
        ("ann@x", "“ann@x” cannot be an e-mail address. The part after the @-sign is not valid. It should have a period."),
        ("ann@x..org", "“ann@x..org” cannot be an e-mail address. An email address cannot have two periods in a row."),
        ("ann@localhost", "“ann@localhost” cannot be an e-mail address. The part after the @-sign is not valid. It should have a period."),
    ],
)
def test_details_wrong_email_is_explained(text, why):
    with pytest.raises(DetailError) as caught:
        details.check_email(text)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("text", "region", "phone"),
    [
        ("212 555 0100", "US", "+1 212-555-0100"),
        ("(212)555-0100", "US", "+1 212-555-0100"),
        ("my number is 212.555.0100, thanks", "US", "+1 212-555-0100"),
        ("1-800-FLOWERS", "US", "+1 800-356-9377"),
        ("030 1234567", "DE", "+49 30 1234567"),
        ("+1 212 555 0100", "DE", "+1 212-555-0100"),
    ],
)
def test_details_phone_is_taken(text, region, phone):
    assert details.check_phone(text, region) == phone


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("abc", "I see no telephone number in that."),
        ("555-0100", "The area code is missing from that number."),
        ("123", "That is too short for a telephone number; please give it with its area code."),
        ("212 555 01001234567", "That is too long for a telephone number."),
        ("1234567890123456789", "That is too long for a telephone number."),
        ("+999 123456", "I do not know the country code of that number."),
    ],
)
def test_details_wrong_phone_is_explained(text, why):
    with pytest.raises(DetailError) as caught:
        details.check_phone(text, "US")
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Maria Lopez", "Maria Lopez"),
        ("maria", "maria"),
        ("it's Bob", "Bob"),
        ("sure, it's me, Mario", "Mario"),
        ("you can call me Betty.", "Betty"),
        ("my name is Stop", "Stop"),
        ("change my name to Anna Lee", "Anna Lee"),
        ("ann lee and my phone is 212 555 0100", "ann lee"),
        ("Ann Lee, ann@x.org", "Ann Lee"),
        ("Ann Lee ann@x.org", "Ann Lee"),
        ("Tra My", "Tra My"),
        ("李小龙", "李小龙"),
        ("  Ann\u200b\t  Lee\x07 ", "Ann Lee"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
    ],
)
def test_details_name_is_taken(text, name):
    assert details.check_name(text) == name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "I see no name in that."),
        ("12", "I see no name in that."),
        ("👍", "I see no name in that."),
        ("ann@x.org", "I see no name in that."),
        ("one two three four five six seven", "That is long for a name."),
        ("x" * 81, "That is long for a name."),
    ],
)
def test_details_wrong_name_is_explained(text, why):
    with pytest.raises(DetailError) as caught:
        details.check_name(text)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("text", "about"),
    [("It's about the CCA", "the CCA"), ("financial\n aid ", "financial aid"), ("", ""), ("about me", "me"), ("x" * 500, "x" * 500)],
)
def test_details_about_is_taken(text, about):
    assert details.check_about(text) == about


def test_details_about_too_long_is_found_all_the_same():
    assert details.find_about("call me about " + "x" * 501, "US") == "x" * 501  # the form explains that it is too long


def test_details_about_too_long_is_explained():
    with pytest.raises(DetailError) as caught:
        details.check_about("x" * 501)
    assert str(caught.value) == "That is 501 characters; please say it in at most 500. The office asks for the rest."
