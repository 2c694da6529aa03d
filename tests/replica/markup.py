"""The markups of bodies: the same words in each of them, and the paragraphs that they must be read as."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, pairwise
from random import Random

#: The ways a body is written. `breaks` is the news view's own; `paragraphs` and `editor` come from the site's rich-text
#: editor, and `lines` is that of features: a <br /> also ends a line that is no sentence.
STYLES = ("breaks", "single", "paragraphs", "editor", "lines")
_WRAPPERS: dict[object, str] = {"li": "ul", "tr": "table"}
_COMMENTS = ("Key word", "/ Key word", "banner", "2023 renewal")
#: What bodies contain between paragraphs and readers do not see; pictures first.
_NOISE = (
    '<div class="img_box"><img src="./img/in.jpg" alt="" /><p class="cap no-print">Photo : KBS</p></div>',
    "<!-- Key word -->",
    "<script>var adsbox = 'Contenu sponsorisé';</script>",
    "<style>.fr-view p { margin: 0 }</style>",
    "<p>&nbsp;</p>",
    "<p><br /></p>",
)


@dataclass(frozen=True)
class Block:
    """One block of a body.

    Attributes:
        tag: `p`, `blockquote`, `h3`, `li`, `tr`, or `line` in the style of that name.
        parts: its sentences; the cells of a `tr`.
    """

    tag: str
    parts: tuple[str, ...]

    @property
    def line(self) -> str:
        """The paragraph that extraction must read it as."""
        if self.tag == "tr":
            return " | ".join(self.parts)
        return ("- " if self.tag == "li" else "") + " ".join(self.parts)


def render_body(blocks: Sequence[Block], style: str, random: Random, *, pictures: bool = True) -> str:
    """A body in one of STYLES, with noise between its paragraphs; `pictures`: whether they are part of the noise."""
    if style in {"breaks", "single", "lines"}:
        return _with_breaks(blocks, random, double=style != "single")
    pieces = []
    # Neighbours of the same list or table are in one element.
    for tag, group in groupby(blocks, key=lambda block: block.tag if block.tag in _WRAPPERS else id(block)):
        rendered = "\n".join(_element(block, style, random) for block in group)
        wrapper = _WRAPPERS.get(tag)
        pieces.append(f"<{wrapper}>\n{rendered}\n</{wrapper}>" if wrapper else rendered)
        if random.random() < 0.15:
            pieces.append(random.choice(_NOISE if pictures else _NOISE[1:]))
    return "\n".join(pieces) + "\n"


def _with_breaks(blocks: Sequence[Block], random: Random, *, double: bool) -> str:
    """Text directly in the div: a <br /> after sentences and two after paragraphs, or one after paragraphs alone."""
    between = "<br />\n" if double and len(blocks) > 1 else " "
    comment = f"<!-- {random.choice(_COMMENTS)} -->"
    end = f"<br />\n<br />{comment}\n" if double else f"<br />{comment}\n"
    ends = ["<br />\n" if one.tag == after.tag == "line" else end for one, after in pairwise(blocks)] + ["<br />\n"]
    lines = (between.join(map(typography, block.parts)) for block in blocks)
    return f"{comment}\n" + "".join(map("".join, zip(lines, ends, strict=True)))


def _element(block: Block, style: str, random: Random) -> str:
    if block.tag == "tr":
        return "<tr>" + "".join(f"<td>{typography(part)}</td>" for part in block.parts) + "</tr>"
    inline = " ".join(_inline(part, random) if style == "editor" else typography(part) for part in block.parts)
    if style == "editor":
        inline = f'<span style="font-size: 16px;">{inline}</span>'
    return f"<{block.tag}>{inline}</{block.tag}>"


def _inline(text: str, random: Random) -> str:
    """A sentence with one of its words emphasised, linked, or with a character without width."""
    words = text.split(" ")
    at = random.randrange(len(words))
    word = typography(words[at])
    words = [typography(word) for word in words]
    words[at] = random.choice(
        [
            f"<strong>{word}</strong>",
            f"<em>{word}</em>",
            f'<a href="https://example.org/?a=1&b=2" target="_blank">{word}</a>',
            f"<b>{word[:1]}</b>{word[1:]}" if word[:1].isalpha() else word,
            f"{word}\u200b",
        ]
    )
    return " ".join(words)


def typography(text: str) -> str:
    """The text with the no-break spaces of French, half of them as an entity."""
    spaced = escape(text, quote=False).replace("« ", "«&nbsp;").replace(" »", "\u00a0»")
    return spaced.replace(" %", "&nbsp;%").replace(" :", "\u00a0:")
