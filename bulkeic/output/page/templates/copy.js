// The buttons that copy a command.
async function copy(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.firstChild.textContent = "Copied";
    setTimeout(() => { button.firstChild.textContent = "Copy"; }, 2000);
  } catch {
    getSelection().selectAllChildren(code);
  }
}

// Buttons that need a script are hidden in the markup.
function showButtons(part) {
  for (const button of part.querySelectorAll(".copy, .pick")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".copy");
  if (button) copy(button);
});
