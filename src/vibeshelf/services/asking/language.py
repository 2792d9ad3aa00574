"""Whether a wish is in English, by a rule that can be told: its letters, or its little words.

A wish is in another script when most of its letters are. In Latin letters it is in the language of which it has the most little
words, if those are two at least (one, in a wish of up to four words that has no English one) and more than the English ones. What
has none is taken for English: nothing is said rather than something wrong.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Any

ENGLISH = "English"
# The names of letters in Unicode begin with their script.
_SCRIPTS = {
    "CYRILLIC": "Russian", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "CJK": "Chinese", "HANGUL": "Korean", "ARABIC": "Arabic",
    "HEBREW": "Hebrew", "GREEK": "Greek", "DEVANAGARI": "Hindi", "THAI": "Thai", "BENGALI": "Bengali", "TAMIL": "Tamil",
    "ARMENIAN": "Armenian", "GEORGIAN": "Georgian",
}  # fmt: skip
# Words that two of these languages share with each other are no matter; those shared with English are left out.
_LITTLE_WORDS = {
    ENGLISH: """a an the of and or in on at to for from with without by about into who what where when which that this it is are was
        were be has have had not no but like one his her their my your i you we they he she as so too very more than up out""",
    "German": """der die das den dem des ein eine einen einem einer eines und oder nicht mit von zu zum zur im ist sind wird auf für
        über aus bei nach wie aber ohne zwischen sich ich du er sie wir ihr als wenn etwas kein keine mein geschichte buch""",
    "French": """le la les l se un une des du de d et ou pas avec dans sur pour par qui que qu est sont sans au aux ce cette ces il elle
        je nous vous leur leurs son sa ses où mais comme entre peut quelque histoire livre""",
    "Spanish": """el la los las un una unos unas de del y o no con en por para que se es son sin al lo su sus mi quien donde pero como
        más algo historia libro""",
    "Italian": """il lo la gli le un una uno di del della dei delle e con in per che si è sono senza al alla nel nella su suo sua chi
        ma come più qualcosa storia libro non""",
    "Portuguese": """o os as um uma uns umas de do da dos das e com em no na nos nas por para que se é são sem ao seu sua quem onde mas
        como mais algo história livro não""",
    "Dutch": """de het een en of niet met van naar voor op is zijn wordt over uit bij hoe maar zonder zich ik jij hij zij wij als wat
        iets geen mijn verhaal boek""",
    "Swedish": """en ett den det och eller inte med av till för på är som om från hur men utan sig jag du han hon vi någon något ingen
        min berättelse bok""",
    "Polish": """i w we z ze na do nie się jest są o od po dla jak ale bez który która które co ktoś coś jego jej historia książka""",
}
_WORD = re.compile(r"[^\W\d_]+")
# A beginning tells as much as the whole.
_SHORT_WORDS, _MOST_CHARS = 4, 500


def language_of(text: str) -> str:
    """Return the language of a wish as far as the rule can tell, 'English' where it cannot."""
    text = text[:_MOST_CHARS]
    letters = Counter(unicodedata.name(letter, "").split(" ")[0].split("-")[0] for letter in text if letter.isalpha())
    if letters and letters["LATIN"] * 2 < letters.total():
        # Japanese is written with Chinese signs among its own.
        own = [_SCRIPTS[script] for script, _ in letters.most_common() if script in _SCRIPTS]
        return "Japanese" if "Japanese" in own else own[0] if own else ENGLISH
    words = [word.casefold() for word in _WORD.findall(text)]
    counts = {language: sum(word in listed for word in words) for language, listed in _little_words().items()}
    english = counts.pop(ENGLISH)
    language, most = max(counts.items(), key=lambda pair: pair[1])
    enough = most >= 2 or (most == 1 and not english and len(words) <= _SHORT_WORDS)
    return language if enough and most > english else ENGLISH


def language_line(text: str, model: str) -> str:
    """Return what a searcher should know of a wish in another language; empty for one in English.

    Figures are said only of the model that they were measured with.
    """
    language = language_of(text)
    if language == ENGLISH:
        return ""
    measured = _measured()
    of = measured["languages"].get(language)
    if measured["model"] != model or of is None:
        return f"This looks like {language}. How well {model} understands it was not measured here; English may find more."
    return (
        f"This looks like {language}. {model} was trained on English: {of['n']} wishes of the {measured['collection']} collection, "
        f"translated, reached {measured['measure']} {of['here']:.2f} instead of {of['english']:.2f} ({measured['system']}, "
        f"{measured['device']}, {measured['date']}). English will find more."
    )


@cache
def _little_words() -> dict[str, frozenset[str]]:
    english = frozenset(_LITTLE_WORDS[ENGLISH].split())
    return {language: frozenset(listed.split()) - (english if language != ENGLISH else set()) for language, listed in _LITTLE_WORDS.items()}


@cache
def _measured() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((files("vibeshelf.data") / "languages.json").read_text(encoding="utf-8"))
    return content
