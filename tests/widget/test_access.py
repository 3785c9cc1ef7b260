"""Keyboard, focus, announcements, names, sizes, contrast, zoom, directions, motion: what WCAG 2.2 AA asks beyond what axe-core can see."""

from __future__ import annotations

import json
import random

import pytest
from fake_server import FakeServer

PHONE = {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True}
ZOOM_400 = {"viewport": {"width": 320, "height": 256}}  # what 1280 x 1024 leaves at 400 %
CONTROLS = "[...root.querySelectorAll('button, a, summary, input, textarea')].filter((one) => one.checkVisibility())"


def test_launcher_is_a_named_button_that_says_what_it_opens(new_chat):
    chat = new_chat()
    launcher = chat.page.get_by_role("button", name="Career questions? Ask us")
    assert launcher.evaluate("(one) => one.localName") == "button"
    assert launcher.get_attribute("aria-haspopup") == "dialog"
    assert chat.page.get_by_role("region", name="Career assistant").count() == 1


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_everything_by_keyboard_from_the_launcher_to_the_answer_and_back(new_chat, key):
    chat = new_chat()
    for _ in range(30):
        chat.page.keyboard.press("Tab")
        if chat.focused()[1] == "launcher":
            break
    chat.page.keyboard.press(key)
    assert chat.focused()[0] == "textarea"
    chat.page.keyboard.type("what does it cost?")
    chat.page.keyboard.press("Enter")
    chat.replies.first.wait_for()
    assert chat.focused()[0] == "textarea"  # an answer that comes never moves the focus
    chat.page.keyboard.press("Escape")
    assert chat.focused()[1] == "launcher"
    assert not chat.panel.is_visible()


def test_escape_on_the_page_itself_leaves_the_dialog_open(chat):
    chat.page.locator("nav a").first.focus()
    chat.page.keyboard.press("Escape")
    assert chat.panel.is_visible()


def test_escape_on_the_page_closes_a_dialog_that_covers_what_has_the_focus(chat):
    covered = chat.page.locator("nav a").first
    covered.evaluate("(one) => Object.assign(one.style, { position: 'fixed', right: '100px', bottom: '200px' })")
    covered.focus()
    chat.page.keyboard.press("Escape")
    assert not chat.panel.is_visible()
    assert chat.focused()[2] == "Program"  # where it was


def test_launcher_hides_nothing_that_has_the_focus(new_chat):
    chat = new_chat()
    chat.page.evaluate(
        """() => { const links = Array.from({ length: 60 }, (_, number) => Object.assign(document.createElement('a'), { href: '#', textContent: number }));
           for (const link of links) Object.assign(link.style, { display: 'block', width: '20px', marginLeft: '1200px' });
           document.querySelector('footer').before(...links); }"""
    )
    chat.page.locator("main a").last.focus()
    for number in range(60):
        chat.page.keyboard.press("Tab")
        assert chat.focused()[2] == str(number)
        assert chat.page.evaluate(
            """() => { const { top, bottom } = document.activeElement.getBoundingClientRect();
               const launcher = document.querySelector('career-chat').shadowRoot.querySelector('.launcher').getBoundingClientRect();
               return top < launcher.top || bottom > launcher.bottom; }"""
        )


def test_close_button_returns_the_focus_but_the_page_closing_it_takes_none(chat):
    chat.page.get_by_role("button", name="Close chat").click()
    assert chat.focused()[1] == "launcher"
    chat.within("chat.open()")
    chat.page.locator("nav a").first.focus()
    chat.within("chat.close()")
    assert chat.focused()[2] == "Program"


def test_dialog_on_a_desktop_does_not_trap_the_page(chat):
    assert chat.within("root.querySelector('.panel').matches(':modal')") is False
    seen = set()
    for _ in range(40):
        chat.page.keyboard.press("Tab")
        seen.add(chat.focused()[2])
    assert {"Program", "How to apply", "Options", "Close chat"} <= seen


