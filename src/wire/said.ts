/** The bytes of what senders hear, as one value: what whoever sends replies and feed is given. */
import { decodeAts, encodeAts } from "./feed.ts"
import { encodeReply } from "./replies.ts"

export const saidCodec = { encodeReply, encodeAts, decodeAts } as const
