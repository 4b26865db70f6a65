#pragma once

namespace attune::launch {

/// Style of the page that explains, besides what all pages share (launch/page/base_style.h).
inline constexpr const char* kPageStyle = R"css(
header { display: flex; gap: 1.5rem; flex-wrap: wrap; }
header > .picture { width: 11rem; flex: none; }
header > div:last-child { flex: 1 1 20rem; }
.sums .total > * { border-top: 1px solid var(--ink); font-weight: 600; }
.history { list-style: none; margin: 1rem 0 0; padding: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); }
.history > li { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem;
  break-inside: avoid; display: flex; flex-direction: column; }
.history > li.wide { grid-column: 1 / -1; }
.picture { position: relative; border-radius: .25rem; overflow: hidden; background: var(--line); margin: 0 0 .6rem; }
.picture img { display: block; width: 100%; height: 100%; object-fit: cover; }
.picture svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.picture.empty { aspect-ratio: 1; display: grid; place-items: center; color: var(--soft); font-size: .85rem; }
body:has(#heat:not(:checked)) .picture:not(.empty) svg { visibility: hidden; }
.frames { display: flex; gap: 2px; overflow-x: auto; margin-bottom: .6rem; }
.frames > div { flex: 1 0 auto; min-width: 3px; display: flex; flex-direction: column; justify-content: flex-end; }
.frames.shown > div { flex: 1 0 5rem; max-width: 12rem; }
.frames img { display: block; width: 100%; border-radius: .2rem; }
.frames .bar { height: 4rem; display: flex; align-items: flex-end; }
.frames .bar i { display: block; width: 100%; background: var(--attention); min-height: 1px; }
.frames small { color: var(--soft); font-size: .7rem; text-align: center; }
.name { font-weight: 600; margin: 0 0 auto; }
.measure { display: flex; justify-content: space-between; font-size: .85rem; font-variant-numeric: tabular-nums;
  margin-top: .4rem; }
.meter { height: .45rem; background: var(--line); border-radius: .2rem; position: relative; overflow: hidden; }
.meter i { position: absolute; top: 0; bottom: 0; background: var(--attention); }
.meter i.plus { background: var(--plus); } .meter i.minus { background: var(--minus); }
.legend { display: flex; gap: 1.25rem; flex-wrap: wrap; align-items: center; font-size: .85rem; color: var(--soft); }
.legend .ramp { display: inline-block; width: 9rem; height: .7rem; border-radius: .2rem; vertical-align: middle; }
@media print { .history { grid-template-columns: repeat(4, 1fr); } .legend label { display: none; } }
)css";

}  // namespace attune::launch
