/**
 * How others' names and numbers stand in a sentence for people: on one line, without what could rule a terminal, no longer than a message may be, and in the right number. Decides nothing
 * but spelling; every part that prints a name or counts things asks here.
 */
import { nameCharsMax, quotedTextCharsMax } from "../limits.ts"

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for.
const controls = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

const named: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" }

const escaped = (char: string): string => named[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`

/** Others' own words, fit for a message: on one line, without what could rule a terminal or hide, and shortened. */
export const shown = (text: string, charsMax: number = quotedTextCharsMax): string => {
  const short = text.length > charsMax ? `${text.slice(0, charsMax).toWellFormed()}…` : text
  return short.replace(controls, escaped)
}

/** Whole lines as they are printed last of all: whatever came into them, nothing rules the terminal. What is JSON stays the same JSON. */
export const shownLines = (text: string): string => text.replace(controls, (char) => (char === "\n" ? char : escaped(char)))

/** A name that can be told from the words around it, and from every other, as it stands. */
const plain = /^[\p{L}\p{N}_.:~%@/+#*&=-]+$/u
/** White space that looks like the plain one, and what would end the quotation. */
const quotedAway = /[^\S ]|["\\]/gu

/**
 * A name as people read it: as it is where nothing about it can be mistaken; otherwise in quotes, with all that can't be seen spelled out. No name that is one is shortened; what is longer is,
 * and its length is told.
 */
export const shownName = (name: string): string => {
  if (name.length <= nameCharsMax && plain.test(name) && name.normalize("NFC") === name) return name
  const part = name.length <= nameCharsMax ? name : `${name.slice(0, quotedTextCharsMax).toWellFormed()}…`
  const spelled = part
    .replace(quotedAway, (char) => (char === '"' || char === "\\" ? `\\${char}` : escaped(char)))
    .replace(controls, escaped)
  const composed = /[^\x20-\x7e]/.test(spelled) && spelled.normalize("NFC") !== spelled ? spelled.replace(/\p{M}/gu, escaped) : spelled
  return `"${composed}"${part === name ? "" : ` (${grouped(name.length)} characters)`}`
}

/** A number with its thousands apart. */
export const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",")

/** So many of something: `1 row`, `1,000 rows`. `many` is what several are called, where that isn't the name of one with an s. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${grouped(count)} ${count === 1 ? one : many}`

/** Letters that have to be put in, left out, changed or put before another to make one word of the other. */
const distance = (one: string, other: string): number => {
  let above: ReadonlyArray<number> = []
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const changed = (row[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1)
      const isTurned = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      const turned = isTurned ? (above[j - 2] as number) + 1 : changed
      next.push(Math.min(changed, turned, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    above = row
    row = next
  }
  return row[other.length] as number
}

/** Of some names the one that was most likely meant by `given`; undefined: none is near. */
export const nearestName = (given: string, names: Iterable<string>): string | undefined => {
  const word = given.slice(0, nameCharsMax).toLowerCase()
  let nearest: string | undefined
  let least = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const name of names) {
    const begins = word.length >= 3 && (name.startsWith(word) || word.startsWith(name))
    const steps = begins ? 1 : distance(word, name.toLowerCase())
    if (steps < least && steps < name.length) [nearest, least] = [name, steps]
  }
  return nearest
}
