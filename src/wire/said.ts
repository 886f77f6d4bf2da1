/** The bytes of what senders hear, as one value: what whoever sends replies and feed is given. */
import type { Kind } from "../domain/kinds.ts"
import type { Reply } from "../engine/records.ts"
import { decodeAts, encodeAts } from "./feed.ts"
import { encodeOrderReply } from "./order-replies.ts"
import { encodeReply } from "./replies.ts"

/** Whoever sends replies knows no kind's types: those it is given are of the kind whose codec this is. */
export const saidCodec = { encodeReply: encodeReply as unknown as (reply: Reply) => Uint8Array, encodeAts, decodeAts } as const

/** The bytes of what senders hear about a kind's actors. */
export const saidCodecOf = (kind: Kind): typeof saidCodec =>
  // As above.
  kind === "sku" ? saidCodec : { ...saidCodec, encodeReply: encodeOrderReply as unknown as (reply: Reply) => Uint8Array }
