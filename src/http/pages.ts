/**
 * What a gateway serves for people, without a key: the page at its root, the reference of its interface, the interface as a document, and a page for each problem. All of it comes from this process: nothing is loaded from
 * elsewhere, and the content policy says so to the browser.
 */
import { createHash } from "node:crypto"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpApiScalar, OpenApi } from "effect/http-api"
import { GatewayApi } from "./api.ts"
import { isProblem, problemResponse, problems } from "./problems.ts"

/** A file as it is served. */
export interface StaticPage {
  readonly path: `/${string}`
  readonly contentType: string
  readonly body: string | Uint8Array
}

/** What a page may load: its own scripts, styles and images, and the interface. Nothing inline, nothing from elsewhere, and nobody may frame it. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

/** What stands in `backticks` is code. */
const rich = (text: string): string => escaped(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>")

const stylePath = "/plain.css"
const style = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem }
code { font-family: ui-monospace, monospace }
a { color: LinkText }
`

const document = (title: string, body: string): string =>
  `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title><link rel="stylesheet" href="${stylePath}"></head>
<body>
<main>
${body}
</main>
</body>
</html>
`

/** What stands at the root until a page of its own is given. */
const plainRoot: StaticPage = {
  path: "/",
  contentType: "text/html; charset=utf-8",
  body: document(
    "Holdfast",
    `<h1>Holdfast</h1>
<p>May this unit be sold? This is the HTTP gateway.</p>
<ul>
<li><a href="/reference">Reference of the interface</a>, and the same as <a href="/openapi.json">OpenAPI</a></li>
<li><a href="/problems">Problems and what to do</a></li>
<li><a href="/ready">Whether it is ready</a></li>
</ul>`,
  ),
}

const problemPage = (name: string): string | undefined => {
  if (!isProblem(name)) return undefined
  const { status, title, remedy } = problems[name]
  return document(
    name,
    `<h1>${name}</h1>\n<p>${rich(title)}. Status ${status}.</p>\n<p>${rich(remedy)}</p>\n<p><a href="/problems">All problems</a></p>`,
  )
}

const allProblems = (): string =>
  document(
    "Problems",
    `<h1>Problems</h1>\n<dl>\n${Object.entries(problems)
      .map(([name, { status, title }]) => `<dt><a href="/problems/${name}">${name}</a> (${status})</dt><dd>${rich(title)}</dd>`)
      .join("\n")}\n</dl>`,
  )

const served = (contentType: string, body: string | Uint8Array, policy = pagePolicy): HttpServerResponse.HttpServerResponse => {
  const headers = { "content-security-policy": policy, "cache-control": "no-cache" }
  return typeof body === "string"
    ? HttpServerResponse.text(body, { contentType, headers })
    : HttpServerResponse.uint8Array(body, { contentType, headers })
}

const html = "text/html; charset=utf-8"

const scriptPattern = /<script>([\s\S]*?)<\/script>/g

/** The policy of a page that is made elsewhere, with its scripts in it: just these, by their digests. Its styles it makes while it runs. */
export const policyOfScripts = (page: string): string => {
  const digests = [...page.matchAll(scriptPattern)].map(
    ([, script = ""]) => `'sha256-${createHash("sha256").update(script, "utf8").digest("base64")}'`,
  )
  return `default-src 'none'; script-src ${digests.join(" ")}; style-src 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
}

/** The reference's page as it is made, put under a policy of its own. */
const underItsPolicy = (
  response: HttpServerResponse.HttpServerResponse,
  known: { policy?: string },
): HttpServerResponse.HttpServerResponse => {
  const { body } = response
  if (known.policy === undefined && body._tag === "Uint8Array") known.policy = policyOfScripts(Buffer.from(body.body).toString("utf8"))
  return HttpServerResponse.setHeaders(response, { "content-security-policy": known.policy ?? pagePolicy, "cache-control": "no-cache" })
}

const referencePath = "/reference"

const referenceLayer = HttpApiScalar.layer(GatewayApi, {
  path: referencePath,
  scalar: { withDefaultFonts: false, hideModels: false, showOperationId: false, defaultOpenAllTags: true },
})

/** Puts the reference under its policy. */
const referencePolicy = (known: { policy?: string }) =>
  HttpRouter.middleware((handle) => Effect.map(handle, (response) => underItsPolicy(response, known))).layer

/** The document of the interface, as docs/openapi.json has it. */
export const openapiDocument = (): OpenApi.OpenAPISpec => OpenApi.fromApi(GatewayApi)

/** Everything that is served to people. `files`: a page of its own, whose root takes the place of the plain one. */
export const pagesLayer = (files: ReadonlyArray<StaticPage>) => {
  const own = files.some(({ path }) => path === "/") ? files : [plainRoot, ...files]
  const routes = HttpRouter.use(
    Effect.fnUntraced(function* (router) {
      const openapi = JSON.stringify(openapiDocument())
      for (const { path, contentType, body } of own) yield* router.add("GET", path, Effect.succeed(served(contentType, body)))
      yield* router.add("GET", stylePath, Effect.succeed(served("text/css; charset=utf-8", style)))
      yield* router.add("GET", "/openapi.json", Effect.succeed(served("application/json", openapi)))
      yield* router.add("GET", "/problems", Effect.succeed(served(html, allProblems())))
      yield* router.add(
        "GET",
        "/problems/:name",
        Effect.map(HttpRouter.params, ({ name }) => {
          const page = problemPage(name ?? "")
          return page === undefined ? problemResponse("NotFound") : served(html, page)
        }),
      )
    }),
  )
  return Layer.merge(routes, referenceLayer.pipe(Layer.provide(referencePolicy({}))))
}

/** Where people's pages are, for whoever has to know every address. */
export const pagePaths = (files: ReadonlyArray<StaticPage>): ReadonlyArray<string> => [
  ...new Set(["/", ...files.map(({ path }) => path), stylePath, "/openapi.json", referencePath, "/problems", "/problems/:name"]),
]
