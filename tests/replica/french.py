"""French of the replica's own: sentences that read like news and say nothing, from a seeded generator."""

from __future__ import annotations

from random import Random

SUBJECTS = (
    "Le ministère de l’Unification",
    "La Banque de Corée",
    "L’Assemblée nationale",
    "Le porte-parole de la présidence",
    "M. Kim, son vice-ministre",
    "L’Agence météorologique",
    "Une délégation de l’Union européenne",
    "Le comité d’organisation",
    "La mairie de Séoul",
    "L’état-major interarmées (JCS)",
    "Le premier constructeur naval du pays",
    "Un collectif de chercheurs de l’université de Daejeon",
)
VERBS = (
    "a annoncé",
    "a précisé",
    "envisage",
    "a de nouveau évoqué",
    "a confirmé",
    "a reporté",
    "examinera dès lundi",
    "a salué",
    "met en doute",
    "a présenté à la presse",
)
OBJECTS = (
    "un plan de relance de 12,5 milliards de wons",
    "la reprise du dialogue entre le Nord et le Sud",
    "une hausse de 3,4 % des exportations de semi-conducteurs",
    "l’ouverture d’une ligne ferroviaire à Gangneung",
    "la tenue d’un sommet trilatéral",
    "de nouvelles mesures en faveur des naissances",
    "un exercice conjoint en mer de l’Est",
    "l’accueil de 1 200 étudiants étrangers",
    "la restauration d’un palais de l’époque Joseon",
    "un accord sur les minerais dits « critiques »",
)
CIRCUMSTANCES = (
    "lors d’un point de presse",
    "au terme de quatre heures d’échanges",
    "à l’approche des fêtes de Chuseok",
    "dans un contexte de tensions régionales",
    "malgré l’opposition d’une partie des élus",
    "en présence de l’ambassadeur de France",
    "pour la troisième année consécutive",
    "d’après les chiffres publiés hier",
)
OPENINGS = ("Par ailleurs,", "Selon lui,", "A ce propos,", "De son côté,", "En revanche,", "Dans la foulée,", "Enfin,")
QUOTES = (
    "« Rien n’est encore décidé », a-t-il tempéré.",
    "Le calendrier reste « à préciser ».",
    "Les Etats-Unis et le Japon ont été tenus informés.",
    "Plus de photos seront versées au dossier : la commission les attend.",
    "Le site de l’institution, qui utilise des cookies, a été pris d’assaut.",
    "A Busan, on attend encore 40 000 visiteurs d’ici la fin du mois.",
    "Ni l’un ni l’autre n’a souhaité en dire davantage.",
)


def sentence(random: Random) -> str:
    """One sentence, ended by its full stop."""
    if random.random() < 0.2:
        return random.choice(QUOTES)
    opening = f"{random.choice(OPENINGS)} " if random.random() < 0.3 else ""
    subject = random.choice(SUBJECTS)
    if opening and subject.startswith(("Le ", "La ", "L’", "Un ", "Une ")):
        subject = subject[0].lower() + subject[1:]
    # The number keeps two sentences of one article from being the same.
    number = f"{random.randint(2, 999)} dossiers sur {random.randint(1000, 9999)}"
    body = f"{subject} {random.choice(VERBS)} {random.choice(OBJECTS)}, {random.choice(CIRCUMSTANCES)}"
    return f"{opening}{body} ({number})."


def paragraph(random: Random) -> list[str]:
    """The sentences of one paragraph, one to three."""
    return [sentence(random) for _ in range(random.randint(1, 3))]


def headline(random: Random) -> str:
    """A title, without a full stop."""
    return f"{random.choice(SUBJECTS)} {random.choice(VERBS)} {random.choice(OBJECTS)} ({random.randint(2, 9999)})"
