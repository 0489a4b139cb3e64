"use strict";
// Everything can be read without this; it adds one switch for all photographs, zoom, and open details on paper.
(function () {
  const swaps = Array.from(document.querySelectorAll("input.swap"));
  const all = document.getElementById("all-findings");
  if (all && swaps.length) {
    all.hidden = false;
    all.addEventListener("click", function () {
      const on = all.getAttribute("aria-pressed") !== "true";
      all.setAttribute("aria-pressed", String(on));
      all.textContent = on ? all.dataset.on : all.dataset.off;
      swaps.forEach(function (swap) { swap.checked = on; });
    });
  }
  const dialog = document.getElementById("zoom");
  if (dialog && dialog.showModal) {
    const big = dialog.querySelector("img");
    const open = function (image) {
      big.src = image.src;
      big.alt = image.alt;
      dialog.showModal();
    };
    document.querySelectorAll(".photos img").forEach(function (image) {
      image.classList.add("zoomable");
      image.tabIndex = 0;
      image.setAttribute("role", "button");
      image.addEventListener("click", function () { open(image); });
      image.addEventListener("keydown", function (event) {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(image); }
      });
    });
    dialog.addEventListener("click", function () { dialog.close(); });
  }
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (one) { one.open = true; });
  });
})();
