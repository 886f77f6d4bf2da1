/**
 * What a page has to be, checked without a browser: well-formed drawings, and the pieces of a page that tests look at.
 */

/** Drawings of a page, as their text. */
export const drawingsOf = (page: string): ReadonlyArray<string> => page.match(/<svg[\s\S]*?<\/svg>/g) ?? []

/** The page without scripts: what is shown. */
export const shownOf = (page: string): string => page.replace(/<script[\s\S]*?<\/script>/g, "")

/** The value in the page's machine-readable part. */
export const embeddedIn = (page: string): unknown =>
  JSON.parse(/<script type="application\/json" id="suite"[^>]*>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? "null")

/** The part of a page with this id, to its end; parts do not lie in one another. */
export const partOf = (page: string, id: string): string => new RegExp(`<section id="${id}"[\\s\\S]*?</section>`).exec(page)?.[0] ?? ""

const tagPattern = /^<(\/?)([A-Za-z][\w-]*)((?:\s+[A-Za-z][\w:-]*="[^"<]*")*)\s*(\/?)>/
const entityPattern = /&(?!(amp|lt|gt|quot|#\d+);)/

const textFault = (text: string): string | null => {
  if (entityPattern.test(text)) return `a bare ampersand in ${text.slice(0, 60)}`
  const controls = (text.match(/[\p{Cc}\ufffe\uffff]/gu) ?? []).filter((control) => control !== "\n" && control !== "\t")
  return controls.length > 0 || !text.isWellFormed() ? "a character XML can't hold" : null
}

const attributeFault = (attributes: string): string | null => {
  const names = [...attributes.matchAll(/([\w:-]+)="/g)].map(([, name]) => name)
  return new Set(names).size < names.length ? `an attribute twice in ${attributes.slice(0, 60)}` : textFault(attributes)
}

/** Why a piece of markup is no well-formed XML: tags that don't pair, attributes without quotes, bare signs; null if it is. */
export const xmlFault = (xml: string): string | null => {
  const open: Array<string> = []
  let at = 0
  while (at < xml.length) {
    if (xml[at] !== "<") {
      const next = xml.indexOf("<", at)
      const end = next < 0 ? xml.length : next
      const fault = textFault(xml.slice(at, end))
      if (fault !== null) return fault
      at = end
      continue
    }
    const found = tagPattern.exec(xml.slice(at, at + 2_000_000))
    if (found === null) return `no tag at ${xml.slice(at, at + 60)}`
    const [whole, closing, name = "", attributes = "", empty] = found
    const fault = attributeFault(attributes)
    if (fault !== null) return fault
    if (closing === "/") {
      const opened = open.pop()
      if (opened !== name) return `${name} closes ${opened ?? "nothing"}`
    } else if (empty !== "/") open.push(name)
    at += whole.length
  }
  return open.length === 0 ? null : `${open.join(", ")} not closed`
}
