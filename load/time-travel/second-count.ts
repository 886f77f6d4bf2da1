/**
 * A second count of a backtest, from the text of `holdfast export` alone: no code of the domain, the queries or the codec. For SKUs at one location, without fences, floors or safety stock, of which it has to know
 * nothing; whatever else it meets makes it throw.
 *
 * Written from docs/QUERIES.md and docs/AVAILABILITY.md.
 */

/** What is counted, by the names of the answer. */
export interface SecondCount {
  asked: number
  askedQty: number
  heldQty: number
  givenBackQty: number
  lostQty: number
  keptBackQty: number
  oversoldQty: number
  unowedQty: number
  strandedQty: number
  zeroMs: number
}

interface Line {
  readonly channel: string
  readonly bufferQty: number
  readonly bufferPercent: number
  readonly fenceQty: number
  readonly floorQty: number
}

interface Claim {
  open: number
  lasting: boolean
  untilMs: number
}

interface Item {
  onHand: number
  lines: ReadonlyArray<Line>
  readonly claims: Map<string, Claim>
  readonly ended: Set<string>
  sinceMs: number | null
}

/** What a line of an export may hold, as far as it is read. */
interface Exported {
  readonly line: string
  readonly atMs?: number
  readonly sender?: string
  readonly command?: Readonly<Record<string, never>> | null
  readonly decision?: {
    readonly outcome: string
    readonly events?: ReadonlyArray<Readonly<Record<string, never>>>
    readonly reason?: string
  }
}

const reservedQty = (item: Item): number => {
  let qty = 0
  for (const { open } of item.claims.values()) qty += open
  return qty
}

const free = (item: Item): number => item.onHand - reservedQty(item)

const sellable = (item: Item, channel: string): number => {
  const line = item.lines.find((one) => one.channel === channel)
  if (line === undefined) return 0
  if (line.fenceQty !== 0 || line.floorQty !== 0) throw new Error("the second count knows no fences or floors")
  const offered = Math.max(0, free(item))
  return Math.max(0, offered - Math.max(line.bufferQty, Math.ceil((line.bufferPercent * offered) / 100)))
}

class Count {
  readonly sums: SecondCount = {
    asked: 0,
    askedQty: 0,
    heldQty: 0,
    givenBackQty: 0,
    lostQty: 0,
    keptBackQty: 0,
    oversoldQty: 0,
    unowedQty: 0,
    strandedQty: 0,
    zeroMs: 0,
  }
  readonly #items = new Map<string, Item>()
  readonly #factor: number

  constructor(factor: number) {
    this.#factor = factor
  }

