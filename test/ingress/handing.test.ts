import { describe, expect, it } from "vitest"
import { frameBytesMax, frameMessagesMax, framesUnderWayMax, ingressWaitMsMax, waitingMessagesMax } from "../../src/limits.ts"
import { commandText } from "../../src/wire/canonical.ts"
import { answers, bodyOf, bounds, bytesOf, message, ofTag, Rig, recordSale, reserve, sell, skuIn } from "./rig.ts"

const a = skuIn(0, 4)
const busyOwner = { answer: "busy", why: "owner" }

/** Fast senders, so that no bucket is in the way. */
const fast = [bounds("web", ["sell"], 1_000_000), bounds("pos", ["sell"], 1_000_000), bounds("wms", ["stock"], 1_000_000)]
const begun = () => Rig.begun({ senders: fast })
/** A message of about `kilobytes` of canonical body. */
const heavy = (sender: string, kilobytes: number) => {
  const one = commandText(reserve(a, { locations: Array.from({ length: 15 }, (_, i) => `${"l".repeat(40)}-${i}`) }))
  const commands = Math.floor((kilobytes * 1_024) / (one.length + 20))
  return message(
    sender,
    `sell.sku.${a}`,
    bodyOf(
      Array.from({ length: commands }, () => reserve(a, { locations: Array.from({ length: 15 }, (_, i) => `${"l".repeat(40)}-${i}`) })),
    ),
  )
}
/** Fills the window of partition 0 with frames. */
const fillWindow = (rig: Rig) => {
  for (let i = 0; i < framesUnderWayMax; i++) rig.arrive([sell("web", a)])
  expect(ofTag(rig.outputs, "HandOver")).toHaveLength(framesUnderWayMax)
}
const hear = (rig: Rig, frame: number) => ofTag(rig.tell({ _tag: "FrameHeard", frame }), "HandOver")

describe("handing over", () => {
  it("packs what arrives in a turn for one owner into one frame, and a sale that happened is not in it", () => {
    const rig = begun()
    const other = skuIn(1, 4)
    const outputs = rig.arrive([sell("web", a), sell("pos", a), sell("web", other), message("web", `sell.sku.${a}`, bodyOf(recordSale(a)))])
    expect(ofTag(outputs, "HandOver").map(({ owner, frame, messages }) => [owner, frame, messages.length])).toEqual([
      ["o-0", 1, 2],
      ["o-1", 2, 1],
    ])
    expect(ofTag(outputs, "Store").map(({ partition }) => partition)).toEqual([0])
    expect(answers(outputs)).toEqual([])
  })

  it("hands an array over whole and in its order", () => {
    const rig = begun()
    const commands = Array.from({ length: 128 }, () => reserve(a))
    const [frame] = ofTag(rig.arrive([message("web", `sell.sku.${a}`, bodyOf(commands))]), "HandOver")
    const body = frame?.messages[0]?.body
    expect(body?._tag === "Commands" && body.commands.map((one) => one._tag === "Command" && one.command.id)).toEqual(
      commands.map(({ id }) => id),
    )
  })

  it("bounds a frame in messages and bytes, and what is under way in frames and bytes", () => {
    const rig = begun()
    const many = ofTag(rig.arrive(Array.from({ length: frameMessagesMax + 1 }, () => sell("web", a))), "HandOver")
    expect(many.map(({ messages }) => messages.length)).toEqual([frameMessagesMax, 1])
    const large = ofTag(begun().arrive(Array.from({ length: 40 }, () => heavy("web", 50))), "HandOver")
    for (const { messages } of large) expect(messages.reduce((bytes, one) => bytes + one.bytes, 0)).toBeLessThanOrEqual(frameBytesMax)
    expect(large).toHaveLength(4)
    const full = begun()
    fillWindow(full)
    expect(full.arrive([sell("web", a)])).toEqual([])
    expect(full.view().partitions[0]).toMatchObject({ selling: 1, framesUnderWay: framesUnderWayMax })
  })

  it("hands over what waits, in one frame, once the window has room: heard, or unknown and never said busy", () => {
    for (const came of ["FrameHeard", "FrameUnknown"] as const) {
      const rig = begun()
      fillWindow(rig)
      rig.arrive([sell("web", a)])
      rig.arrive([sell("pos", a)])
      const outputs = rig.tell({ _tag: came, frame: 3 })
      expect(outputs).toMatchObject([{ _tag: "HandOver", frame: framesUnderWayMax + 1 }])
      expect(ofTag(outputs, "HandOver")[0]?.messages).toHaveLength(2)
      expect(rig.tell({ _tag: came, frame: 3 })).toEqual([])
      expect(answers(rig.outputs)).toEqual([])
    }
  })

  it("gives each sender that waits a turn, a message each", () => {
    const rig = begun()
    fillWindow(rig)
    rig.arrive([...Array.from({ length: 2_000 }, () => sell("web", a)), sell("pos", a), sell("pos", a)])
    const [frame] = hear(rig, 1)
    expect(frame?.messages.slice(0, 5).map(({ sender }) => sender)).toEqual(["web", "pos", "web", "pos", "web"])
  })

  it("tells what waited too long to come back, and hands none of it over", () => {
    const rig = begun()
    fillWindow(rig)
    rig.arrive([sell("web", a), sell("pos", a)])
    rig.pass(ingressWaitMsMax - 1)
    rig.arrive([sell("web", a)])
    expect(answers(rig.outputs)).toEqual([])
    rig.nowMs += 1
    const frames = hear(rig, 1)
    expect(answers(rig.outputs)).toMatchObject([
      { answer: "busy", why: "queue" },
      { answer: "busy", why: "queue" },
    ])
    expect(frames.map(({ messages }) => messages.length)).toEqual([1])
  })

  it("bounds what waits of one sender, whatever waits of others", () => {
    const rig = begun()
    fillWindow(rig)
    const outputs = rig.arrive(Array.from({ length: waitingMessagesMax + 3 }, () => sell("web", a)))
    expect(answers(outputs)).toMatchObject(Array.from({ length: 3 }, () => ({ answer: "busy", why: "queue" })))
    expect(answers(rig.arrive([sell("pos", a)]))).toEqual([])
  })
})

