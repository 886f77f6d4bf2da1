/** The bytes of what senders hear, as one value: what whoever sends replies and feed is given. */
import type { Reply } from "../engine/records.ts"
import { decodeAts, encodeAts } from "./feed.ts"
import { encodeReply } from "./replies.ts"

/** Whoever sends replies knows no kind's types: those it is given are of the kind whose codec this is. */
export const saidCodec = { encodeReply: encodeReply as unknown as (reply: Reply) => Uint8Array, encodeAts, decodeAts } as const
