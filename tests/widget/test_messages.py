"""What a conversation shows: greeting, cards, choices, ratings, form questions, counter, copy, download, start over, delete."""

from __future__ import annotations

import re
from pathlib import Path

from fake_server import FakeServer, ask_for, said

SCRIPT = '<script type="module" src="/webhooks/widget/career-chat.js"></script>'


def cells(table):
    return [row.locator("th, td").all_inner_texts() for row in table.locator("tr").all()]


def test_greeting_says_what_it_is_what_it_can_do_and_how_messages_are_kept(chat):
    greeting = chat.articles.first.inner_text()
    assert "automated assistant of Example College" in greeting
    assert "the work, pay, training and certification" in greeting
    assert "kept for 30 days" in greeting
    privacy = chat.articles.first.get_by_role("link", name="Privacy notice")
    assert privacy.get_attribute("href") == f"{chat.fake.origin}/privacy"
    assert "Example College" in chat.panel.locator(".names").inner_text()


def test_greeting_offers_the_servers_questions_until_one_is_asked(new_chat, fake: FakeServer):
    fake.config["buttons"] = [{"title": "Exam fees", "payload": "/ask_exam_cost"}, {"title": 5}, None]
    chat = new_chat()
    chat.open()
    offer = chat.articles.first.get_by_role("button")
    assert offer.all_inner_texts() == ["Exam fees"]
    offer.click()
    chat.replies.first.wait_for()
    assert fake.processed[0]["payload"] == "/ask_exam_cost" and fake.processed[0]["title"] == "Exam fees"
    assert not chat.articles.first.get_by_role("button").is_visible()


def test_answer_shows_text_and_closed_sources(chat):
    reply = chat.ask("what does the exam cost?")
    assert "$299 for AHIMA's Certified Coding Associate" in reply.inner_text()
    assert "Source: career blog on becoming a medical coder, 2022" in reply.inner_text()
    assert not reply.get_by_text("fee of the CPC exam").is_visible()


def test_sources_open_to_figure_measure_owner_and_year(chat):
    reply = chat.ask("what does the exam cost?")
    reply.locator("summary").click()
    figures = reply.locator(".figures")
    assert figures.locator("dt").all_inner_texts() == ["$399", "$299"]
    assert figures.locator("dd").all_inner_texts() == ["fee of the CPC exam · AAPC, 2022", "fee of the CCA exam · AHIMA, 2022"]


def test_dated_figures_are_marked_closed_and_opened(chat):
    reply = chat.ask("what do they earn?")
    assert reply.locator("summary").inner_text().replace("\n", " ") == "2 sources older figure"
    reply.locator("summary").click()
    assert reply.locator("li").nth(0).locator(".dated").count() == 0
    assert "older figure" in reply.locator("li").nth(1).locator("dd").inner_text()


def test_source_line_of_the_text_is_not_shown_twice(chat):
    assert "Source: career blog on becoming a medical coder (2022)" not in chat.ask("what does it cost?").inner_text()


def test_answer_without_card_shows_its_text(chat):
    chat.fake.scripted.append([said("Four hours.\nSource: career blog (2022)", topic="exam_length")])
    reply = chat.ask("how long is it")
    assert "Four hours." in reply.inner_text() and reply.get_by_role("group", name="Was this helpful?").is_visible()


def test_two_questions_get_two_parts_with_headings(chat):
    reply = chat.ask("both please")
    assert reply.get_by_role("heading").all_inner_texts() == ["What do the certification exams cost?", "What does a medical coder earn?"]
    assert reply.locator("details").count() == 2


def test_comparison_is_a_table_with_header_cells(chat):
    table = chat.ask("compare CPC and CCA").get_by_role("table", name="CPC and CCA side by side")
    assert cells(table)[0] == ["", "CPC", "CCA"] and cells(table)[2] == ["Exam fee", "$399 (2022)", "$299 (2022)"]
    assert table.get_by_role("columnheader").all_inner_texts() == ["CPC", "CCA"]
    assert table.get_by_role("rowheader").all_inner_texts() == ["Awarded by", "Exam fee", "Good for", "Experience asked for"]


def test_pathway_is_an_ordered_list_with_facts_reasons_and_gaps(chat):
    reply = chat.ask("my pathway")
    assert reply.locator("ol > li strong").all_inner_texts() == ["Finish high school", "Take a certificate program", "Pass the CPC exam"]
    assert reply.locator("dl.facts dt").all_inner_texts() == ["Length", "Exam fee"]
    assert "Why this fits" in reply.inner_text() and "What the program costs at your college." in reply.inner_text()


def test_summary_is_a_list_of_terms(chat):
    reply = chat.ask("skip")
    assert reply.locator("dl dt").all_inner_texts() == ["Name", "E-mail", "Phone", "About"]
    assert reply.get_by_role("button").all_inner_texts() == ["Yes, send it", "No"]


