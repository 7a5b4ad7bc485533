/* Typesets formulas with MathJax, without a browser: `node typeset.cjs PATH/OF/mathjax SCALE`.

   Every line of the input is a JSON object {"tex": …, "display": true or false}; every line of the output answers one:
   {"html": …} or {"error": …}. An empty line asks for the style sheet: {"css": …}. */
"use strict";

const path = require("node:path");
const readline = require("node:readline");

const [folder, scale] = process.argv.slice(2);
// MathJax speaks to the console of things that are none here (versions of components that one file contains).
console.warn = () => {};

require(path.join(folder, "es5", "node-main.js"))
  .init({
    loader: { load: ["input/tex", "output/chtml", "adaptors/liteDOM", "a11y/assistive-mml"] },
    // One style sheet for all pages, so it holds every character, not those that were met so far.
    chtml: { adaptiveCSS: false, matchFontHeight: false, scale: Number(scale), fontURL: "es5/output/chtml/fonts/woff-v2" },
  })
  .then((MathJax) => {
    const adaptor = MathJax.startup.adaptor;
    const failed = (node) => {
      if (adaptor.kind(node) === "mjx-merror") return adaptor.getAttribute(node, "data-mjx-error") || "unknown";
      for (const child of adaptor.childNodes(node)) {
        const error = adaptor.kind(child) === "#text" ? null : failed(child);
        if (error) return error;
      }
      return null;
    };
    const answer = async (line) => {
      if (!line) return { css: adaptor.textContent(MathJax.chtmlStylesheet()) };
      const { tex, display } = JSON.parse(line);
      MathJax.texReset();
      const node = await MathJax.tex2chtmlPromise(tex, { display });
      const error = failed(node);
      // The height of a labelled row is not known without a browser, nor needed.
      return error ? { error } : { html: adaptor.outerHTML(node).replaceAll(' style="height: NaNem;"', "") };
    };
    let last = Promise.resolve();
    readline.createInterface({ input: process.stdin }).on("line", (line) => {
      last = last
        .then(() => answer(line))
        .catch((problem) => ({ error: String(problem && problem.message) }))
        .then((reply) => process.stdout.write(JSON.stringify(reply) + "\n"));
    });
  })
  .catch((problem) => {
    process.stderr.write(`${problem && problem.stack}\n`);
    process.exit(1);
  });
