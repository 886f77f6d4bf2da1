/**
 * Whose trace a command belongs to, as W3C's Trace Context says it: one text, `traceparent`. How a text from outside is read as one, and what stands in one of ours.
 *
 * It decides nothing about a command. What is none is passed over, as W3C has it: a stranger's header must never be why a sale fails.
 */

/** Characters of a `traceparent` of version 00. */
export const traceparentChars = 55
const ours = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
const anyVersion = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
const newest = "00"
/** A version that there will never be. */
const noVersion = "ff"

/** Whether it is a `traceparent` as we write it: of version 00, in lower case. */
export const isTraceparent = (text: string): boolean => ours.test(text)

/** Flags that are known: that it is sampled, and that its trace id was drawn at random. W3C has us pass no others on. */
const flagsKnown = 0x03
const sampledFlag = 0x01

const flagsOf = (traceparent: string): number => Number.parseInt(traceparent.slice(53, traceparentChars), 16)

/**
 * The `traceparent` that a text from outside says, written anew; null: it says none. Of a later version than 00, which may be longer, what 00 has is read, as W3C wants it. In upper case, with an id of zeros, or of version ff it is none.
 */
export const readTraceparent = (text: string): string | null => {
  // Nearly always there is none.
  if (text.length < traceparentChars) return null
  const head = text.slice(0, traceparentChars)
  if (!anyVersion.test(head)) return null
  const version = head.slice(0, 2)
  if (version === noVersion) return null
  if (text.length > traceparentChars && (version === newest || text[traceparentChars] !== "-")) return null
  const flags = (flagsOf(head) & flagsKnown).toString(16).padStart(2, "0")
  return `${newest}${head.slice(2, 53)}${flags}`
}

/** The parts of a `traceparent` of ours: whose trace, below which span, and whether its sender wants it recorded. */
export const traceParts = (traceparent: string) => ({
  traceId: traceparent.slice(3, 35),
  spanId: traceparent.slice(36, 52),
  isSampled: (flagsOf(traceparent) & sampledFlag) !== 0,
})

/** The same trace below another span. */
export const belowSpan = (traceparent: string, spanId: string): string => `${traceparent.slice(0, 36)}${spanId}${traceparent.slice(52)}`
