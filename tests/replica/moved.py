"""Pages of the replica after a redesign of the site: other names, other wrappers, the same words."""

import re
from collections.abc import Callable, Container
from random import Random

_ATTRIBUTE = re.compile(r'\b(class|id)="([^"]*)"')


def rename(page: bytes, random: Random, names: Container[str] | None = None) -> bytes:
    """The page with other class names and ids, the same name everywhere by the same; all of them, or `names` alone."""
    renamed: dict[str, str] = {}

    def new_name(name: str) -> str:
        if names is not None and name not in names:
            return name
        return renamed.setdefault(name, "".join(random.choices("abcdefghijklmnopqrstuvwxyz_", k=random.randint(3, 9))))

    return _each_attribute(page, lambda _, words: [new_name(word) for word in words])


def rename_some(page: bytes, random: Random) -> bytes:
    """The page with one of its class names and ids renamed, or any part of them, or all."""
    names = sorted({name for _, words in _ATTRIBUTE.findall(page.decode()) for name in words.split()})
    share = random.choice([0, random.random(), 1])
    return rename(page, random, {random.choice(names), *(name for name in names if random.random() < share)})


def as_divs(page: bytes) -> bytes:
    """The page with <div> in place of every element that says what it is for."""
    return re.sub(rb"<(/?)(?:article|aside|footer|header|nav|section)\b", rb"<\1div", page)


def add_and_shuffle(page: bytes, random: Random) -> bytes:
    """The page with more classes on every element that has one, in another order."""

    def mixed(attribute: str, words: list[str]) -> list[str]:
        if attribute == "class":
            words = [*words, f"v{random.randint(2, 9)}", "is-loaded"]
            random.shuffle(words)
        return words

    return _each_attribute(page, mixed)


def _each_attribute(page: bytes, change: Callable[[str, list[str]], list[str]]) -> bytes:
    def changed(found: re.Match[str]) -> str:
        attribute, words = found.groups()
        return f'{attribute}="{" ".join(change(attribute, words.split()))}"'

    return _ATTRIBUTE.sub(changed, page.decode()).encode()


def wrap(page: bytes, random: Random) -> bytes:
    """The page with wrappers around its body, its head and its whole article."""
    text = page.decode()
    for name in ("title_area", "body_txt", "comp_view_default", "comp_board_view"):
        opening = re.search(rf'<(div|section) class="{name}[^>]*>', text)
        if opening is not None:
            end = _closing(text, opening.end(), opening.group(1))
            wrapper = f'<div class="w{random.randint(0, 99)}">'
            text = f"{text[: opening.start()]}{wrapper}{text[opening.start() : end]}</div>{text[end:]}"
    return text.encode()


def _closing(text: str, at: int, tag: str) -> int:
    """The end of the element that was opened just before `at`."""
    depth = 1
    for found in re.compile(rf"<(/?){tag}\b").finditer(text, at):
        depth += -1 if found.group(1) else 1
        if depth == 0:
            return text.index(">", found.end()) + 1
    raise AssertionError(f"no end of <{tag}>")


def move_paragraph(page: bytes, before: str) -> bytes:
    """The page with its second paragraph in a block of its own before some HTML, if its body is of <br>."""
    text = page.decode()
    body = text.index('<div class="body_txt')
    found = re.search(r"<br />\s*<br /><!--[^>]*-->\s*([^<]{80,}?)<br />", text[body : text.index("func_menu bottom")])
    if found is None:
        return page
    start, end = (body + at for at in found.span(1))
    text = f"{text[:start]}{text[end:]}"
    at = text.index(before)
    return f'{text[:at]}<div class="lead"><p>{found.group(1)}</p></div>{text[at:]}'.encode()
