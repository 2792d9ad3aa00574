"""Fixed texts on which an encoder is compared: with its reference when exported, with itself at every open."""

from __future__ import annotations

# Kept for ever: stored canaries were made of these. New ones may be added to REFERENCE_TEXTS only.
CANARY_TEXTS = (
    "a quiet book about an old lighthouse keeper",
    "Dublin, one June day.",
    "funny murder mystery with a cat",
    "星空の下の図書館",
)
_LONG = (
    "Snow had been falling since noon, and the last train stood in the station with its lamps lit while the guard walked "
    "up and down, asking nobody in particular whether the line over the pass would be open before morning. "
)
REFERENCE_TEXTS = (
    *CANARY_TEXTS,
    "love",
    "a",
    "?",
    "WAR AND PEACE",
    "books like The Hobbit but for grown-ups",
    "somthing sad abot a dog and a sea jorney",
    "1984",
    "naïve café über Ærøskøbing",
    "роман о степи и долгой зиме",
    "رواية عن البحر",
    "一部关于家族的长篇小说",
    "📚 cosy 🫖 village",
    "robots; empathy; rain; neon",
    "SELECT * FROM books WHERE title = 'x'; <b>bold</b>",
    "Two sisters inherit a failing orchard and a quarrel that is older than either of them.",
    "Letters from a plague year, written by a doctor who no longer believes in medicine.",
    "A cook, a spy and a runaway heiress share a compartment from Trieste to Constantinople.",
    "How do octopuses think, and what would it be like to be one?",
    "Nothing happens, slowly, beautifully, in a house by a lake.",
    _LONG,
    _LONG * 2,
    _LONG * 4,
    _LONG * 12,
    "word " * 400,
)
