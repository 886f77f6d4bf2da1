import { describe, expect, it } from "vitest"
import { readArguments } from "../../../sim/cli/arguments.ts"
import { exitCode, exitCodeOf, exitCodeTexts, type Outcome } from "../../../sim/cli/exit-codes.ts"
import { UsageError } from "../../../sim/cli/flags.ts"
import { usualChannels } from "../../../sim/comparison/strategy.ts"

const asked = (...args: ReadonlyArray<string>) => {
  const read = readArguments(args)
  if (read === "help") throw new Error("it asked for help")
  return read
}

describe("the arguments of the simulator", () => {
  it("ask for a hundred seeds of the flash sale unless told otherwise", () => {
    expect(asked()).toMatchObject({
      seeds: { _tag: "Count", from: 1, count: 100 },
      worlds: { profile: "flash-sale", mutant: null, shell: false },
    })
  })

  it.each([
    ["7", "7"],
    ["007", "7"],
    ["C8B70EE", "c8b70ee"],
    ["c8b70ee4d2f19a03b6aa41c07f55e0d9d1b2c3f4", "c8b70ee4d2f19a03b6aa41c07f55e0d9d1b2c3f4"],
    ["hunt-no-claim-12", "hunt-no-claim-12"],
  ])("take %s as a seed, the same however it is written", (text, seed) => {
    expect(asked("--seed", text).seeds).toEqual({ _tag: "One", seed })
  })

  it("count seeds from where they are told to, for a number or a time", () => {
    expect(asked("--seeds", "5", "--from", "90").seeds).toEqual({ _tag: "Count", from: 90, count: 5 })
    expect(asked("--minutes", "0.5").seeds).toEqual({ _tag: "Minutes", from: 1, minutes: 0.5 })
  })

  it("run no seeds beside a part that needs none, unless a flag asks for some", () => {
    expect(asked("--mutants").seeds).toBeNull()
    expect(asked("--compare", "--exhaustive").seeds).toBeNull()
    expect(asked("--compare", "--seeds", "3").seeds).toEqual({ _tag: "Count", from: 1, count: 3 })
    expect(asked("--mutants", "--profile", "calm").seeds).toEqual({ _tag: "Count", from: 1, count: 100 })
  })

  it("run seeds of an order file that no other part plays", () => {
    expect(asked("--compare", "--orders", "a.csv").seeds).toBeNull()
    expect(asked("--mutants", "--orders", "a.csv").seeds).toEqual({ _tag: "Count", from: 1, count: 100 })
    expect(asked("--mutants", "--commands", "a.jsonl").seeds).toBeNull()
  })

  it("compare an hour of the usual channels unless told otherwise", () => {
    expect(asked().compare).toBeNull()
    expect(asked("--compare").compare).toEqual({
      orders: 10_000,
      skus: 100,
      seed: "1",
      stockShare: { num: 6, den: 10 },
      windowMs: 3_600_000,
      batchMs: 900_000,
      channels: usualChannels,
    })
  })

  it("explore every small world as far as each goes unless told otherwise", () => {
    expect(asked().exhaustive).toBeNull()
    expect(asked("--exhaustive").exhaustive).toEqual({ named: "", statesMax: null, loosened: false })
    expect(asked("--exhaustive", "--small-world", "late", "--states", "9").exhaustive).toMatchObject({ named: "late", statesMax: 9 })
  })

  it("ask for help whatever stands beside it", () => {
    expect(readArguments(["--seed", "1", "--seeds", "2", "-h"])).toBe("help")
  })

  it("hunt a planted defect in worlds of its own profile", () => {
    expect(asked("--mutant", "canary").worlds).toEqual({ profile: "last-unit", mutant: "canary", shell: false })
  })

  it.each([
    [["--seed", "x"], /--seed: “x” is neither/],
    [["--seed", "12.5"], /--seed: “12.5”/],
    [["--seed", ""], /--seed: “”/],
    [["--seeds", "many"], /--seeds: “many” is no whole number/],
    [["--seeds", "0"], /--seeds: “0”/],
    [["--seeds", "1e3"], /--seeds: “1e3”/],
    [["--from", "c8b70ee"], /--from: “c8b70ee” is no whole number/],
    [["--from=-1"], /--from: “-1”/],
    [["--minutes", "soon"], /--minutes: “soon” is no number of minutes/],
    [["--minutes", "0"], /--minutes: “0”/],
    [["--cores", "0"], /--cores: “0”/],
    [["--seed-limit", "0"], /--seed-limit: “0”/],
    [["--profile", "rush"], /--profile: there is no “rush”; there are flash-sale, calm/],
    [["--mutant", "rush"], /--mutant: there is no “rush”; there are canary/],
    [["--report", ""], /--report needs/],
    [["--speed", "9"], /Unknown option --speed/],
    [["flash-sale"], /Unexpected argument flash-sale/],
    [["--seeds"], /--seeds <value> argument missing/],
    [["--seeds", "1", "--seeds", "2"], /--seeds is given twice/],
    [["--seed", "1", "--seeds", "2"], /--seed and --seeds contradict each other/],
    [["--seed", "1", "--from", "2"], /--seed and --from contradict/],
    [["--seeds", "1", "--minutes", "2"], /--seeds and --minutes contradict/],
    [["--shell", "--profile", "calm"], /--shell and --profile contradict/],
    [["--mutant", "canary", "--profile", "calm"], /--mutant and --profile contradict/],
    [["--mutant", "canary", "--mutants"], /--mutant and --mutants contradict/],
    [["--orders", "a.csv", "--commands", "b"], /--orders and --commands contradict/],
    [["--commands", "b", "--compare"], /--commands and --compare contradict/],
    [["--shrink"], /--shrink goes with --seed/],
    [["--shrink", "--seeds", "4"], /--shrink goes with --seed/],
    [["--compare", "--date-format", "D/M/YYYY"], /--date-format goes with --orders/],
    [["--seed-limit", "2147484"], /--seed-limit: “2147484” is no number of seconds above 0 and up to 2147483/],
    [["--channel", "web:asks:1:1"], /--channel goes with --compare/],
    [["--stock-share", "1"], /--stock-share goes with --orders or --compare/],
    [["--compare", "--window-minutes", "soon"], /--window-minutes: “soon” is no whole number from 1 to 100000/],
    [["--compare", "--batch-minutes", "-1"], /--batch-minutes/],
    [["--compare", "--stock-share", "most"], /--stock-share: “most” is no share such as 0\.6/],
    [["--compare", "--compare-seed", "x"], /--compare-seed: “x” is neither a whole number/],
    [["--compare", "--channel", "web:asks"], /--channel: “web:asks” is neither NAME:asks:LAG_MS:WEIGHT nor/],
    [["--compare", "--channel", "web:asks:86400001:1"], /--channel: .* a lag of more than a day/],
    [["--compare", "--channel", "web:asks:1:1", "--channel", "web:asks:1:1"], /--channel: each needs a name of its own/],
    [["--compare", ...Array.from({ length: 65 }, (_, i) => `--channel=c${i}:asks:1:1`)], /--channel: 65 channels are given, 64 may sell/],
    [["--compare", "--channel", "web:asks:1:0"], /--channel: at least one needs a weight above 0/],
    [["--compare", "--orders", "a.csv", "--skus", "5"], /--orders and --skus contradict/],
    [["--compare", "--orders", "a.csv", "--orders-count", "5"], /--orders and --orders-count contradict/],
    [["--small-world", "retries"], /--small-world goes with --exhaustive/],
    [["--loosened"], /--loosened goes with --exhaustive/],
    [["--exhaustive", "--states", "0"], /--states: “0” is no whole number from 1/],
  ])("%j are refused, and the flag is named", (args, message) => {
    expect(() => readArguments(args)).toThrow(UsageError)
    expect(() => readArguments(args)).toThrow(message)
  })
})

