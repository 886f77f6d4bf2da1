/**
 * Commands as text, as systems of `npm run growth` are filled and measured with: goods and policies, units that are held, units that are given back. Pure.
 */
import { commandsPerMessageMax } from "../../src/limits.ts"
import { plentyQty, skuName } from "../peers/ground.ts"
import type { MessageText } from "../stage/lone-engine.ts"

/** Milliseconds for which a unit is held: none ends while anything is measured. */
const holdMs = 7 * 24 * 3_600_000

const named = (type: string, id: string, sku: number, issuedAtMs: number, rest: string): CommandText => ({
  sku,
  text: `{"v":1,"type":"${type}","id":"${id}","sku":"${skuName(sku)}","issuedAtMs":${issuedAtMs},${rest}}`,
})

const reservationName = (n: number): string => n.toString(36).padStart(8, "0")

export const received = (sku: number, issuedAtMs: number): CommandText =>
  named("ReceiveStock", "s", sku, issuedAtMs, `"location":"DC1","qty":${plentyQty}`)

const channel = '{"channel":"web","priority":0,"bufferQty":0,"bufferPercent":0,"floorQty":0,"fenceQty":0}'
export const putOnSale = (sku: number, issuedAtMs: number): CommandText =>
  named("SetPolicy", "p", sku, issuedAtMs, `"policy":{"version":1,"channels":[${channel}],"safety":[],"sourcing":["DC1"]}`)

export const reserved = (n: number, sku: number, issuedAtMs: number): CommandText =>
  named("Reserve", `c-${reservationName(n)}`, sku, issuedAtMs, `"reservation":"r-${reservationName(n)}","qty":1,"holdMs":${holdMs}`)

export const releasedAgain = (n: number, sku: number, issuedAtMs: number): CommandText =>
  named("Release", `x-${reservationName(n)}`, sku, issuedAtMs, `"reservation":"r-${reservationName(n)}","reason":"abandoned"`)

/** A command, and what it is about. */
export interface CommandText {
  readonly sku: number
  readonly text: string
}

/** Messages, as full as they may be. */
export const messagesOf = (commands: ReadonlyArray<CommandText>): ReadonlyArray<MessageText> =>
  Array.from({ length: Math.ceil(commands.length / commandsPerMessageMax) }, (_, at) => {
    const some = commands.slice(at * commandsPerMessageMax, (at + 1) * commandsPerMessageMax)
    return { sku: skuName(some[0]?.sku ?? 0), text: `[${some.map(({ text }) => text).join(",")}]` }
  })