def test_card_of_an_unknown_or_broken_shape_falls_back_to_the_text(chat):
    for card in (
        {"card": "constructor"},
        {"card": "comparison", "rows": 5},
        {"card": "pathway"},
        [],
        "card",
        {"card": {}},
        {"card": "answer", "sources": 7},
    ):
        chat.fake.scripted.append([said("The text says it all.", card=card)])
        assert "The text says it all." in chat.ask("hm").inner_text()
    assert chat.faults == []


def test_choice_sends_payload_and_title_and_stays_readable(chat, fake: FakeServer):
    reply = chat.ask("unsure")
    reply.get_by_role("button", name="Yearly pay").click()
    chat.replies.nth(1).wait_for()
    assert (fake.processed[1]["payload"], fake.processed[1]["title"]) == ("/ask_salary", "Yearly pay")
    assert chat.mine.last.inner_text().startswith("Yearly pay")
    chosen = reply.get_by_role("button", name="Yearly pay (chosen)")
    assert chosen.is_visible() and chosen.evaluate("(one) => getComputedStyle(one, '::before').content").startswith('"✓')
    assert chat.focused()[0] == "textarea"


def test_choices_of_an_answered_question_are_over_but_topics_are_not(chat, fake: FakeServer):
    summary = chat.ask("skip")
    summary.get_by_role("button", name="Yes, send it").click()
    chat.replies.nth(1).wait_for()
    no = summary.get_by_role("button", name="No")
    assert no.get_attribute("aria-disabled") == "true"
    no.click(force=True)
    chat.page.wait_for_timeout(100)
    assert len(fake.processed) == 2
    topics = chat.ask("unsure")
    chat.ask("hello")
    topics.get_by_role("button", name="Exam fees").click()
    chat.replies.nth(4).wait_for()
    assert fake.processed[-1]["payload"] == "/ask_exam_cost"


def test_chosen_choice_is_still_marked_after_a_reload(chat):
    chat.ask("unsure").get_by_role("button", name="Yearly pay").click()
    chat.replies.nth(1).wait_for()
    chat.reload()
    assert chat.replies.first.get_by_role("button", name="Yearly pay (chosen)").is_visible()


def test_tell_me_more_asks_in_words(chat, fake: FakeServer):
    chat.ask("what does it cost?").get_by_role("button", name="Tell me more").click()
    chat.replies.nth(1).wait_for()
    assert fake.processed[1]["text"] == "Tell me more"


def test_rating_is_sent_shown_and_can_be_changed(chat, fake: FakeServer):
    reply = chat.ask("what does it cost?")
    yes, no = reply.get_by_role("button", name=re.compile("^Yes")), reply.get_by_role("button", name=re.compile("^No,"))
    yes.click()
    assert yes.get_attribute("aria-pressed") == "true" and no.get_attribute("aria-pressed") == "false"
    assert "Thank you." in reply.inner_text()
    no.click()
    chat.page.wait_for_timeout(200)
    assert list(fake.ratings.values()) == [False]
    chat.reload()
    assert chat.replies.first.get_by_role("button", name=re.compile("^No,")).get_attribute("aria-pressed") == "true"


def test_only_answers_can_be_rated(chat):
    assert chat.ask("hello").get_by_role("group", name="Was this helpful?").count() == 0


def test_rating_that_is_not_saved_is_taken_back_in_words(chat, fake: FakeServer):
    reply = chat.ask("what does it cost?")
    fake.fail("POST", "feedback", status=503)
    reply.get_by_role("button", name=re.compile("^Yes")).click()
    chat.error.get_by_text("The assistant is resting.").wait_for()
    assert reply.get_by_role("button", name=re.compile("^Yes")).get_attribute("aria-pressed") == "false"


def test_form_question_changes_the_input(chat, fake: FakeServer):
    chat.ask("please contact me")
    attributes = lambda: [chat.input.get_attribute(name) for name in ("type", "autocomplete", "name")]  # noqa: E731
    assert attributes() == ["text", "name", "contact_name"]
    chat.page.get_by_role("textbox", name="Your name").fill("Ada Lovelace")
    chat.input.press("Enter")
    chat.page.get_by_role("textbox", name="E-mail address").wait_for()
    assert attributes() == ["email", "email", "contact_email"]
    assert chat.focused()[0] == "input"
    phone = chat.ask("ada@example.org")
    assert attributes() == ["tel", "tel", "contact_phone"]
    phone.get_by_role("button", name="Leave it out").click()
    chat.page.get_by_role("textbox", name="What it is about").wait_for()
    assert fake.processed[-1]["payload"] == "/deny"
    assert attributes() == ["text", "off", "contact_subject"]
    chat.ask("skip")
    assert chat.page.get_by_label("Your question").is_visible()
    assert attributes() == [None, "off", "message"]


