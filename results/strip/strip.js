// strip draws one variant into an element: ports taken, rising towards those there are (the
// dashed line), the moment error 99 is due (the dotted one) and that at which it came (the
// solid one), and the requests lost (bars from below); beside them the countdown, what became
// of the requests, and the log's first line of error 99. It returns add(points), set(fields)
// of the track, clear(), draw(), until(t), which shows the first t seconds and draws them, and
// end(), the last moment there is.
function strip(node, track) {
  "use strict";
  var W = 0, H = 150;
  var L = 8, B = 22, TOP = 18, SVG = "http://www.w3.org/2000/svg";
  var points = track.points.slice(), shownUntil = Infinity;
  var CAUSES = [["ok", "ok"], ["error99", "error 99"], ["refused", "refused without a try"], ["other", "other failures"]];

  function element(name, className, into) {
    var e = document.createElement(name);
    e.className = className;
    (into || node).append(e);
    return e;
  }
  var when = element("p", "s-when"), svg = document.createElementNS(SVG, "svg"), words = element("p", "meta"), counts = {};
  svg.setAttribute("role", "img");
  when.after(svg);
  if (!track.watched) {
    var list = element("dl", "s-counts");
    CAUSES.forEach(function (c) {
      var one = element("div", "s-" + c[0], list);
      element("dt", "", one).textContent = c[1];
      counts[c[0]] = element("dd", "", one);
    });
  }
  var quoted = element("pre", "s-quote");

  function part(name, attributes, text) {
    var e = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach(function (k) { e.setAttribute(k, attributes[k]); });
    if (text) e.textContent = text;
    svg.appendChild(e);
    return e;
  }
  var rest = part("path", { "class": "s-rest" }), lost = part("path", { "class": "s-lost" });
  var area = part("path", { "class": "s-area" }), line = part("path", { "class": "s-line" });
  var full = part("path", { "class": "s-full" }), fullName = part("text", { "class": "s-name", "text-anchor": "end" });
  var due = moment("s-due"), came = moment("s-came");
  var floor = part("path", { "class": "s-floor" });
  var ends = [part("text", { "class": "s-name", x: L, y: H - 6 }), part("text", { "class": "s-name", y: H - 6, "text-anchor": "end" })];

  // Words keep their size on a phone: the picture is as wide as its place.
  function fit() {
    W = Math.max(300, node.clientWidth || 720);
    svg.setAttribute("viewBox", "0 0 " + W + " " + H);
    floor.setAttribute("d", "M" + L + " " + (H - B) + "H" + (W - L));
    fullName.setAttribute("x", W - L);
    ends[1].setAttribute("x", W - L);
  }

  // A line from top to bottom with its name beside it: before it, as failures stand after it, if
  // there is room.
  function moment(className) { return { line: part("path", { "class": className }), name: part("text", { "class": "s-name" }) }; }
  function place(m, x, y, text) {
    m.line.setAttribute("d", text ? "M" + x + " 4V" + (H - B) : "");
    m.name.textContent = text;
    var right = x < L + 110;
    m.name.setAttribute("x", x + (right ? 4 : -4));
    m.name.setAttribute("y", y);
    m.name.setAttribute("text-anchor", right ? "start" : "end");
  }
  function count(n) { return n.toLocaleString("en"); }
  function seconds(t) { return t.toFixed(2) + " s"; }

  // What is known at a moment. Failures are put to their causes as package lab/verdict does
  // it: of a connect() that failed only the log knows why, and no more is moved than it has.
  function at(until) {
    var s = { t: 0, ports: 0, ok: 0, failed: 0, error99: 0, refused: 0, log: null, first: null };
    points.forEach(function (p) {
      if (p[0] > until) return;
      s.t = Math.max(s.t, p[0]);
      if (p[1] !== null) {
        s.ports = p[1];
        if (p.length > 2) s.log = p;
        if (p[2] && s.first === null) s.first = p[0];
        return;
      }
      s.ok += p[2];
      s.failed += p[3];
      s.error99 += p[4];
      s.refused += p[5];
      if (p[4] && s.first === null && !track.own) s.first = p[0];
    });
    if (s.log && track.own) {
      s.error99 = Math.min(s.log[2], s.failed);
      s.refused = Math.min(s.log[3], s.failed - s.error99);
    } else if (s.log) {
      s.error99 -= Math.max(0, Math.min(s.error99 - s.log[2], s.log[4]));
      if (!s.error99 && !s.log[2]) s.first = null;
    }
    s.other = s.failed - s.error99 - s.refused;
    if (track.came_s && track.came_s <= s.t) s.first = track.came_s;
    return s;
  }
  function draw() {
    fit();
    var until = shownUntil, last = points.length ? points[points.length - 1][0] : 0, s = at(until);
    var from = track.watched ? Math.max(0, last - track.duration_s * 2 / 3) : 0; // a third is for what is to come
    var to = Math.max(from + track.duration_s, last, 0.1), peak = Math.max(track.tuples, 1), most = 1;
    points.forEach(function (p) {
      if (p[1] !== null) peak = Math.max(peak, p[1]);
      else most = Math.max(most, p[2] + p[3]);
    });
    function x(t) { return +(L + (W - 2 * L) * (t - from) / (to - from)).toFixed(1); }
    function y(v) { return +(H - B - (H - B - TOP) * v / peak).toFixed(1); }
    var d = "", begins = L, lastX = L, red = "", other = "";
    points.forEach(function (p) {
      if (p[0] > until || p[0] < from) return;
      if (p[1] !== null) {
        lastX = x(p[0]);
        if (!d) begins = lastX;
        d += (d ? "L" : "M") + lastX + " " + y(p[1]);
      } else if (p[3]) {
        var mid = H - B - (H - B - TOP) * p[4] / most;
        if (p[4]) red += "M" + x(p[0]) + " " + (H - B) + "V" + mid.toFixed(1);
        if (p[3] > p[4]) other += "M" + x(p[0]) + " " + mid.toFixed(1) + "V" + (H - B - (H - B - TOP) * p[3] / most).toFixed(1);
      }
    });
    line.setAttribute("d", d);
    area.setAttribute("d", d && d + "L" + lastX + " " + (H - B) + "L" + begins + " " + (H - B) + "Z");
    lost.setAttribute("d", red);
    rest.setAttribute("d", other);
    full.setAttribute("d", track.tuples ? "M" + L + " " + y(track.tuples) + "H" + (W - L) : "");
    fullName.setAttribute("y", y(track.tuples) - 5);
    fullName.textContent = track.tuples ? count(track.tuples) + " ports" : "";
    var low = H - B - 19; // below the curve, which is high when error 99 comes
    var dueIn = track.due_s !== null && track.due_s >= from && track.due_s <= to;
    place(due, dueIn ? x(track.due_s) : 0, low, dueIn ? "error 99 due, " + seconds(track.due_s) : "");
    place(came, s.first ? x(s.first) : 0, low + 13, s.first && s.first >= from ? "came, " + seconds(s.first) : "");
    ends[0].textContent = from.toFixed(0) + " s";
    ends[1].textContent = to.toFixed(0) + " s";
    when.textContent = countdown(s);
    when.classList.toggle("s-now", s.first !== null || !!track.now);
    words.textContent = seconds(s.t) + " · " + count(s.ports) + (track.tuples ? " of " + count(track.tuples) : "") + " ports taken";
    CAUSES.forEach(function (c) {
      if (!counts[c[0]]) return;
      counts[c[0]].textContent = count(s[c[0]]);
      counts[c[0]].parentNode.classList.toggle("s-none", !s[c[0]]);
    });
    var line99 = track.line && track.line.t_s <= until ? track.line.text : "";
    quoted.textContent = line99;
    quoted.hidden = !line99;
    svg.setAttribute("aria-label", track.name + ": " + words.textContent + ". " + when.textContent);
  }
  function countdown(s) {
    var late = track.latest_due_s || track.due_s, earliest = track.earliest ? " at the earliest" : "";
    if (track.says) return track.says;
    if (s.first !== null) {
      var was = track.due_s === null ? "was not due" : "was due after " + seconds(track.due_s) + earliest;
      if (late > track.due_s) was += " to " + seconds(late);
      return "Error 99 " + was + ", and " + (track.came_s ? "came after " : "had come by ") + seconds(s.first);
    }
    if (track.due_s === null || track.due_s > track.duration_s) return "No error 99 is due";
    if (s.t < track.due_s) return "Error 99 is due in " + (track.due_s - s.t).toFixed(1) + " s" + earliest;
    if (s.t <= late) return "Error 99 is due now";
    return "Error 99 was due after " + seconds(late) + earliest + ", and has not come";
  }
  draw();
  addEventListener("resize", draw);
  return {
    add: function (more) {
      points = points.concat(more);
      if (track.watched) points = points.filter(function (p) { return p[0] >= more[more.length - 1][0] - track.duration_s; });
    },
    set: function (fields) { Object.assign(track, fields); },
    clear: function () { points = []; draw(); },
    until: function (t) { shownUntil = t; draw(); },
    draw: draw,
    end: function () { return Math.max(track.watched ? 0 : track.duration_s, points.length ? points[points.length - 1][0] : 0); }
  };
}
