/**
 * What a nats-server says of itself on its monitoring pages, as far as promises of Holdfast rest on it.
 */
import { Schema } from "effect"

/** The part of a server's `/varz` that matters here. Times in nanoseconds, sizes in bytes, as the server writes them. */
const Varz = Schema.Struct({
  server_name: Schema.String,
  version: Schema.String,
  now: Schema.optionalKey(Schema.String),
  max_payload: Schema.optionalKey(Schema.Finite),
  ping_interval: Schema.optionalKey(Schema.Finite),
  ping_max: Schema.optionalKey(Schema.Finite),
  tls_required: Schema.optionalKey(Schema.Boolean),
  jetstream: Schema.optionalKey(
    Schema.Struct({
      config: Schema.optionalKey(
        Schema.Struct({
          max_storage: Schema.optionalKey(Schema.Finite),
          sync_always: Schema.optionalKey(Schema.Boolean),
          sync_interval: Schema.optionalKey(Schema.Finite),
          strict: Schema.optionalKey(Schema.Boolean),
        }),
      ),
      stats: Schema.optionalKey(Schema.Struct({ storage: Schema.optionalKey(Schema.Finite) })),
    }),
  ),
})
/** A server as it describes itself. */
export interface Varz extends Schema.Schema.Type<typeof Varz> {}

const Border = Schema.Struct({
  subject: Schema.String,
  type: Schema.String,
  account: Schema.optionalKey(Schema.String),
})

/** The part of `/accountz?acc=NAME` that matters here. */
const Accountz = Schema.Struct({
  account_detail: Schema.Struct({
    account_name: Schema.String,
    jetstream_enabled: Schema.Boolean,
    imports: Schema.optionalKey(Schema.Array(Border)),
    exports: Schema.optionalKey(Schema.Array(Border)),
  }),
})
/** An account with what it shares. */
export interface Account extends Schema.Schema.Type<typeof Accountz.fields.account_detail> {}

const readTimeoutMs = 3_000

const readPage = async <A>(monitorUrl: string, path: string, decode: (value: unknown) => A): Promise<A | string> => {
  try {
    const answer = await fetch(new URL(path, monitorUrl), { signal: AbortSignal.timeout(readTimeoutMs) })
    return decode(await answer.json())
  } catch (error) {
    return `${monitorUrl}${path} could not be read (${error instanceof Error ? error.message : String(error)})`
  }
}

/** What a server is and how it is set; a text: why that can't be read. */
export const readVarz = (monitorUrl: string): Promise<Varz | string> => readPage(monitorUrl, "/varz", Schema.decodeUnknownSync(Varz))

/** An account as a server knows it; a text: why that can't be read. */
export const readAccount = async (monitorUrl: string, name: string): Promise<Account | string> => {
  const read = await readPage(monitorUrl, `/accountz?acc=${encodeURIComponent(name)}`, Schema.decodeUnknownSync(Accountz))
  return typeof read === "string" ? read : read.account_detail
}
