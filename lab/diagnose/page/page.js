// The page of a watched host: a card for each pair, in the report's order, and what is to be
// known below.
var WINDOW = 180, pairs = {}, history = {}, MOOD = { exhausted: "reproduced", "running-out": "reproduced", slow: "inconclusive", unknown: "inconclusive", ok: "mitigated" };

on.ports = function (m) {
  Object.keys(m.taken).forEach(function (id) {
    var point = [m.t_s, m.taken[id]];
    (history[id] = history[id] || []).push(point);
    if (!pairs[id]) return;
    pairs[id].strip.add([point]);
    dirty.add(pairs[id]);
  });
  Object.keys(history).forEach(function (id) {
    history[id] = history[id].filter(function (p) { return p[0] >= m.t_s - WINDOW; });
    if (!history[id].length) delete history[id];
  });
};
function pairCard(p) {
  var c = card(p.name);
  c.where = element("p", "", "meta");
  c.picture.before(c.where);
  c.facts = element("dl", "", "s-counts");
  c.strip = strip(c.picture, { name: p.name, tuples: p.tuples, duration_s: WINDOW, due_s: null, latest_due_s: null, watched: true, points: history[p.id] || [] });
  c.picture.after(c.facts);
  return c;
}
function list(id, title, items) {
  var box = node(id);
  if (!box) {
    box = element("section");
    box.id = id;
    node("cards").after(box);
  }
  box.replaceChildren();
  if (items.length) {
    var all = element("ul", "", "found");
    items.forEach(function (i) { all.append(i); });
    box.append(element("h2", title), all);
  }
  box.hidden = !items.length;
}
on.look = function (m) {
  node("connection").textContent = "Live. Last look at " + m.at + (m.others ? ". Emptier pairs that are not shown: " + m.others : "");
  var seen = {}, before = null;
  m.pairs.forEach(function (p) {
    var c = pairs[p.id] = pairs[p.id] || pairCard(p);
    seen[p.id] = true;
    if (c.box.previousElementSibling !== before) node("cards").insertBefore(c.box, before ? before.nextSibling : node("cards").firstChild);
    before = c.box;
    c.where.textContent = p.where;
    c.word.textContent = p.state;
    c.word.className = "v v-" + MOOD[p.state];
    c.strip.set({ tuples: p.tuples, due_s: p.due_s, says: p.says, now: p.state === "exhausted" });
    dirty.add(c);
    c.facts.replaceChildren.apply(c.facts, p.facts.map(function (f) {
      var one = element("div");
      one.append(element("dt", f[0]), element("dd", f[1]));
      return one;
    }));
    if (c.state && c.state !== p.state) tell(p.name + ": " + p.state + ". " + p.says);
    c.state = p.state;
  });
  Object.keys(pairs).forEach(function (id) {
    if (seen[id]) return;
    dirty.delete(pairs[id]);
    pairs[id].box.remove();
    delete pairs[id];
  });
  list("unseen", "Not seen", (m.unseen || []).map(function (u) { return element("li", u); }));
  list("forecasts", "Forecasts", (m.forecasts || []).map(function (f) { return element("li", f); }));
  list("findings", "Findings", m.findings.map(function (f) {
    var one = element("li"), level = element("b", f.level, f.level === "note" ? "" : "v v-" + (f.level === "critical" ? "reproduced" : "inconclusive"));
    one.append(level, ": " + f.text);
    if (f.at) one.append(" ", element("code", f.at));
    if (f.next) one.append(element("br"), "Next: " + f.next);
    return one;
  }));
};
