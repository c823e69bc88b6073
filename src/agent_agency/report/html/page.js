"use strict";
// A link to a folded ruling opens it, in browsers that do not do so by themselves.
const unfold = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  const folded = target && target.closest("details");
  if (folded && !folded.open) {
    folded.open = true;
    target.scrollIntoView();
  }
};
addEventListener("hashchange", unfold);
unfold();

// Paper cannot be unfolded.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});

// Filters for the lists of findings; without this script every list is simply whole.
for (const form of document.querySelectorAll("form.filters")) {
  const cards = [...form.parentElement.querySelectorAll("[data-standing]")];
  const words = cards.map((card) => card.textContent.toLowerCase());
  const output = form.querySelector("output");
  const apply = () => {
    const asked = new FormData(form);
    const query = asked.get("q").toLowerCase().trim();
    let shown = 0;
    cards.forEach((card, number) => {
      const fits =
        words[number].includes(query) &&
        ["standing", "severity", "gate"].every((key) => !asked.get(key) || card.dataset[key] === asked.get(key));
      card.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    output.textContent = `${shown} of ${cards.length} shown`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
}