def test_transcript_is_one_tab_stop_with_arrows_home_and_end(chat):
    chat.ask("hello")
    chat.ask("once more")
    assert chat.within("[...root.querySelectorAll('article')].map((one) => one.tabIndex)") == [-1, -1, -1, -1, 0]
    chat.page.keyboard.press("Shift+Tab")
    names = [chat.focused()[2]]
    for key in ("ArrowUp", "ArrowUp", "Home", "ArrowUp", "ArrowDown", "End", "ArrowDown"):
        chat.page.keyboard.press(key)
        names.append(chat.focused()[2])
    said = ["You: hello", "Assistant: You said: hello", "You: once more", "Assistant: You said: once more"]
    assert names[0] == said[3] and names[1] == said[2] and names[2] == said[1]
    assert names[3].startswith("Assistant: Hello!") and names[4] == names[3]
    assert names[5] == said[0] and names[6] == names[7] == said[3]


def test_tab_goes_through_the_controls_of_the_active_message_then_on_to_the_input(chat):
    chat.ask("unsure")
    chat.ask("what does it cost?")
    chat.page.keyboard.press("Shift+Tab")
    chat.articles.last.focus()
    stops = []
    for _ in range(8):
        chat.page.keyboard.press("Tab")
        stops.append(chat.focused()[2])
    assert stops == [
        "Source: career blog on becoming a medica",
        "Tell me more",
        "Exam length",
        "Which exam first",
        "Yes, Was this helpful?",
        "No, Was this helpful?",
        "",
        "Send",
    ]
    chat.articles.nth(2).focus()  # the message before
    chat.page.keyboard.press("Tab")
    assert chat.focused()[2] == "Exam fees"
    chat.page.keyboard.press("ArrowDown")
    assert chat.focused()[2] == "You: what does it cost?"


def test_choice_by_keyboard_leaves_the_focus_in_the_input(chat):
    chat.ask("unsure").get_by_role("button", name="Yearly pay").focus()
    chat.page.keyboard.press("Enter")
    assert chat.focused()[0] == "textarea"
    chat.replies.nth(1).wait_for()
    assert chat.focused()[0] == "textarea"


def test_choice_by_touch_opens_no_keyboard_over_the_answer(new_chat, fake: FakeServer):
    fake.config["buttons"] = [{"title": "Exam fees", "payload": "/ask_exam_cost"}]
    chat = new_chat(**PHONE)
    chat.open()
    chat.articles.first.get_by_role("button", name="Exam fees").tap()
    reply = chat.replies.first
    reply.wait_for()
    assert chat.focused()[0] == "dialog"  # the button is gone
    reply.get_by_role("button", name="Exam length").tap()
    chat.replies.nth(1).wait_for()
    assert chat.focused() == ["button", "choice chosen", "Exam length (chosen)"]


def test_window_that_changes_its_size_keeps_focus_and_draft(chat):
    chat.input.fill("half a quest")
    for width, is_modal in ((400, True), (1280, False)):
        chat.page.set_viewport_size({"width": width, "height": 700})
        chat.until(f"document.querySelector('career-chat').shadowRoot.querySelector('.panel').matches(':modal') === {json.dumps(is_modal)}")
        assert chat.focused()[0] == "textarea" and chat.input.input_value() == "half a quest"


def test_menu_by_keyboard(chat):
    options = chat.page.get_by_role("button", name="Options")
    options.focus()
    assert options.get_attribute("aria-expanded") == "false"
    chat.page.keyboard.press("Enter")
    assert options.get_attribute("aria-expanded") == "true"
    chat.page.keyboard.press("Escape")
    assert options.get_attribute("aria-expanded") == "false" and chat.panel.is_visible()
    assert chat.focused()[2] == "Options"
    chat.page.keyboard.press("Enter")
    for _ in range(6):
        chat.page.keyboard.press("Tab")
    assert options.get_attribute("aria-expanded") == "false"  # it does not stay open behind


def test_question_before_something_is_lost_has_the_focus_on_the_harmless_answer(chat):
    chat.ask("hello")
    chat.option("Delete my data")
    dialog = chat.page.get_by_role("alertdialog", name="Delete my data", description="This deletes what you have written here")
    assert dialog.is_visible() and chat.focused()[2] == "Cancel"
    chat.page.keyboard.press("Escape")
    assert not dialog.is_visible() and chat.panel.is_visible()


