"""The Judge page's script, run without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT, settings_in
from tests.fakes import FakeEncoder
from vibeshelf.adapters.catalog import open_source
from vibeshelf.core.judging import JudgedQuery, Pair, Task
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.judging import Desk, open_desk
from vibeshelf.services.logged_search import logged_search
from vibeshelf.services.pooling import Filler
from vibeshelf.services.shelf import open_shelf
from vibeshelf.services.suggestions import suggest
from vibeshelf.ui import resources

HOSTILE = "<script>window.hacked=1</script> **bold** $x$ :red[red] [link](javascript:1)"
BOOKS = [
    {"book_id": "long", "title": "Long", "description": "word " * 4000},
    {"book_id": "hostile", "title": HOSTILE, "authors": [HOSTILE], "description": HOSTILE, "genres": [HOSTILE]},
    {"book_id": "rtl", "title": "\u202eevil مئة عام من العزلة", "authors": ["\u202eغابرييل"], "description": "قصة طويلة جدا"},
    {"book_id": "bare", "title": "", "description": "", "authors": ["Nobody"]},
]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with one query over four books that are hard to show."""
    settings = settings_in(tmp_path / "data")
    encoder = FakeEncoder()
    for module in ("ingest", "shelf"):
        monkeypatch.setattr(f"vibeshelf.services.{module}.open_encoder", lambda *_, **__: encoder)
    source = tmp_path / "books.jsonl"
    source.write_text("".join(json.dumps(book) + "\n" for book in BOOKS))
    ingest(open_source(str(source)), settings, IngestOptions("starter"))
    shelf, desk = open_shelf("starter", settings=settings), open_desk(settings)
    filler = Filler(desk.tasks)
    desk.tasks.save(Task("hard", ("starter",), ("dense",), depth=10))
    desk.tasks.add_queries("hard", [JudgedQuery("h1", f"{HOSTILE} sea", "**meant** as <b>said</b>")])
    fakes = {"settings": settings, "shelf": shelf, "desk": desk, "filler": filler, "collections": shelf.store.collections()}
    for name, value in fakes.items():
        monkeypatch.setattr(resources, name, lambda *_, value=value: value)
    return desk


def opened(**session: object) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in {"rater": "ann", "task": "hard", **session}.items():
        page.session_state[key] = value
    page.switch_page("pages/1_Judge.py").run()
    assert not page.exception, page.exception
    return page


def press(page: AppTest, start: str) -> None:
    (button,) = [button for button in page.button if str(button.key).startswith(start)]
    button.click().run()
    assert not page.exception, page.exception
    assert not page.error, page.error


def shown(page: AppTest) -> str:
    """Return what stands on the page, without the marks that keep directions apart."""
    text = "\n".join(str(element.value) for element in [*page.markdown, *page.caption])
    return text.replace("\u2068", "").replace("\u2069", "")


def test_a_name_is_asked_for_before_anything_is_shown(desk: Desk) -> None:
    page = opened(rater=None)
    assert [field.label for field in page.text_input] == ["Name"]
    page.text_input[0].set_value("  ")
    page.button[0].click().run()
    assert "1 to 40 printable characters" in page.error[0].value.replace("\\", "")
    page.text_input[0].set_value("Zoë")
    page.button[0].click().run()
    assert page.session_state["rater"] == "Zoë"
    assert any(str(button.key).startswith("grade-2-") for button in page.button)


def test_all_books_are_graded_one_by_one_and_undone(desk: Desk) -> None:
    page = opened()
    for grade in (3, 2, 1):
        press(page, f"grade-{grade}-")
    press(page, "skip-")
    press(page, "reason-L-")
    assert "All 4 are done" in page.success[0].value
    standing = desk.judgments.standing("hard")
    assert sorted(str(each.grade) for each in standing) == ["1", "2", "3", "None"]
    assert next(each.note for each in standing if each.grade is None) == "a language I do not read"
    press(page, "undo")
    press(page, "undo")
    assert len(desk.judgments.standing("hard")) == 2
    assert "Undone: the 1 of" in shown(page).replace("\\", "")


