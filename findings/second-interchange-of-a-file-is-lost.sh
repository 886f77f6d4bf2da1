#!/usr/bin/env bash
# Three readers of X12, by different authors, lose the second interchange of a file without an error if it ends its segments with another character.
#
# Software: node-x12 1.7.1, x12-parser 1.3.0 (both npm), pyx12 4.0.0 (PyPI).
# Guessed:  separators are each interchange's own, told by its ISA segment; a file is often several that a mailbox put together, from partners who don't agree. A reader takes them up at each ISA, or
#           complains about what it can't make out.
# Seen:     all three keep the first one's. Of a second interchange with another terminator, nothing is read: node-x12 and pyx12 end there as at the end of the file, pyx12 with an empty list of errors;
#           x12-parser makes one last segment of all of it. With the same terminator in both, all three read both.
# Matters:  the stock of one supplier isn't updated, on a day on which two reports were fetched together; the acknowledgement (997) of the first looks as it always does.
# Source:   node-x12 index.js detects separators once a text; x12-parser reads them from the first line of a stream; pyx12/rawx12file.py in its constructor.
#
# Needs npm and Python 3 with venv. Installs into a temporary folder, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/x12.bash"
need python3
install node-x12@1.7.1 x12-parser@1.3.0
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check pyx12==4.0.0
cat >read.py <<'PY'
import json, sys
import pyx12.x12file

with pyx12.x12file.X12Reader(sys.argv[1]) as reader:
    segments = list(reader)
    print(json.dumps({"read": [one.get_value("LIN03") for one in segments if one.get_seg_id() == "LIN"], "errors": reader.pop_errors()}))
PY
look <<'JS'
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { Readable } from "node:stream"
import x12 from "node-x12"
import { X12parser } from "x12-parser"
import { inventory } from "./x12.mjs"

const withNodeX12 = (isStrict) => (file) => {
  const read = new x12.X12Parser(isStrict).parse(file)
  const interchanges = Array.isArray(read) ? [...read] : [read]
  const segments = interchanges.flatMap(({ functionalGroups }) => functionalGroups.flatMap(({ transactions }) => transactions.flatMap((one) => one.segments)))
  return segments.filter(({ tag }) => tag === "LIN").map((segment) => segment.valueOf(3))
}
const withX12Parser = async (file) => {
  const read = []
  for await (const segment of Readable.from([file]).pipe(new X12parser())) if (segment.name === "LIN") read.push(segment["3"])
  return read
}
const withPyx12 = (file) => {
  writeFileSync("file.edi", file)
  const { read, errors } = JSON.parse(execFileSync("python/bin/python", ["read.py", "file.edi"], { encoding: "utf8" }))
  return errors.length === 0 ? read : `errors: ${JSON.stringify(errors)}`
}
const first = inventory("000000001", { A: 1, B: 2 })
const same = first + inventory("000000002", { C: 3 })
const other = first + inventory("000000002", { C: 3 }, "'")
for (const [name, read] of [["node-x12, strict", withNodeX12(true)], ["node-x12, lenient", withNodeX12(false)], ["x12-parser", withX12Parser], ["pyx12", withPyx12]]) {
  see(`${name}: articles, one terminator`, await read(same), ["A", "B", "C"])
  see(`${name}: articles, two terminators`, await read(other), ["A", "B"])
}
see("each reader, of the second alone", [withNodeX12(true)(inventory("000000002", { C: 3 }, "'")), await withX12Parser(inventory("000000002", { C: 3 }, "'")), withPyx12(inventory("000000002", { C: 3 }, "'"))], [["C"], ["C"], ["C"]])
JS
