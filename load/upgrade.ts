/**
 * `npm run upgrade -- --before DIR`: from the build in DIR to this one, while senders go on sending. DIR is a checkout whose forms are these or one step older, with its node_modules.
 *
 * In both orders: its worker stops, and this build's starts on what it left; and this build's starts beside it, and then it stops. An ingress of the build before stands beside all along, so that facts
 * are stored while nobody owns anything. Sell commands, facts and orders of several lines are sent all the time. Ends with code 0 if every command that was acknowledged, as stored or by its
 * decision, is decided exactly once, every order is answered once, this build owns everything in the end, and `holdfast audit` of both kinds finds nothing; with 3 otherwise.
 */
import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { skuToken } from "../src/domain/names.ts"
import { sendersOf } from "../src/domain/sender-list.ts"
import { plainLine } from "../src/domain/sku/policy.ts"
import { commandSubject } from "../src/wire/subjects.ts"
import { scriptOptions } from "./stage/options.ts"
import { say } from "./stage/show.ts"
import { pause, type Stage, type StageProcess, sumOf, until, withStage } from "./stage/stage.ts"
import { type JournalsSeen, readJournals } from "./upgrade/journals.ts"
import { type Published, UpgradeSender } from "./upgrade/sender.ts"

const partitions = 4
const skus = Array.from({ length: 64 }, (_, n) => `SKU-${n}`)
const linesOfOrder = 3
const sellsPerSecond = 300
const factsPerSecond = 80
const ordersPerSecond = 20
const phaseMs = 3_000

const skuOf = (n: number): string => skus[n % skus.length] ?? ""
const head = (type: string, id: string) => ({ v: 1, type, id, issuedAtMs: Date.now() })

const makes = {
  policy: (n: number, id: string): Published => ({
    subject: commandSubject("plan", "policy", "sku", skuToken(skuOf(n))),
    body: {
      ...head("SetPolicy", id),
      sku: skuOf(n),
      policy: { version: 1, channels: [plainLine("web", 0)], safety: [], sourcing: ["DC1"] },
    },
  }),
  fact: (n: number, id: string): Published => ({
    subject: commandSubject("dc", "stock", "sku", skuToken(skuOf(n))),
    body: { ...head("ReceiveStock", id), sku: skuOf(n), location: "DC1", qty: 1_000 },
  }),
  sell: (n: number, id: string): Published => ({
    subject: commandSubject("web", "sell", "sku", skuToken(skuOf(n))),
    body: { ...head("Reserve", id), sku: skuOf(n), reservation: `r-${n}`, qty: 1, holdMs: 600_000 },
  }),
  order: (n: number, id: string): Published => {
    const lines = Array.from({ length: linesOfOrder }, (_, line) => ({ sku: skuOf(n * linesOfOrder + line), qty: 1 }))
    return {
      subject: commandSubject("web", "sell", "order", `o-${n}`),
      body: { ...head("PlaceOrder", id), order: `o-${n}`, fill: "whole", holdMs: 600_000, lines },
    }
  },
  payment: (n: number, id: string): Published => ({
    subject: commandSubject("web", "sell", "order", `o-${n}`),
    body: { ...head("ConfirmOrder", id), order: `o-${n}` },
  }),
}

/** All that is sent, each by what it is; every order that is held is paid. */
class Senders {
  readonly #connections: ReadonlyArray<NatsConnection>
  readonly policies: UpgradeSender
  readonly facts: UpgradeSender
  readonly sells: UpgradeSender
  readonly orders: UpgradeSender
  readonly payments: UpgradeSender

  constructor(web: NatsConnection, dc: NatsConnection, plan: NatsConnection) {
    this.#connections = [web, dc, plan]
    this.policies = new UpgradeSender(plan, "plan", "policy", makes.policy)
    this.facts = new UpgradeSender(dc, "dc", "fact", makes.fact)
    this.sells = new UpgradeSender(web, "web", "sell", makes.sell)
    this.orders = new UpgradeSender(web, "web", "order", makes.order)
    this.payments = new UpgradeSender(web, "web", "payment", makes.payment)
    this.orders.accepted = (n) => this.payments.sendNew(n)
  }

  get all(): ReadonlyArray<UpgradeSender> {
    return [this.policies, this.facts, this.sells, this.orders, this.payments]
  }

  get acknowledged(): ReadonlyArray<string> {
    return this.all.flatMap(({ acknowledged }) => acknowledged)
  }

  get isSettled(): boolean {
    return this.all.every(({ isSettled }) => isSettled)
  }

  get counts(): object {
    const { facts, sells, orders, payments } = this
    return { facts: facts.counts, sells: sells.counts, orders: orders.counts, payments: payments.counts }
  }

  start(): void {
    this.sells.start(sellsPerSecond)
    this.facts.start(factsPerSecond)
    this.orders.start(ordersPerSecond)
    this.payments.start(0)
  }

  /** Sends nothing new. What is still to be paid follows from what is answered. */
  stopNew(): void {
    for (const one of [this.sells, this.facts, this.orders]) one.stopNew()
  }

