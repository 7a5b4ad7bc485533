"""Every page of the built book, as readers meet it: no network, wide and narrow, light and dark, without a mouse."""

from __future__ import annotations

import page_checks as checks
import pytest
import yaml
from bs4 import BeautifulSoup
from page_visits import ROOT, Site, Visit, visit

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))


def documents(entry: dict) -> list[str]:
    """The pages of a table of contents, in order."""
    own = [entry[key] for key in ("root", "file") if key in entry]
    for key in ("parts", "chapters", "sections"):
        for child in entry.get(key, []):
            own.extend(documents(child))
    return own


DOCUMENTS = documents(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8")))
NOTEBOOKS = [name for name in DOCUMENTS if (ROOT / f"{name}.ipynb").is_file()]
SLIDERS = [name for name in NOTEBOOKS if '"IntSliderModel"' in (ROOT / f"{name}.ipynb").read_text(encoding="utf8")]
PAGES = [*DOCUMENTS, "search", "genindex"]
# A reader with a telephone should not wait: what a page loads in all, as a server sends it.
HEAVIEST = 4_000_000


@pytest.fixture(scope="module", params=PAGES)
def opened(request: pytest.FixtureRequest, browser: object, site: Site) -> Visit:
    """A page, opened once for all questions about it."""
    seen = visit(browser, f"{site.address}{request.param}.html", request.param)
    yield seen
    seen.page.context.close()


def test_loads_without_errors(opened: Visit) -> None:
    """Nothing on the console, no file missing, and not one request to the outside."""
    assert opened.errors == []
    assert opened.missing == []
    assert opened.outside == []


def test_formulas_are_typeset(opened: Visit) -> None:
    """Every formula stands as a formula, and no raw markup is left in the text."""
    assert opened.page.evaluate(checks.FORMULAS) == []
    assert checks.raw_markup(opened.page) == []


def test_names_of_equations_are_links(opened: Visit, book) -> None:
    """Every "(GAN.3)" leads to the equation with that tag."""
    assert checks.unlinked_names(opened.page) == []
    assert checks.wrong_equation_links(book / f"{opened.name}.html") == []


def test_pictures_have_words(opened: Visit) -> None:
    """Every picture loads and has an alt text that somebody wrote."""
    assert checks.pictures(opened.page) == []


def settle(opened: Visit) -> None:
    """Wait until what scrolls at the new width has been made focusable: the page says when it has done so.

    A section that was not in sight has its old layout until it is measured, and sometimes still in the first measure.
    """
    opened.page.evaluate("""async () => {
        for (const box of document.querySelectorAll("article *")) box.getBoundingClientRect();
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }""")
    opened.page.wait_for_function("() => 'mended' in document.documentElement.dataset")


@pytest.mark.parametrize("width", [390, 1280])
def test_fits_the_window(opened: Visit, width: int) -> None:
    """No sideways scrolling of the page; what is wider scrolls in its own box, all of it, also by keyboard."""
    opened.page.set_viewport_size({"width": width, "height": 900})
    settle(opened)
    assert opened.page.evaluate(checks.TOO_WIDE) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_accessible_and_legible(opened: Visit, width: int, scheme: str) -> None:
    """axe-core, its contrast rule included, finds nothing serious; formulas stand out from their ground, too."""
    opened.page.set_viewport_size({"width": width, "height": 900})
    opened.page.emulate_media(color_scheme=scheme)
    opened.page.wait_for_function("scheme => document.documentElement.dataset.theme === scheme", arg=scheme)
    settle(opened)
    ground = opened.page.evaluate(checks.GROUND)
    assert (max(ground) < 80) if scheme == "dark" else (min(ground) > 200)
    assert checks.axe(opened.page) == []
    assert opened.page.evaluate(checks.FORMULA_CONTRAST) == []


@pytest.mark.parametrize("name", SLIDERS)
@pytest.mark.parametrize("scheme", ["http", "file"])
def test_sliders_move_by_keyboard(browser: object, site: Site, name: str, scheme: str) -> None:
    """Each press of an arrow key shows another picture, forth and back, with no kernel."""
    address = f"{site.address}{name}.html" if scheme == "http" else (site.folder / f"{name}.html").as_uri()
    seen = visit(browser, address, name)
    handles = seen.page.query_selector_all('.noUi-handle[role="slider"]')
    assert handles
    for handle in handles:
        handle.focus()
        seen.page.keyboard.press("Home")
        shown = [handle.evaluate(checks.SHOWN)]
        assert len(shown[0]) == 1, "one frame is visible at a time"
        last = float(handle.get_attribute("aria-valuemax"))
        for _ in range(int(last - float(handle.get_attribute("aria-valuemin")))):
            seen.page.keyboard.press("ArrowRight")
            shown.append(handle.evaluate(checks.SHOWN))
        assert len({str(frame) for frame in shown}) == len(shown), "every step shows a picture of its own"
        seen.page.keyboard.press("ArrowLeft")
        assert handle.evaluate(checks.SHOWN) == shown[-2]
    seen.page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_works_from_a_file(browser: object, book, name: str) -> None:
    """Opened from the disk, without any server, a page is as complete."""
    seen = visit(browser, (book / f"{name}.html").as_uri(), name)
    assert (seen.errors, seen.missing, seen.outside) == ([], [], [])
    assert seen.page.evaluate(checks.FORMULAS) == []
    seen.page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_weight(browser: object, site: Site, name: str) -> None:
    """All that a page loads is at most 4 MB as a server sends it."""
    context = browser.new_context()
    page = context.new_page()
    sizes: list[float] = []
    protocol = context.new_cdp_session(page)
    protocol.send("Network.enable")
    protocol.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(f"{site.address}{name}.html", wait_until="networkidle")
    context.close()
    assert 10_000 < sum(sizes) <= HEAVIEST


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(book, name: str) -> None:
    """Every link inside the book leads to a page that exists, and to a place that exists in it."""
    assert checks.dead_links(book, book / f"{name}.html") == []


def test_the_front_door(book) -> None:
    """The file that `make book` names leads to the first page."""
    page = BeautifulSoup((book / "index.html").read_text(encoding="utf8"), "html.parser")
    refresh = page.find("meta", attrs={"http-equiv": "Refresh"})
    assert (book / str(refresh["content"]).split("url=")[1]).is_file()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_mistake_can_be_reported(book, name: str) -> None:
    """Each page ends with a link to a new issue that names the page."""
    link = checks.parsed(book / f"{name}.html").select_one(".report-mistake a")
    assert str(link["href"]).startswith(f"{CONFIG['repository']['url']}/issues/new?title=")
    assert name.replace("/", "%2F") in str(link["href"])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_colab_opens_a_file_that_exists(book, name: str) -> None:
    """The Colab button of a notebook names the notebook, in the repository that the configuration names."""
    repository, branch = CONFIG["repository"]["url"], CONFIG["repository"]["branch"]
    start = repository.replace("https://github.com/", "https://colab.research.google.com/github/") + f"/blob/{branch}/"
    links = [str(link["href"]) for link in checks.parsed(book / f"{name}.html").select('a[href*="colab.research"]')]
    assert links == [f"{start}{name}.ipynb"] * len(links)
    assert links
    # The public checkout has the book and the exercises; solutions stay with the teacher.
    assert name.split("/")[0] in ("book", "exercises")
