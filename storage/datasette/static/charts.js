// Has the dashboards' script draw each chart that the page describes.
for (const drawing of document.querySelectorAll("[data-chart]")) {
  const { slug, chart, query, base } = drawing.dataset;
  renderChart(slug, JSON.parse(chart), query, base);
}
