"use strict";
/* Keys that follow the links of a page; images that are not there go. */

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog[open]")) return;
  const link = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key);
  if (link) {
    event.preventDefault();
    link.click();
  }
});
for (const image of document.querySelectorAll("img.moment")) {
  if (image.complete && !image.naturalWidth) image.closest("li").remove();
  image.addEventListener("error", () => image.closest("li").remove());
}
