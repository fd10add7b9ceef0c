"use strict";
(() => {
  const table = document.getElementById("findings-table");
  if (!table) return;
  const findings = Array.from(table.tBodies);
  const shown = document.getElementById("shown");
  const search = document.getElementById("search");
  const selects = Array.from(document.querySelectorAll(".controls select"));
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const policy = window.trustedTypes?.createPolicy("gatewatch", { createHTML: (text) => text });
  const entities = { "&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'", "&amp;": "&" };
  let texts = null;

  // A proof is the text of a <noscript> until it is looked at; the page's own markup, escaped.
  const unfold = (finding) => {
    const source = finding.querySelector("noscript");
    if (!source) return;
    const text = source.textContent;
    const page = new DOMParser().parseFromString(policy?.createHTML(text) ?? text, "text/html");
    source.replaceWith(page.body.firstElementChild);
  };

  const textOf = (finding) => {
    const text = finding.textContent;
    const folded = finding.querySelector("noscript")?.textContent ?? "";
    const proof = folded.replace(/<[^>]*>/g, " ")
      .replace(/&(?:lt|gt|#34|#39|amp);/g, (name) => entities[name]);
    return (text.slice(0, text.length - folded.length) + proof).toLowerCase();
  };

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    // Read once, and only when somebody searches: it costs a walk over the whole page.
    if (words.length) texts ??= findings.map(textOf);
    const wanted = selects.filter((select) => select.value);
    let count = 0;
    findings.forEach((finding, index) => {
      const fits = wanted.every((select) => finding.dataset[select.name] === select.value)
        && words.every((word) => texts[index].includes(word));
      finding.hidden = !fits;
      count += fits ? 1 : 0;
    });
    shown.textContent = `${count} of ${findings.length} shown`;
  };

  const keyOf = (finding, column) =>
    finding.dataset[`sort${column}`] ?? finding.rows[0].cells[column].textContent.trim();

  const sort = (header) => {
    const column = header.cellIndex;
    const direction = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    const turn = direction === "ascending" ? 1 : -1;
    const ordered = findings
      .map((finding) => ({ finding, key: keyOf(finding, column) }))
      .sort((a, b) => turn * collator.compare(a.key, b.key));
    table.append(...ordered.map(({ finding }) => finding));
  };

  const openTarget = () => {
    const target = findings.find((finding) => finding.id === location.hash.slice(1));
    if (!target) return;
    target.querySelector("details").open = true;
    target.scrollIntoView();
  };

  let pending = 0;
  search.addEventListener("input", () => {
    clearTimeout(pending);
    pending = setTimeout(filter, 80);
  });
  for (const select of selects) select.addEventListener("change", filter);
  for (const header of table.tHead.rows[0].cells) {
    header.querySelector("button")?.addEventListener("click", () => sort(header));
  }
  document.getElementById("reset").addEventListener("click", () => {
    search.value = "";
    for (const select of selects) select.value = "";
    filter();
  });
  window.addEventListener("hashchange", openTarget);
  window.addEventListener("beforeprint", () => {
    findings.filter((finding) => !finding.hidden).forEach(unfold);
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  table.addEventListener("toggle", (event) => unfold(event.target.closest("tbody")), true);
  // So that the browser's own search finds them; thousands would keep the reader waiting.
  if (!table.classList.contains("many")) findings.forEach(unfold);
  document.querySelector(".controls").hidden = false;
  openTarget();
})();
