// "/" goes to the search box. All pages work without this script.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    document.getElementById("q-front")?.focus() ?? document.getElementById("q").focus();
  }
});
