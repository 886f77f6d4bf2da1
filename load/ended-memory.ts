/**
 * One sender that reserves and releases at full rate on one SKU, through the shipped engine: every reservation ends, and has to be remembered so that nothing is done twice in its name.
 *
 * The broker's time goes on as if so many commands a second were decided. Prints, as it goes, what is remembered and the memory it takes, and at the end bytes for each ended reservation, how often
 * the sender was told to come back, and how late words on the first, a middle and the last reservation are answered. Ends with 1 if it was throttled, or if one of them is answered wrongly.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { serveAlone } from "./stage/lone-engine.ts"
import { scriptOptions } from "./stage/options.ts"

const values = scriptOptions("One sender that reserves and releases at full rate on one SKU, through the shipped engine.", {
  commands: { fallback: "4000000", help: "how many are sent", whole: 1 },
  "per-second": { fallback: "30000", help: "commands in a second of the broker's time", whole: 1 },
  every: { fallback: "1000000", help: "commands between two lines", whole: 1 },
})
const commands = Number(values.commands)
const perSecond = Number(values["per-second"])
const every = Number(values.every)
const commandsPerMessage = 100
const messagesPerBatch = 8

const beganMs = 1_800_000_000_000
const engine = serveAlone(beganMs, 1_000_000)

const pairs = (from: number): string => {
  const texts: Array<string> = []
  for (let n = from; n < from + commandsPerMessage / 2; n++) {
    const same = `"sku":"A","issuedAtMs":${engine.nowMs},"reservation":"order-${n}"`
    texts.push(`{"v":1,"type":"Reserve","id":"c-${n}",${same},"qty":1,"holdMs":600000}`)
    texts.push(`{"v":1,"type":"Release","id":"x-${n}",${same},"reason":"abandoned"}`)
  }
  return `[${texts.join(",")}]`
}

const memoryBytes = (): number => {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Whether a late word on a reservation that was released is told so, and its name is taken. */
const isRemembered = (n: number): boolean => {
  const issued = `"sku":"A","issuedAtMs":${engine.nowMs},"reservation":"order-${n}"`
  const late = ["Confirm", "Release", "Extend"].map((type, i) => {
    const more = type === "Extend" ? `,"holdMs":1000` : type === "Release" ? `,"reason":"other"` : ""
    return `{"v":1,"type":"${type}","id":"late-${i}-${n}",${issued}${more}}`
  })
  engine.hand([`[${[...late, `{"v":1,"type":"Reserve","id":"anew-${n}",${issued},"qty":1,"holdMs":1000}`].join(",")}]`])
  const reasons = engine.lastSaid.map((said) => (said.outcome === "refused" ? said.reason : said.outcome))
  return reasons.join() === "ReservationReleased,ReservationReleased,ReservationReleased,ReservationExists"
}

const main = (): void => {
  const emptyBytes = memoryBytes()
  let sent = 0
  let seconds = 0
  while (sent < commands) {
    const nowMs = beganMs + Math.ceil((sent * 1_000) / perSecond)
    engine.nowMs = nowMs
    engine.put({ _tag: "BrokerTimeSeen", nowMs, brokerMs: nowMs })
    const before = process.threadCpuUsage()
    engine.hand(Array.from({ length: messagesPerBatch }, (_, m) => pairs((sent + m * commandsPerMessage) / 2)))
    const { user, system } = process.threadCpuUsage(before)
    seconds += (user + system) / 1e6
    sent += commandsPerMessage * messagesPerBatch
    if (sent % every === 0)
      console.log(
        `${sent} commands, ${engine.busy} messages told to come back, ${Math.round(memoryBytes() / 1e6)} MB, ${Math.round(sent / seconds)} commands/s of CPU`,
      )
  }
  const bytes = memoryBytes() - emptyBytes
  console.log(
    `${commands} commands: ${[...engine.outcomes].map(([what, many]) => `${what} ${many}`).join(", ")}; ${engine.busy} messages told to come back`,
  )
  console.log(`${Math.round(bytes / 1e6)} MB, ${(bytes / (commands / 2)).toFixed(0)} bytes for each reservation with its two decisions`)
  const asked = [0, Math.floor(commands / 4), commands / 2 - 1]
  const right = asked.filter(isRemembered).length
  console.log(`${right} of ${asked.length} late words on ended reservations answered as they have to be`)
  if (engine.busy > 0 || right < asked.length) process.exitCode = 1
}

main()