def test_each_reply_is_announced_once_in_plain_words(chat):
    chat.ask("what does it cost?")
    chat.ask("unsure")
    chat.ask("compare them")
    spoken = [text for text in chat.spoken() if text.startswith("Assistant:") and "Hello!" not in text]
    assert len(spoken) == 3
    assert spoken[0].startswith("Assistant: $299 for AHIMA's") and "Source" not in spoken[0]
    assert spoken[1].split("\n") == ["Assistant: What would you like to know?", "Exam fees", "Yearly pay"]
    assert not any(mark in "".join(spoken) for mark in "<>*_{}")


def test_announcements_leave_their_region_after_a_second(chat):
    chat.ask("hello")
    assert chat.within("root.querySelectorAll('[aria-live=polite] p').length") >= 1
    chat.page.wait_for_timeout(1200)
    assert chat.within("root.querySelectorAll('[aria-live=polite] p').length") == 0


def test_live_region_is_always_there_and_the_log_does_not_speak_too(new_chat):
    chat = new_chat()
    assert chat.within("root.firstElementChild.querySelectorAll(':scope > [aria-live=polite]').length") == 1
    assert chat.log.count() == 0  # closed
    chat.open()
    assert chat.log.get_attribute("aria-live") == "off"


def test_announcements_on_a_phone_are_inside_the_modal_dialog(new_chat):
    chat = new_chat(**PHONE)
    chat.open()
    chat.ask("hello")
    assert chat.within("[...root.querySelectorAll('.panel [aria-live=polite] p')].some((one) => one.textContent.includes('You said: hello'))")


def test_greeting_is_announced_when_the_visitor_opens_the_dialog(chat):
    chat.until("spoken.length")
    assert chat.spoken()[0].startswith("Assistant: Hello! I am the automated assistant") and "kept for 30 days" in chat.spoken()[0]


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_targets_are_large_enough(new_chat, options):
    chat = new_chat(**options)
    chat.open()
    chat.ask("what does it cost?")
    chat.ask("skip")
    chat.page.get_by_role("button", name="Options").click()
    sizes = chat.within(
        f"{CONTROLS}.map((one) => [one.ariaLabel || one.textContent || one.localName, one.getBoundingClientRect().width, one.getBoundingClientRect().height])"
    )
    least = 44 if options else 24
    inline = ("Privacy notice",)  # a link within a sentence
    assert [size for size in sizes if min(size[1:]) < least and not size[0].startswith(inline)] == []
    main = [size for size in sizes if size[0] in ("Options", "Close chat", "Send", "Start over", "textarea")]
    assert len(main) == 5 and all(min(size[1:]) >= 44 for size in main)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_focus_is_visible_everywhere(new_chat, scheme):
    """Each stop's ring or border has 3:1 against what is around it."""
    chat = new_chat(color_scheme=scheme)
    chat.open()
    chat.ask("what does it cost?")
    chat.ask("skip")
    stops = set()
    for _ in range(40):
        chat.page.keyboard.press("Tab")
        found = chat.page.evaluate(FOCUS_RING)
        if found:
            stops.add(found["name"])
            assert found["width"] >= 1, found
            assert found["contrast"] >= 3, found
    assert len(stops) >= 7


# The ring of what has the focus in the widget, and its contrast with the background it is drawn on.
FOCUS_RING = """async () => {
  const { contrast } = await import('/webhooks/widget/career-chat-style.js');
  const root = document.querySelector('career-chat').shadowRoot, one = root.activeElement;
  if (!one) return null;
  const ring = one.id === 'input' ? one.parentElement : one;
  const parse = (text) => { const parts = text.match(/[\\d.]+/g).map(Number); return { colour: parts.slice(0, 3).map((part) => part / (text.startsWith('rgb') ? 255 : 1)), alpha: parts[3] ?? 1 }; };
  const style = getComputedStyle(ring);
  const inside = ring.closest('.head') && !ring.closest('.menu');
  let around = inside ? ring : ring.parentElement;
  while (parse(getComputedStyle(around).backgroundColor).alpha < 1) around = around.parentElement;
  return { name: one.ariaLabel || one.textContent.slice(0, 20) || one.localName, width: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
           contrast: contrast(parse(style.outlineColor).colour, parse(getComputedStyle(around).backgroundColor).colour) };
}"""


