// The page of a run under way. All it knows comes from the events, from the first on.
var STEPS = ["up", "read back", "load", "drain", "down", "judge"], variants = {}, cards = {};

// A card a variant, there from the start: what will be done is known before it is.
function variantCard(name) {
  if (cards[name]) return cards[name];
  var c = cards[name] = card(name), list = element("ol", "", "steps");
  c.steps = {};
  STEPS.forEach(function (s) { list.append(c.steps[s] = element("li", s)); });
  c.word.textContent = "waits";
  c.picture.before(list);
  return c;
}
function phase(c, now) {
  var at = STEPS.indexOf(now);
  STEPS.forEach(function (s, i) {
    c.steps[s].className = i < at || now === "end" ? "past" : "";
    if (s === now) c.steps[s].setAttribute("aria-current", "step");
    else c.steps[s].removeAttribute("aria-current");
  });
}
on.planned = function (m) {
  var several = m.runs.length > 1;
  node("title").textContent = several ? m.runs.length + " scenarios under way" : m.runs[0].scenario + ": " + m.runs[0].title;
  document.title = "lab99: " + (several ? m.runs.length + " scenarios" : m.runs[0].scenario);
  if (several) node("about").textContent = "This page shows " + m.runs.length + " scenarios as they go, one card a variant.";
  else m.runs[0].variants.forEach(variantCard);
};
on.begin = function (m) {
  var c = variantCard(m.name);
  c.picture.textContent = c.why.textContent = c.word.textContent = "";
  c.word.className = "change";
  c.strip = strip(c.picture, m.track);
  c.name = m.name;
  variants[m.id] = c;
};
on.phase = function (m) {
  var c = variants[m.id];
  phase(c, m.phase);
  if (m.phase === "up") c.strip.clear(); // it runs again, alone
  c.word.textContent = m.phase;
  if (m.phase === "load") tell(c.name + ": the load begins");
};
on.points = function (m) {
  variants[m.id].strip.add(m.points);
  dirty.add(variants[m.id]);
};
on.line = function (m) {
  variants[m.id].strip.set({ line: m.line });
  dirty.add(variants[m.id]);
  tell(variants[m.id].name + ": error 99. " + m.line.text);
};
on.end = function (m) {
  var c = variants[m.id];
  phase(c, "end");
  c.strip.set({ came_s: m.came_s });
  c.strip.draw();
  c.word.textContent = m.verdict + (m.as_expected === false ? ", not as expected" : "");
  c.word.className = "v v-" + m.verdict;
  c.why.textContent = m.text || "";
  tell(c.name + ": " + m.verdict + ". " + (m.text || ""));
};
on.say = function (m) {
  node("talk").textContent += m.text + "\n";
  node("talking").hidden = false;
};
