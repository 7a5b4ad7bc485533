"""The data sets of the book: mixtures that are drawn, characters that are rendered, digits and photographs that come
with scikit-learn, English text that comes with Python, sequences that are drawn, small worlds to act in.

Nothing is downloaded, except by `digits("mnist")`. Whatever is random takes a `torch.Generator` and nothing else:
the same seed gives the same data. Tensors live on the generator's device, float32 for values and int64 for labels.
"""

import datetime
import functools
import math
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "ALPHABET",
    "FONTS",
    "LANGUAGES",
    "MDP",
    "PHRASINGS",
    "DatedFact",
    "adding",
    "dated_facts",
    "dated_sentences",
    "dated_words",
    "decode",
    "digits",
    "encode",
    "english",
    "excerpts",
    "glyphs",
    "grid",
    "grid_centres",
    "moons",
    "photo_glyphs",
    "photo_patches",
    "photographs",
    "random_mdp",
    "random_walk",
    "ring",
    "ring_centres",
    "short_corridor",
]

# The characters of `english`: the end of a paragraph, then what ASCII can print, the space first. A character's code
# is its place in here.
ALPHABET: str = "\n" + "".join(map(chr, range(ord(" "), ord("~") + 1)))

# The faces that `glyphs` draws from, of those that every matplotlib from 3.8 on ships. Chosen by measurement, which
# tests/kit/test_data.py repeats: each has all ASCII digits and letters, no two alike, and digits of one height
# that look like most other faces' digits. The rest are symbols (cmex10, cmsy10, STIXSiz…), private code points
# (STIXNonUni…), a handful of characters (…Display), boxes (LastResort), old-style digits (cmmi10) or newer (cmti10).
FONTS: tuple[str, ...] = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-BoldOblique",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSansMono-BoldOblique",
    "DejaVuSansMono-Oblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-BoldItalic",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralBolIta",
    "STIXGeneralItalic",
    "cmb10",
    "cmr10",
    "cmss10",
    "cmtt10",
)

# Typographic quotation marks and dashes, which stand beside the plain ones in the same text, and its ellipsis.
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})
# A paragraph of prose is at least so many characters long.
_SHORTEST_PARAGRAPH = 40
# What `dated_sentences` can be asked for.
LANGUAGES: tuple[str, ...] = ("en", "de", "fr")
PHRASINGS = 5

# Five ways to say one thing: each tells who did what, how many, and when.
_PHRASINGS: dict[str, tuple[str, ...]] = {
    "en": (
        "On {date}, the {who} {did} {number} {things}.",
        "The {who} {did} {number} {things} on {date}.",
        "{number} {things} were {done} by the {who} on {date}.",
        "On {date}, {number} {things} were {done} by the {who}.",
        "It was {number} {things} that the {who} {did} on {date}.",
    ),
    "de": (
        "Am {date}, {did} {who} {number} {things}.",
        "{who} {did} am {date}, {number} {things}.",
        "{number} {things} wurden am {date}, {by} {done}.",
        "Am {date}, wurden {number} {things} {by} {done}.",
        "Es waren {number} {things}, die {who} am {date}, {did}.",
    ),
    "fr": (
        "Le {date}, {who} a {did} {number} {things}.",
        "{who} a {did} {number} {things} le {date}.",
        "{number} {things} ont été {done} par {who} le {date}.",
        "Le {date}, {number} {things} ont été {done} par {who}.",
        "Ce sont {number} {things} que {who} a {done} le {date}.",
    ),
}
# Who, in German also "by whom"; then did, done, things, and each of the three again in other words that mean the same.
# A row is one topic in three languages. French things are masculine, so that "vingt et un" fits all of them.
_TOPICS: dict[str, tuple[tuple[str, ...], ...]] = {
    "en": (
        ("museum", "", "counted", "counted", "visitors", "registered", "registered", "guests"),
        ("library", "", "lent", "lent", "books", "loaned", "loaned", "volumes"),
        ("brewery", "", "delivered", "delivered", "barrels", "shipped", "shipped", "casks"),
        ("port", "", "received", "received", "ships", "welcomed", "welcomed", "vessels"),
        ("theatre", "", "sold", "sold", "tickets", "issued", "issued", "passes"),
        ("post office", "", "distributed", "distributed", "parcels", "dispatched", "dispatched", "packages"),
        ("school", "", "enrolled", "enrolled", "pupils", "admitted", "admitted", "students"),
        ("factory", "", "built", "built", "bicycles", "made", "made", "bikes"),
    ),
    "de": (
        ("das Museum", "vom Museum", "zählte", "gezählt", "Besucher", "erfasste", "erfasst", "Gäste"),
        ("die Bibliothek", "von der Bibliothek", "verlieh", "verliehen", "Bücher", "vergab", "vergeben", "Bände"),
        ("die Brauerei", "von der Brauerei", "lieferte", "geliefert", "Fässer", "versandte", "versandt", "Tonnen"),
        ("der Hafen", "vom Hafen", "empfing", "empfangen", "Schiffe", "begrüßte", "begrüßt", "Boote"),
        ("das Theater", "vom Theater", "verkaufte", "verkauft", "Karten", "veräußerte", "veräußert", "Tickets"),
        ("die Post", "von der Post", "verteilte", "verteilt", "Pakete", "beförderte", "befördert", "Päckchen"),
        (
            "die Schule",
            "von der Schule",
            "registrierte",
            "registriert",
            "Schüler",
            "erfasste",
            "erfasst",
            "Schulkinder",
        ),
        ("die Fabrik", "von der Fabrik", "baute", "gebaut", "Fahrräder", "montierte", "montiert", "Räder"),
    ),
    "fr": (
        ("le musée", "", "compté", "comptés", "visiteurs", "recensé", "recensés", "touristes"),
        ("la bibliothèque", "", "prêté", "prêtés", "livres", "confié", "confiés", "ouvrages"),
        ("la brasserie", "", "livré", "livrés", "tonneaux", "expédié", "expédiés", "fûts"),
        ("le port", "", "accueilli", "accueillis", "bateaux", "reçu", "reçus", "navires"),
        ("le théâtre", "", "vendu", "vendus", "billets", "écoulé", "écoulés", "tickets"),
        ("la poste", "", "distribué", "distribués", "colis", "remis", "remis", "paquets"),
        ("le lycée", "", "inscrit", "inscrits", "élèves", "admis", "admis", "étudiants"),
        ("la fabrique", "", "produit", "produits", "vélos", "assemblé", "assemblés", "cycles"),
    ),
}
# Every number takes more than one word in English and French, and exactly one in German.
_NUMBERS = (101, 999)
_DAYS = (datetime.date(2000, 1, 1), datetime.date(2029, 12, 31))

