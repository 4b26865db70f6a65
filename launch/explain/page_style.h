#pragma once

namespace attune::launch {

/// Style sheet of the page: light and dark, narrow and wide, on paper.
inline constexpr const char* kPageStyle = R"css(
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5d6670; --line: #d9dee3; --paper: #ffffff; --card: #f6f8fa;
  --attention: #c2500a; --plus: #1a6fb5; --minus: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a4adb6; --line: #3a4149; --paper: #15181b;
  --card: #1f2428; --attention: #f08c4a; --plus: #6cb4ee; --minus: #f28b82; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; max-width: 46rem; }
.soft { color: var(--soft); }
header { display: flex; gap: 1.5rem; flex-wrap: wrap; }
header > .picture { width: 11rem; flex: none; }
header > div:last-child { flex: 1 1 20rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .9rem .2rem 0; text-align: left; vertical-align: top; font-weight: normal; }
td.number, th.number { text-align: right; white-space: nowrap; }
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
details { margin-top: 2rem; } summary { cursor: pointer; }
footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .6rem; font-size: .85rem; color: var(--soft); }
@media print { body { max-width: none; padding: 0; font-size: .8rem; }
  .history { grid-template-columns: repeat(4, 1fr); }
  .legend label { display: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)css";

}  // namespace attune::launch
