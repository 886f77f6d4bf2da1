/** The conformance suite of one number of servers: every case on the model and on them, and models that are wrong on purpose. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Case } from "../../../sim/conformance/case.ts"
import { conformanceCases } from "../../../sim/conformance/cases.ts"
import { playOnModel } from "../../../sim/conformance/model.ts"
import { startTimeoutMs } from "../../nats/nats-broker.ts"
import { brokenModels } from "./broken-models.ts"
import { playOnServers } from "./play.ts"
import type { Servers } from "./servers.ts"

/** The lines that a broken model writes down for a case, or the error it broke down with. */
const brokenLines = (played: Case, replicas: 1 | 3, make: Parameters<typeof playOnModel>[2]): ReadonlyArray<ReadonlyArray<string>> => {
  try {
    return playOnModel(played, replicas, make)
  } catch (error) {
    return [[String(error)]]
  }
}

export const conformance = (replicas: 1 | 3, start: () => Promise<Servers>): void => {
  const cases = conformanceCases.filter(({ only }) => only === undefined || only === replicas)
  const answers = new Map<Case, ReadonlyArray<string>>()
  let servers: Servers | undefined

  beforeAll(async () => {
    servers = await start()
  }, startTimeoutMs)
  afterAll(() => servers?.stop())

  describe(`servers with ${replicas === 1 ? "one replica" : "three replicas"} answer as the model does`, () => {
    for (const played of cases) {
      it(played.name, async () => {
        if (servers === undefined) throw new Error("the servers did not start")
        const answered = await playOnServers(servers, played)
        answers.set(played, answered)
        const allowed = playOnModel(played, replicas)
        // The outcome that it is, if it is one of several; the first otherwise, so that the difference is shown.
        expect(answered).toEqual(allowed.find((lines) => lines.join("\n") === answered.join("\n")) ?? allowed[0])
      })
    }
  })

  describe("a model that is wrong on purpose is told from the servers", () => {
    for (const { wrong, make } of brokenModels.filter(({ on }) => on.includes(replicas))) {
      it(`one that ${wrong}`, () => {
        const differing = cases.filter((played) => {
          const lines = answers.get(played)?.join("\n")
          return lines !== undefined && !brokenLines(played, replicas, make).some((broken) => broken.join("\n") === lines)
        })
        expect(differing.map(({ name }) => name)).not.toEqual([])
      })
    }
  })
}