# The random placement of a glyph: rotation in radians, size relative to the largest that fits, shift relative to
# the side of the image. Together they keep the ink inside.
_ROTATION = math.radians(15)
_SCALES = (0.75, 1.0)
_SHIFT = 0.05
# Glyphs are drawn at least twice as large as asked for, on at least so many pixels, and averaged down, or their edges
# would be jagged and small ones misshapen by the fonts' hints.
_FINER = 2
_FINEST = 56
# Pixels resampled at once: enough to be fast, few enough to need little memory.
_PIXELS = 2**23
# Points at which a face is measured first.
_TRIAL = 128


def ring_centres(modes: int = 8, radius: float = 1.0) -> Tensor:
    """The centres of `ring`: mode k at angle 2πk/modes, counted anticlockwise from the positive first axis.

    The end point 2π is left out: `linspace(0, 2π, modes)` would put the first and the last mode on the same spot.

    Args:
        modes: how many, at least 1.
        radius: distance from the origin, positive.

    Returns:
        (modes, 2) float32.

    Raises:
        ValueError: `modes` is not a positive integer, or `radius` is not a positive number.
    """
    _positive_integer("modes", modes)
    _positive("radius", radius)
    return _circle(int(modes), float(radius)).clone()


@functools.cache
def _circle(modes: int, radius: float) -> Tensor:
    """The centres of `ring_centres`, worked out once: a training asks for them at every step. Never handed out."""
    angle = 2 * math.pi * torch.arange(modes, dtype=torch.float64) / modes
    return (radius * torch.stack([angle.cos(), angle.sin()], dim=1)).float()


def ring(n: int, *, modes: int = 8, radius: float = 1.0, std: float = 0.1, generator: torch.Generator) -> Tensor:
    """Draw from an equal mixture of isotropic Gaussians around a circle.

    In two dimensions a sample is within 3 std of its centre with probability 1 − exp(−9/2), that is, 98.9 %.

    Args:
        n: number of samples, at least 1.
        modes: number of Gaussians; `ring_centres` gives their means.
        radius: distance of the means from the origin.
        std: standard deviation of each coordinate within a mode.
        generator: the source of randomness.

    Returns:
        (n, 2) float32.

    Raises:
        ValueError: a number is not positive, or `generator` is not a `torch.Generator`.

    Source: the 2D ring of PacGAN, Lin et al., 2018, https://arxiv.org/abs/1712.04086, where std is 0.01.
    """
    return _mixture(n, ring_centres(modes, radius), std, generator)


def grid_centres(side: int = 5, spacing: float = 2.0) -> Tensor:
    """The centres of `grid`: a square lattice around the origin, row by row from the lower left.

    Args:
        side: centres along one side, at least 1.
        spacing: distance between neighbours, positive.

    Returns:
        (side², 2) float32.

    Raises:
        ValueError: `side` is not a positive integer, or `spacing` is not a positive number.
    """
    _positive_integer("side", side)
    _positive("spacing", spacing)
    axis = spacing * (torch.arange(side, dtype=torch.float64) - (side - 1) / 2)
    second, first = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([first.flatten(), second.flatten()], dim=1).float()


