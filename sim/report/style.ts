/**
 * How the page looks, in light, in dark and on paper. Colours are named once for each and used by name everywhere, the drawings included; what a
 * colour says is also said by a word, a dash or a hatching.
 */

const light = `
--page:#f6f7f9;--card:#fff;--ink:#1c2128;--muted:#57606a;--rule:#d5dae0;--faint:#edf0f3;--lane:#f0f2f5;
--accent:#0a5cab;--second:#b04a00;--good:#1a7237;--good-soft:#e3f4e8;--bad:#b3261e;--bad-soft:#fde9e7;--warn:#825400;--warn-soft:#fdf1d6;
--over:#e8833a;--under:#4a90d9;--reserved:#7a5cc4;--reserved-soft:#e7e0f7;--serving:#3672b0;--serving-ink:#fff;--claiming:#e0a526;--frozen:#d3dbe4;
--crash:#b3261e;--pause:#5b6570;--tick-fault:#a8431f;--heal:#1a7237;--quiet-bar:#9aa7b4;--mark:#fff3c4;`

const dark = `
--page:#0f1419;--card:#171d24;--ink:#e6eaee;--muted:#9fabb8;--rule:#323b45;--faint:#222a32;--lane:#1e262e;
--accent:#6bb1ff;--second:#ffa35c;--good:#5fd381;--good-soft:#16301f;--bad:#ff8a80;--bad-soft:#3b1a1a;--warn:#ecc04f;--warn-soft:#35290f;
--over:#ff9a4d;--under:#62adff;--reserved:#a78bfa;--reserved-soft:#332a55;--serving:#3d76b0;--serving-ink:#fff;--claiming:#d29922;--frozen:#46525e;
--crash:#ff8a80;--pause:#a3b0bd;--tick-fault:#f0885b;--heal:#5fd381;--quiet-bar:#6f7d8b;--mark:#423a14;`

const page = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{display:flex;flex-wrap:wrap;justify-content:space-between;gap:4px 24px;padding-top:18px;color:var(--muted);font-size:14px}
header p{margin:0}
.brand{font-weight:700;color:var(--ink)}
.brand span{font-weight:400;color:var(--muted)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.88em}
code{overflow-wrap:anywhere}
a{color:var(--accent)}
section{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:20px 24px;margin:18px 0}
h1{font-size:clamp(1.35rem,3.2vw,1.95rem);line-height:1.25;margin:.15em 0 .5em;text-wrap:balance}
h2{font-size:1.25rem;margin:0 0 .3em;line-height:1.3}
h3{font-size:1.02rem;margin:1.4em 0 .5em;overflow-wrap:anywhere}
.lead{margin:0 0 1em;color:var(--muted);max-width:80ch}
.verdict{border-left:8px solid var(--good)}
.verdict.broken{border-left-color:var(--bad)}
.verdict.incomplete{border-left-color:var(--warn)}
.stamp{margin:0;font-weight:700;color:var(--good)}
.broken .stamp{color:var(--bad)}
.incomplete .stamp{color:var(--warn)}
.notes{margin:0 0 1em;padding-left:1.2em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(135px,1fr));gap:10px;margin:0}
.tile{display:flex;flex-direction:column-reverse;justify-content:flex-end;background:var(--faint);border-radius:8px;padding:10px 12px}
.tile dd{margin:0;font-size:1.35rem;font-weight:700;line-height:1.25;font-variant-numeric:tabular-nums}
.tile dt{color:var(--muted);font-size:.83rem;line-height:1.3}
.tile.good{background:var(--good-soft)}.tile.good dd{color:var(--good)}
.tile.bad{background:var(--bad-soft)}.tile.bad dd{color:var(--bad)}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:0;padding:0 4px;font-size:.93rem}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr));gap:22px 28px}
.scroll{overflow-x:auto;max-width:100%}
.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
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
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.6em 0}
caption{text-align:left;color:var(--muted);font-size:.85rem;padding-bottom:4px}
th,td{text-align:left;padding:5px 10px;border-bottom:1px solid var(--rule);vertical-align:top}
thead th{border-bottom-width:2px;font-size:.82rem;color:var(--muted);vertical-align:bottom}
tbody th{font-weight:600}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tr.bad>*{background:var(--bad-soft)}
tr.warn>*{background:var(--warn-soft)}
tr.mark>*{background:var(--mark);font-weight:700}
.tag{display:inline-block;padding:0 8px;border-radius:9px;font-size:.82rem;font-weight:600;white-space:nowrap;border:1px solid currentColor}
.tag.good{color:var(--good)}.tag.bad{color:var(--bad);background:var(--bad-soft)}.tag.warn{color:var(--warn);background:var(--warn-soft)}
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
:root{color-scheme:light;${light}}
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

export const style = `:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}${page}${tables}${drawings}${legends}${paper}`
