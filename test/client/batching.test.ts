/** Which commands travel in one message, as far as that is not about lanes. */
import { describe, expect, it } from "vitest"
import { type Packable, packMessages } from "../../src/client/batching.ts"

interface Packed extends Packable<Packed> {
  readonly text: string
}

const command = (text: string, traceparent?: string): Packed => ({
  packing: 1,
  class: "sell",
  token: "A",
  text,
  bytes: text.length,
  alone: false,
  placedIn: 0,
  lane: text,
  stored: false,
  isStored: false,
  before: null,
  after: null,
  ...(traceparent === undefined ? {} : { traceparent }),
})

describe("a message", () => {
  it("is of one trace: commands of several traces, or of none, are in several", () => {
    const { messages } = packMessages([command("1", "t1"), command("2", "t1"), command("3", "t2"), command("4")], 1)
    expect(messages.map(({ body }) => body)).toEqual(["[1,2]", "3", "4"])
  })
})
