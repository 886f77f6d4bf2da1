/**
 * One sender at full speed on one hot SKU, for minutes, against a real server and a real worker; then one command in so many is sent again, long after its first time.
 *
 * Nothing fresh may be refused, for memory or anything else, and what is sent again has to get the very decision of its first time. With `--release` each reservation is released in the message that makes
 * it, so that it ends and has to be remembered as one that did; without it is confirmed. Prints commands, rate, how often it was told to come back and the worker's memory as it goes. Ends with 1 if something is not as
 * promised.
 */
import { readFileSync } from "node:fs"
import { type NatsConnection, connect as natsConnect } from "@nats-io/transport-node"
import { skuToken } from "../src/domain/names.ts"
import { senderInbox } from "../src/nats/config.ts"
import { startEmbedded } from "../src/nats/embedded.ts"
import { commandSubject, replySubject } from "../src/wire/subjects.ts"
import { loginOf, senders, startWorker, stockUp } from "./end-to-end/arms.ts"
import { hotSku } from "./end-to-end/hot-sku.ts"
import { scriptOptions } from "./stage/options.ts"

const values = scriptOptions(
  "One sender at full speed on one hot SKU, for minutes; then one command in so many is sent again.",
  {
    seconds: { fallback: "180", help: "for how long", whole: 1 },
    "resend-after": { fallback: "600", help: "seconds after which a command is sent again", whole: 1 },
    every: { fallback: "1000", help: "one command in so many is", whole: 1 },
    least: { fallback: "5000000", help: "commands that have to be decided", whole: 0 },
    "in-flight": { fallback: "48", help: "messages on their way at once", whole: 1 },
    partitions: { fallback: "8", help: "partitions", whole: 1 },
  },
  { switches: { release: "release each reservation in the message that makes it, in place of confirming it" } },
)
const commandsPerMessage = 100
const every = Number(values.every)
const resendAfterMs = Number(values["resend-after"]) * 1_000
const silentMs = 5_000
const againMs = 50

interface Said {
  readonly id: string
  readonly repeated?: true
  readonly outcome: string
}

/** A command that will be sent again, and what was decided of it. */
interface Sample {
  readonly text: string
  readonly dueMs: number
  readonly said: string
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** A decision without what says that it is a repeat. */
const meaning = ({ repeated: _, ...said }: Said): string => JSON.stringify(said)

class Hot {
  readonly #connection: NatsConnection
  readonly #subject = commandSubject("web", "sell", "sku", skuToken(hotSku))
  readonly #prefix = replySubject("web", "hot.")
  readonly #waiting = new Map<number, { readonly text: string; readonly resolve: (said: ReadonlyArray<Said>) => void; sentMs: number }>()
  #messages = 0
  #pairs = 0
  running = true
  decided = 0
  busy = 0
  late = 0
  readonly outcomes = new Map<string, number>()
  readonly samples: Array<Sample> = []

  constructor(connection: NatsConnection) {
    this.#connection = connection
    connection.subscribe(`${this.#prefix}*`, {
      callback: (error, message) => {
        if (error === null) this.#heard(Number(message.subject.slice(this.#prefix.length)), message.data)
      },
    })
    setInterval(() => this.#sendSilentAgain(), 1_000).unref()
  }

  /** The decisions on a message, however often it has to be sent. */
  ask(text: string): Promise<ReadonlyArray<Said>> {
    return new Promise((resolve) => {
      const n = ++this.#messages
      this.#waiting.set(n, { text, resolve, sentMs: 0 })
      this.#send(n)
    })
  }

  #send(n: number): void {
    const one = this.#waiting.get(n)
    if (one === undefined) return
    one.sentMs = performance.now()
    this.#connection.publish(this.#subject, one.text, { reply: `${this.#prefix}${n}` })
  }

  #heard(n: number, data: Uint8Array): void {
    const one = this.#waiting.get(n)
    if (one === undefined) return
    const said = data.length === 0 ? { answer: "nobody" } : JSON.parse(new TextDecoder().decode(data))
    if ("answer" in said) {
      // Too long on its way, where the machine has too little time for all: the id is free, and the same is sent again.
      if (said.answer === "notStored" && said.reason === "age") this.late++
      else if (said.answer !== "busy" && said.answer !== "nobody") throw new Error(`not taken: ${JSON.stringify(said)}`)
      else this.busy++
      setTimeout(() => this.#send(n), said.retryAfterMs ?? againMs)
      return
    }
    this.#waiting.delete(n)
    one.resolve(said.decisions ?? [said])
  }

