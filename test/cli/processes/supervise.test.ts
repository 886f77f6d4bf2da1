import { describe, expect, it } from "vitest"
import { readinessOf, reportOf, type Seen } from "../../../src/cli/processes/supervise.ts"

const seen = (name: string, over: Partial<Omit<Seen, "place">> & { readonly pid?: number | null }): Seen => {
  const { pid = 7, ...rest } = over
  return { place: { name, pid, isRunning: pid !== null }, isReady: false, seesServed: false, outages: [], ...rest }
}
const readiness = (...all: ReadonlyArray<Seen>) => readinessOf(reportOf("many", all), all)
const outage = { kind: "sku", partition: 3, reason: "OwnerSilent" }

describe("what a supervisor says of the cluster", () => {
  it("is that it is served as soon as one worker sees that, whatever the others know yet", () => {
    const said = readiness(seen("many-1", { outages: [outage] }), seen("many-2", { isReady: true, seesServed: true }))
    expect([said.ready, said.workersReady, said.outages]).toEqual([true, false, []])
  })

  it("is what isn't served, where none sees that all is", () => {
    const said = readiness(seen("many-1", { isReady: true }), seen("many-2", { isReady: true, outages: [outage] }))
    expect([said.ready, said.workersReady, said.outages]).toEqual([false, true, [outage]])
  })

  it("is nothing good while no worker process runs, whatever was seen last", () => {
    const said = readiness(seen("many-1", { pid: null, isReady: true, seesServed: true }), seen("many-2", { pid: null }))
    expect([said.ready, said.workersReady]).toEqual([false, false])
    expect(said.workers).toEqual([
      { worker: "many-1", pid: null, ready: false },
      { worker: "many-2", pid: null, ready: false },
    ])
  })
})
