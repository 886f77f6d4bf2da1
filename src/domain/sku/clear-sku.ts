/**
 * Whether a SKU can be told from every other by whoever sees it written: what is refused at the door because nobody could, and what is only reported.
 *
 * A SKU that ends in white space, holds what can't be seen, or is composed otherwise than its twin is another SKU than the one it looks like, with stock of its own that nobody finds.
 * Looked at only where units or a policy are put under a SKU. Whatever else is about one that stands already is taken, so that what is stocked under such a SKU can be sold and counted away.
 */

import { type Sku, skuToken } from "../names.ts"
import type { Command, CommandType } from "./commands.ts"
import { skuKind } from "./index.ts"

const ascii = /^[!-~]+$/
/** What takes no room or is drawn as nothing, and white space other than the plain one, wherever it stands. */
const hidden = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]|[^\S ]/u
const allHidden = new RegExp(`${hidden.source}| `, "gu")

const codePoint = (char: string): string => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`

/** What makes `sku` look like another, for people; undefined: nothing. */
export const lookAlikeFault = (sku: string): string | undefined => {
  if (ascii.test(sku)) return undefined
  const found = hidden.exec(sku)
  if (found !== null) {
    const what = /\s/.test(found[0]) ? "is white space other than U+0020" : "can't be seen"
    return `${codePoint(found[0])} at its character ${[...sku.slice(0, found.index)].length + 1} ${what}`
  }
  if (sku.startsWith(" ")) return "U+0020, white space, at its beginning"
  if (sku.endsWith(" ")) return "U+0020, white space, at its end"
  const composed = sku.normalize("NFC")
  return composed === sku ? undefined : `not in normal form C, which is "${composed}" (${skuToken(composed)})`
}

/** Whether a command of a type puts something under its SKU. */
interface Founds {
  founds(command: Command): boolean
}
const founding: Readonly<Record<CommandType, Founds>> = skuKind.command

/** What is wrong with the name that a command would stock something under; undefined: nothing, or it stocks nothing. */
export const unclearSku = (command: Command): string | undefined =>
  founding[command.type].founds(command) ? lookAlikeFault(command.sku) : undefined

/** What two SKUs have in common that people take for one: letters in either case and of any width, composed or not, and without what can't be seen. */
const lookOf = (sku: string): string => {
  const plain = ascii.test(sku) ? sku : sku.normalize("NFKC")
  return plain.toLowerCase().normalize("NFKC").replace(allHidden, "")
}

/** Those of some SKUs that look alike, in groups, in the order in which they came. Each stays a SKU of its own. */
export const lookAlikesOf = <Name extends Sku | string>(skus: Iterable<Name>): ReadonlyArray<ReadonlyArray<Name>> => {
  const groups = new Map<string, Name | Array<Name>>()
  for (const sku of skus) {
    const look = lookOf(sku)
    const known = groups.get(look)
    if (known === undefined) groups.set(look, sku)
    else if (typeof known === "string") groups.set(look, [known, sku])
    else known.push(sku)
  }
  return [...groups.values()].filter((group): group is Array<Name> => typeof group !== "string")
}
