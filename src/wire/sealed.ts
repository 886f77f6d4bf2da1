/**
 * A checksum at the end of what is stored for long: a record vouches for itself, not only through the next one, and a snapshot chunk at all.
 *
 * The chain of hashes finds a damaged record only when the record after it is read, and the newest has none after it. CRC-32 finds every
 * damage of up to 32 bits in a row, and all but one in four thousand million of the rest; against forgery stands who may write, not this.
 */
import { crc32 } from "node:zlib"

const opening = ',"sum":"'
const hexChars = 8
/** Bytes of the seal: it closes the object it ends. */
export const sealBytes = opening.length + hexChars + 2

/** The seal of the object whose bytes begin with `bytes` up to `end` and that lacks only its closing brace. */
export const sealOf = (bytes: Uint8Array, end: number): string =>
  `${opening}${crc32(bytes.subarray(0, end)).toString(16).padStart(hexChars, "0")}"}`

/** Whether the bytes end with a seal at all, and whether it is theirs. */
export const sealFound = (bytes: Uint8Array): "whole" | "damaged" | "none" => {
  const end = bytes.length - sealBytes
  if (end < 1) return "none"
  for (let i = 0; i < opening.length; i++) if (bytes[end + i] !== opening.charCodeAt(i)) return "none"
  const seal = sealOf(bytes, end)
  for (let i = opening.length; i < sealBytes; i++) if (bytes[end + i] !== seal.charCodeAt(i)) return "damaged"
  return "whole"
}
