#!/usr/bin/env bash
# A node-x12 parser that reads a second file answers with the first file's articles as well.
#
# Software: node-x12 1.7.1.
# Guessed:  `parse` is a function of the text that it is given: one parser, made with its options, reads one file after another. (Its type says so: it takes a text and returns an interchange.)
# Seen:     what it has read stays in the parser. The second call returns both files as if they were one with two interchanges, the third all three; in the parser's lenient mode, where it returns one
#           interchange, that one has the groups of all files so far under the envelope of the last.
# Matters:  a supplier's inventory report from the morning is applied once more with every one that comes after it: stock that was sold since is for sale again, and another supplier's name stands over it.
# Source:   index.js: the parser keeps its interchange in a field, and begins a new one only where it finds an ISA segment in strict mode, without forgetting those before.
#
# Needs npm. Installs into a temporary folder, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/x12.bash"
install node-x12@1.7.1
look <<'JS'
import { inventory } from "./x12.mjs"
import x12 from "node-x12"
const articlesOf = (read) =>
  (Array.isArray(read) ? [...read] : [read]).flatMap((interchange) =>
    interchange.functionalGroups.flatMap((group) =>
      group.transactions.flatMap((report) => report.segments.filter((segment) => segment.tag === "LIN").map((segment) => segment.valueOf(3))),
    ),
  )
const files = [inventory("000000001", { A: 1, B: 2 }), inventory("000000002", { C: 3 }), inventory("000000003", { D: 4 })]
see("a parser for each file", files.map((file) => articlesOf(new x12.X12Parser(true).parse(file))), [["A", "B"], ["C"], ["D"]])
const strict = new x12.X12Parser(true)
see("one strict parser for all", files.map((file) => articlesOf(strict.parse(file))), [["A", "B"], ["A", "B", "C"], ["A", "B", "C", "D"]])
const lenient = new x12.X12Parser(false)
const read = files.map((file) => lenient.parse(file)).at(-1)
see("what a lenient parser returns for the third file", articlesOf(read), ["A", "B", "C", "D"])
see("under the envelope of", read.header.valueOf(13), "3")
JS
