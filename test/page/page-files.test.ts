import { describe, expect, it } from "vitest"
import { pageFiles } from "../../src/http/page-files.ts"

const files = new Map(pageFiles().map((file) => [file.path as string, file]))

/** What a file loads, by the addresses that it names. */
const loadedBy = (path: string, text: string): ReadonlyArray<string> => {
  const base = `http://gateway${path}`
  const named =
    path === "/"
      ? text.matchAll(/(?:href|src)="([^"]+)"/g)
      : text.replaceAll(/@import .*/g, "").matchAll(/\b(?:from|import)\s*["']([\w./-]+)["']/g)
  return [...named].map(([, name = ""]) => (name.startsWith(".") || path === "/" ? new URL(name, base).pathname : name))
}

describe("the files of the page", () => {
  it("load nothing that isn't among them", () => {
    const loaded = [...files.values()].flatMap(({ path, contentType, body }) =>
      contentType.startsWith("text/css") ? [] : loadedBy(path, body).map((name) => `${path} loads ${name}`),
    )
    expect(loaded.length).toBeGreaterThan(20)
    expect(loaded.filter((line) => !files.has(line.slice(line.indexOf(" loads ") + 7)))).toEqual([])
  })

  it("hold no script, style or handler in line, which the content policy would stop", () => {
    const { body = "" } = files.get("/") ?? {}
    expect(body).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/)
    for (const { path, body: text } of files.values())
      if (path.startsWith("/page/") && !path.startsWith("/page/lib/"))
        expect(text).not.toMatch(/innerHTML|dangerouslySetInnerHTML|\beval\(/)
  })

  it("all have a type that browsers take", () => {
    for (const { contentType } of files.values())
      expect(contentType).toMatch(/^(text\/(html|css|javascript); charset=utf-8|image\/svg\+xml)$/)
  })
})
