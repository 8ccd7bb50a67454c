// Pointing at a figure tells its values. Everything else works without.
(function () {
  "use strict";
  var tip = document.getElementById("tip");
  function number(v) {
    return Math.abs(v) >= 100 ? Math.round(v).toLocaleString("en") : String(+v.toPrecision(3));
  }
  function along(axis, share) {
    if (!axis.Log) return axis.Min + share * (axis.Max - axis.Min);
    return axis.Min * Math.pow(axis.Max / axis.Min, share);
  }
  // The point a series has at x: the step that x lies on, or the nearest dot.
  function at(s, x, panel) {
    var best = null, step = s.kind === "rate" || s.kind === "level";
    if (s.kind === "bars") return null;
    (s.at || []).forEach(function (p) {
      if (step ? p[0] <= x && x - p[0] <= s.hold : Math.abs(p[0] - x) <= (panel.x.Max - panel.x.Min) / 40 || panel.x.Log && Math.abs(Math.log(p[0] / x)) < 0.2)
        if (!best || step || Math.abs(p[0] - x) < Math.abs(best[0] - x)) best = p;
    });
    return best;
  }
  function where(panel, x) {
    if (panel.x.Clock) return x.toFixed(2) + " s";
    if (panel.x.Quantile) return (100 * (1 - 1 / x)).toFixed(x > 500 ? 2 : 1) + " % of the requests";
    return panel.x.Label ? panel.x.Label + ": " + number(x) : "";
  }
  function tell(plot, data, e) {
    var svg = plot.querySelector(getComputedStyle(plot.querySelector("svg.wide")).display === "none" ? "svg.phone" : "svg.wide");
    var box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
    var px = (e.clientX - box.left) * scale, py = (e.clientY - box.top) * scale, lines = [];
    data.areas[svg.getAttribute("class")].forEach(function (a, i) {
      var panel = data.panels[i];
      if (px < a.X || px > a.X + a.W || py < a.Y || py > a.Y + a.H || panel.y.Names) return;
      var x = along(panel.x, (px - a.X) / a.W);
      (panel.series || []).forEach(function (s) {
        var p = at(s, x, panel);
        if (p) lines.push(s.name + " " + number(p[1]));
      });
      if (lines.length) lines.unshift(panel.title, where(panel, x));
      lines = lines.filter(Boolean);
    });
    tip.hidden = !lines.length;
    tip.textContent = lines.join("\n");
    tip.style.left = Math.max(4, Math.min(e.clientX + 14, innerWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = Math.max(4, Math.min(e.clientY + 14, innerHeight - tip.offsetHeight - 8)) + "px";
  }
  document.querySelectorAll(".plot").forEach(function (plot) {
    var data = JSON.parse(plot.querySelector("script").textContent);
    plot.addEventListener("pointermove", function (e) { tell(plot, data, e); });
    plot.addEventListener("pointerleave", function () { tip.hidden = true; });
  });
})();