def test_a_note_goes_with_its_grade_and_not_with_the_next(desk: Desk) -> None:
    page = opened()
    page.text_input[0].set_value("half of it").run()
    press(page, "grade-2-")
    press(page, "grade-0-")
    assert sorted(each.note for each in desk.judgments.standing("hard")) == ["", "half of it"]


def test_a_press_that_comes_late_grades_nothing_unseen(desk: Desk) -> None:
    page = opened()
    sitting = page.session_state["sitting"]
    first = sitting.pair
    sitting.grade_shown(first, 3)
    sitting.grade_shown(first, 0)
    sitting.skip(first, "too little to tell")
    assert [(each.pair, each.grade) for each in desk.judgments.standing("hard")] == [(first, 3)]
    assert desk.judgments.count("hard") == 1


def test_what_could_not_be_saved_is_said_and_stays_to_be_graded(desk: Desk) -> None:
    page = opened()
    before = shown(page)
    desk.judgments._database._connection.execute("PRAGMA query_only = ON")
    next(button for button in page.button if str(button.key).startswith("grade-2-")).click().run()
    assert not page.exception
    assert "Not saved." in shown(page)
    assert "readonly database" in page.error[0].value
    assert desk.judgments.standing("hard") == []
    assert before.splitlines()[1] in shown(page), "the same book is still there"
    desk.judgments._database._connection.execute("PRAGMA query_only = OFF")
    press(page, "grade-2-")
    assert "Saved 2 for" in shown(page)
    assert len(desk.judgments.standing("hard")) == 1


def test_a_note_goes_with_a_skip_too(desk: Desk) -> None:
    page = opened()
    page.text_input[0].set_value("in Latin").run()
    press(page, "skip-")
    press(page, "reason-L-")
    assert [each.note for each in desk.judgments.standing("hard")] == ["a language I do not read: in Latin"]


def test_neither_system_nor_rank_nor_score_is_shown(desk: Desk) -> None:
    words = shown(opened()).lower()
    assert not any(word in words for word in ("dense", "hybrid", "lexical", "score", "rank"))


def test_hard_texts_show_as_they_are_and_safely(desk: Desk) -> None:
    page = opened(mode="Ten at a time")
    texts = [str(element.value) for element in page.markdown]
    escaped = "\\<script\\>window\\.hacked\\=1\\<\\/script\\>".replace("\\/", "/")
    assert any(text.startswith(f"#### {escaped}") and "\\[link\\]\\(javascript" in text for text in texts)
    assert any(text.startswith(f"### {escaped}") for text in texts)
    assert any(len(text) == 4000 * 5 - 1 for text in texts), "all of 20,000 characters"
    assert "#### Untitled" in texts
    assert any("\u2068\u202eغابرييل\u2069" in str(element.value) for element in page.caption)
    assert any("\\*\\*meant\\*\\*" in text for text in texts)


def test_the_list_grades_in_place_and_changes_its_mind(desk: Desk) -> None:
    page = opened(mode="Ten at a time")
    for grade in (1, 3):
        (control,) = [group for group in page.button_group if group.key == "in-place-h1-bare"]
        control.set_value(grade).run()
        assert not page.exception, page.exception
    (kept,) = desk.judgments.standing("hard")
    assert (kept.book_id, kept.grade) == ("bare", 3)
    press(page, "undo")
    assert [each.grade for each in desk.judgments.standing("hard")] == [1]


