/**
 * The small worlds that are explored: each about one thing that can go wrong, with two workers, one SKU and a unit or two.
 *
 * Small on purpose: what a protocol of this kind gets wrong, it gets wrong with two workers and three commands already.
 */
import { plainLine } from "../../src/domain/sku/policy.ts"
import { startMs } from "./draft.ts"
import { none, type Slow, type SmallWorld, type Template } from "./small-world.ts"

const command = (type: string, id: string, fields: Record<string, unknown>): Template["command"] => ({
  v: 1,
  type,
  id,
  sku: "A",
  issuedAtMs: startMs,
  ...fields,
})

const reserve = (sender: string, name: string, fields: Record<string, unknown> = {}): Template => ({
  name,
  sender,
  class: "sell",
  command: command("Reserve", name, { reservation: `${name}-r`, qty: 1, holdMs: 1_000, ...fields }),
})

const channels = ["web", "shop"].map(plainLine)

/** One unit more on the shelf. */
const receive = (sender: string, name: string): Template => ({
  name,
  sender,
  class: "stock",
  command: command("ReceiveStock", name, { location: "L", qty: 1 }),
})

/** `qty` units on the shelf, sold by two channels. */
const stocked = (qty: number): ReadonlyArray<Template> => [
  { name: "stock", sender: "dc", class: "stock", command: command("ReceiveStock", "s1", { location: "L", qty }) },
  {
    name: "policy",
    sender: "boss",
    class: "policy",
    command: command("SetPolicy", "p1", { policy: { version: 1, channels, safety: [], sourcing: [] } }),
  },
]

const quick: Slow = { replies: false, feed: false, marks: false, ticks: false }
const statesMax = 2_000_000

const confirm = (sender: string, name: string, after: string): Template => ({
  name,
  sender,
  class: "sell",
  command: command("Confirm", name, { reservation: `${after}-r` }),
  after,
})

const release = (sender: string, name: string, after: string): Template => ({
  name,
  sender,
  class: "sell",
  command: command("Release", name, { reservation: `${after}-r`, reason: "cancelled" }),
  after,
})

const retried = (template: Template): Template => ({ ...template, retried: true })

/** What most worlds have in common; each says what it has of its own. */
const plain: Omit<SmallWorld, "name" | "about"> = {
  looksFirstAt: "sequence",
  setup: stocked(1),
  templates: [reserve("web", "c1"), reserve("shop", "c2")],
  clocksMs: [],
  bounds: none,
  slow: quick,
  readsFirst: "marks",
  afterTailLoss: "breaks",
  snapshotEveryRecords: 1_000_000,
  entry: "stored",
  statesMax,
}

const world = (name: string, about: string, own: Partial<SmallWorld>): SmallWorld => ({ ...plain, ...own, name, about })

const takeover: Partial<SmallWorld> = {
  bounds: { ...none, claims: 1, crashes: 1, timeouts: 1 },
  slow: { ...quick, replies: true, ticks: true },
}
const contest: Partial<SmallWorld> = { bounds: { ...none, claims: 2, crashes: 1, timeouts: 1 }, templates: [reserve("web", "c1")] }

/** Every configuration, by name. */
export const smallWorlds: ReadonlyArray<SmallWorld> = [
  world("takeover, one replica", "two channels after the last unit while a second worker claims: a crash, an append given up", takeover),
  world("takeover, three replicas", "the same, where the server knows a message id before it compares sequences", {
    ...takeover,
    looksFirstAt: "id",
  }),
  world("contest, one replica", "two claims beside a serving owner: a crash, an append given up", contest),
  world("contest, three replicas", "the same, where the server knows a message id before it compares sequences", {
    ...contest,
    looksFirstAt: "id",
  }),
  world("first start", "an empty journal on three replicas and two workers that claim it, marks written late: a crash", {
    looksFirstAt: "id",
    setup: null,
    templates: [{ ...(stocked(1)[0] as Template) }],
    bounds: { ...none, claims: 2, crashes: 1 },
    slow: { ...quick, marks: true },
  }),
  world("expiry against payment", "a hold that expires while it is confirmed, another channel after the unit, an owner that is replaced", {
    setup: [...stocked(1), reserve("web", "c1")],
    templates: [confirm("web", "c2", "c1"), reserve("shop", "c3")],
    clocksMs: [1_100],
    bounds: { ...none, claims: 1 },
  }),
  world("retries", "a reserve that is refused, and retried while the unit comes free; an owner that is replaced", {
    setup: [...stocked(1), reserve("web", "c1")],
    templates: [release("web", "c2", "c1"), retried(reserve("shop", "c3"))],
    bounds: { ...none, claims: 1, retries: 1 },
  }),
  world("deadline", "a reserve with a deadline, retried after it, while owners change", {
    templates: [retried(reserve("web", "c1", { deadlineMs: 500 }))],
    clocksMs: [600],
    bounds: { ...none, claims: 1, crashes: 1, retries: 1 },
  }),
  world("lost lease", "an owner that is told to stop while the next one claims, replies under way", {
    bounds: { ...none, claims: 1, leaseLosses: 1, timeouts: 1 },
    slow: { ...quick, replies: true },
  }),
  world("late marks", "witnesses that are written late while owners change", {
    bounds: { ...none, claims: 2, crashes: 1 },
    templates: [reserve("web", "c1")],
    slow: { ...quick, marks: true, ticks: true },
  }),
  world("late feed", "values of the feed that land late, a former owner's among them", {
    setup: stocked(2),
    bounds: { ...none, claims: 1 },
    slow: { ...quick, feed: true },
  }),
  world("snapshots", "a snapshot written in slices while commands are decided, an append given up, lives begun from it: a crash", {
    setup: stocked(2),
    templates: [reserve("web", "c1"), reserve("shop", "c2")],
    bounds: { ...none, claims: 1, crashes: 1, timeouts: 1 },
    slow: { ...quick, ticks: true },
    snapshotEveryRecords: 4,
  }),
  world("lost commands", "the commands stream loses its tail, and what is sent next takes the sequences of what was lost", {
    setup: stocked(2),
    templates: [{ ...reserve("web", "c1"), storedAgain: true }, reserve("shop", "c2")],
    bounds: { ...none, retries: 1, tailLosses: 1 },
  }),
  world("two doors", "a reserve that is sent again through either of two ingresses while owners change: a frame unheard, late or unknown", {
    entry: "doors",
    templates: [retried(reserve("web", "c1"))],
    bounds: { ...none, claims: 1, retries: 1, silences: 1 },
  }),
  world(
    "two doors, deadline",
    "a reserve with a deadline that passes anywhere, sent again through either of two ingresses, one of which dies",
    {
      entry: "doors",
      templates: [retried(reserve("web", "c1", { deadlineMs: 500 }))],
      clocksMs: [700],
      bounds: { ...none, retries: 1, silences: 1, doorCrashes: 1 },
    },
  ),
  world("two doors, stored", "a fact that is sent again through either of two ingresses: a store unknown, late or full", {
    entry: "doors",
    templates: [retried(receive("dc", "f1"))],
    clocksMs: [300],
    bounds: { ...none, retries: 1, silences: 1, storeFaults: 1 },
  }),
]
