(() => {
  "use strict";
  const all = (selector) => [...document.querySelectorAll(selector)];
  all(".tools").forEach((tools) => { tools.hidden = false; });

  const show = (element, visible) => element.toggleAttribute("data-hidden", !visible);
  const tell = (name, shown, total) => {
    all(`[data-count="${name}"]`).forEach((place) => { place.textContent = shown === total ? "" : `${shown} of ${total}`; });
  };

  const search = document.querySelector('[data-filter="apps"]');
  const behind = document.querySelector("[data-behind]");
  const filterApps = () => {
    const text = search.value.trim().toLowerCase();
    const fits = (item) => item.dataset.app.toLowerCase().includes(text) && (!behind.checked || "late" in item.dataset);
    all("[data-app]").forEach((item) => show(item, fits(item)));
    const rows = all("tr[data-app]");
    tell("apps", rows.filter(fits).length, rows.length);
  };
  if (search) {
    search.addEventListener("input", filterApps);
    behind.addEventListener("change", filterApps);
  }

  const words = document.querySelector('[data-filter="findings"]');
  const severity = document.querySelector("[data-severity]");
  const filterFindings = () => {
    const text = words.value.trim().toLowerCase();
    const fits = (row) => row.textContent.toLowerCase().includes(text) && (!severity.value || row.dataset.level === severity.value);
    const rows = all("[data-finding]");
    rows.forEach((row) => show(row, fits(row)));
    tell("findings", rows.filter(fits).length, rows.length);
  };
  if (words) {
    words.addEventListener("input", filterFindings);
    severity.addEventListener("change", filterFindings);
  }

  const fold = (open) => all("details").forEach((item) => { item.open = open; });
  all("[data-fold]").forEach((button) => button.addEventListener("click", () => fold(button.dataset.fold === "open")));
  window.addEventListener("beforeprint", () => fold(true));
})();
