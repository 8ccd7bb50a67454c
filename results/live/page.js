// What all live pages have: cards, and events. on.KIND takes the messages of a kind.
"use strict";
var on = {}, over = false, dirty = new Set();
function node(id) { return document.getElementById(id); }
function element(name, text, className) {
  var e = document.createElement(name);
  if (text) e.textContent = text;
  if (className) e.className = className;
  return e;
}
// card adds one with a name, a word beside it, and a place for a strip.
function card(name) {
  var c = { box: element("article", "", "card live"), word: element("span", "", "change"), why: element("p", "", "why"), picture: element("div"), strip: null };
  var head = element("h2");
  head.append(element("span", name), c.word);
  c.box.setAttribute("aria-label", name);
  c.box.append(head, c.picture, c.why);
  node("cards").append(c.box);
  return c;
}
function tell(text) { node("told").textContent = text; } // to who does not see
// No picture is drawn more often than the eye sees, nor while nobody looks.
setInterval(function () {
  if (document.hidden) return;
  dirty.forEach(function (c) { c.strip.draw(); });
  dirty.clear();
}, 250);

// It begins once every kind is known.
function listen() {
  var events = new EventSource("events");
  events.onopen = function () { node("connection").textContent = "Live."; };
  events.onmessage = function (e) {
    var m = JSON.parse(e.data);
    on[m.kind](m);
  };
  events.onerror = function () {
    if (!over) node("connection").textContent = "The connection is lost. The page goes on if it comes back.";
  };
  on.done = function (m) {
    over = true;
    events.close();
    if (m.report) location.reload(); // the same address is the report now
    else node("connection").textContent = "It has ended.";
  };
}
