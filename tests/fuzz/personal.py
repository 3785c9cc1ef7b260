"""Personal data as visitors write it, made up, for Hypothesis."""

from __future__ import annotations

import string

from hypothesis import strategies as st

DIGITS = string.digits
# What comes before and after: words, so that no sign of a price or a code makes the number another thing.
WORDS = st.sampled_from(
    ["hi", "my name is Jo", "so here it is", "I want to be a coder", "what does it pay", "thanks", "ok", "please", "é", "医", "😀"]
)
BEFORE = st.builds("".join, st.tuples(WORDS, st.sampled_from([" ", ", ", ": ", " (", "\n", " - ", '"', "; ", " = "])))
AFTER = st.builds("".join, st.tuples(st.sampled_from([" ", ", ", ". ", ") ", "\n", " - ", '" ', "; ", "! ", "? "]), WORDS))


def digits(count: int, first: str = DIGITS) -> st.SearchStrategy[str]:
    """Returns numbers of so many digits, the first one of those given."""
    return st.builds("".join, st.tuples(st.sampled_from(first), st.text(DIGITS, min_size=count - 1, max_size=count - 1)))


@st.composite
def emails(draw) -> str:
    atom = st.text(string.ascii_letters + DIGITS + "_", min_size=1, max_size=12)
    local = draw(st.sampled_from([".", "+", "-", "_", ""])).join(draw(st.lists(atom, min_size=1, max_size=3)))
    label = st.text(string.ascii_lowercase + DIGITS, min_size=1, max_size=10)
    ending = draw(st.sampled_from(["com", "org", "edu", "net", "co.uk", "example", "info", "io"]))
    return f"{local}@{'.'.join(draw(st.lists(label, min_size=1, max_size=2)))}.{ending}"


@st.composite
def phones(draw) -> str:
    area, exchange, line = draw(digits(3, "23456789")), draw(digits(3, "23456789")), draw(digits(4))
    form = draw(st.sampled_from(["{}-{}-{}", "({}) {}-{}", "{}.{}.{}", "{} {} {}", "+1 {} {} {}", "1-{}-{}-{}", "+1{}{}{}", "({}){}-{}"]))
    return form.format(area, exchange, line)


@st.composite
def social_security_numbers(draw) -> str:
    separator = draw(st.sampled_from(["-", " ", ".", "\u2013", "\u2011"]))
    return separator.join([draw(digits(3)), draw(digits(2)), draw(digits(4))])


@st.composite
def cards(draw) -> str:
    count = draw(st.sampled_from([15, 16, 16, 16]))
    start = draw(digits(count - 1, "3" if count == 15 else "456"))
    total = sum(sum(divmod(2 * int(digit), 10)) for digit in start[::-2]) + sum(int(digit) for digit in start[-2::-2])
    number = start + str(-total % 10)
    groups = [number[:4], number[4:10], number[10:]] if count == 15 else [number[place : place + 4] for place in range(0, 16, 4)]
    return draw(st.sampled_from(["", " ", "-"])).join(groups)


@st.composite
def accounts(draw) -> str:
    number = draw(digits(draw(st.integers(8, 14))))
    return (
        draw(st.sampled_from(["account number ", "acct ", "my account is ", "routing number: ", "student id ", "passport no. ", "account # "]))
        + number
    )


@st.composite
def birth_dates(draw) -> str:
    day, month, year = draw(st.integers(1, 28)), draw(st.integers(1, 12)), draw(st.integers(1930, 2012))
    name = ["January", "Feb", "march", "April", "may", "June", "July", "Aug.", "September", "Oct", "november", "December"][month - 1]
    date = draw(
        st.sampled_from(
            [
                f"{month}/{day}/{year}",
                f"{month}/{day}/{year % 100:02}",
                f"{month:02}-{day:02}-{year % 100:02}",
                f"{year}-{month:02}-{day:02}",
                f"{day}.{month}.{year}",
                f"{name} {day}, {year}",
                f"{day} {name} {year}",
                f"the {day}th of {name} {year}",
            ]
        )
    )
    return draw(st.sampled_from(["born ", "I was born on ", "dob: ", "DOB ", "date of birth ", "my birthday is ", "birthdate: ", "d.o.b. "])) + date


KINDS = {
    "e-mail address": emails(),
    "telephone number": phones(),
    "social security number": social_security_numbers(),
    "card number": cards(),
    "account number": accounts(),
    "date of birth": birth_dates(),
}