describe("the exit code of a run", () => {
  const green: Outcome = { interrupted: false, classes: new Set(), survived: false, inconclusive: false, unreached: false }

  it("is 0 only where nothing was found and everything has a verdict", () => {
    expect(exitCodeOf(green)).toBe(exitCode.green)
    for (const one of ["interrupted", "survived", "inconclusive", "unreached"] as const)
      expect(exitCodeOf({ ...green, [one]: true })).not.toBe(exitCode.green)
  })

  it("is that of the gravest class, in the order that the help gives", () => {
    const everything: Outcome = {
      interrupted: true,
      classes: new Set(["safety", "crash", "nondeterminism", "liveness"]),
      survived: true,
      inconclusive: true,
      unreached: true,
    }
    const order: Array<number> = []
    const without: ReadonlyArray<(outcome: Outcome) => Outcome> = [
      (outcome) => ({ ...outcome, interrupted: false }),
      ...(["safety", "crash", "nondeterminism", "liveness"] as const).map((name) => (outcome: Outcome) => ({
        ...outcome,
        classes: new Set([...outcome.classes].filter((one) => one !== name)),
      })),
      (outcome) => ({ ...outcome, survived: false }),
      (outcome) => ({ ...outcome, inconclusive: false }),
      (outcome) => ({ ...outcome, unreached: false }),
    ]
    let outcome = everything
    for (const drop of without) {
      order.push(exitCodeOf(outcome))
      outcome = drop(outcome)
    }
    expect(exitCodeOf(outcome)).toBe(exitCode.green)
    expect(order).toEqual(exitCodeTexts.map(([code]) => code).filter((code) => code !== exitCode.green && code !== exitCode.usage))
  })
})
