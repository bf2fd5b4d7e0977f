// The page of a report: its targets are in the page itself.
showButtons(document);
byId("loading").textContent = "Unpacking the targets …";
unpack(byId("data").textContent).then((found) => {
  showTargets(found);
  document.addEventListener("click", (event) => {
    const choices = picked(event.target);
    if (choices) pick(choices);
  });
  byId("loading").hidden = true;
  document.documentElement.dataset.ready = "yes";
}, () => {
  byId("loading").textContent = "This browser cannot unpack the targets; bulkeic export prints them.";
});
