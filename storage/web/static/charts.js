// Draws each chart that the page describes, or says that there is nothing to draw.
async function draw(drawing) {
  const { query, base } = drawing.dataset;
  const { db, query: sql, display } = JSON.parse(drawing.dataset.chart);
  const answer = await fetch(`${base}${db}.json?sql=${encodeURIComponent(sql)}&${query}&_shape=objects`);
  const { rows: values } = await answer.json();
  if (values.length) return vegaEmbed(drawing, { width: "container", ...display, data: { values } });
  drawing.textContent = drawing.dataset.none;
  drawing.classList.add("failed");
}

for (const drawing of document.querySelectorAll("[data-chart]")) {
  draw(drawing).catch(() => {
    drawing.textContent = drawing.dataset.failed;
    drawing.classList.add("failed");
  });
}