  async close(): Promise<void> {
    for (const one of this.all) one.stop()
    for (const connection of this.#connections) await connection.close()
  }
}

const connectAs = (stage: Stage, sender: string): Promise<NatsConnection> => {
  const { user, password } = stage.loginOf(sender)
  return connect({
    servers: stage.servers.map(({ url }) => url),
    user,
    pass: password,
    inboxPrefix: `hf.reply.${sender}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  })
}

/** Every SKU has a policy and stock. */
const begin = async ({ policies, facts }: Senders): Promise<void> => {
  for (const one of [policies, facts]) {
    one.start(0)
    for (let n = 0; n < skus.length; n++) one.sendNew()
    await until("the build before decides", () => one.counts.decided === skus.length)
  }
}

const ownedBy = async (worker: StageProcess): Promise<number> => sumOf(await worker.page("/metrics"), "holdfast_partition_owned")

const orders = {
  stop: {
    about: "it stops, then this build starts",
    upgrade: async (stage: Stage, old: StageProcess): Promise<StageProcess> => {
      await old.stop()
      // Nobody owns anything: selling commands are told to come back, facts are stored and wait.
      await pause(phaseMs)
      return stage.startWorker("now")
    },
  },
  start: {
    about: "this build starts beside it, then it stops",
    upgrade: async (stage: Stage, old: StageProcess): Promise<StageProcess> => {
      const now = await stage.startWorker("now")
      await until("both builds own partitions", async () => (await ownedBy(now)) > 0 && (await ownedBy(old)) > 0)
      await pause(phaseMs)
      await old.stop()
      return now
    },
  },
} as const
type Order = keyof typeof orders

interface Verdict {
  readonly order: string
  readonly figures: object
  readonly problems: ReadonlyArray<string>
}

const some = (names: ReadonlyArray<string>): string => `${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}`

/** What is wrong with the journals after it. */
const problemsIn = (acknowledged: ReadonlyArray<string>, { decided, answered }: JournalsSeen): ReadonlyArray<string> => {
  const lost = acknowledged.filter((name) => !decided.has(name))
  const twice = [...decided].filter(([, times]) => times !== 1).map(([name]) => name)
  const owed = [...answered].filter(([, times]) => times !== 1).map(([name]) => name)
  return [
    ...(lost.length === 0 ? [] : [`${lost.length} acknowledged and not decided: ${some(lost)}`]),
    ...(twice.length === 0 ? [] : [`${twice.length} decided more than once: ${some(twice)}`]),
    ...(owed.length === 0 ? [] : [`${owed.length} orders not answered exactly once: ${some(owed)}`]),
  ]
}

const verdictOn = async (stage: Stage, order: Order, senders: Senders, ownedMin: number): Promise<Verdict> => {
  const [server] = stage.servers
  if (server === undefined) throw new Error("there is a server")
  const access = { servers: [server.url], monitorUrls: [server.monitorUrl], engine: server.credentials.engine }
  const { acknowledged } = senders
  let seen = await readJournals(access, partitions)
  const isDone = async () => {
    seen = await readJournals(access, partitions)
    return problemsIn(acknowledged, seen).length === 0
  }
  await until("all that was acknowledged is decided", isDone, 30_000).catch(() => undefined)
  const audit = await stage.holdfast("audit")
  const problems = [
    ...problemsIn(acknowledged, seen),
    ...(senders.isSettled ? [] : ["some commands were never acknowledged"]),
    ...(audit.code === 0 ? [] : [`the audit ended with code ${audit.code}: ${audit.out.trim()}`]),
    ...(ownedMin === 2 * partitions ? [] : [`this build owns ${ownedMin} of ${2 * partitions} partitions in the end`]),
  ]
  const figures = { ...senders.counts, decided: seen.decided.size, answeredLater: seen.answered.size, reigns: seen.owners.size }
  return { order: orders[order].about, figures: { ...figures, audit: audit.out.trim().split("\n").at(-1) }, problems }
}

/** `main`: of the build before. */
const play = (order: Order, main: string): Promise<Verdict> =>
  withStage({ servers: 1, workers: 0, partitions, senders: sendersOf("web=channel,dc=warehouse,plan=merchandiser") }, async (stage) => {
    const old = await stage.startWorker("before", {}, main)
    const door = await stage.startIngress("door-before", {}, main)
    const [web, dc, plan] = await Promise.all([connectAs(stage, "web"), connectAs(stage, "dc"), connectAs(stage, "plan")])
    const senders = new Senders(web, dc, plan)
    try {
      await begin(senders)
      senders.start()
      await pause(phaseMs)
      say(`${orders[order].about}: ${JSON.stringify(senders.counts)}`)
      const now = await orders[order].upgrade(stage, old)
      const decidedMin = senders.sells.counts.decided + sellsPerSecond
      await until("this build decides", () => senders.sells.counts.decided > decidedMin)
      await pause(phaseMs)
      await door.stop()
      senders.stopNew()
      await until("all is acknowledged", () => senders.isSettled).catch(() => undefined)
      return await verdictOn(stage, order, senders, await ownedBy(now))
    } finally {
      await senders.close()
    }
  })

const values = scriptOptions("From the build before to this one, in both orders, while senders go on sending.", {
  before: { fallback: "", help: "folder of a checkout of the build before, its node_modules included; has to be given" },
  order: { fallback: "", help: "only this order, by how it begins: stop or start" },
})
const main = join(resolve(values.before), "src/main.ts")

/** What is wrong with how it was called; null: nothing. */
const wrongGiven = (): string | null => {
  if (values.before === "") return "name the build before"
  if (!existsSync(main)) return `there is no ${main}`
  return ["", ...Object.keys(orders)].includes(values.order) ? null : `--order ${values.order}: stop or start`
}

const wrong = wrongGiven()
if (wrong !== null) {
  console.error(
    `${wrong}: npm run upgrade -- --before DIR, DIR being a checkout (git worktree add --detach DIR COMMIT) with its node_modules`,
  )
  process.exit(2)
}
let isRight = true
for (const order of Object.keys(orders) as ReadonlyArray<Order>) {
  if (values.order !== "" && values.order !== order) continue
  const verdict = await play(order, main).catch(
    (error: unknown): Verdict => ({ order: orders[order].about, figures: {}, problems: [String(error)] }),
  )
  console.log(JSON.stringify(verdict, null, 2))
  isRight &&= verdict.problems.length === 0
}
process.exit(isRight ? 0 : 3)
