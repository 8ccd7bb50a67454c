// What a page must be for everybody, in the manner of axe-core: it returns what is wrong.
(function () {
  var wrong = [];
  function shown(e) {
    var s = getComputedStyle(e), box = e.getBoundingClientRect();
    return s.visibility !== "hidden" && s.display !== "none" && box.width > 1 && box.height > 1 && !e.closest("[hidden]");
  }
  function what(e) { return e.outerHTML.slice(0, 120); }

  // Names: whatever can be used says what it is.
  document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']").forEach(function (e) {
    if (!shown(e)) return;
    var labels = e.labels ? Array.from(e.labels).map(function (l) { return l.textContent; }).join("") : "";
    var by = (e.getAttribute("aria-labelledby") || "").split(" ").map(function (id) { var n = document.getElementById(id); return n ? n.textContent : ""; }).join("");
    if (!(e.getAttribute("aria-label") || by || labels || e.textContent || "").trim()) wrong.push("no name: " + what(e));
  });
  document.querySelectorAll("svg[role=img], [role=img], [role=region]").forEach(function (e) {
    if (shown(e) && !e.getAttribute("aria-label") && !e.getAttribute("aria-labelledby")) wrong.push("no name: " + what(e));
  });
  // One language, one title, one heading of the first level, and no level left out.
  if (!document.documentElement.lang) wrong.push("no language");
  if (!document.title) wrong.push("no title");
  var last = 0, ones = 0;
  document.querySelectorAll("h1, h2, h3, h4").forEach(function (h) {
    if (!shown(h)) return;
    var level = +h.tagName[1];
    if (level === 1) ones++;
    if (level > last + 1) wrong.push("a level is left out before: " + what(h));
    last = level;
  });
  if (ones !== 1) wrong.push(ones + " headings of the first level");
  var ids = {};
  document.querySelectorAll("[id]").forEach(function (e) {
    if (ids[e.id]) wrong.push("twice the id " + e.id);
    ids[e.id] = true;
  });
  // Nothing is reached in another order than it is read.
  document.querySelectorAll("[tabindex]").forEach(function (e) { if (+e.getAttribute("tabindex") > 0) wrong.push("its own place in the order of focus: " + what(e)); });

  // Contrast, WCAG 2.2 1.4.3: 4.5, and 3 for large text.
  function rgb(text) {
    var m = text.match(/[\d.]+/g).map(Number);
    return m.length > 3 ? m : m.concat(1);
  }
  function light(c) {
    var v = c.slice(0, 3).map(function (x) { x /= 255; return x <= 0.03928 ? x / 12.92 : Math.pow((x + 0.055) / 1.055, 2.4); });
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
  }
  function behind(e) {
    for (; e; e = e.parentElement) {
      var c = rgb(getComputedStyle(e).backgroundColor);
      if (c[3] === 1) return c;
    }
    return [255, 255, 255, 1];
  }
  var told = {};
  var walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (var n = walker.nextNode(); n; n = walker.nextNode()) {
    var e = n.parentElement;
    if (!n.textContent.trim() || !shown(e) || e.closest("script, style, .unseen")) continue;
    var s = getComputedStyle(e), ink = rgb(e.closest("svg") ? s.fill : s.color), size = parseFloat(s.fontSize);
    var a = light(ink), b = light(behind(e)), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    var need = size >= 24 || size >= 18.66 && +s.fontWeight >= 700 ? 3 : 4.5;
    var key = s.color + s.fill + e.className;
    if (ratio < need && !told[key]) {
      told[key] = true;
      wrong.push("contrast " + ratio.toFixed(2) + " of " + need + ": " + n.textContent.trim().slice(0, 40));
    }
  }
  // A phone scrolls one way.
  if (document.documentElement.scrollWidth > innerWidth + 1) wrong.push("the page is " + document.documentElement.scrollWidth + " px wide on " + innerWidth);
  return wrong;
})()