def test_queries_are_added_and_a_bad_one_is_said(desk: Desk) -> None:
    page = opened(view="Queries")
    page.text_area[0].set_value("bees\nx 9\trobots").run()
    press_add = next(button for button in page.button if button.key == "add-queries")
    press_add.click().run()
    assert "white space" in page.error[0].value
    page.text_area[0].set_value("bees\nx9\trobots").run()
    next(button for button in page.button if button.key == "add-queries").click().run()
    assert "2 added" in page.success[0].value
    assert [query.query_id for query in desk.tasks.queries("hard")] == ["h1", "q02", "x9"]


def test_queries_are_taken_from_searches(desk: Desk) -> None:
    assert "No search is left" in opened(view="Queries").info[0].value
    for book_id in ("bare", "rtl"):
        suggest(desk, "starter", "bees & <b>honey</b>", book_id, up=True)
    logged_search(resources.shelf("starter"), "robots in love", source="page")
    page = opened(view="Queries")
    assert page.multiselect(key="searches-chosen").options == ["bees & <b>honey</b> · 2 with a thumb", "robots in love"]
    page.multiselect(key="searches-chosen").set_value(["bees & <b>honey</b>"])
    next(button for button in page.button if button.label == "Add them").click().run()
    assert not page.exception, page.exception
    assert "1 added" in page.success[0].value
    assert desk.tasks.queries("hard")[-1].text == "bees & <b>honey</b>"
    assert sorted(desk.workload(desk.task("hard"), "ann", "thumbs").remaining("q02")) == ["bare", "rtl"]


def test_agreement_is_na_until_two_have_graded_and_a_disagreement_is_settled(desk: Desk) -> None:
    assert "n/a" in opened(view="Agreement").info[0].value
    for rater, grade in (("ann", 0), ("bob", 3)):
        desk.judgments.grade("hard", Pair("h1", "bare"), rater, grade)
    page = opened(view="Agreement")
    assert (page.metric[0].label, page.metric[0].value) == ("Cohen's kappa, quadratic", "0.000")
    assert "Disagreements: 1 open, 0 settled" in page.subheader[0].value
    assert "bob" not in shown(page), "the grades of others are not shown unasked"
    page.toggle[0].set_value(True).run()
    assert "**3** by bob" in shown(page)
    press(page, "settle-1-")
    assert [each.grade for each in desk.judgments.settled("hard").values()] == [1]
    assert "None is open" in page.success[0].value
    press(page, "undo-settled")
    assert desk.judgments.settled("hard") == {}
    assert "Disagreements: 1 open, 0 settled" in page.subheader[0].value


def test_a_disagreement_can_wait_and_shows_the_notes_that_were_given(desk: Desk) -> None:
    for book_id, grade in (("bare", 3), ("rtl", 2)):
        desk.judgments.grade("hard", Pair("h1", book_id), "ann", 0, f"<b>about {book_id}</b>")
        desk.judgments.grade("hard", Pair("h1", book_id), "bob", grade)
    page = opened(view="Agreement")
    page.toggle[0].set_value(True).run()
    for book_id in ("bare", "rtl", "bare"):
        assert f"\\<b\\>about {book_id}" in shown(page), "put off, it comes again at the end"
        press(page, "put-off-")
    assert desk.judgments.settled("hard") == {}


def test_the_rule_is_kept_and_shown_where_qrels_go_out(desk: Desk) -> None:
    desk.judgments.grade("hard", Pair("h1", "bare"), "ann", 2)
    opened(view="Agreement").radio[0].set_value("strictest").run()
    assert desk.task("hard").rule == "strictest"
    assert "the strictest of its raters" in shown(opened(view="Files"))


def test_a_collection_that_cannot_be_opened_is_said_in_words(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from vibeshelf.core.errors import CollectionNotFound

    def refuse(name: str) -> None:
        raise CollectionNotFound(f"no collection '{name}'")

    monkeypatch.setattr(resources, "shelf", refuse)
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.session_state["rater"], page.session_state["task"] = "ann", "hard"
    page.switch_page("pages/1_Judge.py").run()
    assert "no collection" in page.error[0].value
