#pragma once

namespace attune::launch {

inline constexpr const char* kStatusStyle = R"css(
header p { margin: 0; }
.bar { height: .6rem; margin: 1rem 0 .3rem; background: var(--card); border: 1px solid var(--line); border-radius: .3rem;
  overflow: hidden; }
.bar div { height: 100%; background: var(--plus); }
.cards { display: grid; gap: .8rem; margin: 1.2rem 0; grid-template-columns: repeat(auto-fill, minmax(min(100%, 10.5rem), 1fr)); }
.cards div { padding: .6rem .8rem; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; min-width: 0; }
.cards dt { font-size: .85rem; color: var(--soft); } .cards dd { margin: 0; font-variant-numeric: tabular-nums; }
.cards .large { font-size: 1.35rem; line-height: 1.3; } .cards .note { font-size: .85rem; color: var(--soft); }
.problems { padding: .6rem .8rem; margin: 1rem 0; list-style: none; border: 2px solid var(--minus); border-radius: .4rem; }
.problems li::before { content: "! "; font-weight: 700; color: var(--minus); }
.events { list-style: none; padding: 0; } .events li { padding: .15rem 0; }
.events time { color: var(--soft); font-variant-numeric: tabular-nums; margin-right: .6rem; }
.events .bad::before { content: "! "; font-weight: 700; color: var(--minus); }
#lost { border: 2px solid var(--minus); border-radius: .4rem; padding: .6rem .8rem; max-width: none; } #lost[hidden] { display: none; }
.sortable th { font-weight: 600; }
@media (max-width: 30rem) { body { padding: 1rem; } }
)css";

/// Asks for the newest body; says so when there is no answer.
inline constexpr const char* kStatusScript = R"js(
const main = document.querySelector('main');
const lost = document.getElementById('lost');
let answered = Date.now();
const ask = async () => {
  try {
    const answer = await fetch('status', {headers: {Accept: 'text/html'}, cache: 'no-store', signal: AbortSignal.timeout(5000)});
    if (!answer.ok) throw answer.status;
    const text = await answer.text();
    const open = [...main.querySelectorAll('details')].map((part) => part.open);
    main.innerHTML = text;
    main.querySelectorAll('details').forEach((part, at) => { part.open = open[at] ?? part.open; });
    document.title = main.querySelector('[data-title]').dataset.title;
    answered = Date.now();
    lost.hidden = true;
  } catch {
    lost.querySelector('span').textContent = Math.round((Date.now() - answered) / 1000);
    lost.hidden = false;
  }
  setTimeout(ask, document.hidden ? 10000 : 2000);
};
setTimeout(ask, 2000);
)js";

}  // namespace attune::launch
