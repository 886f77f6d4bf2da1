/**
 * How the page looks, in light, in dark and on paper: the look that it shares with the page of a gateway, whose file it takes as it is, and what its drawings need beside that. Colours are named once for each
 * theme and used by name everywhere, the drawings included; what a colour says is also said by a word, a dash or a hatching.
 */
import { readFileSync } from "node:fs"

/** Read once, when the report's parts are loaded: the page stands for itself, so the look is written into it. */
const look = readFileSync(new URL("../../src/page/look.css", import.meta.url), "utf8")

/** What drawings need beside the common colours. */
const colours = `
:root{
--lane:light-dark(#f0f2f5,#1e262e);
--second:light-dark(#b04a00,#ffa35c);
--over:light-dark(#e8833a,#ff9a4d);
--under:light-dark(#4a90d9,#62adff);
--reserved:light-dark(#7a5cc4,#a78bfa);
--reserved-soft:light-dark(#e7e0f7,#332a55);
--serving:light-dark(#3672b0,#3d76b0);
--serving-ink:light-dark(#fff,#fff);
--claiming:light-dark(#e0a526,#d29922);
--frozen:light-dark(#d3dbe4,#46525e);
--crash:light-dark(#b3261e,#ff8a80);
--pause:light-dark(#5b6570,#a3b0bd);
--tick-fault:light-dark(#a8431f,#f0885b);
--heal:light-dark(#1a7237,#5fd381);
--quiet-bar:light-dark(#9aa7b4,#6f7d8b);
--mark:light-dark(#fff3c4,#423a14);
}`

const page = `
header,main,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{display:flex;flex-wrap:wrap;justify-content:space-between;gap:4px 24px;padding-top:18px;color:var(--muted);font-size:14px}
header p{margin:0}
.brand{font-weight:700;color:var(--ink)}
.brand span{font-weight:400;color:var(--muted)}
pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.88em}
.tiles+.tiles{margin-top:10px}
h1{margin:.15em 0 .5em}
h3{margin-top:1.4em}
.verdict{border-left:8px solid var(--good)}
.verdict.broken{border-left-color:var(--bad)}
.verdict.incomplete{border-left-color:var(--warn)}
.stamp{margin:0;font-weight:700;color:var(--good)}
.broken .stamp{color:var(--bad)}
.incomplete .stamp{color:var(--warn)}
.notes{margin:0 0 1em;padding-left:1.2em}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:0;padding:0 4px;font-size:.93rem}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr));gap:22px 28px}
details{border-top:1px solid var(--rule);margin-top:14px;padding-top:8px}
summary{cursor:pointer;color:var(--accent);font-weight:600;overflow-wrap:anywhere}
.more{color:var(--muted);font-size:.9rem}
article{border-top:2px solid var(--rule);margin-top:24px}
.failure+.failure{border-top:1px dashed var(--rule);margin-top:22px;padding-top:12px}
.detail{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--bad-soft);border-radius:6px;padding:10px 12px;margin:.6em 0}
.replay code{background:var(--faint);padding:3px 7px;border-radius:5px;user-select:all}
.facts{display:flex;flex-wrap:wrap;gap:6px 26px;margin:.8em 0}
.facts div{max-width:100%}
.facts dt{color:var(--muted);font-size:.8rem}
.facts dd{margin:0;overflow-wrap:anywhere}
footer{color:var(--muted);font-size:.85rem;padding-bottom:40px}`

const tables = `
tr.mark>*{background:var(--mark);font-weight:700}
.meter{display:block;height:.7em;margin-top:.42em;background:var(--tick-fault);border-radius:2px;min-width:1px}
#faults td,#faults tbody th{padding-top:1px;padding-bottom:1px;border-bottom:0}
#faults tbody th{white-space:nowrap}
#faults td:last-child{width:26%;min-width:90px}`

