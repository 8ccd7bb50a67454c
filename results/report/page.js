// Pointing at a figure, touching it, or walking through it with the arrow keys
// tells its values. Everything else works without.
(function () {
  "use strict";
  var tip = document.getElementById("tip"), told = document.getElementById("told");
  var SVG = "http://www.w3.org/2000/svg", shown = null; // the plot whose values are told

  function number(v) {
    return Math.abs(v) >= 100 ? Math.round(v).toLocaleString("en") : String(+v.toPrecision(3));
  }
  // value is that of an axis at a share of its length; share is the way back.
  function value(axis, share) {
    return axis.Log ? axis.Min * Math.pow(axis.Max / axis.Min, share) : axis.Min + share * (axis.Max - axis.Min);
  }
  function share(axis, v) {
    return axis.Log ? Math.log(v / axis.Min) / Math.log(axis.Max / axis.Min) : (v - axis.Min) / (axis.Max - axis.Min);
  }
  // The point a series has at x: the step that x lies on, or the nearest dot.
  function at(s, x, panel) {
    var best = null, step = ["rate", "level", "share"].indexOf(s.kind) >= 0;
    (s.at || []).forEach(function (p) {
      if (step ? p[0] <= x && x - p[0] <= s.hold : Math.abs(share(panel.x, p[0]) - share(panel.x, x)) <= 1 / 40)
        if (!best || step || Math.abs(p[0] - x) < Math.abs(best[0] - x)) best = p;
    });
    return best;
  }
  function where(panel, x) {
    if (panel.x.Clock) return x.toFixed(2) + " s";
    if (panel.x.Quantile) return (100 * (1 - 1 / x)).toFixed(Math.max(1, Math.ceil(Math.log10(x)) - 1)) + " % of the requests";
    return panel.x.Label ? panel.x.Label + ": " + number(x) : "";
  }
  // The places at which a panel has something to tell: its names from the top
  // down, or every x at which a series has a point.
  function places(panel) {
    if (panel.y.Names) return panel.y.Names.map(function (_, i) { return i; });
    var seen = {};
    (panel.series || []).forEach(function (s) {
      (s.at || []).forEach(function (p) { if (p[0] >= panel.x.Min && p[0] <= panel.x.Max) seen[p[0]] = true; });
    });
    return Object.keys(seen).map(Number).sort(function (a, b) { return a - b; });
  }
  // What a panel tells at a place; nothing where nothing was measured.
  function lines(panel, place) {
    var found = [], names = panel.y.Names;
    (panel.series || []).forEach(function (s) {
      var p = names ? (s.at || []).filter(function (p) { return Math.abs(p[1] + place) < 0.5; })[0] : at(s, place, panel);
      if (p) found.push(s.name + " " + number(p[names ? 0 : 1]));
    });
    if (names && !found.length) found.push("none");
    return found.length ? [panel.title, names ? names[place] + (panel.x.Label ? ", " + panel.x.Label : "") : where(panel, place)].concat(found).filter(Boolean) : found;
  }

  function hide() {
    if (shown) shown.line.remove();
    shown = null;
    tip.hidden = true;
  }
  // Show panel i of a plot at a place, with a line through the figure and the
  // words at x and y of the window, else beside that line. Keys are also read aloud.
  function show(plot, i, place, x, y) {
    hide();
    var text = lines(plot.panels[i], place), svg = plot.picture(), a = plot.areas()[i], panel = plot.panels[i];
    if (!text.length) return;
    var names = panel.y.Names, cx = a.X + (names ? 0 : share(panel.x, place) * a.W), cy = a.Y + (names ? (1 - share(panel.y, -place)) * a.H : 0);
    plot.line.setAttribute("d", "M" + cx + " " + cy + (names ? "h" + a.W : "v" + a.H));
    svg.appendChild(plot.line);
    if (x === undefined) {
      var box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width, frame = plot.node.getBoundingClientRect();
      plot.node.scrollLeft += Math.min(0, box.left + cx * scale - frame.left - 40) + Math.max(0, box.left + cx * scale - frame.right + 40);
      box = svg.getBoundingClientRect();
      x = box.left + cx * scale;
      y = Math.max(0, Math.min(box.top + cy * scale, innerHeight - 40));
      told.textContent = text.join("; ");
    }
    tip.textContent = text.join("\n");
    tip.hidden = false;
    tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = Math.max(4, Math.min(y + 14, innerHeight - tip.offsetHeight - 8)) + "px";
    shown = plot;
  }
  function point(plot, e) {
    var svg = plot.picture(), box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
    var px = (e.clientX - box.left) * scale, py = (e.clientY - box.top) * scale;
    var i = plot.areas().findIndex(function (a) { return px >= a.X && px <= a.X + a.W && py >= a.Y && py <= a.Y + a.H; });
    if (i < 0) return hide();
    var panel = plot.panels[i], a = plot.areas()[i];
    var place = panel.y.Names ? Math.max(0, Math.min(panel.y.Names.length - 1, Math.round(-value(panel.y, 1 - (py - a.Y) / a.H)))) : value(panel.x, (px - a.X) / a.W);
    show(plot, i, place, e.clientX, e.clientY);
  }
  // Left and right walk along a panel, up and down from panel to panel; among
  // names, which stand below each other, the other way round. Where it goes no
  // further the key is the page's again.
  function walk(plot, e) {
    var step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[e.key], all = places(plot.panels[plot.i]);
    var across = (e.key === "ArrowUp" || e.key === "ArrowDown") !== !!plot.panels[plot.i].y.Names, was = plot.k;
    if (e.key === "Escape") return hide();
    if (e.altKey || e.ctrlKey || e.metaKey || !step && e.key !== "Home" && e.key !== "End") return;
    if (e.shiftKey && step) step *= 10;
    if (!step) plot.k = e.key === "Home" ? 0 : all.length - 1;
    else if (plot.k === null) plot.k = 0;
    else if (!across) {
      plot.k = Math.max(0, Math.min(all.length - 1, plot.k + step));
      if (plot.k === was) return;
    } else {
      var x = all[plot.k], i = plot.i + Math.sign(step);
      while (plot.panels[i] && !places(plot.panels[i]).length) i += Math.sign(step);
      if (!plot.panels[i]) return;
      plot.i = i;
      all = places(plot.panels[i]);
      plot.k = all.findIndex(function (v) { return v >= x; }); // the same moment, as near as may be
      if (plot.k < 0) plot.k = all.length - 1;
    }
    if (!all.length) return;
    e.preventDefault();
    show(plot, plot.i, all[plot.k]);
  }

  document.querySelectorAll(".plot").forEach(function (node) {
    var data = JSON.parse(node.querySelector("script").textContent), wide = node.querySelector("svg.wide"), phone = node.querySelector("svg.phone");
    var plot = { node: node, panels: data.panels, i: 0, k: null, line: document.createElementNS(SVG, "path") };
    // Panels that stand above each other have their scale labelled once.
    var label = plot.panels.map(function (p) { return p.x.Label; }).filter(Boolean)[0];
    plot.panels.forEach(function (p) { p.x.Label = p.x.Label || label; });
    plot.picture = function () { return getComputedStyle(wide).display === "none" ? phone : wide; };
    plot.areas = function () { return data.areas[plot.picture().getAttribute("class")]; };
    plot.i = Math.max(0, plot.panels.findIndex(function (p) { return places(p).length; }));
    plot.line.setAttribute("class", "cursor");
    node.querySelectorAll("title").forEach(function (t) { t.remove(); }); // or the browser's own tip stands beside this one
    // Only with this script are there keys to tell of.
    node.setAttribute("role", "application");
    node.setAttribute("aria-label", node.getAttribute("aria-label") + " Arrow keys tell the values.");
    node.addEventListener("pointermove", function (e) { point(plot, e); });
    node.addEventListener("pointerdown", function (e) { point(plot, e); }); // a finger does not hover
    node.addEventListener("pointerleave", function (e) { if (e.pointerType === "mouse") hide(); });
    node.addEventListener("keydown", function (e) { walk(plot, e); });
    node.addEventListener("blur", hide);
  });
  document.addEventListener("pointerdown", function (e) { if (!e.target.closest(".plot")) hide(); });
  addEventListener("wheel", hide, { passive: true });
  addEventListener("resize", hide);

  // The replay: the strips of all variants, up to the moment that the slider says.
  var replay = document.getElementById("replay");
  if (replay) {
    replay.hidden = document.getElementById("to-replay").hidden = false; // its width is asked for
    var moment = document.getElementById("moment"), said = document.getElementById("at"), play = document.getElementById("play");
    var boxes = JSON.parse(document.getElementById("tracks").textContent).map(function (track) {
      var box = document.createElement("div"), head = document.createElement("h3");
      head.textContent = track.name;
      box.append(head);
      document.getElementById("strips").append(box);
      return { box: box, track: track };
    }); // all of them, before the first is asked for its width
    var strips = boxes.map(function (b) { return strip(b.box, b.track); });
    var end = strips.reduce(function (most, s) { return Math.max(most, s.end()); }, 0), running = null;
    var go = function (t) {
      t = Math.min(t, end);
      moment.value = t;
      said.textContent = t.toFixed(1) + " s";
      moment.setAttribute("aria-valuetext", said.textContent);
      strips.forEach(function (s) { s.until(t); });
    };
    var stop = function () {
      clearInterval(running);
      running = null;
      play.textContent = "Play";
    };
    moment.max = Math.ceil(10 * end) / 10;
    moment.addEventListener("input", function () { stop(); go(+moment.value); });
    play.addEventListener("click", function () {
      if (running !== null) return stop();
      var from = +moment.value >= end ? 0 : +moment.value, began = Date.now(), speed = Math.max(1, end / 20); // 20 s at most
      play.textContent = "Pause";
      running = setInterval(function () {
        go(from + speed * (Date.now() - began) / 1000);
        if (+moment.value >= end) stop();
      }, 100);
    });
    go(end);
  }

  // Older browsers print closed details closed, whatever the style sheet says.
  var opened = [];
  addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details.short:not([open])"));
    opened.forEach(function (d) { d.open = true; });
  });
  addEventListener("afterprint", function () { opened.forEach(function (d) { d.open = false; }); });
})();
