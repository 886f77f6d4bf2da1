/**
 * Where the demo's words go: plain lines where standard output is a file or a pipe, a block rewritten in place on a terminal, nothing
 * but the verdict with --json.
 */

import { type Look, lookLines } from "./look.ts"
import { type Scene, sceneBlock, sceneLine, verdictLines } from "./tables.ts"
import type { Verdict } from "./verdict.ts"

export interface Screen {
  /** Says something once. */
  readonly say: (line: string) => void
  /** Shows how it is going. */
  readonly show: (scene: Scene) => void
  readonly verdict: (verdict: Verdict, look: Look | null) => void
  /** Milliseconds between two shows. */
  readonly everyMs: number
}

const print = (lines: ReadonlyArray<string>): void => void process.stdout.write(lines.map((line) => `${line}\n`).join(""))

const verdictText = (verdict: Verdict, look: Look | null): ReadonlyArray<string> => [
  "",
  ...verdictLines(verdict),
  ...(look === null ? [] : lookLines(look)),
]

const lines: Screen = {
  say: (line) => print([line]),
  show: (scene) => print([sceneLine(scene)]),
  verdict: (verdict, look) => print(verdictText(verdict, look)),
  everyMs: 1_000,
}

/** Shortens to the width of the terminal: a wrapped line would not be rewritten. */
const fit = (line: string): string => line.slice(0, Math.max(20, (process.stdout.columns ?? 80) - 1))

const block = (): Screen => {
  let shown = 0
  const clear = () => {
    if (shown > 0) process.stdout.write(`\u001b[${shown}A\u001b[0J`)
    shown = 0
  }
  return {
    say: (line) => {
      clear()
      print([line])
    },
    show: (scene) => {
      clear()
      const rows = sceneBlock(scene).map(fit)
      print(rows)
      shown = rows.length
    },
    verdict: (verdict, look) => {
      clear()
      print(verdictText(verdict, look))
    },
    everyMs: 250,
  }
}

const verdictOnly: Screen = {
  say: () => undefined,
  show: () => undefined,
  verdict: (verdict, look) => print([JSON.stringify({ ...verdict, look }, null, 2)]),
  everyMs: 1_000,
}

export const screenFor = (json: boolean): Screen => (json ? verdictOnly : process.stdout.isTTY === true ? block() : lines)
