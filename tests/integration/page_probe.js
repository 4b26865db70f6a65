// What any page must be, in the browser: as wide as its window, with text that can be told from its ground.
const found = [];
const check = (what, good) => { if (!good) found.push(what); };
const light = (colour) => {
  const [red, green, blue] = colour.match(/[\d.]+/g).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
// The nearest ground behind an element that is not transparent.
const groundOf = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = at.ownerDocument.defaultView.getComputedStyle(at).backgroundColor;
    if (!/^rgba\(.*, 0\)$/.test(colour)) return colour;
  }
  return 'rgb(255, 255, 255)';
};
const checkPage = (view, texts) => {
  const root = view.document.documentElement;
  check('as wide as the window: ' + root.scrollWidth + ' of ' + view.innerWidth, root.scrollWidth <= view.innerWidth);
  for (const text of view.document.querySelectorAll(texts)) {
    const style = view.getComputedStyle(text);
    const colour = text.closest('svg') ? style.fill : style.color;
    const ground = groundOf(text);
    check('contrast of ' + text.textContent.slice(0, 20) + ' ' + colour + ' on ' + ground, contrast(colour, ground) >= 4.5);
  }
  for (const mark of view.document.querySelectorAll('.series .mark, .series rect'))
    check('contrast of a series', contrast(view.getComputedStyle(mark).fill, groundOf(mark)) >= 3);
  for (const line of view.document.querySelectorAll('.series .line'))
    check('contrast of a line', contrast(view.getComputedStyle(line).stroke, groundOf(line)) >= 3);
};
const tell = () => { document.title = found.length ? 'wrong: ' + [...new Set(found)].join('; ') : 'looks good'; };
