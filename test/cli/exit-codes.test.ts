import { describe, expect, it } from "vitest"
import { CommandFailed, describeFailure, exitCode, exitCodeOf } from "../../src/cli/exit-codes.ts"
import { ConfigInvalid } from "../../src/config.ts"
import { AnswerUnknown, BrokerUnavailable, LoginRefused, TopologyMismatch } from "../../src/ports/errors.ts"

const mismatch = new TopologyMismatch({
  what: "number of partitions",
  expected: "8",
  found: "4",
  remedy: "start with HOLDFAST_PARTITIONS=4",
})

describe("exit codes", () => {
  it.each([
    [new ConfigInvalid({ problems: ["HOLDFAST_X: is missing"] }), exitCode.usage],
    [new BrokerUnavailable({ operation: "connect", cause: "refused" }), exitCode.unreachable],
    [new LoginRefused({ operation: "connect", cause: "no such user" }), exitCode.usage],
    [mismatch, exitCode.topology],
    [new AnswerUnknown({ cause: "silence" }), exitCode.unreachable],
    [new AnswerUnknown({ cause: "it is stored", stored: true }), exitCode.undecided],
    [new CommandFailed({ code: exitCode.violations, message: "2 violations" }), exitCode.violations],
    [new Error("unheard of"), exitCode.failed],
    ["no error at all", exitCode.failed],
  ])("of %o", (error, code) => expect(exitCodeOf(error)).toBe(code))

  it("are all different", () => expect(new Set(Object.values(exitCode)).size).toBe(Object.values(exitCode).length))
})

describe("failures in words", () => {
  it("name the remedy", () =>
    expect(describeFailure(mismatch)).toBe("number of partitions: expected 8, found 4. Remedy: start with HOLDFAST_PARTITIONS=4"))
  it("name every variable that is wrong", () =>
    expect(describeFailure(new ConfigInvalid({ problems: ["HOLDFAST_A: no", "HOLDFAST_B: no"] }))).toBe("HOLDFAST_A: no\nHOLDFAST_B: no"))
  it("are never empty for an error without a message", () => expect(describeFailure(new Error(""))).toContain("Error"))
})