describe("an owner", () => {
  it("that is not known is said at once, and nothing waits for one", () => {
    const rig = new Rig()
    rig.hearTime()
    expect(answers(rig.arrive([sell("web", a)]))).toMatchObject([busyOwner])
    expect(rig.tell({ _tag: "OwnerSeen", kind: "sku", partition: 0, epoch: 1, owner: "o" })).toEqual([])
    expect(ofTag(rig.arrive([sell("web", a)]), "HandOver")).toMatchObject([{ owner: "o" }])
  })

  it("of the higher epoch is believed", () => {
    const rig = begun()
    const ownerNow = () => ofTag(rig.arrive([sell("web", a)]), "HandOver")[0]?.owner
    rig.tell({ _tag: "OwnerSeen", kind: "sku", partition: 0, epoch: 3, owner: "third" })
    rig.tell({ _tag: "OwnerSeen", kind: "sku", partition: 0, epoch: 2, owner: "second" })
    rig.tell({ _tag: "OwnerSeen", kind: "sku", partition: 0, epoch: 2, owner: null })
    expect(ownerNow()).toBe("third")
    rig.tell({ _tag: "OwnerSeen", kind: "sku", partition: 0, epoch: 3, owner: null })
    expect(ownerNow()).toBeUndefined()
    rig.tell({ _tag: "OwnerSeen", kind: "sku", partition: 0, epoch: 3, owner: "third" })
    expect(ownerNow()).toBeUndefined()
    rig.tell({ _tag: "OwnerSeen", kind: "sku", partition: 0, epoch: 4, owner: "fourth" })
    expect(ownerNow()).toBe("fourth")
  })

  it("that did not hear a frame is forgotten: that frame and what waits are told to come back, other frames are not", () => {
    const rig = begun()
    fillWindow(rig)
    rig.arrive([sell("pos", a)])
    const outputs = rig.tell({ _tag: "FrameUnheard", frame: 2 })
    expect(ofTag(outputs, "Answer").map(({ sender, answer }) => [sender, answer])).toMatchObject([
      ["web", busyOwner],
      ["pos", busyOwner],
    ])
    expect(answers(rig.arrive([sell("web", a)]))).toMatchObject([busyOwner])
    rig.tell({ _tag: "OwnerSeen", kind: "sku", partition: 0, epoch: 1, owner: "o-0" })
    expect(ofTag(rig.arrive([sell("web", a)]), "HandOver")).toHaveLength(1)
  })

  it("that took over is not forgotten for what its predecessor did not hear, and gets what waited", () => {
    const rig = begun()
    fillWindow(rig)
    rig.arrive([sell("pos", a)])
    rig.tell({ _tag: "OwnerSeen", kind: "sku", partition: 0, epoch: 2, owner: "next" })
    const outputs = rig.tell({ _tag: "FrameUnheard", frame: 1 })
    expect(answers(outputs)).toMatchObject([busyOwner])
    expect(ofTag(outputs, "HandOver")).toMatchObject([{ owner: "next" }])
  })
})

it("hands over canonical bodies alone, whatever the spelling was", () => {
  const command = reserve(a)
  const spelled = ` ${JSON.stringify(Object.fromEntries(Object.entries({ ...command, v: 1 }).reverse()), null, 2)}\n`
  const [frame] = ofTag(Rig.begun().arrive([message("web", `sell.sku.${a}`, bytesOf(spelled))]), "HandOver")
  expect(frame?.messages[0]).toMatchObject({ bytes: commandText(command).length, body: { commands: [{ text: commandText(command) }] } })
})
