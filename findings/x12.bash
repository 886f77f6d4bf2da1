# What the findings about X12 share: `inventory`, which writes an interchange with one inventory report (846) of the articles and quantities given. To be sourced; it installs nothing by itself.
source "$(dirname "${BASH_SOURCE[0]}")/seeing.bash"
cat >x12.mjs <<'JS'
const fixed = (text) => text.padEnd(15)
export const inventory = (control, articles, terminator = "~") =>
  [
    ["ISA", "00", " ".repeat(10), "00", " ".repeat(10), "ZZ", fixed("SUPPLIER"), "ZZ", fixed("RETAILER"), "261130", "0100", "U", "00401", control, "0", "T", ">"],
    ["GS", "IB", "SUPPLIER", "RETAILER", "20261130", "0100", "1", "X", "004010"],
    ["ST", "846", "0001"],
    ["BIA", "00", "SI", control, "20261130"],
    ...Object.entries(articles).flatMap(([sku, units], n) => [["LIN", n + 1, "SK", sku], ["QTY", "33", units, "EA"]]),
    ["CTT", Object.keys(articles).length],
    ["SE", 4 + 2 * Object.keys(articles).length, "0001"],
    ["GE", "1", "1"],
    ["IEA", "1", control],
  ]
    .map((elements) => elements.join("*") + terminator)
    .join("")
JS
