/**
 * A sender's connection: it has commands stored, hears its replies and its feed, and asks questions. There is no ingress in these worlds: what one would store of a command is written here.
 */
import { type CommandClass, partitionOf, type SenderId, type Sku, skuFromToken } from "../../src/domain/names.ts"
import { atsSubject, questionSubject, replySubject, storedOf } from "../../src/wire/subjects.ts"
import { batchAlone } from "../../src/workload/stored-alone.ts"
import { publishTimeoutMs } from "./asking.ts"
import type { Connection } from "./connection.ts"
import { nobodyResponds, type Servers, type WriteAnswer } from "./servers.ts"

/** What came of a command: stored, refused by the server as full, or unknown. */
export type Published =
  | { readonly _tag: "Stored"; readonly seq: number }
  | { readonly _tag: "Busy"; readonly cause: string }
  | { readonly _tag: "Unknown"; readonly cause: string }

const publishedOf = (said: WriteAnswer): Published => {
  if (said._tag === "Stored") return { _tag: "Stored", seq: said.seq }
  const { error } = said
  return { _tag: error === nobodyResponds ? "Unknown" : "Busy", cause: error.description }
}

export class Sender {
  readonly name: string
  readonly #servers: Servers
  readonly #connection: Connection
  #stored = 0

  constructor(name: string, servers: Servers, connection: Connection) {
    this.name = name
    this.#servers = servers
    this.#connection = connection
  }

  /** Has one message stored. The returned function makes the caller deaf to what comes of it. */
  publish(
    commandClass: CommandClass,
    token: string,
    body: Uint8Array,
    replySuffix: string,
    done: (published: Published) => void,
  ): () => void {
    const key = skuFromToken(token) ?? ("" as Sku)
    const subject = storedOf("sku", partitionOf(key, this.#servers.partitions))
    const publishedMs = this.#servers.world.nowMs
    const sent = { sender: this.name as SenderId, class: commandClass, key, reply: replySuffix, publishedMs }
    const stored = batchAlone(++this.#stored, sent, body)
    return this.#connection.request<WriteAnswer>({
      route: "commands",
      timeoutMs: publishTimeoutMs,
      serve: (answer) => this.#servers.commands.write({ subject, body: stored }, answer),
      done: (outcome) => done(outcome._tag === "Answered" ? publishedOf(outcome.answer) : { _tag: "Unknown", cause: outcome.cause }),
    })
  }

  /** Asks a question; answers come as replies. */
  ask(path: string, body: Uint8Array, replySuffix: string): void {
    this.#connection.say("questions", () => this.#servers.say({ subject: questionSubject(this.name, path), replySuffix, body }))
  }

  /** Hears what is said to it under the prefix, until the returned function is called: the rest of the suffix and the body. */
  hearReplies(prefix: string, hear: (suffix: string, body: Uint8Array) => void): () => void {
    return this.#hear(replySubject(this.name, `${prefix}.`), hear)
  }

  /** Hears its feed: the SKU's token and the body. */
  hearAts(hear: (token: string, body: Uint8Array) => void): () => void {
    return this.#hear(atsSubject(this.name, ""), hear)
  }

  #hear(prefix: string, hear: (rest: string, body: Uint8Array) => void): () => void {
    return this.#servers.listen(prefix, (said) => this.#connection.tell(prefix, () => hear(said.subject.slice(prefix.length), said.body)))
  }
}
