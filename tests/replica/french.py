"""French sentences that read like news and say nothing, from a seeded generator."""

import tomllib
from pathlib import Path
from random import Random

WORDS = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
SUBJECTS, VERBS, OBJECTS, CIRCUMSTANCES, OPENINGS, QUOTES = WORDS["sentences"].values()


def sentence(random: Random) -> str:
    """One sentence with its full stop."""
    if random.random() < 0.2:
        return str(random.choice(QUOTES))
    opening = f"{random.choice(OPENINGS)} " if random.random() < 0.3 else ""
    subject = random.choice(SUBJECTS)
    if opening and subject.startswith(("Le ", "La ", "L’", "Un ", "Une ")):
        subject = subject[0].lower() + subject[1:]
    # Thanks to the number, no two sentences of an article are the same.
    number = f"{random.randint(2, 999)} dossiers sur {random.randint(1000, 9999)}"
    body = f"{subject} {random.choice(VERBS)} {random.choice(OBJECTS)}, {random.choice(CIRCUMSTANCES)}"
    return f"{opening}{body} ({number})."


def paragraph(random: Random) -> tuple[str, ...]:
    """The sentences of one paragraph, one to three."""
    return tuple(sentence(random) for _ in range(random.randint(1, 3)))


def headline(random: Random) -> str:
    """A title, without a full stop."""
    return f"{random.choice(SUBJECTS)} {random.choice(VERBS)} {random.choice(OBJECTS)} ({random.randint(2, 9999)})"
