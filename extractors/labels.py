"""The site's boilerplate phrases, per language: what surrounds an article when a page survives as plain text.

In HTML the structure says what is boilerplate; phrases decide only what is a caption or a cookie banner.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Labels:
    """The phrases of one edition.

    Attributes:
        lang: its ISO 639-1 code.
        skip_links: the two links before everything else.
        recommended: the heading over the cards of other articles, right after the body.
        cookies: how the sentence of the cookie banner begins.
        details: the link after that sentence.
        common_words: words that any text of some length in this language has, to know it by where nothing else says.
    """

    lang: str
    skip_links: tuple[str, ...] = ()
    recommended: str | None = None
    cookies: str | None = None
    details: str | None = None
    common_words: frozenset[str] = frozenset()

    @property
    def first_line(self) -> str:
        """The first line of a whole page."""
        return " ".join(self.skip_links)

    @property
    def menu(self) -> set[str]:
        """The lines that may be above a title, with the skip links on one line or on two."""
        return {self.first_line, *self.skip_links, GO_TOP}


LABELS = (
    # Complete: seen in the saved seed page (French edition, video view, article of 2023).
    Labels(
        lang="fr",
        skip_links=("Aller au menu", "Aller à la page"),
        recommended="Contenus recommandés",
        cookies="Notre site utilise des cookies",
        details="Voir en détail >",
        common_words=frozenset("le la les de des du et en un une que qui dans pour sur au aux par est a ce il".split()),
    ),
    # Incomplete: the saved English page of November 2023; its skip links and cookie sentence were not written down.
    Labels(
        lang="en",
        recommended="Editor's Pick",
        common_words=frozenset("the of and to in a that is for on with as by at from has was it his said".split()),
    ),
)

#: English in every edition, the French one included (seed page, saved English page of November 2023).
GO_TOP = "Go Top"
CLOSE = "Close"

#: Before the colon of a caption. "Thumbnail" is the video view's (seed page), "Photo" the plain view's (saved page).
CAPTIONS = ("Photo", "Thumbnail")
VIDEO_CAPTION = "Thumbnail"
#: Names seen after it (seed page, saved page); longer ones first.
CREDITS = ("YONHAP News", "KBS News")

#: What a sentence ends with and a caption does not: "Photo : KBS" is a caption, "Photo : le mot reste." is not.
SENTENCE_ENDS = (".", "!", "?", "…", "»")

#: Before the name in the captions of features, a line of its own (README.md, "Text captures").
COPYRIGHT = "©"
LONGEST_CREDIT = 120

#: French abbreviations that end with a full stop and go on with a capital: "M.Kim" is one word to a glued text capture.
ABBREVIATIONS = frozenset("M MM Mme Mmes Mlle Dr Pr Me St Ste Gal Col Cdt Cie Art No N Av Bd Ph".split())
