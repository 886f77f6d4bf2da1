/** What the end of a run cuts off says nothing of the system: it is counted apart, and in no share. */
import { once } from "node:events"
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Door, httpDoor } from "../../load/play/door.ts"
import { play } from "../../load/play/play.ts"
import type { Profile } from "../../load/play/profile.ts"
import { readProfile } from "../../load/play/profile-files.ts"
import { Recorder } from "../../load/play/recorder.ts"
import { Shoppers } from "../../load/play/shoppers.ts"
import { type Played, playedText, thresholds } from "../../load/play/verdict.ts"
import type { Heard } from "../../load/play/wanted.ts"
import { playedOf as ofRecorder } from "./played.ts"

const flashSale = readProfile("flash-sale", (what) => {
  throw new Error(what)
})
const profile: Profile = { ...flashSale, shopper: { ...flashSale.shopper, askAgainShare: 1 } }
const accepted: Heard = { outcome: "accepted", why: "", decision: "d" }

const playedOf = (recorder: Recorder): Played => ofRecorder(recorder, { planned: 1_000, cutOff: recorder.unheard, isPartial: true })

describe("a run that is ended while commands are under way", () => {
  /** Ends a run when so many commands wait; then some of them are decided, and the door is closed on the others. */
  const ended = async (decided: number, cut: number) => {
    const waiting: Array<(heard: Heard) => void> = []
    let [asksAfterEnd, hasEnded] = [0, false]
    let isOver = false
    const isCancelled = () => isOver
    const send: Door["send"] = () =>
      new Promise((done) => {
        waiting.push(done)
        if (hasEnded) asksAfterEnd++
        isOver ||= waiting.length === decided + cut
      })
    const recorder = new Recorder()
    const shoppers = new Shoppers(profile, "1", "r")
    await play({
      profile,
      shoppers,
      recorder,
      doors: [{ send, close: async () => undefined, sender: "web" }],
      dock: { send, close: async () => undefined },
      location: "LOAD",
      isCancelled,
      onSecond: () => undefined,
      restock: async () => undefined,
    })
    hasEnded = true
    const came = waiting.length
    waiting.splice(0, decided).forEach((done) => void done(accepted))
    for (const done of waiting.splice(1)) done({ outcome: "cutOff", why: "the run was ended", decision: "" })
    // One is never heard of at all.
    await expect.poll(() => recorder.times().accepted.count).toBe(decided)
    return { recorder, came, asksAfterEnd }
  }

  it("counts them apart, and asks nobody again", async () => {
    const { recorder, came, asksAfterEnd } = await ended(3, 4)
    const played = playedOf(recorder)
    expect([played.cutOff, asksAfterEnd, recorder.repeats]).toEqual([came - 3, 0, 0])
    expect(played.cutOff).toBeGreaterThanOrEqual(4)
    for (const what of ["share of error", "share of undecided"])
      expect(thresholds(played, profile).find((one) => one.what === what)).toMatchObject({ isKept: true, found: "0.00 %, 0 of 3" })
    expect(played.whys).toEqual([])
    const text = playedText(played, thresholds(played, profile))
    expect(text).toMatch(/^PARTIAL/)
    expect(text).toContain(`${played.cutOff} commands were cut off by the end, and in no share`)
  })

  it("says nothing of it where nothing was cut off", async () => {
    const recorder = new Recorder()
    recorder.left(1)
    recorder.heard(accepted, 1)
    expect(recorder.unheard).toBe(0)
    expect(playedText(playedOf(recorder), [])).not.toContain("cut off")
  })
})

describe("a door over HTTP", () => {
  let server: Server
  const open: Array<ServerResponse> = []
  beforeEach(async () => {
    server = createServer((_, answer) => void open.push(answer)).listen(0, "127.0.0.1")
    await once(server, "listening")
  })
  afterEach(() => {
    open.length = 0
    server.closeAllConnections()
    server.close()
  })

  it("tells what it cut off itself from what the other side did", async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const door = httpDoor({ url, key: "k", patienceMs: 60_000, sockets: 2 })
    const ask = () => door.send({ type: "Reserve", id: "r", sku: "A", reservation: "r", qty: 1 })
    const theirs = ask()
    await expect.poll(() => open.length).toBe(1)
    open[0]?.destroy()
    expect((await theirs).outcome).toBe("undecided")
    const ours = ask()
    await expect.poll(() => open.length).toBe(2)
    await door.close()
    expect((await ours).outcome).toBe("cutOff")
  })
})