def test_question_in_the_middle_of_a_form_is_not_held_up_by_the_input_type(chat, fake: FakeServer):
    fake.scripted.append([ask_for("contact_email", "E-mail address", "email", "email", False, "Which e-mail address?")])
    chat.ask("contact")
    fake.scripted.append([said("About a year."), ask_for("contact_email", "E-mail address", "email", "email", False, "Which e-mail address?")])
    chat.ask("how long does it take?", replies=2)
    assert fake.processed[-1]["text"] == "how long does it take?"
    assert chat.input.get_attribute("type") == "email"


def test_form_question_survives_a_reload(chat):
    chat.ask("please contact me")
    chat.reload()
    assert chat.page.get_by_role("textbox", name="Your name").get_attribute("autocomplete") == "name"


def test_counter_shows_near_the_servers_limit_only(new_chat, fake: FakeServer):
    fake.config["message_characters_max"] = 50
    chat = new_chat()
    chat.open()
    counter = chat.page.locator("career-chat #counter")
    chat.input.fill("x" * 39)
    assert not counter.is_visible()
    chat.input.fill("x" * 40)
    assert counter.inner_text() == "40 of 50 characters"
    chat.input.fill("👩‍🎓" * 14)  # three code points each, as the server counts
    assert counter.inner_text() == "42 of 50 characters"


def test_too_long_a_message_is_kept_and_told_by_how_much(new_chat, fake: FakeServer):
    fake.config["message_characters_max"] = 50
    chat = new_chat()
    chat.open()
    chat.say("x" * 53)
    assert chat.error.inner_text() == "Please shorten your question by 3 characters. Nothing was sent."
    assert chat.input.input_value() == "x" * 53
    assert chat.input.get_attribute("aria-invalid") == "true" and "error" in chat.input.get_attribute("aria-describedby")
    assert fake.processed == []
    chat.input.fill("x" * 50)
    assert chat.error.inner_text() == ""
    chat.ask("x" * 50)


def test_empty_message_is_not_sent(chat, fake: FakeServer):
    chat.say("   ")
    assert chat.error.inner_text() == "Please type a question first."
    assert fake.processed == []


def test_enter_sends_shift_enter_breaks_the_line_send_button_sends(chat, fake: FakeServer):
    chat.input.press_sequentially("one")
    chat.input.press("Shift+Enter")
    chat.input.press_sequentially("two")
    chat.input.press("Enter")
    chat.replies.first.wait_for()
    assert fake.processed[0]["text"] == "one\ntwo"
    chat.input.fill("three")
    chat.page.get_by_role("button", name="Send").click()
    chat.replies.nth(1).wait_for()
    assert fake.processed[1]["text"] == "three"
    assert chat.input.input_value() == ""


