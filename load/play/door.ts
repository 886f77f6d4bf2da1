/**
 * How a generator's commands reach a cluster: over NATS with the client library, or over HTTP. Both say the same of an answer, so that one profile plays over either. Decides nothing: what is sent and
 * what an answer is worth stand elsewhere.
 */
import { Agent, request } from "node:http"
import { Agent as TlsAgent, request as tlsRequest } from "node:https"
import { AnswerUnknown, ClientClosed, connect, type SenderClient } from "../../src/channel.ts"
import { RefusalReason } from "../../src/domain/refusals.ts"
import type { Heard, Wanted } from "./wanted.ts"

/** One sender's way in. */
export interface Door {
  readonly send: (wanted: Wanted) => Promise<Heard>
  readonly close: () => Promise<void>
}

const refusals: ReadonlySet<string> = new Set(RefusalReason)

const undecided = (why: string): Heard => ({ outcome: "undecided", why, decision: "" })

/** What an answer says, whether it came over NATS or HTTP: `repeated` tells a retry from the first, and nothing of the decision. */
const heardOf = (answer: Readonly<Record<string, unknown>>): Heard => {
  const { repeated: _, ...said } = answer
  const outcome = String(said.outcome)
  const why = String(said.reason ?? said.why ?? "")
  if (outcome === "accepted") return { outcome, why: "", decision: JSON.stringify(said) }
  if (outcome === "refused") return { outcome, why, decision: JSON.stringify(said) }
  if (outcome === "busy") return { outcome, why, decision: "" }
  if (outcome === "stored" || outcome === "unknown") return undecided(outcome)
  const more = [why, said.field, said.detail].filter((one) => typeof one === "string" && one !== "").join(" ")
  return { outcome: "error", why: `${outcome} ${more}`.trim(), decision: "" }
}

/** What is heard of a command once its door is closed. */
const cutOff: Heard = { outcome: "cutOff", why: "the run was ended", decision: "" }

type Method = (input: Readonly<Record<string, unknown>>) => Promise<Readonly<Record<string, unknown>>>

/** A client's method for a type. The profile's fields are those of the type; the client checks them again. */
const methodOf = (client: SenderClient, type: Wanted["type"]): Method => {
  const name = `${type.charAt(0).toLowerCase()}${type.slice(1)}`
  return Reflect.get(client, name) as Method
}

export interface NatsWay {
  readonly servers: ReadonlyArray<string>
  readonly sender: string
  readonly login: { readonly user: string; readonly password: string }
  /** Milliseconds for which an answer is waited for. */
  readonly patienceMs: number
}

/** Over NATS, with the client library. Rejects if no server answers, or none lets this login in. */
export const natsDoor = async ({ servers, sender, login, patienceMs }: NatsWay): Promise<Door> => {
  const client = await connect({ servers, sender, login, timeoutMs: patienceMs, connectTimeoutMs: 5_000 })
  return {
    send: async ({ type, ...input }) => {
      try {
        return heardOf(await methodOf(client, type)(input))
      } catch (error) {
        // Only its own end closes a client; what was sent before that, it still waits for.
        if (error instanceof ClientClosed) return cutOff
        if (error instanceof AnswerUnknown) return undecided(error.cause)
        return { outcome: "error", why: error instanceof Error ? error.message : String(error), decision: "" }
      }
    },
    close: () => client.close(),
  }
}

export interface HttpWay {
  readonly url: string
  readonly key: string
  readonly patienceMs: number
  /** Connections kept open, at most. */
  readonly sockets: number
}

const maxBodyBytes = 1_048_576

const exchange = (url: URL, agent: Agent | TlsAgent, headers: Readonly<Record<string, string>>, body: string, patienceMs: number) =>
  new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const open = url.protocol === "https:" ? tlsRequest : request
    const sent = open(url, { method: "POST", agent, headers, timeout: patienceMs }, (answer) => {
      let text = ""
      answer.setEncoding("utf8").on("data", (piece: string) => {
        if (text.length < maxBodyBytes) text += piece
      })
      answer.once("error", reject)
      answer.once("end", () => resolve({ status: answer.statusCode ?? 0, text }))
    })
    sent.once("timeout", () => sent.destroy(new Error("no answer in time")))
    sent.once("error", reject)
    sent.end(body)
  })

const parsed = (text: string): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}

/** What an HTTP answer says: a decision, a problem that is a refusal by its owner, or a problem of the gateway's own. */
const heardOverHttp = ({ status, text }: { readonly status: number; readonly text: string }): Heard => {
  if (status === 429 || status === 503) return { outcome: "busy", why: `HTTP ${status}`, decision: "" }
  const said = parsed(text)
  if (status === 200 || status === 202) return heardOf(said)
  const code = String(said.code ?? "")
  const { repeated: _, ...decision } = said
  if (refusals.has(code)) return { outcome: "refused", why: code, decision: JSON.stringify(decision) }
  return { outcome: "error", why: `HTTP ${status} ${code}`.trim(), decision: "" }
}

/** Over HTTP, one command a request, over connections that are kept. */
export const httpDoor = ({ url, key, patienceMs, sockets }: HttpWay): Door => {
  const agent = url.startsWith("https:")
    ? new TlsAgent({ keepAlive: true, maxSockets: sockets })
    : new Agent({ keepAlive: true, maxSockets: sockets })
  let isClosed = false
  return {
    send: async ({ type, id, ...input }) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", "idempotency-key": id, prefer: "wait=20" }
      try {
        return heardOverHttp(await exchange(new URL(`/v1/commands/${type}`, url), agent, headers, JSON.stringify(input), patienceMs))
      } catch (error) {
        return isClosed ? cutOff : undecided(error instanceof Error ? error.message : String(error))
      }
    },
    close: async () => {
      isClosed = true
      agent.destroy()
    },
  }
}
