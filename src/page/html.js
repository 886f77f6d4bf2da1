/**
 * How the page's modules write what they draw: HTML in template strings, made into Preact's nodes. Nothing is ever set as HTML text, so what a sender named can't become markup.
 */
import htm from "htm"
import { h } from "preact"

const bound = htm.bind(h)

// htm's type allows for templates with several roots; here each has one.
export const html = /** @type {(strings: TemplateStringsArray, ...values: ReadonlyArray<unknown>) => import("preact").VNode} */ (bound)
