"""Bodies of articles, new and updated."""

from random import Random

from . import french
from .markup import Block

#: Words of the boilerplate that an article uses itself: they must stay.
_BORROWED = (
    ("Contenus recommandés",),
    ("Photo : le cliché a fait le tour du monde.",),
    ("Close", "Go Top, répète-t-on ici."),
    ("Notre site utilise des cookies, a reconnu l’éditeur.",),
    ("Le communiqué est daté du 2019-05-04 12:00:00.",),
)
#: Lines of a feature that end no sentence, one <br /> apart.
_LINES = ("Date : le 8 avril 2021", "Lieu : « Centre culturel »", "Site : http://exemple.kr/")


def new_body(random: Random, style: str) -> tuple[Block, ...]:
    """A body of one paragraph, of four to six as most, or of up to 14: general extractors fail on short articles."""
    length = random.choices([1, random.randint(4, 6), random.randint(9, 14)], weights=[2, 6, 2])[0]
    blocks = [Block("p", french.paragraph(random)) for _ in range(length)]
    if length > 1 and style != "lines" and random.random() < 0.2:  # not all of them are sentences
        blocks[random.randrange(1, length)] = Block("p", random.choice(_BORROWED))
    if length > 4 and style in {"paragraphs", "editor"} and random.random() < 0.5:
        at = random.randrange(1, length - 1)
        blocks[at : at + 1] = _rich(random)
    if length > 1 and style == "lines":
        at = random.randrange(length)
        blocks[at:at] = [Block("line", (line,)) for line in _LINES]
    return tuple(blocks)


def _rich(random: Random) -> list[Block]:
    """A list, table, quotation or heading: what the site's editor makes besides paragraphs."""
    tag = random.choice(["li", "tr", "blockquote", "h3"])
    if tag == "tr":
        years = ("2024", "2025")
        return [Block(tag, (f"Année {y}", f"{random.randint(10, 99)},{random.randint(1, 9)} %")) for y in years]
    return [Block(tag, (french.sentence(random),)) for _ in range(3 if tag == "li" else 1)]


def revised(body: tuple[Block, ...], random: Random) -> tuple[Block, ...]:
    """The body with one paragraph replaced, or one more at its end."""
    paragraph = Block("p", french.paragraph(random))
    plain = [i for i, block in enumerate(body) if block.tag == "p"]
    if not plain or random.random() < 0.5:
        return (*body, paragraph)
    at = random.choice(plain)
    return (*body[:at], paragraph, *body[at + 1 :])
