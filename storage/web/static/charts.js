// Draws each chart that the page describes, with the script of datasette-dashboards.
for (const drawing of document.querySelectorAll("[data-chart]")) {
  const { slug, chart, query, base, failed } = drawing.dataset;
  renderChart(slug, JSON.parse(chart), query, base).catch(() => {
    drawing.textContent = failed;
    drawing.classList.add("failed");
  });
}
