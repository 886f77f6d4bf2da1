/**
 * The files of the page for people, as a gateway serves them: the modules of src/page as they stand there, and the libraries they use as their packages bring them. Nothing is built, and nothing comes from elsewhere.
 *
 * A browser knows no packages, so the name of one is replaced by its file's address; that is all that is changed. Addresses are relative: the page works behind a proxy that adds a path before it.
 */
import { readdirSync, readFileSync } from "node:fs"
import type { StaticPage } from "./pages.ts"

/** A file of the page: all are text. */
interface PageFile extends StaticPage {
  readonly body: string
}

const pageFolder = new URL("../page/", import.meta.url)
const packagesFolder = new URL("../../node_modules/", import.meta.url)

/** Libraries, by the name that modules import them by: the file of the package, and what it is served as. */
const libraries: Readonly<Record<string, readonly [file: string, served: string]>> = {
  preact: ["preact/dist/preact.mjs", "preact.js"],
  "preact/hooks": ["preact/hooks/dist/hooks.mjs", "hooks.js"],
  htm: ["htm/dist/htm.mjs", "htm.js"],
  uplot: ["uplot/dist/uPlot.esm.js", "uPlot.js"],
}
const chartStyle = "uplot/dist/uPlot.min.css"

const contentTypes: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
}

const importPattern = /(\b(?:from|import)\s*)(["'])([a-z/]+)\2/g

/** A module whose imports of libraries name the files under `folder`. */
const withAddresses = (text: string, folder: string): string =>
  text.replaceAll(importPattern, (whole, before: string, quote: string, name: string) => {
    const library = libraries[name]
    return library === undefined ? whole : `${before}${quote}${folder}${library[1]}${quote}`
  })

const endingOf = (name: string): string => name.slice(name.lastIndexOf(".") + 1)

const served = (path: PageFile["path"], text: string): PageFile => ({ path, contentType: contentTypes[endingOf(path)] ?? "", body: text })

/** Every file of the page; its root is `/`. Read once: a gateway serves what it was started with. */
export const pageFiles = (): ReadonlyArray<PageFile> => {
  const own = readdirSync(pageFolder)
    .filter((name) => contentTypes[endingOf(name)] !== undefined)
    .map((name): PageFile => {
      const text = readFileSync(new URL(name, pageFolder), "utf8")
      if (name === "index.html") return { path: "/", contentType: contentTypes.html ?? "", body: text }
      return served(`/page/${name}`, endingOf(name) === "js" ? withAddresses(text, "./lib/") : text)
    })
  const brought = Object.values(libraries).map(([file, name]) =>
    served(`/page/lib/${name}`, withAddresses(readFileSync(new URL(file, packagesFolder), "utf8"), "./")),
  )
  return [...own, ...brought, served("/page/lib/uPlot.css", readFileSync(new URL(chartStyle, packagesFolder), "utf8"))]
}
