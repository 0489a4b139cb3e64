"use strict";
// Everything can be read without this. It adds a viewer with zoom, and opens what is folded when the page is printed.
(function () {
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not(.bulk)").forEach(function (one) { one.open = true; });
  });

  const viewer = document.getElementById("viewer");
  const sheets = Array.from(document.querySelectorAll(".sheet")).filter(function (one) { return one.querySelector("img"); });
  if (!viewer || !viewer.showModal || !sheets.length) { return; }
  const stage = viewer.querySelector(".viewer-stage");
  const board = viewer.querySelector(".viewer-sheet");
  const label = viewer.querySelector(".viewer-name");
  const readout = viewer.querySelector(".viewer-cell");
  const MOST = 16;
  let shown = 0, scale = 1, left = 0, top = 0, cells = [];

  function place() {
    board.style.transform = "translate(" + left + "px," + top + "px) scale(" + scale + ")";
  }
  function keepInside() {
    const width = board.offsetWidth * scale, height = board.offsetHeight * scale;
    const room = function (size, space, at) {
      return size <= space ? (space - size) / 2 : Math.min(60, Math.max(space - size - 60, at));
    };
    left = room(width, stage.clientWidth, left);
    top = room(height, stage.clientHeight, top);
    place();
  }
  function fit() { scale = 1; left = top = 0; keepInside(); }
  function zoom(factor, x, y) {
    const wanted = Math.min(MOST, Math.max(1, scale * factor));
    left = x - (x - left) * wanted / scale;
    top = y - (y - top) * wanted / scale;
    scale = wanted;
    keepInside();
  }
  function zoomMiddle(factor) { zoom(factor, stage.clientWidth / 2, stage.clientHeight / 2); }

  // cells of the face, read back from the paths that draw them: kind, x, y in drawing units
  function readCells(id) {
    const found = [];
    if (!id) { return found; }
    document.querySelectorAll("#" + id + "-cells use").forEach(function (use) {
      const path = document.querySelector(use.getAttribute("href"));
      if (!path || path.dataset.read) { return; }
      path.dataset.read = "1";
      const numbers = (path.getAttribute("d").match(/-?\d+/g) || []).map(Number);
      let x = 0, y = 0;
      for (let i = 0; i + 2 < numbers.length; i += 3) {
        x += numbers[i]; y += numbers[i + 1];
        found.push([path.dataset.kind, x, y]);
        x += numbers[i + 2];
      }
    });
    document.querySelectorAll("path[data-read]").forEach(function (path) { delete path.dataset.read; });
    return found;
  }
  function tell(event) {
    const over = board.querySelector("svg.over");
    if (!over || !cells.length) { readout.textContent = ""; return; }
    const box = over.getBoundingClientRect(), view = over.viewBox.baseVal;
    const x = (event.clientX - box.left) / box.width * view.width, y = (event.clientY - box.top) / box.height * view.height;
    let best = 40 * 40, kind = "";
    cells.forEach(function (cell) {
      const apart = (cell[1] - x) * (cell[1] - x) + (cell[2] - y) * (cell[2] - y);
      if (apart < best) { best = apart; kind = cell[0]; }
    });
    readout.textContent = kind;
  }

  function show(index) {
    shown = (index + sheets.length) % sheets.length;
    const sheet = sheets[shown];
    const copy = sheet.cloneNode(true);
    board.replaceChildren(copy);
    label.textContent = sheet.dataset.name || "";
    readout.textContent = "";
    const ratio = sheet.offsetWidth / Math.max(1, sheet.offsetHeight);
    board.style.width = Math.min(stage.clientWidth, stage.clientHeight * ratio) + "px";
    cells = readCells(sheet.dataset.map);
    fit();
  }
  function open(index) {
    viewer.showModal();
    syncLayers();
    show(index);
    stage.focus();
  }
  function syncLayers() {
    viewer.querySelectorAll("[data-layer]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(document.getElementById(button.dataset.layer).checked));
    });
  }

  sheets.forEach(function (sheet, index) {
    sheet.classList.add("zoomable");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge";
    button.textContent = "⤢";
    button.setAttribute("aria-label", "Enlarge: " + (sheet.dataset.name || "picture"));
    sheet.parentNode.insertBefore(button, sheet.nextSibling);
    button.addEventListener("click", function () { open(index); });
    sheet.addEventListener("click", function () { open(index); });
  });
  viewer.querySelectorAll("[data-layer]").forEach(function (button) {
    button.addEventListener("click", function () {
      document.getElementById(button.dataset.layer).click();
      syncLayers();
    });
  });
  const actions = {
    previous: function () { show(shown - 1); }, next: function () { show(shown + 1); }, fit: fit,
    in: function () { zoomMiddle(1.5); }, out: function () { zoomMiddle(1 / 1.5); }, close: function () { viewer.close(); },
  };
  viewer.querySelectorAll("[data-do]").forEach(function (button) {
    button.addEventListener("click", actions[button.dataset.do]);
  });
  const keys = {
    "+": actions.in, "=": actions.in, "-": actions.out, "0": fit, n: actions.next, p: actions.previous,
    ArrowLeft: function () { left += 80; keepInside(); }, ArrowRight: function () { left -= 80; keepInside(); },
    ArrowUp: function () { top += 80; keepInside(); }, ArrowDown: function () { top -= 80; keepInside(); },
  };
  viewer.addEventListener("keydown", function (event) {
    if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); keys[event.key](); }
  });
  viewer.addEventListener("close", function () { board.replaceChildren(); });
  window.addEventListener("resize", function () { if (viewer.open) { show(shown); } });

  function local(event) {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
  stage.addEventListener("wheel", function (event) {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...local(event));
  }, { passive: false });
  stage.addEventListener("dblclick", function (event) { zoom(2, ...local(event)); });
  const fingers = new Map();
  stage.addEventListener("pointerdown", function (event) {
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, local(event));
    tell(event);
  });
  stage.addEventListener("pointermove", function (event) {
    const before = fingers.get(event.pointerId);
    if (!before) { tell(event); return; }
    const now = local(event);
    const other = Array.from(fingers.entries()).find(function (entry) { return entry[0] !== event.pointerId; });
    if (other) {
      const was = Math.hypot(before[0] - other[1][0], before[1] - other[1][1]);
      const is = Math.hypot(now[0] - other[1][0], now[1] - other[1][1]);
      zoom(is / Math.max(1, was), (now[0] + other[1][0]) / 2, (now[1] + other[1][1]) / 2);
    }
    const share = other ? 0.5 : 1;
    left += (now[0] - before[0]) * share;
    top += (now[1] - before[1]) * share;
    fingers.set(event.pointerId, now);
    keepInside();
  });
  ["pointerup", "pointercancel"].forEach(function (name) {
    stage.addEventListener(name, function (event) { fingers.delete(event.pointerId); });
  });
})();
