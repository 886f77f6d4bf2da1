/**
 * `npm run frozen-ingress`: an ingress that stands still for ten seconds and goes on (SIGSTOP, SIGCONT), beside a worker with an ingress of its own, on a real nats-server.
 *
 * What lay unread before it then is too old to be taken: told so or never answered, never decided or stored. Senders are answered by the other one meanwhile, and by both again after.
 * Ends with code 1 if not.
 */
import { sendersOf } from "../src/domain/sender-list.ts"
import { doorAgeMsMax } from "../src/limits.ts"
import { metricName } from "../src/telemetry/catalogue.ts"
import { HeardKind, kindOf, published, RawConnection } from "./stage/raw-connection.ts"
import { chosen, conclude, type Promised, say } from "./stage/show.ts"
import { pause, type StageProcess, stockUp, sumOf, until, withStage } from "./stage/stage.ts"

const options = chosen("Freezes an ingress, sends on, thaws it, and looks what becomes of what lay before it.", {
  "frozen-seconds": { fallback: "10", help: "seconds for which the ingress stands still", whole: 1 },
  messages: { fallback: "400", help: "messages sent in the first second of it, half of them facts", whole: 1 },
})
const frozenMs = Number(options["frozen-seconds"]) * 1_000
const messages = Number(options.messages)
/** Milliseconds after which a page shows all that happened before: it is looked at once a second. */
const pageMs = 2_500
const skus = Array.from({ length: 16 }, (_, n) => `S${n}`)
const senders = sendersOf("web=channel,dock=warehouse,planner=merchandiser")

/** What each message heard first, and when, by its number. */
type Heard = Map<number, { readonly kind: HeardKind; readonly atMs: number }>

const command = (n: number): Buffer => {
  const sku = skus[n % skus.length] ?? ""
  const head = `"v":1,"id":"c${n}","sku":"${sku}","issuedAtMs":${Date.now()}`
  const body =
    n % 2 === 0
      ? `{${head},"type":"Reserve","reservation":"r${n}","qty":1,"holdMs":600000}`
      : `{${head},"type":"RecordSale","mode":"taken","qty":1,"location":"DC1"}`
  return published(`hf.cmd.web.sell.sku.${sku}`, `hf.reply.web.frozen.${n}`, [], Buffer.from(body))
}

const send = async (connection: RawConnection, from: number, count: number, overMs: number): Promise<void> => {
  for (let n = 0; n < count; n++) {
    connection.write(command(from + n))
    if (n % 20 === 19) await pause((overMs * 20) / count)
  }
}

const takenBy = async (ingress: StageProcess): Promise<number> => sumOf(await ingress.page("/metrics"), metricName.ingressTaken)
const tooOldFor = async (ingress: StageProcess): Promise<number> =>
  sumOf(await ingress.page("/metrics"), metricName.ingressNotStored, 'reason="age"')

const counted = (heard: Heard, ofThese: (n: number, atMs: number) => boolean): string => {
  const all = [...heard].filter(([n, { atMs }]) => ofThese(n, atMs))
  return HeardKind.map((kind) => `${kind} ${all.filter(([, one]) => one.kind === kind).length}`).join(", ")
}

const played = await withStage({ servers: 1, workers: 1, partitions: 4, senders }, async (stage) => {
  await stockUp(stage, skus, ["web"], { dock: "dock", planner: "planner" })
  const ingress = await stage.startIngress("alone")
  const heard: Heard = new Map()
  const connection = await RawConnection.open(
    stage.servers[0]?.url ?? "",
    "web",
    stage.loginOf("web"),
    {
      refused: (text) => say(`the server refused: ${text}`),
      message: (bytes, subjectFrom, subjectTo, bodyFrom, bodyTo, noResponders) => {
        const n = Number(bytes.toString("latin1", subjectFrom, subjectTo).split(".").at(-1))
        if (!heard.has(n)) heard.set(n, { kind: kindOf(bytes, bodyFrom, bodyTo, noResponders), atMs: performance.now() })
      },
    },
    "frozen",
  )
  let next = 0
  const sendUntilTaken = async (): Promise<void> => {
    const before = await takenBy(ingress)
    await until("it takes what is sent", async () => {
      await send(connection, next, 20, 50)
      next += 20
      return (await takenBy(ingress)) > before
    })
  }
  await sendUntilTaken()
  await until("all of that is answered", () => heard.size === next)
  // Its page is a look of a moment ago.
  await pause(pageMs)
  const [first, takenBefore] = [next, await takenBy(ingress)]
  say(`it stands still for ${frozenMs / 1_000} s`)
  process.kill(ingress.pid, "SIGSTOP")
  await send(connection, first, messages, 1_000)
  next += messages
  await pause(frozenMs - 1_000)
  const thawedMs = performance.now()
  process.kill(ingress.pid, "SIGCONT")
  // By then it has read what lay there, and has heard or said what there was to say of it.
  await pause(2 * doorAgeMsMax)
  const [takenOld, tooOld] = [(await takenBy(ingress)) - takenBefore, await tooOldFor(ingress)]
  const old = (n: number) => n >= first && n < first + messages
  const decidedLate = [...heard].filter(
    ([n, { kind, atMs }]) => old(n) && atMs >= thawedMs && (kind === "decision" || kind === "stored"),
  ).length
  const unanswered = messages - [...heard.keys()].filter(old).length
  const during = counted(heard, (n, atMs) => old(n) && atMs < thawedMs)
  const after = counted(heard, (n, atMs) => old(n) && atMs >= thawedMs)
  // It is open to new ones again, or this ends with an error.
  await sendUntilTaken()
  connection.close()
  const promises: ReadonlyArray<Promised> = [
    { what: "messages that lay before the frozen ingress", found: `${unanswered + tooOld}`, kept: unanswered + tooOld > 0 },
    { what: "old messages it took once it went on", found: String(takenOld), kept: takenOld === 0 },
    { what: "old messages decided or stored after that", found: String(decidedLate), kept: decidedLate === 0 },
  ]
  return { promises, during, after, unanswered, tooOld }
})

conclude(
  options.json,
  played,
  `while it stood still: ${played.during}\nafter that:           ${played.after}; too old for it ${played.tooOld}, never answered ${played.unanswered}`,
)