def test_colours_stay_readable_whatever_a_site_chooses(new_chat):
    chat = new_chat()
    chooser = random.Random(4)
    colours = [[chooser.random() for _ in range(3)] for _ in range(600)]
    colours += [[0, 0, 0], [1, 1, 1], [1, 1, 0], [0.5, 0.5, 0.5], [0.47, 0.47, 0.47], [0, 0, 1], [1, 0, 0]]
    worst = chat.page.evaluate(
        """async (colours) => {
          const { palette, contrast } = await import('/webhooks/widget/career-chat-style.js');
          const worst = {};
          const note = (name, one, other) => { worst[name] = Math.min(worst[name] ?? 21, contrast(one, other)); };
          for (let index = 0; index < colours.length; index++) {
            const chosen = palette({ accent: colours[index], surface: colours[(index * 7 + 3) % colours.length] });
            note('text', chosen.onaccent, chosen.accent);
            for (const name of ['text', 'muted', 'link', 'error']) for (const ground of ['surface', 'bubble']) note('text', chosen[name], chosen[ground]);
            note('parts', chosen.edge, chosen.surface); note('parts', chosen.edge, chosen.bubble);
          }
          return worst;
        }""",
        colours,
    )
    assert worst["text"] >= 4.5 and worst["parts"] >= 3


def test_site_colours_are_taken_in_any_notation(new_chat, fake: FakeServer):
    chat = new_chat()
    for colour, expected in {
        "gold": "rgb(255, 215, 0)",
        "#036": "rgb(0, 51, 102)",
        "hsl(120 100% 25%)": "rgb(0, 128, 0)",
        "color(display-p3 0 0 1)": None,
    }.items():
        chat.page.evaluate(f"document.querySelector('career-chat').style.setProperty('--career-chat-accent', '{colour}')")
        chat.within("chat.open()")
        shown = chat.within("getComputedStyle(root.querySelector('.send')).backgroundColor")
        assert expected is None or shown == expected
        chat.within("chat.close()")


def test_dark_mode_follows_the_system_while_open(new_chat):
    chat = new_chat(color_scheme="light")
    chat.open()
    ground = "getComputedStyle(root.querySelector('.panel')).backgroundColor"
    assert chat.within(ground) == "rgb(255, 255, 255)"
    chat.page.emulate_media(color_scheme="dark")
    chat.until("getComputedStyle(document.querySelector('career-chat').shadowRoot.querySelector('.panel')).backgroundColor === 'rgb(20, 25, 29)'")


def test_site_can_hold_the_widget_to_one_scheme(new_chat):
    chat = new_chat(color_scheme="dark")
    chat.page.evaluate("document.querySelector('career-chat').style.colorScheme = 'light'")
    chat.open()
    assert chat.within("getComputedStyle(root.querySelector('.panel')).backgroundColor") == "rgb(255, 255, 255)"


def test_forced_colours_keep_borders_and_states(new_chat):
    chat = new_chat(forced_colors="active")
    chat.open()
    reply = chat.ask("what does it cost?")
    chat.ask("unsure").get_by_role("button", name="Yearly pay").click()
    chat.replies.nth(2).wait_for()
    reply.get_by_role("button", name="Yes, Was this helpful?").click()
    bordered = chat.within(
        "['.bubble', '.send', '.choice', '.chosen', '[aria-pressed=true]', '.entry'].map((name) => parseFloat(getComputedStyle(root.querySelector(name)).borderTopWidth))"
    )
    assert all(width >= 1 for width in bordered)
    assert bordered[3] == bordered[4] == 2  # chosen and pressed differ from the rest without colour


def test_reduced_motion_moves_nothing(new_chat):
    chat = new_chat(reduced_motion="reduce")
    chat.open()
    assert chat.within("[root.querySelector('.panel'), root.querySelector('.typing i')].map((one) => getComputedStyle(one).animationName)") == [
        "none",
        "none",
    ]
    assert new_chat(reduced_motion="no-preference").within("getComputedStyle(root.querySelector('.typing i')).animationName") == "breathe"


