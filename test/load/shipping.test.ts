/** What is paid leaves the warehouse, where the profile says so: otherwise all that was ever sold would stay open, and no memory could be flat. */
import { expect, it } from "vitest"
import type { Door } from "../../load/play/door.ts"
import { play } from "../../load/play/play.ts"
import type { Profile } from "../../load/play/profile.ts"
import { Recorder } from "../../load/play/recorder.ts"
import { Shoppers } from "../../load/play/shoppers.ts"
import type { Heard, Wanted } from "../../load/play/wanted.ts"

const profileWith = (shopper: Partial<Profile["shopper"]>): Profile => ({
  summary: "some shoppers at once",
  stages: [{ forMs: 200, toPerSecond: 400 }],
  skus: { count: 20, popularity: "uniform", unitsEach: 100 },
  restocks: [],
  shopper: {
    orderShare: 0.5,
    orderLines: 3,
    confirmShare: 0.6,
    releaseShare: 0.2,
    thinkMs: 1,
    holdMs: 10_000,
    askAgainShare: 0,
    ...shopper,
  },
  thresholds: { acceptedP99Ms: 500, refusedP99Ms: 500, busyShare: 0, errorShare: 0, undecidedShare: 0 },
})

/** Plays it against somebody who accepts all but some. */
const played = async (profile: Profile, accepts: (wanted: Wanted) => boolean) => {
  const [sold, left]: [Array<Wanted>, Array<Wanted>] = [[], []]
  const doorTo = (to: Array<Wanted>): Door => ({
    send: async (wanted): Promise<Heard> => {
      to.push(wanted)
      return { outcome: accepts(wanted) ? "accepted" : "refused", why: "", decision: wanted.id }
    },
    close: async () => undefined,
  })
  await play({
    profile,
    shoppers: new Shoppers(profile, "1", "r"),
    recorder: new Recorder(),
    doors: ["web", "app"].map((sender) => ({ ...doorTo(sold), sender })),
    dock: doorTo(left),
    location: "LOAD",
    isCancelled: () => false,
    onSecond: () => undefined,
    restock: async () => undefined,
  })
  return { sold, left }
}

it("is each line of what was paid, once, of the channel that sold it, and nothing else", async () => {
  const refused = new Set<string>()
  const { sold, left } = await played(profileWith({ shipMs: 1 }), ({ type, id }) => {
    if (type === "Confirm" && refused.size < 3) refused.add(id)
    return !refused.has(id)
  })
  const paid = sold.filter(({ type, id }) => (type === "Confirm" || type === "ConfirmOrder") && !refused.has(id))
  expect(refused.size).toBe(3)
  expect(paid.map(({ type }) => type)).toEqual(expect.arrayContaining(["Confirm", "ConfirmOrder"]))
  const lines = paid.flatMap((wanted) => {
    if (wanted.type === "Confirm") return [`${wanted.reservation} ${wanted.sku}`]
    const placed = sold.find(({ type, order }) => type === "PlaceOrder" && order === wanted.order)
    return ((placed?.lines ?? []) as ReadonlyArray<{ readonly sku: string }>).map(({ sku }) => `@${wanted.order} ${sku}`)
  })
  expect(left.map(({ reservation, sku }) => `${reservation} ${sku}`).toSorted()).toEqual(lines.toSorted())
  expect(new Set(left.map(({ id }) => id)).size).toBe(left.length)
  for (const { type, location, channel } of left)
    expect({ type, location, channel }).toEqual({
      type: "Fulfil",
      location: "LOAD",
      channel: expect.stringMatching(/^(web|app)$/) as unknown,
    })
})

it("is nothing where the profile doesn't say when", async () => {
  const { sold, left } = await played(profileWith({}), () => true)
  expect(sold.some(({ type }) => type === "Confirm")).toBe(true)
  expect(left).toEqual([])
})
