"""Random redesigns of the site: the same one for every page of the replica, by its seed."""

from collections.abc import Callable, Iterable
from copy import copy
from random import Random

from lxml import etree, html
from lxml.html import HtmlElement

#: What a redesign may exchange a tag for, by the name of the element's first class or its tag.
_TAGS = {
    "title_area": ("header", "div", "section"),
    "cate": ("div", "span", "h4"),
    "date": ("div", "span", "time", "small"),
    "body_txt": ("section", "article", "div"),
    "cap": ("span", "figcaption", "div", "small"),
    "img_box": ("figure", "div"),
    "func_menu": ("ul", "nav", "div"),
    "comp_view_default": ("article", "div", "main"),
    "h1": ("h2", "h1", "div", "h3"),
    "view_tit": ("h3", "div", "h2"),
    "aside": ("div", "section"),
    "article": ("div", "section"),
}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Redesign:
    """A redesign; call it with a page to have the page as it is afterwards.

    Attributes:
        seed: the same seed gives the same redesign.
        kinds: the names of what it does, for a report.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        random = Random(f"redesign {seed}")
        steps: list[Callable[[HtmlElement, Random], None]] = [
            _exchange_tags,
            _add_wrappers,
            _remove_wrappers,
            _reorder,
            _split_dates,
        ]
        chosen = [step for step in steps if random.random() < 0.5]
        # Names change in every redesign, or nothing would have to be learned: all of them, or only some.
        self._steps = [*chosen, *([_share_classes] if random.random() < 0.3 else []), _rename]
        self.kinds = [step.__name__.strip("_") for step in self._steps]

    def __call__(self, page: bytes) -> bytes:
        root = html.document_fromstring(page, parser=html.HTMLParser(encoding="utf-8"))
        for step in self._steps:
            step(root, Random(f"{self.seed} {step.__name__}"))
        return b"<!DOCTYPE html>\n" + etree.tostring(root, method="html", encoding="utf-8")


def _elements(root: HtmlElement) -> list[HtmlElement]:
    return [element for element in root.iter() if isinstance(element.tag, str)]


def _classes(element: HtmlElement) -> list[str]:
    return (element.get("class") or "").split()


def _of(root: HtmlElement, *names: str) -> Iterable[HtmlElement]:
    """The elements of these names: of a class, or a tag."""
    return [one for one in _elements(root) if one.tag in names or not set(names).isdisjoint(_classes(one))]


def _exchange_tags(root: HtmlElement, random: Random) -> None:
    tags = {name: random.choice(tags) for name, tags in _TAGS.items() if random.random() < 0.6}
    for tag, elements in [(tag, _of(root, name)) for name, tag in tags.items()]:
        for element in elements:
            if "logo" not in _classes(element):
                element.tag = tag


def _add_wrappers(root: HtmlElement, random: Random) -> None:
    names = (
        "title_area",
        "body_txt",
        "comp_view_default",
        "date",
        "cate",
        "h1",
        "container",
        "comp_contents_3x",
        "img_box",
    )
    for name in random.sample(names, random.randint(1, 4)):
        for depth in range(random.randint(1, 2)):
            tag, label = random.choice(["div", "section", "div"]), random.choice(["", f"wrap{depth}_{name[:2]}"])
            for element in _of(root, name):
                if (parent := element.getparent()) is None:
                    continue
                wrapper = html.Element(tag, {"class": label} if label else {})
                wrapper.tail, element.tail = element.tail, None
                parent.replace(element, wrapper)
                wrapper.append(element)


def _remove_wrappers(root: HtmlElement, random: Random) -> None:
    names = ["title_area", "comp_view_default", "contents", "right_contents", "sec_top", "photo", "vod_box", "thumb"]
    for name in random.sample(names, random.randint(1, 4)):
        for element in _of(root, name):
            element.drop_tag()


def _reorder(root: HtmlElement, random: Random) -> None:
    """Another order of the parts of the head, of the blocks around the body, or of the columns."""
    orders = {name: random.random() for name in ("cate", "h1", "h2", "h3", "date", "div")}
    for parent in {one.getparent() for one in _of(root, "date") if not _within_card(one)}:
        _shuffle(parent, {"cate", "date", "h1", "h2", "h3"}, orders)
    blocks = {name: random.random() for name in ("func_menu", "body_txt", "share_box", "title_area")}
    if random.random() < 0.5:  # the menu of the head below the body, or the share box above it
        for body in _of(root, "body_txt"):
            if (parent := body.getparent()) is not None:
                _shuffle(parent, {"func_menu", "share_box"}, blocks)
    if random.random() < 0.3:  # the right column first
        for aside in list(root.iter("aside")):
            if (parent := aside.getparent()) is not None:
                aside.tail = "\n"
                parent.insert(0, aside)


def _within_card(element: HtmlElement) -> bool:
    return any(
        one.tag in {"article", "aside", "li"} or "comp_contents_3x" in _classes(one) for one in element.iterancestors()
    )


def _shuffle(parent: HtmlElement | None, names: set[str], orders: dict[str, float]) -> None:
    """Put the children of these names into another order, in the places that they have."""
    if parent is None:
        return
    mine = [one for one in parent if isinstance(one.tag, str) and (one.tag in names or names & set(_classes(one)))]
    order = sorted(mine, key=lambda one: next((orders[n] for n in [*_classes(one), str(one.tag)] if n in orders), 0.5))
    places = [parent.index(one) for one in mine]
    tails = [one.tail for one in mine]
    copies = [copy(one) for one in order]
    for at, tail, one in zip(places, tails, copies, strict=True):
        one.tail = tail
        parent[at] = one


def _split_dates(root: HtmlElement, random: Random) -> None:
    """The two dates of an article in elements of their own, side by side or in a block."""
    tag, names = random.choice(["span", "p", "time", "div"]), ("written", "changed")
    in_block = random.random() < 0.7
    for dates in _of(root, "date"):
        if _within_card(dates) or dates.find("span[@class='li']") is not None:
            continue
        parts = ["".join(dates.itertext()).strip()]
        if " / " in parts[0]:
            parts = parts[0].split(" / ")
        made = []
        for name, words in zip(names, parts, strict=False):
            one = html.Element(tag, {"class": name})
            one.text = words
            made.append(one)
        parent = dates.getparent()
        assert parent is not None
        if in_block:
            tail = dates.tail
            dates.clear()
            dates.tag, dates.tail = "div", tail
            dates.set("class", "date")
            dates.extend(made)
        else:
            at = parent.index(dates)
            parent[at : at + 1] = made


def _share_classes(root: HtmlElement, random: Random) -> None:
    """Two classes of the article's parts are those of the cards' parts too."""
    pairs = [("body_txt", "sum"), ("title_area", "list_link_area"), ("cate", "thumb"), ("h1", "h2"), ("date", "sum")]
    for own, theirs in random.sample(pairs, 2):
        shared = f"both_{own}"
        for name in (own, theirs):
            for element in _of(root, name):
                if name != "h1" or "logo" not in _classes(element):
                    element.set("class", " ".join([shared, *_classes(element)]))
        if own != "h1":  # and of its own it has none
            for element in _of(root, own):
                element.set("class", shared)


def _rename(root: HtmlElement, random: Random) -> None:
    """Other classes and ids; some are dropped."""
    share = random.choice([1, 1, random.uniform(0.4, 1)])
    dropped = random.choice([0, 0, 0.2, 0.5, 1])
    must = {"title_area", "body_txt"}
    names = sorted({name for one in _elements(root) for name in [*_classes(one), one.get("id") or ""] if name} | must)

    def new_name(name: str) -> str:
        own = Random(f"{random_seed} {name}")
        if own.random() >= share and name not in must:
            return name
        if own.random() < dropped:
            return ""
        return "".join(own.choices(_LETTERS + "_", k=own.randint(3, 9))) + own.choice(["", "-x", "2"])

    random_seed = random.random()
    renamed = {name: new_name(name) for name in names}
    for element in _elements(root):
        for attribute in ("class", "id"):
            if words := (element.get(attribute) or "").split():
                if kept := " ".join(filter(None, (renamed[word] for word in words))):
                    element.set(attribute, kept)
                else:
                    del element.attrib[attribute]