def test_phone_shows_the_dialog_on_the_whole_screen_above_the_page(new_chat):
    chat = new_chat(**PHONE)
    assert chat.within("root.querySelector('.launcher span').getBoundingClientRect().width") < 300
    chat.open()
    box = chat.panel.bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 375, 667)
    assert chat.within("root.querySelector('.panel').matches(':modal')") is True
    assert chat.focused()[0] == "dialog"  # not the input: the keyboard would cover the greeting
    chat.ask("compare CPC and CCA")
    assert chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    chat.page.keyboard.press("Escape")
    assert chat.focused()[1] == "launcher"


def test_phone_on_its_side_shows_replies_from_their_beginning_and_keeps_the_head(new_chat):
    chat = new_chat(viewport={"width": 667, "height": 375}, has_touch=True, is_mobile=True)
    chat.open()
    assert chat.articles.first.bounding_box()["y"] < 100  # the greeting
    for text in ("long", "compare them", "what does it cost?"):
        reply = chat.ask(text)
        chat.page.wait_for_timeout(50)
        head = chat.page.get_by_role("button", name="Close chat").bounding_box()
        assert 0 <= head["y"] < 20
        assert head["y"] + head["height"] <= reply.bounding_box()["y"] < 120
    chat.within("chat.close()")
    chat.within("chat.open()")
    entry = chat.page.locator("career-chat .entry").bounding_box()
    assert entry["y"] + entry["height"] <= 375  # at the end, as it was


def test_phone_keyboard_does_not_cover_the_input(new_chat):
    """A phone's keyboard shrinks the visual viewport alone; here a stand-in does."""
    fake_viewport = """
      const viewport = new EventTarget();
      Object.assign(viewport, { height: 667, width: 375, offsetTop: 0, scale: 1 });
      Object.defineProperty(window, 'visualViewport', { value: viewport });
    """
    chat = new_chat(script=fake_viewport, **PHONE)
    chat.open()
    chat.ask("long")
    chat.page.evaluate("Object.assign(visualViewport, { height: 367, offsetTop: 40 }); visualViewport.dispatchEvent(new Event('resize'))")
    box = chat.panel.bounding_box()
    assert (box["y"], box["height"]) == (40, 367)
    entry = chat.page.locator("career-chat .entry").bounding_box()
    assert entry["y"] + entry["height"] <= 40 + 367
    assert chat.log.bounding_box()["height"] > 80


def test_phone_does_not_open_by_itself_when_the_page_comes_up(new_chat, fake: FakeServer):
    fake.pages["/open"] = (
        '<!doctype html><html lang="en"><title>Page</title><meta name="viewport" content="width=device-width"><career-chat open></career-chat><script type="module" src="/webhooks/widget/career-chat.js"></script></html>'
    )
    chat = new_chat("/open", **PHONE)
    assert not chat.panel.is_visible() and chat.launcher.is_visible()


def test_turning_from_desktop_to_phone_keeps_the_conversation(chat):
    chat.ask("hello")
    chat.input.fill("half")
    chat.page.set_viewport_size({"width": 375, "height": 667})
    chat.until("document.querySelector('career-chat').shadowRoot.querySelector('.panel').matches(':modal')")
    assert chat.input.input_value() == "half" and chat.replies.count() == 1
    chat.page.set_viewport_size({"width": 1280, "height": 800})
    chat.until("!document.querySelector('career-chat').shadowRoot.querySelector('.panel').matches(':modal')")
    assert chat.panel.is_visible()


def test_zoom_of_400_percent_needs_no_sideways_scrolling_and_covers_nothing(new_chat):
    chat = new_chat(**ZOOM_400)
    chat.open()
    for text in ("what does it cost?", "compare CPC and CCA", "my pathway", "skip"):
        chat.ask(text)
    for summary in chat.page.locator("career-chat summary").all():
        summary.click()
    assert chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (
        chat.within(
            "[...root.querySelectorAll('.panel, .log, .bubble, table')].filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.className)"
        )
        == []
    )
    for place in (chat.articles.nth(3), chat.input, chat.page.get_by_role("button", name="Close chat")):
        place.focus()
        box = place.bounding_box()
        assert box["y"] < 256 and box["y"] + box["height"] > 0


