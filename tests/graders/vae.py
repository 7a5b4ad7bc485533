"""Hidden tests of the assignment ``vae``: one function a task, on random inputs, against independent references.

The references know nothing of the model solution: PyTorch's distributions, SciPy's densities, log-sum-exp and
goodness of fit, and gradients that are written out. Only plain values pass to and from the student's code
(see ``coursekit.grading``).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy.special import expit, log_expit, logsumexp
from scipy.stats import kstest, norm
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from coursekit.grading import Outcome, Student, expect_close, expect_pair, expect_true, outcome
from coursekit.grading.tensors import Arrays, call, expect_dtype, expect_untouched, rounded

TOLERANCE = {"float64": 1e-6, "float32": 1e-4}  # as the exercise promises


def _call(student: Student, function: str, arrays: Arrays, *rest: float, **how: Any) -> dict[str, Any]:
    """Call a function with tensors, and expect these to stay as they were."""
    got = call(student, function, arrays, *rest, **how)
    expect_untouched(arrays, got, how.get("dtype", "float64"))
    return got


def _tensors(arrays: Arrays) -> list[torch.Tensor]:
    return [torch.tensor(array, dtype=torch.float64) for array in arrays.values()]


def _sizes(names: str, values: Sequence[int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))


def _codes(rng: np.random.Generator, batch: int, m: int, size: float = 1.0) -> Arrays:
    """Means and log-variances of a batch of codes."""
    return {"mu": rng.normal(0, 1.2, (batch, m)), "log_var": rng.normal(-0.5, size, (batch, m))}


def _rate(mu: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    """The divergence of each code from the prior, by PyTorch's distributions: (batch,)."""
    q = Normal(torch.tensor(mu), torch.tensor(np.exp(log_var / 2)))
    return kl_divergence(q, Normal(torch.zeros(()).double(), 1.0)).sum(dim=1).numpy()


# Task 1 ---------------------------------------------------------------------------------------------------------------


def _divergence(given: Arrays) -> tuple[np.ndarray, torch.Tensor, list[torch.Tensor]]:
    leaves = [tensor.requires_grad_() for tensor in _tensors(given)]
    mu_q, L_q, mu_p, L_p = leaves
    value = kl_divergence(MultivariateNormal(mu_q, scale_tril=L_q), MultivariateNormal(mu_p, scale_tril=L_p))
    return value.detach().numpy(), value, leaves


