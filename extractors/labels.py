"""The site's boilerplate phrases, per language: what surrounds an article when a page survives as plain text.

Facts only, for text captures: in HTML the structure says what is boilerplate, and no phrase is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Labels:
    """The phrases of one edition.

    Attributes:
        lang: ISO 639-1 code of the edition.
        skip_links: the two links before everything else.
        recommended: the heading over the cards of other articles, right after the body.
        cookies: how the sentence of the cookie banner begins.
    """

    lang: str
    skip_links: tuple[str, ...]
    recommended: str
    cookies: str


#: Seen in the saved seed page (French edition, video view, captured in 2023).
FRENCH = Labels(
    lang="fr",
    skip_links=("Aller au menu", "Aller à la page"),
    recommended="Contenus recommandés",
    cookies="Notre site utilise des cookies",
)

EDITIONS: tuple[Labels, ...] = (FRENCH,)

#: English in every edition, the French one included (seed page, saved English page of November 2023).
GO_TOP = "Go Top"
CLOSE = "Close"

#: Before the colon of a caption. "Thumbnail" is the video view's (seed page), "Photo" the plain view's (saved page).
CAPTIONS = ("Photo", "Thumbnail")
VIDEO_CAPTION = "Thumbnail"
