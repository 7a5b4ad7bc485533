/* Mends what the theme and the widgets leave undone for keyboards and screen readers. Needs no library. */
(() => {
  "use strict";

  /* Widgets of ipywidgets typeset their labels through MathJax 2's queue, which MathJax 3 does not have. */
  function bridgeMathJax() {
    const mathjax = window.MathJax;
    if (!mathjax || !mathjax.startup || mathjax.Hub) return;
    mathjax.Hub = {
      Queue(...jobs) {
        for (const job of jobs) {
          const element = Array.isArray(job) ? job[2] : null;
          if (element && /\\\(|\\\[|\$/.test(element.textContent)) {
            mathjax.startup.promise.then(() => mathjax.typesetPromise([element]));
          }
        }
      },
    };
  }

  /* A slider's handle takes the name of the label beside it. */
  function nameSliders(root) {
    for (const handle of root.querySelectorAll('.noUi-handle[role="slider"]:not([aria-label])')) {
      const label = handle.closest(".jupyter-widgets")?.querySelector(".widget-label");
      handle.setAttribute("aria-label", label?.textContent.trim() || "slider");
    }
  }

  /* The theme's search button says "Search the book Ctrl+K" and calls itself "Search": its text is name enough. */
  function nameSearch() {
    for (const button of document.querySelectorAll(".search-button-field[aria-label]")) {
      button.removeAttribute("aria-label");
    }
  }

  /* The arrows that unfold the table of contents say what they unfold; the bibliography's entries are items of a list. */
  function nameRest() {
    for (const arrow of document.querySelectorAll("nav details > summary:not([aria-label])")) {
      const chapter = arrow.closest("li")?.querySelector(":scope > a")?.textContent.trim();
      arrow.setAttribute("aria-label", chapter ? `Sections of ${chapter}` : "Sections");
    }
    for (const entry of document.querySelectorAll('.citation-list[role="list"] > .citation')) {
      entry.setAttribute("role", "listitem");
    }
  }

  /* Resting on a link to an equation of this page shows the equation; Escape, or leaving it, puts it away. */
  function glanceAtEquations(article) {
    let glance = null;
    let timer = 0;
    const hide = () => {
      clearTimeout(timer);
      glance?.remove();
      glance = null;
    };
    const hideSoon = () => {
      clearTimeout(timer);
      timer = setTimeout(hide, 250);
    };
    const show = (link) => {
      hide();
      const block = document.getElementById(link.hash.slice(1))?.closest("div.math");
      if (!block || !block.querySelector("mjx-container")) return;
      glance = document.createElement("div");
      glance.className = "equation-glance";
      glance.setAttribute("aria-hidden", "true");
      const copy = block.cloneNode(true);
      for (const element of [copy, ...copy.querySelectorAll("[id]")]) element.removeAttribute("id");
      copy.removeAttribute("tabindex");
      copy.removeAttribute("data-scrolls");
      glance.append(copy);
      glance.addEventListener("mouseenter", () => clearTimeout(timer));
      glance.addEventListener("mouseleave", hideSoon);
      document.body.append(glance);
      const at = link.getBoundingClientRect();
      const own = glance.getBoundingClientRect();
      const left = Math.max(16, Math.min(at.left - 16, document.documentElement.clientWidth - own.width - 16));
      const below = at.bottom + own.height + 8 < innerHeight;
      glance.style.left = `${left + scrollX}px`;
      glance.style.top = `${scrollY + (below ? at.bottom + 6 : at.top - own.height - 6)}px`;
    };
    const linkOf = (event) => {
      const link = event.target instanceof Element && event.target.closest("a[href]");
      return link && link.hash.startsWith("#eq-") && link.pathname === location.pathname ? link : null;
    };
    article.addEventListener("mouseover", (event) => {
      const link = linkOf(event);
      if (!link) return;
      clearTimeout(timer);
      timer = setTimeout(show, 150, link);
    });
    article.addEventListener("mouseout", (event) => linkOf(event) && hideSoon());
    article.addEventListener("focusin", (event) => linkOf(event)?.matches(":focus-visible") && show(linkOf(event)));
    article.addEventListener("focusout", hideSoon);
    article.addEventListener("click", hide);
    document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  }

  /* A tick at the start of an output is a check that holds. */
  function markChecks() {
    for (const output of document.querySelectorAll(".cell_output > .output.stream")) {
      const lines = output.textContent.trim().split("\n");
      if (lines.every((line) => line.startsWith("✓"))) output.classList.add("passed-check");
    }
  }

  /* What is wider than the page scrolls in its own box; without a mouse it has to take the focus for that. */
  const SCROLLING = "pre, div.math, .pst-scrollable-table-container, .cell_output .text_html, .widget-subarea";
  function openScrolling() {
    for (const box of document.querySelectorAll(SCROLLING)) {
      const scrolls = box.scrollWidth > box.clientWidth + 1;
      if (scrolls === box.hasAttribute("data-scrolls")) continue;
      if (scrolls) {
        box.setAttribute("data-scrolls", "");
        box.tabIndex = 0;
      } else {
        box.removeAttribute("data-scrolls");
        box.removeAttribute("tabindex");
      }
    }
  }

  /* A link to an equation inside a folded answer opens the answer. */
  function unfoldTarget() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let box = target && target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    return target;
  }

  /* Formulas are typeset after the browser has jumped to a link's target, and push it away. */
  function jumpAgain() {
    const target = unfoldTarget();
    if (target && performance.now() < 5000) target.scrollIntoView();
  }

  /* Measuring boxes lays out the whole page, which can wait until the browser has nothing else to do. */
  const idle = window.requestIdleCallback || ((job) => setTimeout(job, 200));
  let waiting = false;
  function later() {
    if (waiting) return;
    waiting = true;
    delete document.documentElement.dataset.mended;
    idle(
      () => {
        waiting = false;
        nameSliders(document);
        openScrolling();
        document.documentElement.dataset.mended = "";
      },
      { timeout: 1000 },
    );
  }

  function start() {
    bridgeMathJax();
    nameSearch();
    nameRest();
    markChecks();
    later();
    const article = document.querySelector(".bd-article") || document.body;
    glanceAtEquations(article);
    new MutationObserver(later).observe(article, { childList: true, subtree: true });
    window.addEventListener("resize", later);
    window.addEventListener("load", later);
    document.fonts.ready.then(later);
    window.addEventListener("hashchange", unfoldTarget);
    if (window.MathJax && window.MathJax.startup) {
      window.MathJax.startup.promise.then(() => {
        later();
        jumpAgain();
      });
    } else {
      unfoldTarget();
    }
  }

  if (document.readyState === "complete") start();
  else document.addEventListener("DOMContentLoaded", start);
})();
