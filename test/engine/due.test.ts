/** What the engine waits for, on a clock that was an hour ahead and is set back. */
import { describe, expect, it } from "vitest"
import { isDue } from "../../src/engine/due.ts"
import { Broker, serving, Worker } from "./rig.ts"

const hourMs = 3_600_000

const reserve = { type: "Reserve", id: "c1", sku: "A", issuedAtMs: 1_800_000_000_000, reservation: "r1", qty: 1, holdMs: 600_000 }

describe("What is waited for", () => {
  it("is due when its time has come, or lies further ahead than it was ever set", () => {
    expect([99, 100, 101].map((nowMs) => isDue(100, nowMs, 50))).toEqual([false, true, true])
    expect([50, 49].map((nowMs) => isDue(100, nowMs, 50))).toEqual([false, true])
  })
})

describe("A clock that is set back by an hour", () => {
  it("does not keep an unknown append unknown", () => {
    const worker = serving(10)
    worker.nowMs += hourMs
    worker.send("web", reserve)
    const { messageId } = worker.take("Append")
    worker.put({ _tag: "AppendUnknown", messageId, cause: "503" })
    worker.take("ReadJournalEnd")
    worker.put({ _tag: "ReadFailed", what: "JournalEnd" })
    worker.nowMs -= hourMs
    worker.put({ _tag: "Tick" })
    expect(worker.has("ReadJournalEnd")).toBe(true)
  })

  it("does not keep an append from being handed over a third time", () => {
    const worker = serving(10)
    worker.nowMs += hourMs
    worker.send("web", reserve)
    for (let attempt = 1; attempt <= 2; attempt++) {
      const { messageId, expectedSeq } = worker.take("Append")
      worker.put({ _tag: "AppendUnknown", messageId, cause: "503" })
      worker.take("ReadJournalEnd")
      if (attempt === 2) worker.nowMs -= hourMs
      worker.put({ _tag: "JournalEndRead", endSeq: expectedSeq, record: null })
    }
    expect(worker.has("Append")).toBe(true)
  })

  it("keeps neither a claim nor a check of the cursor waiting", () => {
    const claimant = new Worker(new Broker()).follow().claim()
    claimant.nowMs += hourMs
    claimant.take("ReadClaimBasis")
    claimant.put({ _tag: "ReadFailed", what: "ClaimBasis" })
    claimant.nowMs -= hourMs
    claimant.put({ _tag: "Tick" })
    expect(claimant.has("ReadClaimBasis")).toBe(true)

    const owner = serving(10)
    owner.tick(hourMs)
    owner.nowMs -= hourMs
    owner.put({ _tag: "Tick" })
    expect(owner.has("ReadCommandAt")).toBe(true)
  })
})
