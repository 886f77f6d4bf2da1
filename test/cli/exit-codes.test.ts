import { ConfigProvider, Effect } from "effect"
import { describe, expect, it } from "vitest"
import { withOwnRemedy } from "../../src/cli/access.ts"
import { CommandFailed, describeFailure, exitCode, exitCodeOf } from "../../src/cli/exit-codes.ts"
import { ConfigInvalid } from "../../src/config.ts"
import { AnswerUnknown, BrokerUnavailable, LoginRefused, NotPermitted, TopologyMismatch } from "../../src/ports/errors.ts"

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

describe("a server that isn't there", () => {
  const down = new BrokerUnavailable({ operation: "connect to nats://127.0.0.1:1 as web", cause: "refused." })
  const said = (error: unknown, env: Record<string, string>) =>
    describeFailure(Effect.runSync(withOwnRemedy(error).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env))))))
  it("of this folder: how to start it", () => expect(said(down, {})).toMatch(/start it with `npm start`$/))
  it("that the environment names, or another failure: as it is", () => {
    expect(said(down, { HOLDFAST_NATS_URL: "nats://127.0.0.1:1" })).toBe(describeFailure(down))
    expect(said(mismatch, {})).toBe(describeFailure(mismatch))
  })
})

describe("failures in words", () => {
  it("name the remedy", () =>
    expect(describeFailure(mismatch)).toBe("number of partitions: expected 8, found 4. Remedy: start with HOLDFAST_PARTITIONS=4"))
  it("name every variable that is wrong", () =>
    expect(describeFailure(new ConfigInvalid({ problems: ["HOLDFAST_A: no", "HOLDFAST_B: no"] }))).toBe("HOLDFAST_A: no\nHOLDFAST_B: no"))
  it("name another sender where this one may not, and not where nobody answers", () => {
    expect(describeFailure(new NotPermitted({ operation: "ask", cause: "no" }))).toContain("--as")
    expect(describeFailure(new BrokerUnavailable({ operation: "connect to x", cause: "connection refused" }))).toBe(
      "connect to x: connection refused",
    )
  })
  it("are empty where a command has said them already", () =>
    expect(describeFailure(new CommandFailed({ code: exitCode.failed, message: "" }))).toBe(""))
  it("are never empty for an error without a message", () => expect(describeFailure(new Error(""))).toContain("Error"))
})