def grid(n: int, *, side: int = 5, spacing: float = 2.0, std: float = 0.05, generator: torch.Generator) -> Tensor:
    """Draw from an equal mixture of isotropic Gaussians on a square lattice.

    Args:
        n: number of samples, at least 1.
        side: Gaussians along one side; `grid_centres` gives the means of all side² of them.
        spacing: distance between neighbouring means.
        std: standard deviation of each coordinate within a mode.
        generator: the source of randomness.

    Returns:
        (n, 2) float32.

    Raises:
        ValueError: a number is not positive, or `generator` is not a `torch.Generator`.

    Source: with its defaults the 2D grid of PacGAN, Lin et al., 2018, https://arxiv.org/abs/1712.04086.
    """
    return _mixture(n, grid_centres(side, spacing), std, generator)


def moons(
    n: int, *, angle: float = 0.0, noise: float = 0.05, share: float = 0.5, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw from two half circles that reach into each other, turned by an angle around the middle between them.

    As scikit-learn's `make_moons`, with its mean moved to the origin and everything twice as large: class 0 is the
    upper half of a circle of radius 2 around (−1, −1/2), class 1 the lower half of one around (1, 1/2).

    Args:
        n: number of points, at least 1.
        angle: how far the picture is turned, in degrees, anticlockwise.
        noise: standard deviation of what is added to each coordinate before everything is doubled, not negative.
        share: probability of class 1, from 0 to 1; each point draws its class by itself.
        generator: the source of randomness.

    Returns:
        x: (n, 2) float32.
        y: (n,) int64, 0 or 1.

    Raises:
        ValueError: an argument is out of its range.

    Source: with `angle` 0 for the source domain and 35 for the target domain, the inter-twinning moons of Ganin et al.,
    2016, https://arxiv.org/abs/1505.07818; shift and factor as in the authors' code,
    https://github.com/GRAAL-Research/domain_adversarial_neural_network. There the classes are of equal size.
    """
    _positive_integer("n", n)
    _real("angle", angle)
    _real("noise", noise)
    if noise < 0:
        raise ValueError(f"expected noise to be at least 0, got {noise!r}")
    _real("share", share)
    if not 0 <= share <= 1:
        raise ValueError(f"expected share to be a probability, from 0 to 1, got {share!r}")
    _generator(generator)
    device = generator.device
    y = (torch.rand(n, generator=generator, device=device) < share).long()
    t = math.pi * torch.rand(n, generator=generator, device=device)
    side = 1 - 2 * y  # 1 for the upper moon, −1 for the lower
    x = torch.stack([side * (t.cos() - 0.5), side * (t.sin() - 0.25)], dim=1)
    x = 2 * (x + noise * torch.randn(n, 2, generator=generator, device=device))
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return x @ torch.tensor([[cosine, sine], [-sine, cosine]], device=device), y


def digits(source: Literal["sklearn", "mnist"] = "sklearn") -> tuple[Tensor, Tensor]:
    """Handwritten digits, white on black, in the order of their source.

    Args:
        source: `"sklearn"` for the 1797 digits of 8×8 pixels that come with scikit-learn;
            `"mnist"` for the 70000 digits of 28×28 pixels, downloaded once (about 15 MB) from openml.org and kept in
            scikit-learn's data folder.

    Returns:
        images: (1797, 1, 8, 8) or (70000, 1, 28, 28) float32 in [0, 1].
        labels: (1797,) or (70000,) int64 in 0..9.

    Raises:
        ValueError: another `source`.
        ConnectionError: MNIST was asked for, is not in scikit-learn's data folder, and could not be downloaded.

    Sources: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998,
    https://doi.org/10.24432/C50P49 (the test part; pixels are counts from 0 to 16);
    Y. LeCun, C. Cortes and C. J. C. Burges, the MNIST database, https://www.openml.org/d/554.
    """
    if source == "sklearn":
        from sklearn.datasets import load_digits

        bundle = load_digits()
        images = torch.from_numpy(bundle.images).float().div(16).unsqueeze(1)
        return images, torch.from_numpy(bundle.target).long()
    if source == "mnist":
        from sklearn.datasets import fetch_openml

        try:
            pixels, names = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False, parser="liac-arff")
        except Exception as error:  # urllib, http and scikit-learn raise a dozen kinds for one cause
            raise ConnectionError(
                "expected to download MNIST from openml.org, which needs a network the first time, "
                f'got {type(error).__name__}: {error}. Without one, digits("sklearn") and glyphs() need no download.'
            ) from error
        images = torch.from_numpy(np.asarray(pixels, dtype=np.float32)).div(255).reshape(-1, 1, 28, 28)
        return images, torch.from_numpy(np.asarray(names, dtype=np.int64))
    raise ValueError(f'expected source to be "sklearn" or "mnist", got {source!r}')


class DatedFact(NamedTuple):
    """Something that happened: on a day, a place counted, lent or sold a number of things.

    Attributes:
        date: the day, from 2000 to 2029.
        number: of things, from 101 to 999.
        topic: who did what, from 0 to 7, the same in all languages.
    """

    date: datetime.date
    number: int
    topic: int


def dated_facts(n: int, *, generator: torch.Generator) -> list[DatedFact]:
    """Draw facts for `dated_sentences`: day, number and topic are independent and uniform.

    Args:
        n: how many, at least 1.
        generator: the source of randomness.

    Returns:
        n facts; to change one, `fact._replace(number=250)`.

    Raises:
        ValueError: `n` is not a positive integer, or `generator` is not a `torch.Generator`.
    """
    _positive_integer("n", n)
    _generator(generator)
    first, last = _DAYS
    sizes = ((last - first).days + 1, _NUMBERS[1] - _NUMBERS[0] + 1, len(_TOPICS["en"]))
    drawn = [torch.randint(size, (n,), generator=generator, device=generator.device).tolist() for size in sizes]
    return [
        DatedFact(first + datetime.timedelta(days), _NUMBERS[0] + number, topic)
        for days, number, topic in zip(*drawn, strict=True)
    ]


def dated_sentences(
    facts: Sequence[DatedFact], language: str = "en", *, phrasing: int = 0, synonyms: bool = False
) -> list[str]:
    """Say each fact in one sentence: 10 to 18 words between blanks, with punctuation, not tokenised.

    All phrasings of a fact mean the same. A German number is one word, a French date four:
    "Am Montag, 3. März 2025, zählte das Museum einhundertsiebenundzwanzig Besucher." and
    "Le lundi 3 mars 2025, le musée a compté cent vingt-sept visiteurs."

    Args:
        facts: as `dated_facts` draws them, or others within the ranges of `DatedFact`.
        language: "en", "de" or "fr".
        phrasing: which of the five ways to say it, from 0 to 4.
        synonyms: whether the verb and the things are called by another word of the same meaning.

    Returns:
        One string a fact.

    Raises:
        ValueError: an argument is out of its range.

    Sources: number words by num2words; dates in CLDR's full format by Babel; the sentences are the book's own.
    """
    _facts(facts)
    _language(language)
    if isinstance(phrasing, bool) or not isinstance(phrasing, (int, np.integer)) or not 0 <= phrasing < PHRASINGS:
        raise ValueError(f"expected phrasing to be an integer from 0 to {PHRASINGS - 1}, got {phrasing!r}")
    if not isinstance(synonyms, bool):
        raise ValueError(f"expected synonyms to be True or False, got {synonyms!r}")
    pattern = _PHRASINGS[language][phrasing]
    sentences = []
    for fact, (date, number) in zip(facts, dated_words(facts, language), strict=True):
        who, by, *words = _TOPICS[language][fact.topic]
        did, done, things = words[3:] if synonyms else words[:3]
        said = pattern.format(date=date, number=number, who=who, by=by, did=did, done=done, things=things)
        sentences.append(said[0].upper() + said[1:])
    return sentences


def dated_words(facts: Sequence[DatedFact], language: str = "en") -> list[tuple[str, str]]:
    """The words of each fact's date and number, as they stand inside its sentences (a first word is capitalised there).

    Args:
        facts: as `dated_facts` draws them.
        language: "en", "de" or "fr".

    Returns:
        One pair (date, number) a fact, such as `("lundi 3 mars 2025", "cent vingt-sept")`.

    Raises:
        ValueError: an argument is out of its range.
    """
    _facts(facts)
    _language(language)
    return [(_date_words(fact.date, language), _number_words(fact.number, language)) for fact in facts]


@functools.cache
def _date_words(date: datetime.date, language: str) -> str:
    from babel.dates import format_date

    return format_date(date, format="full", locale=language)


@functools.cache
def _number_words(number: int, language: str) -> str:
    from num2words import num2words

    return num2words(number, lang=language)


def glyphs(
    n: int,
    *,
    size: int = 28,
    characters: str = "0123456789",
    fonts: Sequence[str] | None = None,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Render printed characters, white on black, each in a random face, size, place and slant.

    Character, face, size (75 to 100 % of the largest that fits), rotation (up to 15° either way) and shift (up to 5 %
    of the side along each axis) are independent and uniform. Characters keep their heights relative to each other.

    Args:
        n: number of images, at least 1.
        size: side of an image in pixels, from 8 to 128.
        characters: which to draw from; ASCII digits and letters, each once.
        fonts: names of faces out of `FONTS`; all of them where not given.
        generator: the source of randomness.

    Returns:
        images: (n, 1, size, size) float32 in [0, 1].
        labels: (n,) int64, the place of each character in `characters`.

    Raises:
        ValueError: an argument is out of its range.

    Sources: the DejaVu fonts (Bitstream Vera licence), the STIX fonts 1.1 and BaKoMa's Computer Modern, as matplotlib
    ships them under licences of their own.
    """
    _positive_integer("n", n)
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or not 8 <= size <= 128:
        raise ValueError(f"expected size to be an integer from 8 to 128 pixels, got {size!r}")
    _characters(characters)
    fonts = _fonts(fonts)
    _generator(generator)
    device = generator.device

    labels = torch.randint(len(characters), (n,), generator=generator, device=device)
    face = torch.randint(len(fonts), (n,), generator=generator, device=device)
    rotation, scale, *shift = torch.rand(4, n, generator=generator, device=device)
    rotation = (2 * rotation - 1) * _ROTATION
    scale = _SCALES[0] + (_SCALES[1] - _SCALES[0]) * scale
    shift = (2 * torch.stack(shift, dim=1) - 1) * 2 * _SHIFT  # (n, 2), in grid_sample's units, where a side is 2

    # Output place p shows input place A (p − shift): the inverse of scaling and turning.
    cosine, sine = rotation.cos() / scale, rotation.sin() / scale
    matrix = torch.stack([cosine, sine, -sine, cosine], dim=1).view(n, 2, 2)
    theta = torch.cat([matrix, -matrix @ shift.unsqueeze(2)], dim=2)  # (n, 2, 3)

    finer = max(_FINER, math.ceil(_FINEST / size))
    fine = finer * int(size)
    drawn = _drawn(fonts, characters, fine, margin=finer).to(device)  # (fonts, characters, fine, fine) uint8
    images = torch.empty(n, 1, size, size, device=device)
    many = max(1, _PIXELS // fine**2)
    for start in range(0, n, many):
        part = slice(start, start + many)
        glyph = drawn[face[part], labels[part]].unsqueeze(1).float() / 255
        places = F.affine_grid(theta[part], [len(glyph), 1, fine, fine], align_corners=False)
        moved = F.grid_sample(glyph, places, mode="bilinear", padding_mode="zeros", align_corners=False)
        images[part] = F.avg_pool2d(moved, finer)
    return images.clamp_(0, 1), labels


def photographs() -> Tensor:
    """The two photographs that come with scikit-learn: a Chinese building, and a flower.

    Returns:
        (2, 3, 427, 640) float32 in [0, 1]; red, green, blue.

    Sources: danielbuechele, https://www.flickr.com/photos/danielbuechele/6061409035/, and vultilion,
    https://www.flickr.com/photos/vultilion/6056698931/, both CC BY 2.0.
    """
    return _photographs().clone()


@functools.cache
def _photographs() -> Tensor:
    """What `photographs` hands out copies of."""
    from sklearn.datasets import load_sample_images

    bundle = load_sample_images()
    return torch.from_numpy(np.stack(bundle.images)).permute(0, 3, 1, 2).float().div(255)


def photo_patches(n: int, *, size: int = 28, generator: torch.Generator) -> Tensor:
    """Square pieces of `photographs`, each from a random photograph and a random place in it.

    Args:
        n: number of pieces, at least 1.
        size: side of a piece in pixels, from 1 to 427.
        generator: the source of randomness.

    Returns:
        (n, 3, size, size) float32 in [0, 1].

    Raises:
        ValueError: an argument is out of its range.
    """
    _positive_integer("n", n)
    _positive_integer("size", size)
    _generator(generator)
    device = generator.device
    photos = _photographs().to(device)
    count, _, height, width = photos.shape
    if size > min(height, width):
        raise ValueError(f"expected size to be at most the {min(height, width)} pixels of a photograph, got {size}")
    photo = torch.randint(count, (n, 1, 1), generator=generator, device=device)
    top = torch.randint(height - size + 1, (n, 1, 1), generator=generator, device=device)
    left = torch.randint(width - size + 1, (n, 1, 1), generator=generator, device=device)
    along = torch.arange(size, device=device)
    # Where a list of places stands on either side of a slice, the slice's axis comes last.
    return photos[photo, :, top + along[:, None], left + along].permute(0, 3, 1, 2).contiguous()


def photo_glyphs(
    n: int,
    *,
    size: int = 28,
    characters: str = "0123456789",
    fonts: Sequence[str] | None = None,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Printed characters of `glyphs` blended with pieces of photographs: |glyph − piece|, colour by colour.

    Outside the glyph one sees the photograph, inside its negative.

    Args:
        n: number of images, at least 1.
        size: side of an image in pixels, from 8 to 128.
        characters: which to draw from; ASCII digits and letters, each once.
        fonts: names of faces out of `FONTS`; all of them where not given.
        generator: the source of randomness.

    Returns:
        images: (n, 3, size, size) float32 in [0, 1].
        labels: (n,) int64, the place of each character in `characters`.

    Raises:
        ValueError: an argument is out of its range.

    Source: the recipe of MNIST-M, Ganin et al., 2016, https://arxiv.org/abs/1505.07818, which blends MNIST with
    photographs of BSDS500 in this way.
    """
    images, labels = glyphs(n, size=size, characters=characters, fonts=fonts, generator=generator)
    return (images - photo_patches(n, size=int(size), generator=generator)).abs(), labels


def english(*, held_out: float = 0.1) -> tuple[Tensor, Tensor]:
    """English prose about Python: the language reference, as Python's standard library carries it for `help()`.

    Its topics are read in alphabetical order. A paragraph is kept if it ends in a full stop or a colon, has at least
    40 characters, none outside `ALPHABET`, and is no grammar rule; headings, program code and tables thus drop out.
    What several topics share is kept once, so that no paragraph is both trained on and held out.
    Every run of white space becomes one space, typographic quotation marks and dashes become plain ones, and
    each paragraph ends in a newline.

    The text differs between versions of Python: 268 thousand characters in 3.11, 282 thousand in 3.13. Compare
    what is measured on it with a baseline of the same run.

    Args:
        held_out: share of the text to keep from training, between 0 and 1; the split falls between two paragraphs.

    Returns:
        train: (characters,) int64, the first part of the text as places in `ALPHABET`; `decode` makes it a string.
        test: (characters,) int64, the last part.

    Raises:
        ValueError: `held_out` is not between 0 and 1, or leaves no paragraph to train on.

    Source: the Python Language Reference, https://docs.python.org/3/reference/, as `pydoc_data.topics`.
    """
    number = isinstance(held_out, (int, float, np.integer, np.floating)) and not isinstance(held_out, bool)
    if not number or not 0 < held_out < 1:
        raise ValueError(f"expected held_out to be a number between 0 and 1, got {held_out!r}")
    paragraphs = _prose()
    ends = np.cumsum([len(paragraph) for paragraph in paragraphs])
    train = int(np.searchsorted(ends, (1 - held_out) * ends[-1]))  # the paragraph that crosses the line is held out
    if train == 0:
        raise ValueError(f"expected held_out to leave a paragraph to train on, got {held_out!r}")
    return encode("".join(paragraphs[:train])), encode("".join(paragraphs[train:]))


@functools.cache
def _prose() -> tuple[str, ...]:
    """The paragraphs of `english`, each with the newline at its end."""
    from pydoc_data.topics import topics

    kept: dict[str, None] = {}
    for name in sorted(topics):
        for paragraph in topics[name].translate(_PLAIN).split("\n\n"):
            text = " ".join(paragraph.split())
            ends = text.endswith((".", ":", '."', ".)"))
            if ends and len(text) >= _SHORTEST_PARAGRAPH and "::=" not in text and set(text) <= set(ALPHABET):
                kept[text + "\n"] = None
    return tuple(kept)


def encode(text: str) -> Tensor:
    """The characters of a text as numbers; the inverse of `decode`.

    Args:
        text: any string of characters of `ALPHABET`.

    Returns:
        (characters,) int64, places in `ALPHABET`.

    Raises:
        ValueError: `text` is no string, or has other characters.
    """
    if not isinstance(text, str):
        raise ValueError(f"expected text to be a string, got {text!r}")
    places = {character: place for place, character in enumerate(ALPHABET)}
    strange = sorted(set(text) - set(places))
    if strange:
        raise ValueError(f"expected text in printable ASCII and newlines, got the characters {strange!r}")
    return torch.tensor([places[character] for character in text], dtype=torch.int64)


def decode(codes: Tensor) -> str:
    """Numbers as the characters of a text; the inverse of `encode`.

    Args:
        codes: (characters,) integers, places in `ALPHABET`, on any device.

    Returns:
        The text.

    Raises:
        ValueError: `codes` is no such tensor.
    """
    if not isinstance(codes, Tensor) or codes.ndim != 1 or codes.is_floating_point() or codes.is_complex():
        what = f"shape {tuple(codes.shape)}, {codes.dtype}" if isinstance(codes, Tensor) else repr(codes)
        raise ValueError(f"expected codes to be a tensor of integers of shape (characters,), got {what}")
    if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < len(ALPHABET):
        raise ValueError(f"expected codes from 0 to {len(ALPHABET) - 1}, got {int(codes.min())} to {int(codes.max())}")
    return "".join(ALPHABET[code] for code in codes.tolist())


def excerpts(codes: Tensor, n: int, length: int, *, generator: torch.Generator) -> Tensor:
    """Pieces of a text, each from a random place, which may be in the middle of a word.

    Args:
        codes: (characters,) integers, the text, as from `english`.
        n: number of pieces, at least 1.
        length: characters a piece, at least 1 and at most those of the text; a model that reads `length` characters
            and predicts the next one each time needs `length + 1`.
        generator: the source of randomness.

    Returns:
        (n, length) of the type of `codes`, on the generator's device.

    Raises:
        ValueError: an argument is out of its range.
    """
    if not isinstance(codes, Tensor) or codes.ndim != 1:
        what = f"shape {tuple(codes.shape)}" if isinstance(codes, Tensor) else repr(codes)
        raise ValueError(f"expected codes to be a tensor of shape (characters,), got {what}")
    _positive_integer("n", n)
    _positive_integer("length", length)
    _generator(generator)
    if length > len(codes):
        raise ValueError(f"expected length to be at most the {len(codes)} characters of the text, got {length}")
    device = generator.device
    start = torch.randint(len(codes) - int(length) + 1, (n, 1), generator=generator, device=device)
    return codes.to(device)[start + torch.arange(int(length), device=device)]


def adding(n: int, length: int, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The adding problem: sequences of numbers, two of which are marked; the answer is the sum of the two.

    One marked place is uniform in the first half of the sequence, the other in the second (which is the longer one
    where `length` is odd). The mean of the answers is 1; who always says so has a mean squared error of 1/6,
    the variance of a sum of two independent uniform numbers.

    Args:
        n: number of sequences, at least 1.
        length: numbers in each, at least 2.
        generator: the source of randomness.

    Returns:
        x: (n, length, 2) float32: the numbers, uniform on [0, 1), and the marks, 1 at two places and 0 elsewhere.
        y: (n,) float32, the sums of the two marked numbers, in [0, 2).

    Raises:
        ValueError: an argument is out of its range.

    Sources: S. Hochreiter and J. Schmidhuber, Long short-term memory, 1997,
    https://doi.org/10.1162/neco.1997.9.8.1735; with the marks in this form, one in each half, in the code of
    Arjovsky et al., 2016, https://arxiv.org/abs/1511.06464.
    """
    _positive_integer("n", n)
    _positive_integer("length", length)
    if length < 2:
        raise ValueError(f"expected length to be at least 2, for two marked places, got {length}")
    _generator(generator)
    device, half = generator.device, int(length) // 2
    numbers = torch.rand(n, int(length), generator=generator, device=device)
    first = torch.randint(half, (n,), generator=generator, device=device)
    second = half + torch.randint(int(length) - half, (n,), generator=generator, device=device)
    marked = torch.stack([first, second], dim=1)  # (n, 2)
    marks = torch.zeros_like(numbers).scatter_(1, marked, 1.0)
    return torch.stack([numbers, marks], dim=2), numbers.gather(1, marked).sum(dim=1)


@functools.lru_cache(maxsize=8)
class MDP(NamedTuple):
    """A Markov decision process with finitely many states and actions, as tables in float64.

    Attributes:
        start: (states,), the probability of each first state.
        transition: (states, actions, states), the probability of the next state; sums to 1 over the last dimension.
        reward: (states, actions, states), what is paid for such a step.
        ends: (states,) bool, where an episode terminates. Such a state leads to itself and pays nothing, so that
            tables need not know of it.
    """

    start: Tensor
    transition: Tensor
    reward: Tensor
    ends: Tensor


def random_mdp(states: int = 3, actions: int = 2, *, generator: torch.Generator) -> MDP:
    """A world in which everything is possible: transitions and first states uniform over all laws, Gaussian rewards.

    Each row of probabilities is drawn from the Dirichlet law with all parameters 1, each reward from N(0, 1).
    No state ends an episode.

    Args:
        states, actions: how many; at least 1.
        generator: draws the tables; nothing else is random.

    Raises:
        ValueError: a number below 1, or a generator that is none.
    """
    _positive_integer("states", states)
    _positive_integer("actions", actions)
    _generator(generator)

    def law(*shape: int) -> Tensor:
        # Independent exponentials over their sum are uniform on the simplex.
        drawn = torch.empty(shape, dtype=torch.float64, device=generator.device).exponential_(generator=generator)
        return drawn / drawn.sum(dim=-1, keepdim=True)

    shape = (states, actions, states)
    return MDP(
        start=law(states),
        transition=law(*shape),
        reward=torch.randn(shape, generator=generator, dtype=torch.float64, device=generator.device),
        ends=torch.zeros(states, dtype=torch.bool, device=generator.device),
    )


def random_walk(states: int = 5) -> MDP:
    """States in a row, an end beyond each side, and steps to the left or to the right with probability one half.

    States 0 to `states` − 1 stand from left to right; `states` is the end on the left, `states` + 1 the one on the
    right. Each walk begins in the middle, in the left one of two middle states. There is one action, and nothing to
    decide. The step into the right end is paid with 1, all others with nothing, so without discount the value of the
    k-th state from the left, counted from 1, is k / (states + 1). Sutton and Barto, Reinforcement Learning, 2nd
    edition, Example 6.2, where the five states are called A to E.

    Args:
        states: how many, without the ends; at least 1.

    Raises:
        ValueError: a number below 1.
    """
    _positive_integer("states", states)
    left, right = int(states), int(states) + 1
    transition = torch.zeros(states + 2, 1, states + 2, dtype=torch.float64)
    for state in range(states):
        transition[state, 0, state - 1 if state > 0 else left] = 0.5
        transition[state, 0, state + 1 if state + 1 < states else right] = 0.5
    transition[left, 0, left] = transition[right, 0, right] = 1
    reward = torch.zeros_like(transition)
    reward[states - 1, 0, right] = 1
    start = torch.zeros(states + 2, dtype=torch.float64)
    start[(states - 1) // 2] = 1
    ends = torch.zeros(states + 2, dtype=torch.bool)
    ends[[left, right]] = True
    return MDP(start, transition, reward, ends)


def short_corridor() -> MDP:
    """Three places in a row and a goal behind them; in the second place the two actions are swapped.

    States 0, 1, 2 and the goal 3, which ends an episode; each begins in 0. Action 0 is left, action 1 is right; left of
    place 0 is a wall. Each step is paid with −1. Sutton and Barto, Reinforcement Learning, 2nd edition, Example 13.1,
    where an agent cannot tell the three places apart.
    """
    transition = torch.zeros(4, 2, 4, dtype=torch.float64)
    for place, (left, right) in enumerate([(0, 1), (2, 0), (1, 3), (3, 3)]):
        transition[place, 0, left] = transition[place, 1, right] = 1
    reward = torch.full((4, 2, 4), -1.0, dtype=torch.float64)
    reward[3] = 0
    first = torch.tensor([1.0, 0, 0, 0], dtype=torch.float64)
    return MDP(first, transition, reward, ends=torch.tensor([False, False, False, True]))


def _drawn(fonts: tuple[str, ...], characters: str, side: int, margin: int) -> Tensor:
    """Every character in every face, as large as fits: (fonts, characters, side, side) uint8.

    Kept between calls, so it must not be changed and is never handed out.
    """
    return torch.from_numpy(np.stack([_draw(font, characters, side, margin) for font in fonts]))


def _draw(font: str, characters: str, side: int, margin: int) -> np.ndarray:
    """The characters of one face on one base line: (characters, side, side) uint8.

    The size is the largest at which every character, turned and shifted as far as `glyphs` may, stays inside
    and `margin` pixels away from the border, which smoothing needs.
    """
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    path = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{font}.ttf")

    def boxes(face: ImageFont.FreeTypeFont) -> list[tuple[float, float, float, float]]:
        return [face.getbbox(character, anchor="ls") for character in characters]

    def middle(box: Sequence[tuple[float, float, float, float]]) -> float:
        return (min(b[1] for b in box) + max(b[3] for b in box)) / 2

    trial = boxes(ImageFont.truetype(str(path), _TRIAL))
    # Each box is centred from left to right, and all share one vertical middle.
    halves = [((b[2] - b[0]) / 2, max(b[3] - middle(trial), middle(trial) - b[1])) for b in trial]
    reach = max(_farthest(w, h) for pair in halves for w, h in (pair, pair[::-1]))
    room = side / 2 * (1 - 2 * _SHIFT) - margin
    face = ImageFont.truetype(str(path), max(1, math.floor(_TRIAL * room / reach)))

    placed = boxes(face)
    images = np.zeros((len(characters), side, side), dtype=np.uint8)
    for image, character, box in zip(images, characters, placed, strict=True):
        canvas = Image.new("L", (side, side))
        origin = (side / 2 - (box[0] + box[2]) / 2, side / 2 - middle(placed))
        ImageDraw.Draw(canvas).text(origin, character, font=face, fill=255, anchor="ls")
        image[:] = np.asarray(canvas)
    return images


def _farthest(along: float, across: float) -> float:
    """How far along an axis a box reaches, given half its extent along and across it, at the worst angle of glyphs."""
    angle = min(_ROTATION, math.atan2(across, along))
    return along * math.cos(angle) + across * math.sin(angle)


def _mixture(n: int, centres: Tensor, std: float, generator: torch.Generator) -> Tensor:
    """(n, d) samples from an equal mixture of isotropic Gaussians at `centres` (modes, d)."""
    _positive_integer("n", n)
    _positive("std", std)
    _generator(generator)
    device = generator.device
    mode = torch.randint(len(centres), (n,), generator=generator, device=device)
    noise = torch.randn(n, centres.shape[1], generator=generator, device=device)
    return centres.to(device)[mode] + std * noise


def _characters(value: object) -> None:
    alphabet = string.digits + string.ascii_letters
    if not isinstance(value, str) or not value or len(set(value)) < len(value) or not set(value) <= set(alphabet):
        raise ValueError(f"expected characters to be different ASCII digits and letters, got {value!r}")


def _fonts(value: object) -> tuple[str, ...]:
    if value is None:
        return FONTS
    names = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ()
    if not names or not all(name in FONTS for name in names) or len(set(names)) < len(names):
        raise ValueError(f"expected fonts to be different names out of {', '.join(FONTS)}, got {value!r}")
    return names


def _language(value: object) -> None:
    if value not in LANGUAGES:
        raise ValueError(f"expected language to be one of {', '.join(LANGUAGES)}, got {value!r}")


def _facts(value: object) -> None:
    if not isinstance(value, Sequence) or not all(isinstance(fact, DatedFact) for fact in value):
        raise ValueError(f"expected facts to be a list of DatedFact, as dated_facts draws them, got {value!r:.80}")
    for fact in value:
        within = _DAYS[0] <= fact.date <= _DAYS[1] and _NUMBERS[0] <= fact.number <= _NUMBERS[1]
        if not within or not 0 <= fact.topic < len(_TOPICS["en"]):
            raise ValueError(
                f"expected a date from 2000 to 2029, a number from {_NUMBERS[0]} to {_NUMBERS[1]} "
                f"and a topic from 0 to {len(_TOPICS['en']) - 1}, got {fact!r}"
            )


def _generator(value: object) -> None:
    if not isinstance(value, torch.Generator):
        raise ValueError(f"expected generator to be a torch.Generator, such as run.seed(0), got {value!r}")


def _positive_integer(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"expected {name} to be a positive integer, got {value!r}")


def _real(name: str, value: object) -> None:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not math.isfinite(value):
        raise ValueError(f"expected {name} to be a finite number, got {value!r}")


def _positive(name: str, value: object) -> None:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not (math.isfinite(value) and value > 0):
        raise ValueError(f"expected {name} to be a positive number, got {value!r}")
