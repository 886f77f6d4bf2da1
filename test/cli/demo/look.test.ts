import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { type Look, lookLines, shellWord } from "../../../src/cli/demo/look.ts"

const look = (text: string): Look => ({
  folder: "left",
  name: "export HOLDFAST_OWN_FOLDER=left",
  start: "npm start",
  page: "http://127.0.0.1:18080/#key=k",
  asked: [{ about: "Why", command: "holdfast why A --channel web", text, answer: {} }],
})

describe("what the demo ends with", () => {
  it("is to be pasted: every word comes out of a shell as it is", () => {
    for (const word of ["FS-00001", "Art; 1", "it's $HOME", 'a"b`c`', "ä 漢", ""])
      expect(execFileSync("sh", ["-c", `printf %s ${shellWord(word)}`], { encoding: "utf8" })).toBe(word)
  })

  it("names folder, command and page, then each question with the beginning of its answer", () => {
    const lines = lookLines(look("first\nsecond"))
    for (const part of ["  export HOLDFAST_OWN_FOLDER=left", "  npm start", "Then the page is at http://127.0.0.1:18080/#key=k"])
      expect(lines).toContain(part)
    expect(lines.slice(-4)).toEqual(["Why:", "$ holdfast why A --channel web", "first", "second"])
    const long = lookLines(look(Array.from({ length: 40 }, (_, at) => `line ${at}`).join("\n")))
    expect(long.at(-1)).toBe("…")
    expect(long.length).toBeLessThan(lines.length + 15)
  })
})
