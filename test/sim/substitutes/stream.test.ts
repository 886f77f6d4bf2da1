/** What the model of a stream keeps for speed, against a plain list that keeps nothing; and what no server can be made to show at will. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Proposed, StreamModel } from "../../../sim/substitutes/stream.ts"

const body = new Uint8Array()
const subjects = ["a.1", "a.2", "b.1"]

interface Plain {
  readonly seq: number
  readonly subject: string
  readonly endsMs: number
}

const operation = fc.oneof(
  fc.record({
    do: fc.constant("publish" as const),
    subject: fc.constantFrom(...subjects),
    ttlMs: fc.constantFrom(undefined, 1_000, 5_000),
  }),
  fc.record({ do: fc.constant("purge" as const), prefix: fc.constantFrom("a.", "b.", ""), before: fc.nat(40) }),
  fc.record({ do: fc.constant("delete" as const), seq: fc.nat(40) }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.nat(3_000) }),
  fc.record({ do: fc.constant("lose" as const), count: fc.nat(3) }),
)

/** The same as the model, by looking at everything every time. */
class PlainStream {
  held: ReadonlyArray<Plain> = []
  lastSeq = 0
  readonly #lastOnly: boolean

  constructor(lastOnly: boolean) {
    this.#lastOnly = lastOnly
  }

  publish(subject: string, endsMs: number): void {
    const stay = this.held.filter((message) => !this.#lastOnly || message.subject !== subject)
    this.held = [...stay, { seq: ++this.lastSeq, subject, endsMs }]
  }

  keep(isKept: (message: Plain) => boolean): void {
    this.held = this.held.filter(isKept)
  }

  lose(count: number): void {
    this.lastSeq = Math.max(0, this.lastSeq - count)
    this.keep(({ seq }) => seq <= this.lastSeq)
  }
}

const taken = (proposed: Proposed) => {
  if (proposed._tag !== "Proposed") throw new Error(`not proposed: ${proposed._tag}`)
  return proposed.proposal
}

describe("the model of a stream", () => {
  it.each([[false], [true]])("holds what a plain list holds, whatever happens (only the newest: %s)", (lastOnly) => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const model = new StreamModel({ name: "S", replicas: 1, duplicateWindowMs: 100, lastOnly, markerMs: 1_000 })
        const plain = new PlainStream(lastOnly)
        let nowMs = 0
        for (const step of operations) {
          if (step.do === "publish") {
            model.publish(nowMs, step.subject, "", body, step.ttlMs === undefined ? {} : { ttlMs: step.ttlMs })
            plain.publish(step.subject, step.ttlMs === undefined ? Number.POSITIVE_INFINITY : nowMs + step.ttlMs)
          } else if (step.do === "purge") {
            model.purge(step.prefix, step.before)
            plain.keep(({ seq, subject }) => seq >= step.before || !subject.startsWith(step.prefix))
          } else if (step.do === "delete") {
            model.delete(step.seq)
            plain.keep(({ seq }) => seq !== step.seq)
          } else if (step.do === "lose") {
            model.loseTail(step.count)
            plain.lose(step.count)
          } else {
            nowMs += step.ms
            for (const { subject, endsMs } of model.expire(nowMs)) plain.publish(subject, endsMs)
            plain.keep(({ endsMs }) => endsMs > nowMs)
          }
          expect(model.lasts().map(({ seq, subject }) => `${seq} ${subject}`)).toEqual(
            plain.held.map(({ seq, subject }) => `${seq} ${subject}`),
          )
          expect(model.count).toBe(plain.held.length)
          expect(model.lastSeq).toBe(plain.lastSeq)
          expect(model.firstSeq).toBe(plain.lastSeq === 0 ? 0 : (plain.held[0]?.seq ?? plain.lastSeq + 1))
          for (const subject of subjects)
            expect(model.lastOf(subject)?.seq).toBe(plain.held.findLast((held) => held.subject === subject)?.seq)
        }
      }),
      { numRuns: 300 },
    )
  })

  it("cuts off what was replaced long ago, and finds what is held", () => {
    const model = new StreamModel({ name: "S", replicas: 1, duplicateWindowMs: 100, lastOnly: true })
    for (let i = 0; i < 20_000; i++) model.publish(i, `key.${i % 3}`, "", body)
    expect([model.firstSeq, model.lastSeq, model.count]).toEqual([19_998, 20_000, 3])
    expect([model.at(1), model.at(19_999)?.subject, model.lastOf("key.1")?.seq]).toEqual([undefined, "key.0", 20_000])
  })

  it("gives the sequences of a lost tail to others, and knows the ids of what was lost no more", () => {
    const model = new StreamModel({ name: "S", replicas: 3, duplicateWindowMs: 120_000 })
    for (const [lastSeq, messageId] of ["a", "b", "c"].entries()) model.publish(0, "s", "", body, { lastSeq, messageId })
    expect(model.loseTail(2)).toBe(2)
    expect(model.publish(0, "s", "", body, { messageId: "a" })).toEqual({ _tag: "Duplicate", seq: 1 })
    expect(taken(model.publish(0, "s", "", body, { lastSeq: 1, messageId: "c" })).seq).toBe(2)
  })

  it("counts no more with what a leader had on its way that lost its office, even when it is committed after all", () => {
    const model = new StreamModel({ name: "S", replicas: 3, duplicateWindowMs: 120_000 })
    const first = taken(model.propose(0, "s", "", body, { lastSeq: 0, messageId: "a" }))
    const second = taken(model.propose(0, "s", "", body, { lastSeq: 1, messageId: "b" }))
    model.stepDown()
    model.drop(second)
    expect(model.propose(0, "s", "", body, { lastSeq: 2 })._tag).toBe("Refused")
    expect(model.commit(first, 0)).toBe(1)
    expect(taken(model.propose(0, "s", "", body, { lastSeq: 1, messageId: "b" })).seq).toBe(2)
  })

  it("knows no id any more when it forgot them, and each for the length of the window otherwise", () => {
    const model = new StreamModel({ name: "S", replicas: 1, duplicateWindowMs: 100 })
    for (let i = 0; i < 10_000; i++) model.publish(i, "s", "", body, { messageId: `id.${i}` })
    const answers = [9_899, 9_900, 9_999].map((i) => model.publish(9_999, "s", "", body, { messageId: `id.${i}` })._tag)
    expect(answers).toEqual(["Proposed", "Duplicate", "Duplicate"])
    model.forgetIds()
    expect(model.publish(9_999, "s", "", body, { messageId: "id.9999" })._tag).toBe("Proposed")
  })
})
