"use strict";
// What the scripts of all pages share. Texts are set as textContent, never as markup.
const byId = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");
const plural = (number, word) => `${whole.format(number)} ${word}${number === 1 ? "" : "s"}`;

function setText(element, value) {
  const string = String(value);
  // Do not touch an unchanged node: screen readers would announce it, and the browser lay it out again.
  if (element.textContent !== string) element.textContent = string;
}

function element(tag, className, ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}
