#include "launch/page/chart.h"

namespace attune::launch {

const char* const kChartStyle = R"css(
:root { --c0: #1a6fb5; --c1: #c2500a; --c2: #1e7f4f; --c3: #6b4fa3; --c4: #7a7400; --c5: #007e8c; --c6: #b8398f;
  --c7: #7a5230; --c8: #5d6670; --c9: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --c0: #6cb4ee; --c1: #f08c4a; --c2: #62c794; --c3: #b7a0ea; --c4: #d3cc5a;
  --c5: #5fd0de; --c6: #ee8fcf; --c7: #cfa27c; --c8: #a4adb6; --c9: #ff6b6b; } }
.c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); } .c4 { --c: var(--c4); }
.c5 { --c: var(--c5); } .c6 { --c: var(--c6); } .c7 { --c: var(--c7); } .c8 { --c: var(--c8); } .c9 { --c: var(--c9); }
figure { margin: 1rem 0 2rem; } figcaption { max-width: 46rem; margin-bottom: .5rem; }
.charts { display: grid; gap: 1rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.chart { width: 100%; max-width: 40rem; height: auto; break-inside: avoid; }
.chart text { fill: var(--ink); font: 12.5px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.chart .title { font-weight: 600; } .chart .soft { fill: var(--soft); }
.chart .end { text-anchor: end; } .chart .middle { text-anchor: middle; }
.grid { stroke: var(--line); } .line { fill: none; stroke: var(--c); stroke-width: 1.75; }
.dashed .line { stroke-dasharray: 5 3; } .error { fill: none; stroke: var(--c, var(--ink)); stroke-width: 1.1; }
.mark { fill: var(--c); stroke: var(--paper); stroke-width: 1; }
.bar rect { fill: var(--c0); } .stacked rect { fill: var(--c); } .point:hover .mark, .bar:hover rect { fill: var(--ink); }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; padding: 0; margin: .5rem 0 0; font-size: .9rem; }
.key li { cursor: default; } .key svg { width: 1.9rem; height: .9rem; vertical-align: -.1rem; margin-right: .35rem; }
.picked .series:not(.out) { opacity: .13; }
@media print { .charts { grid-template-columns: 1fr 1fr; } figure { break-inside: avoid; }
  h2, .caption { break-after: avoid; } }
)css";

const char* const kChartScript = R"js(
for (const name of document.querySelectorAll('.key li')) {
  const figure = name.closest('figure');
  const bring = (out) => {
    figure.classList.toggle('picked', out);
    for (const series of figure.querySelectorAll('.series'))
      series.classList.toggle('out', out && series.dataset.series === name.dataset.series);
  };
  name.addEventListener('mouseenter', () => bring(true));
  name.addEventListener('mouseleave', () => bring(false));
}
)js";

}  // namespace attune::launch