const drawings = `
svg{display:block;max-width:100%;height:auto;min-width:820px;font-family:inherit;overflow:visible}
.grid svg{min-width:0;width:100%}
svg text{fill:var(--ink);font-size:12.5px}
svg .heading{font-weight:700;font-size:13.5px}
svg .strong{font-weight:700;fill:var(--accent);font-size:13.5px}
.grid .label,.grid .value{font-size:13.5px}
svg .small{font-weight:400;fill:var(--muted);font-size:12.5px}
svg .tick{fill:var(--muted);font-size:12px}
svg .end,svg .reading{text-anchor:end}
svg .middle{text-anchor:middle}
svg .reading{fill:var(--muted);font-variant-numeric:tabular-nums;paint-order:stroke;stroke:var(--card);stroke-width:5px}
.axis{stroke:var(--muted);stroke-width:1}
.grid-line{stroke:var(--rule);stroke-width:1}
.bar{fill:var(--quiet-bar)}.bar.ours{fill:var(--accent)}
.most{stroke:var(--ink);stroke-width:2.4}
path[class^=line]{fill:none;stroke-width:1.6;stroke-linejoin:round}
.line-on-hand{stroke:var(--ink)}
.line-reserved{stroke:var(--reserved)}
.area-reserved{fill:var(--reserved-soft)}
path.line-published{stroke:var(--accent);stroke-width:2.4}
.line-heard{stroke:var(--second);stroke-dasharray:5 2}
.lag-over{fill:var(--over);fill-opacity:.5}
.lag-under{fill:var(--under);fill-opacity:.38}
.healing{stroke:var(--heal);stroke-width:1.6;stroke-dasharray:3 3}
svg .healing-word{fill:var(--heal);font-weight:600;font-size:12px}
.lane{fill:var(--lane)}
.reign.frozen{stroke:var(--muted);stroke-dasharray:2 1.5}
.serving{fill:var(--serving)}.claiming{fill:var(--claiming)}.frozen{fill:var(--frozen)}
.reign{stroke:var(--card);stroke-width:.8}
svg .epoch{fill:var(--serving-ink);font-size:10.5px;font-weight:600;pointer-events:none}
.absence{fill-opacity:.3;stroke-width:1.4}
.absence.crashed{fill:var(--crash);stroke:var(--crash)}
.absence.paused{fill:var(--pause);stroke:var(--pause);stroke-dasharray:4 3}
.fault-tick{fill:var(--tick-fault);fill-opacity:.85}
.row-odd{fill:none}.row-even{fill:var(--faint)}
.to-stored{fill:var(--quiet-bar)}.to-decided{fill:var(--claiming)}.to-heard{fill:var(--serving)}
.sent{fill:var(--card);stroke:var(--ink);stroke-width:1.5}
.heard{fill:var(--good)}
.never{fill:none;stroke:var(--bad);stroke-width:2.2}
.in-question{stroke:var(--bad);stroke-width:1.6;stroke-dasharray:5 3}
.pointer{stroke:var(--ink);stroke-width:1;opacity:.6;pointer-events:none}`

const legends = `
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:3px 20px;margin:.4em 0 .8em;padding:0;font-size:.86rem;color:var(--muted)}
.legend li{display:flex;align-items:center;gap:7px}
.key{display:inline-block;width:18px;height:12px;flex:none}
.key.line-on-hand,.key.line-reserved,.key.line-published,.key.line-heard,.key.in-question{height:0;border-top:2.5px solid}
.key.line-on-hand{border-color:var(--ink)}
.key.line-reserved{border-color:var(--reserved)}
.key.line-published{border-color:var(--accent)}
.key.line-heard{border-color:var(--second);border-top-style:dashed}
.key.in-question{border-color:var(--bad);border-top-style:dashed}
.key.healing{width:0;height:14px;border-left:2.5px dashed var(--heal)}
.key.lag-over{background:var(--over);opacity:.6}.key.lag-under{background:var(--under);opacity:.5}
.key.serving,.key.to-heard{background:var(--serving)}.key.claiming,.key.to-decided{background:var(--claiming)}
.key.frozen{background:var(--frozen);border:1.4px dashed var(--muted)}.key.to-stored{background:var(--quiet-bar)}
.key.crashed{background:color-mix(in srgb,var(--crash) 30%,transparent);border:1.4px solid var(--crash)}
.key.paused{background:color-mix(in srgb,var(--pause) 30%,transparent);border:1.4px dashed var(--pause)}
.key.fault-tick{background:var(--tick-fault);width:4px}
.key.sent{width:10px;height:10px;border-radius:50%;border:1.5px solid var(--ink)}
.key.heard{width:10px;height:10px;border-radius:50%;background:var(--good)}
.key.never{width:auto;height:auto}.key.never::before{content:"✕";color:var(--bad);font-style:normal;font-weight:700;line-height:1}`

const paper = `
@media (max-width:640px){header,main,footer{padding-left:10px;padding-right:10px}section{padding:14px 14px}#faults td:last-child{min-width:60px}#faults tbody th{font-size:.8rem}.tile dd{font-size:1.15rem}}
@media print{
:root{color-scheme:light}
body{background:#fff;font-size:11pt}
header,main,footer{max-width:none;padding:0}
section{border:0;border-top:1px solid var(--rule);border-radius:0;padding:10px 0;margin:8px 0}
.verdict{padding-left:12px}
nav,.reading{display:none}
.scroll{overflow:visible}
svg{min-width:0;width:100%}
tr,svg,.failure,.tile{break-inside:avoid}
h2,h3,caption,.legend,.lead,summary{break-after:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}`

/** The whole style: the common look of what Holdfast shows people, as the page of a gateway is served it, and what a report has beside it. */
export const style = [look, colours, page, tables, drawings, legends, paper].join("\n")
