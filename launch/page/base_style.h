#pragma once

namespace attune::launch {

/// Style that all pages share: light and dark, text, tables, paper.
inline constexpr const char* kBaseStyle = R"css(
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
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .9rem .2rem 0; text-align: left; vertical-align: top; font-weight: normal; }
td.number, th.number { text-align: right; white-space: nowrap; }
details { margin-top: 2rem; } summary { cursor: pointer; }
footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .6rem; font-size: .85rem; color: var(--soft); }
@media print { body { max-width: none; padding: 0; font-size: .8rem; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)css";

}  // namespace attune::launch
