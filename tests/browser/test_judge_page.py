"""The Judge page as raters meet it: by keyboard, over reloads and restarts, several at once, with texts that are hard to show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eval.apps import App
from eval.raters import PATIENCE_MS, Rater, stored
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NASTY
from tests.command import vibeshelf
from tests.conftest import copy_collections, settings_in
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.catalog.starter import starter_queries_path
from vibeshelf.core.judging import JudgedQuery, Task
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.judging import Desk, open_desk
from vibeshelf.services.shelf import Shelf

HARD: list[dict[str, Any]] = [
    {**NASTY, "book_id": "nasty"},
    {"book_id": "rtl", "title": "\u202eevil مئة عام من العزلة", "authors": ["\u202eغابرييل"], "description": "قصة طويلة جدا عن البحر"},
    {"book_id": "long", "title": "A long one", "description": "sea " * 4999 + "end."},
    {"book_id": "wide", "title": "Wide" * 5000, "authors": ["W" * 20_000], "genres": ["g" * 5000], "description": "x" * 20_000},
    {"book_id": "bare", "title": "Bare", "description": ""},
]
TASK = "hard"


@pytest.fixture(scope="module")
def app(starter: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app over a copy of the starter collection, and a task over books that are hard to show."""
    data_dir = tmp_path_factory.mktemp("judging") / "data"
    settings = settings_in(data_dir)
    copy_collections(starter.store.settings.data_dir, data_dir)
    source = tmp_path_factory.mktemp("hard") / "hard.jsonl"
    source.write_text("".join(json.dumps(book) + "\n" for book in HARD))
    ingest(open_source(str(source)), settings, IngestOptions("hard-books"))
    desk = open_desk(settings)
    desk.tasks.save(Task(TASK, ("hard-books",), ("dense",), depth=10))
    desk.tasks.add_queries(
        TASK, [JudgedQuery("h1", "<script>window.hacked=1</script> **sea** \u202e", "<b onclick='window.hacked=1'>storms</b>")]
    )
    running = App(data_dir).start()
    yield running
    running.kill()


@pytest.fixture
def desk(app: App) -> Desk:
    return open_desk(settings_in(app.data_dir))


