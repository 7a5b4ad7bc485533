"""The data sets of the book: mixtures that are drawn, characters that are rendered, digits that come with scikit-learn,
English text that comes with Python, sequences that are drawn.

Nothing is downloaded, except by `digits("mnist")`. Whatever is random takes a `torch.Generator` and nothing else:
the same seed gives the same data. Tensors live on the generator's device, float32 for values and int64 for labels.
"""

import functools
import math
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "ALPHABET",
    "FONTS",
    "adding",
    "decode",
    "digits",
    "encode",
    "english",
    "excerpts",
    "glyphs",
    "grid",
    "grid_centres",
    "ring",
    "ring_centres",
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


def _generator(value: object) -> None:
    if not isinstance(value, torch.Generator):
        raise ValueError(f"expected generator to be a torch.Generator, such as run.seed(0), got {value!r}")


def _positive_integer(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"expected {name} to be a positive integer, got {value!r}")


def _positive(name: str, value: object) -> None:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not (math.isfinite(value) and value > 0):
        raise ValueError(f"expected {name} to be a positive number, got {value!r}")
