"""Raters who grade in a browser, with nothing but the keyboard, and remember what the page said was saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

from vibeshelf.core.settings import load_settings
from vibeshelf.services.judging import open_desk

# The pair on the screen, as it stands in the class of its first button; null between two pairs.
_PAIR = """() => {
  const start = 'st-key-grade-0-';
  const buttons = document.querySelectorAll(`[class*="${start}"]`);
  if (buttons.length !== 1) return null;
  return [...buttons[0].classList].find(name => name.startsWith(start)).slice(start.length);
}"""
_SAVED = "() => document.querySelector('.st-key-beside [data-testid=stCaptionContainer]')?.innerText ?? ''"
_ANOTHER = f"""([pair, grade]) => {{
  const now = ({_PAIR})();
  return now !== null && now !== pair && ({_SAVED})().startsWith(`Saved ${{grade}} for`);
}}"""
_FOCUSED = "() => { const at = document.activeElement; return at.getAttribute('aria-label') || at.placeholder || at.tagName; }"
# What the page's script marks it with while it listens to keys; a key before that is held until then.
_LISTENING = "body[data-listening]"
PATIENCE_MS = 120_000


@dataclass
class Rater:
    """One person at one screen. `shown_saved` is pair -> grade of everything that the page said was saved."""

    page: Page
    url: str
    name: str
    task: str = "starter"
    shown_saved: dict[str, int] = field(default_factory=dict)

    def sit_down(self) -> None:
        """Open the page and give the name where it is asked for."""
        self.page.goto(f"{self.url}/Judge?task={self.task}")
        self.page.wait_for_selector(".st-key-rater-name input, [class*='st-key-grade-0-']", timeout=PATIENCE_MS)
        if self.page.locator(".st-key-rater-name").count():
            self.tab_to("Name")
            self.page.keyboard.type(self.name)
            self.page.keyboard.press("Enter")
        self.wait_until_ready()

    def come_back(self) -> str:
        """Reload the page and return the pair on its screen."""
        self.page.reload()
        return self.wait_until_ready()

    def wait_until_ready(self) -> str:
        """Return the first pair of a fresh page, once it listens: nobody hears a key before that."""
        pair = self.wait_for_a_book()
        self.page.wait_for_selector(_LISTENING, state="attached", timeout=PATIENCE_MS)
        return pair

    def tab_to(self, label: str) -> None:
        """Press Tab until what is labelled so has the focus. Raises LookupError where that never comes."""
        for _ in range(60):
            if str(self.page.evaluate(_FOCUSED)).startswith(label):
                return
            self.page.keyboard.press("Tab")
        raise LookupError(f"no press of Tab came to '{label}'")

    def wait_for_a_book(self) -> str:
        """Return the pair on the screen, once there is one."""
        return str(self.page.wait_for_function(_PAIR, timeout=PATIENCE_MS).json_value())

    def see(self, pair: str) -> None:
        """Wait until this pair is on the screen. Raises playwright's TimeoutError."""
        self.page.wait_for_function(f"pair => ({_PAIR})() === pair", arg=pair, timeout=PATIENCE_MS)

    def hear(self, words: str) -> None:
        """Wait until the line beside the buttons says so, and the page listens. Raises playwright's TimeoutError."""
        self.page.wait_for_function(f"words => ({_SAVED})().includes(words)", arg=words, timeout=PATIENCE_MS)
        self.page.wait_for_selector(_LISTENING, state="attached", timeout=PATIENCE_MS)

    def write_note(self, words: str) -> None:
        """Go to the note's box by its key, type and leave it by Enter, without waiting for what comes of it."""
        self.page.keyboard.press("n")
        self.page.wait_for_function("() => document.activeElement.tagName === 'INPUT'", timeout=PATIENCE_MS)
        self.page.keyboard.type(words)
        self.page.keyboard.press("Enter")

    def press(self, grade: int) -> str:
        """Press a grade's key and return the pair that it is for, without waiting for what comes of it."""
        pair = self.wait_for_a_book()
        self.page.keyboard.press(str(grade))
        return pair

    def see_saved(self, pair: str, grade: int, timeout_ms: float = PATIENCE_MS) -> None:
        """Wait until the page says that the grade is saved and shows another book. Raises playwright's TimeoutError."""
        self.page.wait_for_function(_ANOTHER, arg=[pair, grade], timeout=timeout_ms)
        self.shown_saved[pair] = grade

    def look(self, pair: str, grade: int) -> bool:
        """Return whether the page says so at this moment."""
        if self.page.evaluate(_ANOTHER, [pair, grade]):
            self.shown_saved[pair] = grade
        return pair in self.shown_saved

    def grade(self, grade: int) -> str:
        """Grade the book on the screen and return its pair."""
        pair = self.press(grade)
        self.see_saved(pair, grade)
        return pair


def stored(data_dir: Path, task: str, rater: str) -> dict[str, int | None]:
    """Return pair -> grade as the database has it, read by another process than the app's."""
    standing = open_desk(load_settings(data_dir=data_dir)).judgments.standing(task, rater=rater)
    return {f"{each.query_id}-{each.book_id}": each.grade for each in standing}