def test_twenty_books_by_keyboard_alone_over_a_reload_an_undo_and_a_restart(wide: Page, app: App, desk: Desk, tmp_path: Path) -> None:
    ann = Rater(wide, app.url, "Zoë Müller")
    ann.sit_down()
    given = {ann.grade(at % 4): at % 4 for at in range(8)}
    next_up = ann.wait_for_a_book()
    assert ann.come_back() == next_up, "a reload comes back to the same book"

    last = ann.grade(3)
    wide.keyboard.press("u")
    ann.hear("Undone: the 3 of")
    ann.see(next_up)
    assert ann.grade(0) == last == next_up
    given[last] = 0

    wide.keyboard.press("s")
    expect(wide.locator(".st-key-reasons")).to_be_visible(timeout=PATIENCE_MS)
    wide.keyboard.press("s")
    ann.hear("too little to tell")
    ann.write_note("2 of 3 wishes")
    noted = ann.grade(2)
    given[noted] = 2

    app.stop()
    app.start()
    assert ann.come_back() not in given, "after a restart it goes on where it was, under the same name"
    while len(given) < 20:
        at = len(given)
        given[ann.grade(at % 4)] = at % 4

    assert {pair: grade for pair, grade in stored(app.data_dir, "starter", ann.name).items() if grade is not None} == given
    assert desk.judgments.count("starter") == 20 + 2 + 1, "20 grades, one undone with its undo, one skip: nothing doubled"
    notes = {each.note for each in desk.judgments.standing("starter", rater=ann.name)}
    assert notes == {"", "2 of 3 wishes", "too little to tell"}
    wide.goto(f"{app.url}/Judge?view=Files")
    with wide.expect_download(timeout=PATIENCE_MS) as taken:
        wide.get_by_role("button", name="TREC qrels").click()
    qrels = tmp_path / "qrels.trec"
    taken.value.save_as(qrels)
    rows = [line.split() for line in qrels.read_text().splitlines()]
    assert {f"{query_id}-{book_id}": int(grade) for query_id, _, book_id, grade in rows} == given
    done = vibeshelf(
        app.data_dir, "eval", "--queries", str(starter_queries_path()), "--qrels", str(qrels), "--systems", "dense", "--measures",
        "Judged@100", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    judged = json.loads(done.stdout)["systems"]["dense"]["Judged@100"]
    assert judged["n"] == len({query_id for query_id, *_ in rows})
    assert judged["mean"] > 0


def test_a_killed_server_loses_no_grade_that_was_shown_as_saved(wide: Page, app: App, desk: Desk) -> None:
    rater = Rater(wide, app.url, "cut off")
    rater.sit_down()
    for grade in (3, 0):
        rater.grade(grade)
    on_its_way = rater.press(1)
    app.kill()
    rater.look(on_its_way, 1)
    app.start()
    rater.come_back()
    rater.grade(2)
    there = stored(app.data_dir, "starter", rater.name)
    assert rater.shown_saved.items() <= there.items()
    assert there.keys() - rater.shown_saved.keys() <= {on_its_way}
    assert len(desk.judgments.last("starter", rater.name, 100)) == len(there), "nothing doubled"


def test_keys_that_are_quicker_than_the_page_grade_one_book_each(wide: Page, app: App, desk: Desk) -> None:
    rater = Rater(wide, app.url, "quick")
    rater.sit_down()
    for key in "312":
        wide.keyboard.press(key)
    rater.hear("Saved 2 for")
    assert grades_in_turn(desk, rater) == [3, 1, 2]

    for _ in range(5):
        wide.keyboard.down("0")
    wide.keyboard.up("0")
    rater.hear("Saved 0 for")
    rater.write_note("10 su")
    wide.keyboard.press("3")
    rater.hear("Saved 3 for")
    assert grades_in_turn(desk, rater) == [3, 1, 2, 0, 3], "a key held down is one press"
    assert [each.note for each in desk.judgments.last("starter", rater.name, 2)] == ["10 su", ""]


def test_thumbs_grade_on_a_phone(browser: Browser, app: App) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    rater = Rater(context.new_page(), app.url, "thumbs")
    rater.sit_down()
    for grade in (2, 0):
        pair = rater.wait_until_ready()
        assert_under_a_thumb(rater.page, ".st-key-grades button", 4)
        rater.page.locator(f"[class*='st-key-grade-{grade}-'] button").tap()
        rater.see_saved(pair, grade)
    assert stored(app.data_dir, "starter", rater.name) == rater.shown_saved

    rater.page.goto(f"{app.url}/Judge?task={TASK}&mode=Ten+at+a+time")
    listed = rater.page.locator("[class*='st-key-in-place-'] button")
    expect(listed).to_have_count(4 * len(HARD), timeout=PATIENCE_MS)
    assert_under_a_thumb(rater.page, ".st-key-in-place-h1-bare button", 4)
    rater.page.locator(".st-key-in-place-h1-bare button").nth(3).tap()
    expect(rater.page.locator(".st-key-beside")).to_contain_text("Saved 3 for", timeout=PATIENCE_MS)
    assert stored(app.data_dir, TASK, rater.name) == {"h1-bare": 3}
    context.close()


def test_two_raters_work_at_once_and_see_nothing_of_each_other(browser: Browser, app: App) -> None:
    raters = [Rater(browser.new_context().new_page(), app.url, name) for name in ("Ida Left", "Bo Right")]
    for rater in raters:
        rater.sit_down()
    for at in range(3):
        pressed = [(rater, rater.press(grade), grade) for rater, grade in zip(raters, (at, 3 - at), strict=True)]
        for rater, pair, grade in pressed:
            rater.see_saved(pair, grade)
    for rater, other in (raters, raters[::-1]):
        assert stored(app.data_dir, "starter", rater.name) == rater.shown_saved
        assert len(rater.shown_saved) == 3
        assert other.name not in rater.page.locator(".stApp").inner_text()
        assert "3 of" in rater.page.locator(".st-key-progress, [data-testid=stProgress]").first.inner_text()
        rater.page.context.close()


def test_hard_texts_show_as_text_one_by_one(screen: Page, app: App) -> None:
    rater = Rater(screen, app.url, f"reader {screen.viewport_size}"[:40], TASK)
    rater.sit_down()
    seen = set()
    for at in range(len(HARD)):
        pair = rater.wait_for_a_book()
        assert_safe(screen)
        seen.add(rater.press(1))
        if at < len(HARD) - 1:
            rater.see_saved(pair, 1)
    expect(screen.get_by_text("All 5 are done")).to_be_visible(timeout=PATIENCE_MS)
    assert seen == {f"h1-{book['book_id']}" for book in HARD}


def test_the_list_shows_hard_texts_as_text_and_grades_in_place(screen: Page, app: App) -> None:
    name = f"lister {screen.viewport_size}"[:40]
    screen.goto(f"{app.url}/Judge?task={TASK}&mode=Ten+at+a+time")
    screen.locator(".st-key-rater-name input").fill(name, timeout=PATIENCE_MS)
    screen.keyboard.press("Enter")
    nasty = screen.locator(".st-key-listed-h1-nasty")
    expect(nasty).to_contain_text("<script>window.hacked=1</script> **bold** $x$ :red[red]", timeout=PATIENCE_MS)
    expect(nasty).to_contain_text("& storms :smile: `code` # heading")
    expect(screen.locator(".st-key-listed-h1-long")).to_contain_text("sea end.")
    expect(screen.locator(".st-key-listed-h1-bare")).to_contain_text("No description")
    assert_safe(screen)
    nasty.get_by_role("radio", name="2 would please").or_(nasty.get_by_role("button", name="2 would please")).click()
    expect(screen.locator(".st-key-beside")).to_contain_text("Saved 2 for", timeout=PATIENCE_MS)
    assert stored(app.data_dir, TASK, name) == {"h1-nasty": 2}


def grades_in_turn(desk: Desk, rater: Rater) -> list[int | None]:
    """Return what a rater gave, the first first, a pair as often as it was graded."""
    return [each.grade for each in reversed(desk.judgments.last("starter", rater.name, 100))]


def assert_safe(page: Page) -> None:
    """Nothing of a text became a part of the page, and nothing is wider than the screen."""
    expect(page.locator(".st-key-query")).to_contain_text("<script>window.hacked=1</script> **sea**")
    expect(page.locator(".st-key-query")).to_contain_text("<b onclick='window.hacked=1'>storms</b>")
    assert page.evaluate("window.hacked") is None
    assert page.locator(".stApp [onclick], .stApp [onerror], .stApp [onmouseover], .stApp a[href*=javascript]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def assert_under_a_thumb(page: Page, buttons: str, count: int) -> None:
    """These buttons are big enough for a thumb, on the screen, and none lies over another."""
    page.locator(buttons).first.scroll_into_view_if_needed()
    boxes = [box for box in (each.bounding_box() for each in page.locator(buttons).all()) if box]
    assert len(boxes) == count
    for at, box in enumerate(boxes):
        assert min(box["width"], box["height"]) >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        for other in boxes[:at]:
            beside = box["x"] >= other["x"] + other["width"] or other["x"] >= box["x"] + box["width"]
            assert beside or box["y"] >= other["y"] + other["height"] or other["y"] >= box["y"] + box["height"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