  #sendSilentAgain(): void {
    const nowMs = performance.now()
    for (const [n, { sentMs }] of this.#waiting) if (nowMs - sentMs > silentMs) this.#send(n)
  }

  /** Messages one after another: reserves, each confirmed or released in the same message. */
  async send(): Promise<void> {
    while (this.running) {
      const issuedAtMs = Date.now()
      const texts: Array<string> = []
      for (let i = 0; i < commandsPerMessage / 2; i++) {
        const n = ++this.#pairs
        const same = `"sku":"${hotSku}","issuedAtMs":${issuedAtMs},"reservation":"r-${n}"`
        texts.push(`{"v":1,"type":"Reserve","id":"c-${n}",${same},"qty":1,"holdMs":86400000}`)
        texts.push(
          values.release
            ? `{"v":1,"type":"Release","id":"k-${n}",${same},"reason":"abandoned"}`
            : `{"v":1,"type":"Confirm","id":"k-${n}",${same}}`,
        )
      }
      const said = await this.ask(`[${texts.join(",")}]`)
      for (const [i, one] of said.entries()) this.#note(texts[i] ?? "", one)
    }
  }

  #note(text: string, said: Said): void {
    this.decided++
    const what = said.outcome === "refused" ? `refused ${Reflect.get(said, "reason")}` : said.outcome
    this.outcomes.set(what, (this.outcomes.get(what) ?? 0) + 1)
    if (this.decided % every === 0) this.samples.push({ text, dueMs: performance.now() + resendAfterMs, said: meaning(said) })
  }

  /** Sends samples again, each when it is due; how many were decided otherwise. */
  async sendAgain(): Promise<number> {
    let otherwise = 0
    for (const { text, dueMs, said } of this.samples) {
      await pause(Math.max(0, dueMs - performance.now()))
      const [again] = await this.ask(text)
      if (again?.repeated === true && meaning(again) === said) continue
      if (++otherwise <= 3) console.log(`decided otherwise: ${said} then ${JSON.stringify(again)}`)
    }
    return otherwise
  }
}

const memoryOf = (pid: number): string => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  return `${Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024)} MB (at most ${Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024)})`
}

const main = async (): Promise<void> => {
  const server = await startEmbedded({ senders })
  const options = { inFlight: 0, partitions: Number(values.partitions), profileFolder: undefined }
  const worker = startWorker(server, options)
  await stockUp(server)
  const login = loginOf(server, "web")
  const connection = await natsConnect({ servers: [server.url], user: login.user, pass: login.password, inboxPrefix: senderInbox("web") })
  const hot = new Hot(connection)
  const beganMs = performance.now()
  const report = (): void => {
    const seconds = (performance.now() - beganMs) / 1_000
    console.log(
      `${seconds.toFixed(0).padStart(5)} s ${hot.decided} commands, ${hot.busy} times busy, ${hot.late} times late, worker ${memoryOf(worker.pid)}`,
    )
  }
  const reporting = setInterval(report, 10_000)
  const sending = Array.from({ length: Number(values["in-flight"]) }, () => hot.send())
  await pause(Number(values.seconds) * 1_000)
  hot.running = false
  await Promise.all(sending)
  report()
  const perSecond = hot.decided / ((performance.now() - beganMs) / 1_000)
  console.log(`${Math.round(perSecond)} commands/s; ${[...hot.outcomes].map(([what, count]) => `${what} ${count}`).join(", ")}`)
  console.log(`sending ${hot.samples.length} of them again, ${values["resend-after"]} s after their first time`)
  const otherwise = await hot.sendAgain()
  report()
  clearInterval(reporting)
  console.log(`${hot.samples.length - otherwise} of ${hot.samples.length} got the same decision again`)
  await connection.close()
  await worker.end()
  await server.stop()
  if (otherwise > 0 || hot.outcomes.size !== 1 || !hot.outcomes.has("accepted") || hot.decided < Number(values.least)) process.exitCode = 1
}

await main()
