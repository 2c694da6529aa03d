// The reading room works without this: it lets "/" go to the search box, as in other places where people read.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    document.getElementById("q-front")?.focus() ?? document.getElementById("q").focus();
  }
});