def test_enter_that_belongs_to_an_input_method_does_not_send(chat, fake: FakeServer):
    client = chat.page.context.new_cdp_session(chat.page)
    chat.input.focus()
    client.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    client.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229})
    chat.within(
        "root.querySelector('#input').dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    chat.page.wait_for_timeout(100)
    assert chat.fake.processed == []
    client.send("Input.insertText", {"text": "日本"})
    chat.input.press("Enter")
    chat.replies.first.wait_for()
    assert fake.processed[0]["text"] == "日本"


def test_typing_cue_shows_while_the_reply_is_awaited_and_holds_nothing_up(chat, fake: FakeServer):
    typing = chat.page.locator("career-chat .typing")
    fake.fail("POST", "messages", status=503, after_seconds=0.5)
    chat.say("what does it cost?")
    typing.wait_for(state="visible")
    chat.replies.first.wait_for()
    assert not typing.is_visible()
    quick = chat.page.evaluate(
        """async () => { const chat = document.querySelector('career-chat'), count = () => chat.shadowRoot.querySelectorAll('article.assistant').length;
           const before = count(), start = performance.now(); chat.send('hello');
           while (count() === before) await new Promise((wake) => setTimeout(wake, 5)); return performance.now() - start; }"""
    )
    assert quick < 300, f"{quick} ms from sending to showing the reply of a server that answers at once"


def test_messages_have_time_stamps(chat):
    reply = chat.ask("what does it cost?")
    for article in (reply, chat.mine.first):
        time = article.locator("time")
        assert re.fullmatch(r"\d{1,2}:\d\d\s[AP]M", time.inner_text())
        assert re.match(r"\d{4}-\d\d-\d\dT", time.get_attribute("datetime"))


def test_long_reply_is_shown_from_its_beginning(chat):
    for lines in (40, 20):  # 20: hardly longer than the transcript is high
        chat.fake.scripted.append([said("\n".join(f"Line {number} of a long reply." for number in range(lines)))])
        reply = chat.ask("long")
        chat.page.wait_for_timeout(50)
        box, log = reply.bounding_box(), chat.log.bounding_box()
        assert 0 <= box["y"] - log["y"] < 40


def test_path_of_the_page_goes_along_without_its_query(new_chat, fake: FakeServer):
    long = f"/{'a' * 300}"
    fake.pages |= {f"{path}?name=Jo": f"<title>Page</title><career-chat></career-chat>{SCRIPT}" for path in ("/apply", long)}
    for path in ("/apply", long):
        chat = new_chat(f"{path}?name=Jo#top")
        chat.open()
        chat.ask("hello")
        assert fake.processed[-1]["page"] == {"path": path[:200]}  # the server takes no more


def test_links_in_texts_open_beside_the_page(chat):
    reply = chat.ask("link please")
    web = reply.get_by_role("link", name="https://college.example/apply (opens in a new tab)")
    assert (web.get_attribute("target"), web.get_attribute("rel")) == ("_blank", "noopener noreferrer")
    assert [link.get_attribute("href") for link in reply.get_by_role("link").all()] == [
        "https://college.example/apply",
        "mailto:admissions@college.example",
        "tel:+15550100199",
    ]


def test_copy_puts_the_conversation_on_the_clipboard(chat):
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.ask("what does it cost?")
    chat.option("Copy conversation")
    chat.status.get_by_text("The conversation is copied.").wait_for()
    copied = chat.page.evaluate("navigator.clipboard.readText()")
    assert "You, " in copied and "what does it cost?" in copied and "Source: career blog on becoming a medical coder (2022)" in copied


def test_copy_that_the_browser_refuses_downloads_instead(new_chat):
    chat = new_chat(script="Object.defineProperty(navigator, 'clipboard', { value: undefined });")
    chat.open()
    chat.ask("what does it cost?")
    with chat.page.expect_download() as download:
        chat.option("Copy conversation")
    assert download.value.suggested_filename == "conversation.txt"


def test_download_has_the_whole_conversation(chat):
    chat.ask("what does it cost?")
    chat.ask("compare them")
    with chat.page.expect_download() as download:
        chat.option("Download conversation")
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert text.startswith("Career assistant\n") and text.count("You, ") == 2 and text.count("Assistant, ") == 2
    assert chat.faults == []


def test_start_over_asks_first_and_begins_a_new_session(chat, fake: FakeServer):
    chat.ask("what does it cost?")
    chat.option("Start over")
    dialog = chat.page.get_by_role("alertdialog", name="Start over")
    dialog.get_by_role("button", name="Cancel").click()
    assert chat.replies.count() == 1
    chat.option("Start over")
    dialog.get_by_role("button", name="Start over").click()
    chat.status.get_by_text("A new conversation begins.").wait_for()
    assert chat.articles.count() == 1 and chat.focused()[0] == "textarea"
    chat.ask("hello")
    assert len(fake.sessions) == 2
    chat.reload()
    chat.replies.first.wait_for()
    assert chat.mine.all_inner_texts()[0].startswith("hello")


def test_start_over_does_not_ask_where_nothing_is_lost(chat):
    chat.option("Start over")
    chat.status.get_by_text("A new conversation begins.").wait_for()
    assert chat.page.get_by_role("alertdialog").count() == 0


def test_delete_my_data_asks_deletes_here_and_there_and_says_so(chat, fake: FakeServer):
    chat.ask("what does it cost?")
    chat.option("Start over")
    chat.page.get_by_role("alertdialog").get_by_role("button", name="Start over").click()
    chat.ask("hello again")
    chat.option("Delete my data")
    chat.page.keyboard.press("Escape")
    assert len(fake.sessions) == 2
    chat.option("Delete my data")
    chat.page.get_by_role("alertdialog", name="Delete my data").get_by_role("button", name="Delete my data").click()
    chat.status.get_by_text("Your data is deleted.").wait_for()
    assert fake.sessions == {} and len(fake.deleted) == 2  # also the conversation before starting over
    assert chat.articles.count() == 1
    assert "session-" not in str(chat.stored()) and "hello" not in str(chat.stored())
    assert "Your data is deleted." in chat.spoken()


def test_delete_that_fails_says_that_nothing_is_deleted_yet(chat, fake: FakeServer):
    chat.ask("what does it cost?")
    fake.fail("DELETE", "conversation", status=0)
    chat.option("Delete my data")
    chat.page.get_by_role("alertdialog").get_by_role("button", name="Delete my data").click()
    chat.error.get_by_text("Your data is not deleted yet. Please try again.").wait_for()
    assert chat.replies.count() == 1 and len(fake.sessions) == 1