  #item(sku: string, atMs: number): Item {
    const known = this.#items.get(sku)
    if (known !== undefined) return known
    const item: Item = { onHand: 0, lines: [], claims: new Map(), ended: new Set(), sinceMs: atMs }
    this.#items.set(sku, item)
    return item
  }

  /** Holds that end by then, one after another, and the time that passed. */
  #pass(item: Item, atMs: number): void {
    for (;;) {
      let first: [string, Claim] | undefined
      for (const held of item.claims)
        if (!held[1].lasting && held[1].untilMs <= atMs && (first === undefined || held[1].untilMs < first[1].untilMs)) first = held
      if (first === undefined) break
      this.#clock(item, first[1].untilMs)
      this.sums.givenBackQty += first[1].open
      this.#end(item, first[0])
    }
    this.#clock(item, atMs)
  }

  #clock(item: Item, atMs: number): void {
    const sinceMs = item.sinceMs ?? atMs
    if (atMs > sinceMs) for (const { channel } of item.lines) if (sellable(item, channel) === 0) this.sums.zeroMs += atMs - sinceMs
    item.sinceMs = Math.max(sinceMs, atMs)
  }

  #end(item: Item, name: string): void {
    item.claims.delete(name)
    item.ended.add(name)
  }

  take(atMs: number, sender: string, command: Readonly<Record<string, unknown>>, decision: NonNullable<Exported["decision"]>): void {
    const item = this.#item(String(command.sku), atMs)
    this.#pass(item, atMs)
    if (decision.outcome !== "accepted" && !(decision.outcome === "refused" && command.type !== "SetPolicy")) return
    const qty = Number(command.qty)
    const name = `${String(command.channel ?? sender)}/${String(command.reservation)}`
    const claim = item.claims.get(name)
    switch (command.type) {
      case "ReceiveStock":
        item.onHand += qty
        return
      case "AdjustStock":
        item.onHand += Math.max(qty, -item.onHand)
        return
      case "SetPolicy":
        return this.#policy(item, command)
      case "Reserve":
        return this.#reserve(item, atMs, sender, name, command, decision)
      case "Confirm":
        if (claim !== undefined) claim.lasting = true
        return
      case "Release":
        if (claim === undefined) return
        this.sums.givenBackQty += command.qty === undefined ? claim.open : Math.min(qty, claim.open)
        claim.open -= command.qty === undefined ? claim.open : Math.min(qty, claim.open)
        if (claim.open === 0) this.#end(item, name)
        return
      case "Fulfil": {
        if (claim === undefined) return
        const left = command.qty === undefined ? claim.open : Math.min(qty, claim.open)
        claim.open -= left
        item.onHand = Math.max(0, item.onHand - left)
        if (claim.open === 0) this.#end(item, name)
        return
      }
      default:
        throw new Error(`the second count knows no ${String(command.type)}`)
    }
  }

  #policy(item: Item, command: Readonly<Record<string, unknown>>): void {
    const { channels, safety } = command.policy as { readonly channels: ReadonlyArray<Line>; readonly safety: ReadonlyArray<unknown> }
    if (safety.length > 0) throw new Error("the second count knows no safety stock")
    const factor = this.#factor
    item.lines = channels.map((line) => ({
      ...line,
      bufferQty: Math.round(line.bufferQty * factor),
      bufferPercent: Math.min(100, Math.round(line.bufferPercent * factor)),
    }))
  }

  #reserve(
    item: Item,
    atMs: number,
    channel: string,
    name: string,
    command: Readonly<Record<string, unknown>>,
    decision: NonNullable<Exported["decision"]>,
  ): void {
    const qty = Number(command.qty)
    this.sums.asked += 1
    this.sums.askedQty += qty
    const isNamed = item.lines.some((line) => line.channel === channel)
    if (!isNamed || item.claims.has(name) || item.ended.has(name)) return
    const unowed = Math.max(0, free(item))
    const had = Math.min(qty, sellable(item, channel))
    const held = had < qty && command.partial !== true ? 0 : had
    this.sums.heldQty += held
    this.sums.lostQty += qty - held
    this.sums.keptBackQty += Math.min(qty - held, unowed - held)
    // A hold that was refused then and is given now is sold at once.
    if (held > 0) item.claims.set(name, { open: held, lasting: decision.outcome === "refused", untilMs: atMs + Number(command.holdMs) })
  }

  finish(toMs: number): SecondCount {
    for (const item of this.#items.values()) {
      this.#pass(item, toMs)
      const unowed = Math.max(0, free(item))
      this.sums.unowedQty += unowed
      this.sums.strandedQty += Math.max(0, unowed - Math.max(0, ...item.lines.map(({ channel }) => sellable(item, channel))))
    }
    return this.sums
  }
}

/** Counts a backtest again, with buffers multiplied by `factor`, from the lines that exports of all partitions print, up to a moment. */
export const countAgain = (lines: ReadonlyArray<string>, factor: number, toMs: number): SecondCount => {
  const count = new Count(factor)
  let atMs = 0
  let sender = ""
  for (const text of lines) {
    if (text === "") continue
    const read = JSON.parse(text) as Exported
    if (read.line === "record") atMs = read.atMs ?? atMs
    else if (read.line === "message") sender = read.sender ?? ""
    else if (read.line === "command" && read.command != null && read.decision !== undefined && atMs <= toMs)
      count.take(atMs, sender, read.command, read.decision)
  }
  return count.finish(toMs)
}
