// Ties the map, the table and the printer together. Words come in as data and go out as text.
function bindSheet(map, grids, bounds) {
  const byCode = {};
  const tips = JSON.parse(document.getElementById("tips").textContent);
  const legend = document.querySelector(".legend");

  function tip(lines) {
    const box = document.createElement("div");
    for (const line of lines) {
      box.appendChild(document.createElement("p")).textContent = line;
    }
    return box;
  }

  grids.eachLayer((layer) => {
    const code = layer.feature.id;
    byCode[code] = layer;
    layer.bindTooltip(() => tip(tips[code]), { sticky: true, className: "grid-tip", opacity: 1 });
  });

  L.control.scale({ position: "bottomright", imperial: false }).addTo(map);

  function show(code) {
    const layer = byCode[code];
    if (!layer) return;
    map.fitBounds(layer.getBounds(), { maxZoom: 14, padding: [80, 80] });
    layer.openTooltip(layer.getBounds().getCenter());
  }

  for (const row of document.querySelectorAll("tr[data-code]")) {
    row.addEventListener("click", () => show(row.dataset.code));
    row.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        show(row.dataset.code);
      }
    });
  }

  function fit() {
    map.invalidateSize({ animate: false, pan: false });
    const beside = map.getSize().x > 600 ? legend.offsetWidth + legend.offsetLeft : 10;
    map.fitBounds(bounds, { animate: false, paddingTopLeft: [beside, 10], paddingBottomRight: [10, 10] });
  }

  // The page takes the paper's size before it is printed: Leaflet has to draw for that size.
  window.addEventListener("beforeprint", () => {
    document.documentElement.classList.add("paper");
    grids.eachLayer((layer) => layer.closeTooltip());
    fit();
  });
  window.addEventListener("afterprint", () => {
    document.documentElement.classList.remove("paper");
    fit();
  });
  fit();
}