def test_head_hides_nothing_that_has_the_focus_at_400_per_cent_zoom(new_chat):
    chat = new_chat(**ZOOM_400)
    chat.open()
    for text in ("what does it cost?", "unsure"):
        chat.ask(text)
    stops = set()
    for _ in range(12):
        chat.page.keyboard.press("Shift+Tab")
        tag, _, name = chat.focused()
        inside, covered = chat.within(
            "[Boolean(root.activeElement?.closest('.log')), root.activeElement?.getBoundingClientRect().top < root.querySelector('.head').getBoundingClientRect().bottom]"
        )
        if inside and tag != "article":  # a message may be higher than the screen
            stops.add(name)
            assert not covered, name
    assert len(stops) >= 2


def test_text_spacing_of_wcag_1_4_12_cuts_nothing_off(chat):
    chat.ask("what does it cost?").locator("summary").click()
    chat.within(
        "(() => { const style = new CSSStyleSheet(); style.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }');"
        " root.adoptedStyleSheets = [...root.adoptedStyleSheets, style]; })()"
    )
    assert (
        chat.within(
            "[...root.querySelectorAll('.bubble, button, .names')].filter((one) => one.checkVisibility() && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)).map((one) => one.outerHTML)"
        )
        == []
    )


def test_larger_text_of_the_browser_enlarges_the_widget(new_chat):
    chat = new_chat()
    chat.open()
    size = "parseFloat(getComputedStyle(root.querySelector('.said')).fontSize)"
    before = chat.within(size)
    chat.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert chat.within(size) == 2 * before


def test_right_to_left_page_mirrors_the_widget(new_chat, fake: FakeServer):
    fake.pages["/rtl"] = (
        '<!doctype html><html lang="ar" dir="rtl"><title>Page</title><career-chat></career-chat><script type="module" src="/webhooks/widget/career-chat.js"></script></html>'
    )
    chat = new_chat("/rtl")
    assert chat.launcher.bounding_box()["x"] < 100
    chat.open()
    panel = chat.panel.bounding_box()
    assert panel["x"] < 100
    chat.ask("hello")
    middle = panel["x"] + panel["width"] / 2
    assert (
        chat.mine.first.locator(".bubble").bounding_box()["x"]
        < middle
        < chat.replies.first.locator(".bubble").bounding_box()["x"] + chat.replies.first.locator(".bubble").bounding_box()["width"]
    )
    assert chat.page.get_by_role("button", name="Close chat").bounding_box()["x"] < middle
    chat.option("Delete my data")  # English keeps its own direction: the full stop is where the sentence ends
    before, last = chat.within(
        """[2, 1].map((back) => { const node = root.querySelector('#ask').firstChild, range = new Range();
           range.setStart(node, node.length - back); range.setEnd(node, node.length - back + 1); return range.getBoundingClientRect().left; })"""
    )
    assert before < last
    chat.page.keyboard.press("Escape")
    assert chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_errors_are_linked_to_the_input_and_announced(chat):
    chat.say("   ")
    assert chat.page.get_by_role("textbox", name="Your question", description="Please type a question first.").count() == 1
    assert "Please type a question first." in chat.spoken()
    assert chat.focused()[0] == "textarea"


def test_counter_is_announced_when_it_appears_not_at_every_key(new_chat, fake: FakeServer):
    fake.config["message_characters_max"] = 20
    chat = new_chat()
    chat.open()
    chat.input.press_sequentially("x" * 19)
    assert len([text for text in chat.spoken() if "of 20 characters" in text]) == 1


def test_tab_indexes_are_zero_or_minus_one(chat):
    chat.ask("what does it cost?")
    assert set(chat.within("[...root.querySelectorAll('[tabindex]')].map((one) => one.tabIndex)")) <= {0, -1}
