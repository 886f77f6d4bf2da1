/**
 * Makes text of the bytes of a file, or says why it is none. Decides how the bytes are to be read; the decoding is Node's own (TextDecoder, WHATWG names).
 *
 * Nothing is read as what it might be at the price of its identity: a byte that can't be read refuses the file, and is never replaced, for two SKUs that differ
 * in that byte would become one.
 */
import { shown } from "../domain/telling.ts"
import { type FileFault, fault } from "./file-fault.ts"

/** Text, and how it was read. */
export interface FileText {
  readonly _tag: "FileText"
  readonly text: string
  /** WHATWG's name. */
  readonly encoding: string
  /** Why it was read so: a mark in the file, an option, or a guess. */
  readonly by: "mark" | "option" | "form" | "guess"
}

/** Files that are no text, by how they begin. */
const others: ReadonlyArray<readonly [what: string, first: ReadonlyArray<number>]> = [
  ["a workbook or another zip archive", [0x50, 0x4b, 0x03, 0x04]],
  ["an old Excel workbook", [0xd0, 0xcf, 0x11, 0xe0]],
  ["packed with gzip", [0x1f, 0x8b]],
  ["a PDF", [0x25, 0x50, 0x44, 0x46]],
  ["a Parquet file", [0x50, 0x41, 0x52, 0x31]],
  ["UTF-32", [0xff, 0xfe, 0x00, 0x00]],
  ["UTF-32", [0x00, 0x00, 0xfe, 0xff]],
]

const begins = (bytes: Uint8Array, first: ReadonlyArray<number>): boolean =>
  bytes.length >= first.length && first.every((byte, i) => bytes[i] === byte)

const marks: ReadonlyArray<readonly [encoding: string, mark: ReadonlyArray<number>]> = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
]

/** Bytes that are looked at to tell UTF-16 without a mark. */
const sampleBytes = 4_096

/** UTF-16 without a mark shows by its zeros: text of shops is mostly ASCII, of which every other byte is one. */
const utf16Of = (bytes: Uint8Array): string | undefined => {
  const sample = bytes.subarray(0, sampleBytes)
  const zeros = [0, 0]
  for (const [i, byte] of sample.entries()) if (byte === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  const most = sample.length / 4
  if (odd > most && even === 0) return "utf-16le"
  return even > most && odd === 0 ? "utf-16be" : undefined
}

/** The text, or undefined where a byte of it can't be read. Throws where there is no such encoding. */
const decoded = (bytes: Uint8Array, encoding: string): string | undefined => {
  const decoder = new TextDecoder(encoding, { fatal: true })
  try {
    return decoder.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined
    throw error
  }
}

/** The line of the first byte that is no UTF-8, for people. */
const firstFaultLine = (bytes: Uint8Array): number => {
  const lenient = new TextDecoder("utf-8").decode(bytes)
  const at = lenient.indexOf("\ufffd")
  let line = 1
  for (let i = lenient.indexOf("\n"); i !== -1 && i < at; i = lenient.indexOf("\n", i + 1)) line += 1
  return line
}

/** Whether some bytes that aren't ASCII are good UTF-8 all the same. */
const isPartlyUtf8 = (bytes: Uint8Array): boolean => /[^\p{ASCII}\ufffd]/u.test(new TextDecoder("utf-8").decode(bytes))

// biome-ignore lint/suspicious/noControlCharactersInRegex: a text that holds them was read in the wrong encoding; they are what is looked for.
const strange = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/

const remedy = "save it as UTF-8, or name its encoding"

/** No UTF-8, and no mark: Windows-1252, which every byte of a Western shop's file is, unless something speaks against it. */
const guessed = (bytes: Uint8Array): FileText | FileFault => {
  const line = firstFaultLine(bytes)
  if (isPartlyUtf8(bytes))
    return fault("EncodingUnknown", `it is UTF-8, but for line ${line} and perhaps others: two encodings in one file; ${remedy}`)
  const text = decoded(bytes, "windows-1252")
  if (text === undefined || strange.test(text))
    return fault("EncodingUnknown", `line ${line} is no UTF-8, and the file is not Windows-1252 either; ${remedy}`)
  return { _tag: "FileText", text, encoding: "windows-1252", by: "guess" }
}

const inEncoding = (bytes: Uint8Array, encoding: string, by: FileText["by"]): FileText | FileFault => {
  const text = decoded(bytes, encoding)
  if (text === undefined)
    return fault("EncodingUnknown", `it is said to be ${encoding.toUpperCase()}, by ${byTexts[by]}, but can't be read as that; ${remedy}`)
  return { _tag: "FileText", text, encoding, by }
}

const byTexts: Readonly<Record<FileText["by"], string>> = {
  mark: "its byte order mark",
  option: "what was asked for",
  form: "its bytes",
  guess: "a guess",
}

/** An encoding's name as WHATWG spells it; undefined where there is none of that name. */
const encodingNamed = (name: string): string | undefined => {
  try {
    return new TextDecoder(name.trim()).encoding
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const detected = (bytes: Uint8Array): FileText | FileFault => {
  for (const [encoding, mark] of marks) if (begins(bytes, mark)) return inEncoding(bytes, encoding, "mark")
  const utf16 = utf16Of(bytes)
  if (utf16 !== undefined) return inEncoding(bytes, utf16, "guess")
  const text = decoded(bytes, "utf-8")
  return text === undefined ? guessed(bytes) : { _tag: "FileText", text, encoding: "utf-8", by: "form" }
}

/** The text of a file. `encoding` is what somebody says it is, and then must be; a mark in the file says more. */
export const textOf = (bytes: Uint8Array, encoding?: string): FileText | FileFault => {
  for (const [what, first] of others)
    if (begins(bytes, first)) return fault("NoText", `it is ${what}, and no text: save it as CSV, in UTF-8 or UTF-16`)
  if (encoding !== undefined && encodingNamed(encoding) === undefined)
    return fault("EncodingUnknown", `there is no encoding "${shown(encoding)}"; utf-8, utf-16le, windows-1252 and shift_jis are some`)
  const isMarked = marks.some(([, mark]) => begins(bytes, mark))
  const read = encoding === undefined || isMarked ? detected(bytes) : inEncoding(bytes, encodingNamed(encoding) as string, "option")
  if (read._tag === "FileFault") return read
  if (read.text.includes("\0")) return fault("NoText", `it holds zero bytes, so it is no text, or UTF-16 without its mark; ${remedy}`)
  return read
}