def gaussian_kl(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The divergence of two Gaussians, against PyTorch's distributions."""

    def factor(*shape: int) -> np.ndarray:
        """Lower triangular, with a positive diagonal."""
        lower = np.tril(rng.normal(0, 0.8 / math.sqrt(shape[-1]), shape), -1)
        return lower + np.eye(shape[-1]) * np.exp(rng.normal(0, 0.5, shape[:-1]))[..., None]

    def draw(batch: int, m: int, scale_q: float = 1.0, scale_p: float = 1.0) -> Arrays:
        return {
            "mu_q": scale_q * rng.normal(0, 1, (batch, m)),
            "L_q": scale_q * factor(batch, m, m),
            "mu_p": scale_q * rng.normal(0, 1, m),
            "L_p": scale_p * factor(m, m),
        }

    def compare(what: str, given: Arrays, dtype: str = "float64", strided: bool = False) -> None:
        got = _call(student, "gaussian_kl", given, dtype=dtype, strided=strided)
        if strided:
            expect_dtype(dtype, got)
        expected = _divergence(rounded(given, dtype))[0]
        expect_close(f"the divergence, {what}, {dtype}", got["value"], expected, tol=TOLERANCE[dtype])

    def usual() -> None:
        for dtype in TOLERANCE:
            for sizes in ((4, 3), (3, 5), (3, 3), (2, 6)):
                compare(_sizes("Bm", sizes), draw(*sizes), dtype)

    def small() -> None:
        for sizes in ((1, 1), (1, 4), (5, 1)):
            compare(_sizes("Bm", sizes), draw(*sizes))

    def diagonal() -> None:
        for sizes in ((4, 3), (3, 4)):
            given = draw(*sizes)
            for name in ("L_q", "L_p"):
                given[name] = given[name] * np.eye(sizes[1])
            compare(f"diagonal factors, {_sizes('Bm', sizes)}", given)
        given = draw(3, 4)
        given["mu_p"], given["L_p"] = np.zeros(4), np.eye(4)
        compare("against the standard Gaussian", given)

    def scales() -> None:
        for scale in (1e-9, 1e-18, 1e9):
            compare(f"20 latent variables of sigma about {scale:g}", draw(3, 20, scale, 2 * scale))
        compare("20 latent variables, q narrow and p wide", draw(2, 20, 1e-9, 1.0))
        compare("20 latent variables of sigma about 0.003", draw(2, 20, 3e-3, 3e-3), "float32")

    def equal() -> None:
        given = draw(3, 4)
        given["mu_q"], given["L_q"] = np.tile(given["mu_p"], (3, 1)), np.tile(given["L_p"], (3, 1, 1))
        compare("of a Gaussian from itself", given)
        given["mu_q"][1] += 0.1
        compare("of Gaussians that differ in a mean", given)

    def gradients() -> None:
        for sizes in ((3, 4), (2, 1)):
            given, weights = draw(*sizes), rng.normal(0, 1, sizes[0])
            got = _call(student, "gaussian_kl", given, leaves=given, weights=weights)
            _, value, leaves = _divergence(given)
            expected = torch.autograd.grad((value * torch.tensor(weights)).sum(), leaves)
            for name, right in zip(given, expected, strict=True):
                left = np.asarray(got["gradients"][name])
                if name.startswith("L"):  # entries above the diagonal are no parameters
                    left, right = np.tril(left), torch.tril(right)
                expect_close(f"the gradient by {name}, {_sizes('Bm', sizes)}", left, right, tol=1e-6)

    def views() -> None:
        for dtype in TOLERANCE:
            compare("views of other tensors", draw(3, 4), dtype, strided=True)

    return [
        outcome("random batches", usual, weight=2),
        outcome("one image, one latent variable", small),
        outcome("diagonal Gaussians", diagonal),
        outcome("many latent variables with small or large deviations", scales, weight=2),
        outcome("equal Gaussians", equal),
        outcome("gradients", gradients, weight=2),
        outcome("dtypes, and inputs that are views", views),
    ]


# Task 2 ---------------------------------------------------------------------------------------------------------------

_DRAW = """
import torch

kind = getattr(torch, dtype)
mu_leaf, log_var_leaf = (torch.tensor(array, dtype=kind, requires_grad=True) for array in (mu, log_var))
draws, kinds, touched = [], [], False
for seed in seeds:
    torch.manual_seed(len(draws))  # the global generator must not matter
    generator = torch.Generator().manual_seed(seed)
    for _ in range(calls):
        state = torch.get_rng_state()
        z = reparameterise(mu_leaf, log_var_leaf, k, generator)
        touched = touched or not torch.equal(state, torch.get_rng_state())
        if not isinstance(z, torch.Tensor):
            raise TypeError(f"the result must be a tensor, not a {type(z).__name__}")
        draws.append(z.detach().clone())
        kinds.append(str(z.dtype))
if not z.requires_grad:
    raise TypeError("no gradient passes through the samples: is there a detach, a no_grad, or a sample for rsample?")
weights = torch.randn(z.shape, generator=torch.Generator().manual_seed(9), dtype=z.dtype)
found = torch.autograd.grad((weights * z).sum(), [mu_leaf, log_var_leaf], allow_unused=True)
found = [torch.zeros_like(mu_leaf) if gradient is None else gradient for gradient in found]
same = [torch.equal(leaf.detach(), torch.tensor(array, dtype=leaf.dtype))
        for leaf, array in ((mu_leaf, mu), (log_var_leaf, log_var))]
result = {"z": draws, "kinds": kinds, "touched": touched, "weights": weights, "gradients": found, "same": all(same)}
"""


def reparameterise(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Samples by their distribution, their source and their gradients."""

    def draw(given: Arrays, k: int, seeds: Sequence[int] = (3,), calls: int = 1, dtype: str = "float64") -> dict:
        got = student.run(_DRAW, **given, k=k, seeds=list(seeds), calls=calls, dtype=dtype)
        shape = (len(given["mu"]), k, given["mu"].shape[1])
        for z in got["z"]:
            expect_true(f"expected the shape {shape}, got {np.shape(z)}", np.shape(z) == shape)
        expect_true("the inputs were changed", got["same"])
        return got

    def noise(given: Arrays, z: np.ndarray) -> np.ndarray:
        return (z - given["mu"][:, None]) / np.exp(given["log_var"] / 2)[:, None]

    def standard(what: str, eps: np.ndarray) -> None:
        """Expect standard normal noise, by the largest gap of the distribution functions; 1 in 10⁶ fails by chance."""
        gap = kstest(eps.ravel(), norm.cdf).statistic
        expect_true(
            f"{what}: the noise (z - mu)/sigma has mean {eps.mean():.3g} and standard deviation {eps.std():.3g}, "
            "and is not standard normal",
            gap * math.sqrt(eps.size) < 2.7,
        )

    def distribution() -> None:
        for batch, m in ((3, 2), (1, 1), (2, 4)):
            given = _codes(rng, batch, m)
            eps = noise(given, draw(given, 1500)["z"][0])
            for i, j in np.ndindex(batch, m):
                standard(f"image {i} of {batch}, latent variable {j} of {m}", eps[i, :, j])
            standard(f"{batch} images, {m} latent variables", eps)
        farthest = np.abs(eps).max()  # of 12000; one in 10¹³ such draws stays within 3
        expect_true(f"no sample lies farther than {farthest:.2f} sigma from mu: is the noise cut off?", farthest > 3)
        given = _codes(rng, 2, 3)
        z = draw(given, 1000, dtype="float32")["z"][0].astype(float)
        standard("float32", noise(given, z))

    def own_noise() -> None:
        given = _codes(rng, 4, 3)
        eps = noise(given, draw(given, 6)["z"][0])
        count = len(np.unique(eps.round(9)))
        expect_true(f"expected noise of its own for each of 72 entries, got {count} different values", count == 72)
        given = _codes(rng, 400, 3)
        z = noise(given, draw(given, 3)["z"][0])  # many images: their noise must not go together either
        standard("400 images, 3 samples", z)
        together = np.abs(np.corrcoef(z.reshape(400, 9).T) - np.eye(9)).max()
        expect_true("the noise of different entries goes together", together < 0.3)
        # Two samples, many times: noise that is made to measure within a call shows here.
        given = {"mu": np.full((1, 1), 0.3), "log_var": np.full((1, 1), -0.7)}
        calls = np.concatenate([noise(given, z) for z in draw(given, 2, calls=1000)["z"]])
        standard("two samples of one code, in 1000 calls", calls)
        count = len(np.unique(calls.round(9)))
        expect_true(f"1000 calls gave {count} different values of 2000", count > 1990)

    def one_sample() -> None:
        for batch, m in ((1, 1), (5, 1), (1, 5), (4, 4)):
            draw(_codes(rng, batch, m), 1)
        given = _codes(rng, 2000, 2)
        standard("one sample of each code", noise(given, draw(given, 1)["z"][0]))

    def source() -> None:
        given = _codes(rng, 3, 2)
        got = draw(given, 5, seeds=(7, 7, 8), calls=2)
        expect_true("the global generator of torch was used or seeded", not got["touched"])
        first, second, again, second_again, other, _ = got["z"]
        expect_true("one seed gave different samples", np.array_equal(first, again))
        expect_true("one seed gave different samples in the second call", np.array_equal(second, second_again))
        expect_true("the second call repeats the first: is the generator seeded?", not np.array_equal(first, second))
        expect_true("different seeds gave the same samples", not np.array_equal(first, other))

    def gradients() -> None:
        for batch, k, m in ((3, 4, 2), (1, 1, 3), (2, 2, 2)):
            given = _codes(rng, batch, m)
            got = draw(given, k)
            z, weights = got["z"][0], np.asarray(got["weights"])
            by_log_var = (weights * (z - given["mu"][:, None])).sum(axis=1) / 2
            expect_close("the gradient by mu", got["gradients"][0], weights.sum(axis=1), tol=1e-6)
            expect_close("the gradient by log_var", got["gradients"][1], by_log_var, tol=1e-6)

    def extreme() -> None:
        for level in (-60.0, -30.0, 25.0, 40.0):
            given = {"mu": np.zeros((2, 2)), "log_var": level + rng.normal(0, 0.5, (2, 2))}
            standard(f"log-variances around {level:g}", noise(given, draw(given, 500)["z"][0]))

    def dtypes() -> None:
        for dtype in TOLERANCE:
            got = draw(_codes(rng, 2, 3), 4, dtype=dtype)
            expect_true(f"expected {dtype}, got {got['kinds'][0]}", got["kinds"] == [f"torch.{dtype}"])

    return [
        outcome("the distribution of the samples", distribution, weight=2),
        outcome("noise of its own for every entry", own_noise),
        outcome("one sample, one image, one latent variable", one_sample),
        outcome("the given generator", source, weight=2),
        outcome("gradients", gradients, weight=2),
        outcome("extreme log-variances", extreme),
        outcome("dtypes", dtypes),
    ]


# Task 3 ---------------------------------------------------------------------------------------------------------------


def _elbo(x: np.ndarray, logits: np.ndarray, mu: np.ndarray, log_var: np.ndarray) -> float:
    """The mean over images and samples, one at a time."""
    total = 0.0
    for i, j in np.ndindex(*logits.shape[:2]):
        a = logits[i, j]
        total += np.where(x[i] == 1, log_expit(a), log_expit(-a)).sum()
    return total / logits[:, :, 0, 0].size - _rate(mu, log_var).mean()


def elbo(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The ELBO of a batch against SciPy's log-sigmoid and PyTorch's divergence, with gradients written out."""

    def draw(batch: int, k: int, height: int, width: int, m: int, size: float = 2.0) -> Arrays:
        x = (rng.random((batch, height, width)) < 0.4).astype(float)
        return {"x": x, "logits": rng.normal(0, size, (batch, k, height, width)), **_codes(rng, batch, m)}

    def compare(what: str, given: Arrays, dtype: str = "float64", strided: bool = False) -> None:
        got = _call(student, "elbo", given, dtype=dtype, strided=strided)
        if strided:
            expect_dtype(dtype, got)
        expect_close(f"{what}, {dtype}", got["value"], _elbo(**rounded(given, dtype)), tol=TOLERANCE[dtype])

    def usual() -> None:
        for dtype in TOLERANCE:
            for sizes in ((5, 3, 4, 6, 2), (2, 4, 3, 5, 7), (4, 2, 8, 8, 3)):
                compare(f"the ELBO, {_sizes('Bkhwm', sizes)}", draw(*sizes), dtype)

    def single() -> None:
        for sizes in ((1, 1, 1, 1, 1), (1, 4, 3, 2, 2), (4, 1, 3, 2, 2), (3, 2, 1, 1, 5), (3, 2, 1, 4, 1)):
            compare(f"the ELBO, {_sizes('Bkhwm', sizes)}", draw(*sizes))

    def square() -> None:
        for sizes in ((3, 3, 2, 4, 2), (4, 4, 4, 4, 4), (2, 2, 2, 2, 2)):
            compare(f"the ELBO, {_sizes('Bkhwm', sizes)}", draw(*sizes))

    def reference(given: Arrays) -> Arrays:
        x, logits, mu, log_var = given.values()
        by_logits = (x[:, None] - expit(logits)) / logits[:, :, 0, 0].size
        return {"logits": by_logits, "mu": -mu / len(x), "log_var": (1 - np.exp(log_var)) / 2 / len(x)}

    def gradient(names: Sequence[str]) -> None:
        for sizes in ((5, 3, 2, 3, 2), (2, 2, 2, 2, 3), (1, 1, 3, 2, 4)):
            given = draw(*sizes)
            got = _call(student, "elbo", given, leaves=("logits", "mu", "log_var"))
            expected = reference(given)
            for name in names:
                what = f"the gradient by {name}, {_sizes('Bkhwm', sizes)}"
                expect_close(what, got["gradients"][name], expected[name], tol=1e-6)

    def extreme() -> None:
        for dtype in TOLERANCE:
            # One pixel a time: a sum over many would hide a wrong one.
            for a in (-100.0, -60.0, -35.0, 35.0, 60.0, 100.0):
                for pixel in (0.0, 1.0):
                    given = draw(1, 1, 1, 1, 2)
                    given["x"][:], given["logits"][:] = pixel, a
                    what = f"a pixel {pixel:g} at logit {a:g}"
                    got = _call(student, "elbo", given, dtype=dtype, leaves=("logits",))
                    value = _elbo(**rounded(given, dtype))
                    expect_close(f"the ELBO of {what}, {dtype}", got["value"], value, tol=TOLERANCE[dtype])
                    right = reference(given)["logits"]
                    expect_close(f"the gradient by the logit of {what}, {dtype}", got["gradients"]["logits"], right)

    def variances() -> None:
        for level in (-20.0, -10.0, 10.0, 20.0):
            given = draw(2, 2, 2, 3, 3)
            given["log_var"] = np.clip(level + rng.normal(0, 0.5, (2, 3)), -20, 20)
            compare(f"the ELBO at log-variances around {level:g}", given)
        given["log_var"] = np.zeros((2, 3))
        compare("the ELBO at log-variances of 0", given)

    def views() -> None:
        for dtype in TOLERANCE:
            compare("the ELBO of views of other tensors", draw(3, 2, 4, 5, 2), dtype, strided=True)

    return [
        outcome("random batches", usual, weight=2),
        outcome("one image, one sample, one pixel", single),
        outcome("as many images as samples", square, weight=2),
        outcome("the gradient by the logits", functools.partial(gradient, ["logits"])),
        outcome("the gradients by mu and log_var", functools.partial(gradient, ["mu", "log_var"])),
        outcome("logits up to 100", extreme, weight=2),
        outcome("extreme log-variances", variances),
        outcome("dtypes, and inputs that are views", views),
    ]


# Task 4 ---------------------------------------------------------------------------------------------------------------


def _log_weights(log_lik: np.ndarray, z: np.ndarray, mu: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    """Logarithms of the importance weights by SciPy's densities: (batch, k)."""
    sigma = np.exp(log_var / 2)
    log_q = norm.logpdf(z, mu[:, None], sigma[:, None]).sum(axis=2)
    return log_lik + norm.logpdf(z).sum(axis=2) - log_q


def _bound(log_w: np.ndarray) -> np.ndarray:
    return logsumexp(log_w, axis=1, b=1 / log_w.shape[1])


def iwae(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The importance-weighted bound against SciPy's densities and log-sum-exp, with gradients written out."""
    names = ("log_lik", "z", "mu", "log_var")

    def draw(batch: int, k: int, m: int, size: float = 2.0) -> Arrays:
        codes = _codes(rng, batch, m)
        eps = rng.normal(0, 1, (batch, k, m))
        z = codes["mu"][:, None] + np.exp(codes["log_var"] / 2)[:, None] * eps
        return {"log_lik": rng.normal(-5, size, (batch, k)), "z": z, **codes}

    def compare(what: str, given: Arrays, dtype: str = "float64", strided: bool = False) -> None:
        got = _call(student, "iwae", given, dtype=dtype, strided=strided)
        if strided:
            expect_dtype(dtype, got)
        expected = _bound(_log_weights(**rounded(given, dtype)))
        expect_close(f"the bound, {what}, {dtype}", got["value"], expected, tol=TOLERANCE[dtype])

    def usual() -> None:
        for dtype in TOLERANCE:
            for sizes in ((4, 3, 2), (3, 8, 5), (3, 3, 3), (2, 50, 4)):
                compare(_sizes("Bkm", sizes), draw(*sizes), dtype)

    def one_sample() -> None:
        for sizes in ((4, 1, 3), (1, 1, 1), (2, 1, 2)):
            given = draw(*sizes)
            compare(_sizes("Bkm", sizes), given)
            got = _call(student, "iwae", given)
            expect_close("the bound with k = 1, which is log w", got["value"], _log_weights(**given)[:, 0])

    def small() -> None:
        for sizes in ((1, 5, 2), (5, 4, 1), (1, 2, 1)):
            compare(_sizes("Bkm", sizes), draw(*sizes))

    def extreme() -> None:
        for level in (-90_000.0, -2000.0, 900.0, 90_000.0):
            given = draw(3, 4, 2)
            given["log_lik"] += level
            compare(f"log-likelihoods around {level:g}", given)
            compare(f"log-likelihoods around {level:g}", given, "float32")
        given = draw(4, 6, 2)
        given["log_lik"] = rng.uniform(-1e5, 1e5, (4, 6))
        compare("log-likelihoods that differ by up to 200000", given)
        for scale in (100.0, 1000.0):
            compare(f"log-likelihoods that differ by about {scale:g}", draw(4, 6, 2, scale))
        given = draw(3, 4, 60)
        given["log_var"] -= 12
        compare("60 latent variables with small variances", given)

    def impossible() -> None:
        given = draw(4, 3, 2)
        given["log_lik"][0, 1] = given["log_lik"][1, :2] = given["log_lik"][2] = -np.inf
        compare("with impossible samples", given)
        single = draw(2, 1, 2)
        single["log_lik"][1] = -np.inf
        compare("with impossible samples, k = 1", single)

    def reference(given: Arrays, weights: np.ndarray) -> Arrays:
        _, z, mu, log_var = given.values()
        log_w = _log_weights(**given)
        share = np.exp(log_w - logsumexp(log_w, axis=1, keepdims=True)) * weights[:, None]  # (batch, k)
        off = (z - mu[:, None]) * np.exp(-log_var)[:, None]
        by_log_var = (1 - off * (z - mu[:, None])) / 2
        return {
            "log_lik": share,
            "z": share[:, :, None] * (off - z),
            "mu": -(share[:, :, None] * off).sum(axis=1),
            "log_var": (share[:, :, None] * by_log_var).sum(axis=1),
        }

    def gradient(chosen: Sequence[str]) -> None:
        for sizes, level in (((3, 4, 2), 0.0), ((2, 2, 2), -3000.0), ((1, 1, 3), 0.0)):
            given, weights = draw(*sizes), rng.normal(0, 1, sizes[0])
            given["log_lik"] += level
            got = _call(student, "iwae", given, leaves=names, weights=weights)
            expected = reference(given, weights)
            for name in chosen:
                what = f"the gradient by {name}, {_sizes('Bkm', sizes)}"
                expect_close(what, got["gradients"][name], expected[name], tol=1e-6)

    def views() -> None:
        for dtype in TOLERANCE:
            compare("views of other tensors", draw(3, 4, 2), dtype, strided=True)

    return [
        outcome("random batches", usual, weight=2),
        outcome("k = 1", one_sample),
        outcome("one image, one latent variable", small),
        outcome("extreme log-weights", extreme, weight=2),
        outcome("impossible samples", impossible),
        outcome("the gradients by log_lik and z", functools.partial(gradient, ["log_lik", "z"])),
        outcome("the gradients by mu and log_var", functools.partial(gradient, ["mu", "log_var"])),
        outcome("dtypes, and inputs that are views", views),
    ]


# Task 5 ---------------------------------------------------------------------------------------------------------------


def rate_distortion(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Every key against SciPy's density and PyTorch's divergence."""
    keys = ("distortion", "rate", "loss", "elbo", "active")
    # Standard deviations of mu over the batch, far enough from the limit 0.1.
    spreads = np.array([0.0, 0.02, 0.05, 0.085, 0.12, 0.2, 0.5, 1.0, 2.0])

    def draw(batch: int, d: int, m: int) -> Arrays:
        codes = _codes(rng, batch, m)
        centred = rng.normal(0, 1, (batch, m))
        centred = centred - centred.mean(axis=0)
        if batch > 1:
            centred /= centred.std(axis=0)
        codes["mu"] = rng.normal(0, 1, m) + rng.choice(spreads, m) * centred
        return {"x": rng.normal(0, 1, (batch, d)), "x_hat": rng.normal(0, 1, (batch, d)), **codes}

    def reference(given: Arrays, s: float, beta: float) -> dict[str, float]:
        x, x_hat, mu, log_var = given.values()
        distortion = -norm.logpdf(x, x_hat, s).sum() / len(x)
        rate = _rate(mu, log_var).mean()
        active = sum(float(np.mean((column - column.mean()) ** 2)) > 0.01 for column in mu.T)
        loss, elbo = distortion + beta * rate, -(distortion + rate)
        return {"distortion": distortion, "rate": rate, "loss": loss, "elbo": elbo, "active": active}

    def compare(
        chosen: Sequence[str],
        given: Arrays,
        s: float,
        beta: float,
        dtype: str = "float64",
        strided: bool = False,
    ) -> None:
        got = _call(student, "rate_distortion", given, s, beta, dtype=dtype, strided=strided)["value"]
        expect_true(f"expected a dictionary, got a {type(got).__name__}", isinstance(got, Mapping))
        missing = [key for key in keys if key not in got]
        expect_true(f"the keys {missing} are missing", not missing)
        expected = reference(rounded(given, dtype), s, beta)
        sizes = (len(given["x"]), given["x"].shape[1], given["mu"].shape[1])
        for key in chosen:
            tol = 0 if key == "active" else TOLERANCE[dtype]
            what = f"{key}, {_sizes('Bdm', sizes)}, s = {s:.3g}, beta = {beta:.3g}, {dtype}"
            expect_close(what, got[key], expected[key], tol=tol)

    cases = [
        (draw(*sizes), float(rng.uniform(0.1, 3)), float(rng.uniform(0.1, 8)))
        for sizes in ((5, 4, 3), (3, 3, 3), (8, 2, 6), (2, 5, 2))
    ]

    def one_key(key: str) -> None:
        for given, s, beta in cases:
            for dtype in TOLERANCE if key != "active" else ("float64",):
                compare([key], given, s, beta, dtype)

    def numbers() -> None:
        for s, beta in ((0.01, 1.0), (20.0, 0.0), (1, 1), (0.3, 100), (2, 0.5)):
            compare(keys[:4], draw(3, 4, 2), s, beta)
        for level in (-19.0, 19.0):
            given = draw(3, 4, 2)
            given["log_var"] = level + rng.uniform(-1, 1, (3, 2))
            compare(keys[:4], given, 0.5, 2.0)

    def single() -> None:
        for sizes in ((1, 4, 3), (1, 1, 1), (4, 1, 2), (4, 3, 1)):
            compare(keys, draw(*sizes), 0.7, 2.0)

    def counts() -> None:
        for batch in (2, 3, 10, 50):
            compare(["active"], draw(batch, 2, 12), 1.0, 1.0)
        given = draw(6, 2, 5)
        given["mu"] = np.tile(rng.normal(0, 3, 5), (6, 1))  # collapsed, far from 0 and not far from each other
        given["log_var"] = rng.normal(0, 2, (6, 5))
        compare(["active"], given, 1.0, 1.0)
        given["mu"] += rng.normal(0, 1, (6, 1))
        compare(["active"], given, 1.0, 1.0)

    def gradients() -> None:
        for sizes, s, beta in (((3, 4, 2), 0.5, 3.0), ((1, 2, 3), 1.5, 0.2)):
            given, batch = draw(*sizes), sizes[0]
            x, x_hat, mu, log_var = given.values()
            expected = {
                "x_hat": (x_hat - x) / s**2 / batch,
                "mu": beta * mu / batch,
                "log_var": beta * (np.exp(log_var) - 1) / 2 / batch,
            }
            got = _call(student, "rate_distortion", given, s, beta, leaves=expected, part="loss")
            for name, right in expected.items():
                expect_close(f"the gradient of the loss by {name}", got["gradients"][name], right, tol=1e-6)

    def views() -> None:
        compare(keys, draw(4, 3, 2), 0.6, 1.7, strided=True)
        for dtype in TOLERANCE:
            for key in ("distortion", "rate", "loss", "elbo"):
                expect_dtype(dtype, _call(student, "rate_distortion", draw(4, 3, 2), 0.6, 1.7, dtype=dtype, part=key))

    return [
        *(outcome(key, functools.partial(one_key, key)) for key in keys),
        outcome("other s, beta and log-variances", numbers),
        outcome("one image, one pixel, one latent variable", single),
        outcome("which latent variables are active", counts),
        outcome("the gradients of the loss", gradients, weight=2),
        outcome("dtypes, and inputs that are views", views),
    ]


# Task 6 ---------------------------------------------------------------------------------------------------------------


def _split(z: np.ndarray, mu: np.ndarray, log_var: np.ndarray) -> tuple[float, float]:
    """Information and misfit, one sample and one code at a time, by SciPy's densities."""
    information, misfit = [], []
    batch = len(mu)
    for i, s in np.ndindex(*z.shape[:2]):
        under = [norm.logpdf(z[i, s], mu[j], np.exp(log_var[j] / 2)).sum() for j in range(batch)]
        mixture = logsumexp(under) - math.log(batch)
        information.append(under[i] - mixture)
        misfit.append(mixture - norm.logpdf(z[i, s]).sum())
    return float(np.mean(information)), float(np.mean(misfit))


def split_rate(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The two parts of the rate against SciPy's densities, one sample at a time."""

    def draw(batch: int, k: int, m: int, spread: float = 1.0) -> Arrays:
        codes = _codes(rng, batch, m, 0.6)
        codes["mu"] *= spread
        eps = rng.normal(0, 1, (batch, k, m))
        return {"z": codes["mu"][:, None] + np.exp(codes["log_var"] / 2)[:, None] * eps, **codes}

    def both(what: str, given: Arrays, dtype: str = "float64", strided: bool = False) -> list[tuple]:
        got = _call(student, "split_rate", given, dtype=dtype, strided=strided)["value"]
        pair = expect_pair("split_rate", got)
        expected = _split(**rounded(given, dtype))
        names = ("information", "misfit")
        tol = TOLERANCE[dtype]
        return [(f"the {n}, {what}, {dtype}", g, e, tol) for n, g, e in zip(names, pair, expected, strict=True)]

    def compare(what: str, given: Arrays, **how: Any) -> None:
        for name, got, expected, tol in both(what, given, **how):
            expect_close(name, got, expected, tol=tol)

    cases = [(sizes, draw(*sizes)) for sizes in ((5, 3, 2), (4, 1, 3), (3, 3, 3), (6, 4, 1), (2, 2, 2))]

    def usual(which: int) -> None:
        for sizes, given in cases:
            for dtype in TOLERANCE:
                name, got, expected, tol = both(_sizes("Bkm", sizes), given, dtype=dtype)[which]
                expect_close(name, got, expected, tol=tol)

    def single() -> None:
        for sizes in ((1, 4, 2), (1, 1, 1), (3, 1, 1), (1, 3, 3)):
            compare(_sizes("Bkm", sizes), draw(*sizes))

    def far() -> None:
        for spread in (20.0, 300.0, 5000.0):
            compare(f"codes about {spread:g} apart", draw(5, 2, 3, spread))
        given = draw(6, 2, 3, 300.0)
        name, got, _, tol = both("codes that never meet", given)[0]
        expect_close(name, got, math.log(6), tol=tol)

    def many() -> None:
        compare("60 latent variables", draw(4, 2, 60))
        for level in (-29.0, 29.0):  # densities around e^800 and e^-950
            given = draw(4, 2, 60)
            wide = np.exp((level - given["log_var"]) / 2)[:, None]
            given["z"] = given["mu"][:, None] + wide * (given["z"] - given["mu"][:, None])
            given["log_var"] = np.full((4, 60), level)
            compare(f"60 latent variables with log-variances of {level:g}", given)

    def collapsed() -> None:
        given = draw(5, 3, 2)
        given["mu"], given["log_var"] = np.zeros((5, 2)), np.zeros((5, 2))
        compare("codes that all are the prior", given)
        given["mu"] = np.tile([[1.5, -0.5]], (5, 1))
        compare("codes that all are the same", given)

    def unlucky() -> None:
        for spread in (1.0, 2.0):
            given = draw(4, 2, 2, spread)
            given["z"] = np.roll(given["z"], 1, axis=0)  # each image meets the samples of another: below 0
            compare("samples that look like those of other codes", given)
        given = draw(3, 2, 2)
        given["mu"], given["z"] = np.tile([[0.5, -0.5]], (3, 1)), 0.1 * given["z"]
        given["log_var"] = np.full((3, 2), 0.8)
        compare("samples near the centre of wide codes", given)

    def views() -> None:
        compare("views of other tensors", draw(4, 3, 2), strided=True)

    return [
        outcome("the information", functools.partial(usual, 0), weight=2),
        outcome("the misfit", functools.partial(usual, 1), weight=2),
        outcome("one image, one sample, one latent variable", single),
        outcome("codes far apart", far),
        outcome("many latent variables, narrow and wide", many, weight=2),
        outcome("collapsed codes", collapsed),
        outcome("estimates below 0", unlucky),
        outcome("inputs that are views", views),
    ]
