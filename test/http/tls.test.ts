/** A gateway that ends TLS itself: it is asked over https, and what is wrong with its files is said at its start, by the file's name. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { get } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readTls } from "../../src/cli/gateway-tls.ts"
import { KeyRing } from "../../src/http/key-ring.ts"
import { SenderRates } from "../../src/http/rates.ts"
import { serveGateway } from "../../src/http/server.ts"
import { textOf } from "../processes.ts"
import { certificateOf } from "./certificate.ts"
import { metering } from "./no-meter.ts"

const dayMs = 86_400_000
const nowMs = Date.now()
const good = certificateOf(nowMs - dayMs, nowMs + dayMs)
const expired = certificateOf(nowMs - 2 * dayMs, nowMs - dayMs)
const early = certificateOf(nowMs + dayMs, nowMs + 2 * dayMs)

let folder: string
const at = (name: string): string => join(folder, name)
const scope = Scope.makeUnsafe()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-tls-"))
  const files = {
    "good.crt": good.cert,
    "good.key": good.key,
    "expired.crt": expired.cert,
    "expired.key": expired.key,
    "early.crt": early.cert,
    "early.key": early.key,
    "text.pem": "no PEM, but a secret",
  }
  for (const [name, text] of Object.entries(files)) await writeFile(at(name), text)
})
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await rm(folder, { recursive: true, force: true })
})

const read = (certFile: string, keyFile: string) => readTls({ tls: { certFile: at(certFile), keyFile: at(keyFile) } })

interface Heard {
  readonly status: number | undefined
  readonly body: string
  readonly protocol: string | null
}

/** Asks over https, as a client that takes this certificate and no other. */
const ask = (url: string, ca: string, maxVersion?: "TLSv1.1"): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const old = maxVersion === undefined ? {} : { minVersion: maxVersion, maxVersion, ciphers: "DEFAULT@SECLEVEL=0" }
    get(url, { ca, agent: false, ...old }, (answer) => {
      const said = textOf(answer)
      const protocol = "getProtocol" in answer.socket ? (answer.socket as import("node:tls").TLSSocket).getProtocol() : null
      answer.once("end", () => resolve({ status: answer.statusCode, body: said(), protocol }))
    }).once("error", reject)
  })

describe("a gateway with a certificate", () => {
  it("answers over https to clients that trust it, with TLS 1.2 or newer, and to plain HTTP with nothing", async () => {
    const tls = await Effect.runPromise(read("good.crt", "good.key"))
    expect(tls).toEqual(good)
    const senders = { names: [], as: () => Effect.undefined }
    const parts = { senders, keys: new KeyRing(at("keys.json")), rates: new SenderRates(10), meter: metering().meter }
    const url = await serveGateway(parts, {
      host: "127.0.0.1",
      port: 0,
      tls,
      readiness: Effect.succeed({ ready: true, missing: [] }),
      files: [],
    }).pipe(Scope.provide(scope), Effect.runPromise)
    expect(url).toMatch(/^https:/)
    expect(await ask(`${url}/live`, good.cert)).toEqual({ status: 200, body: '{"live":true}', protocol: "TLSv1.3" })
    await expect(ask(`${url}/live`, early.cert)).rejects.toThrow("self-signed certificate")
    await expect(ask(`${url}/live`, good.cert, "TLSv1.1")).rejects.toThrow()
    await expect(fetch(`${url.replace("https:", "http:")}/live`)).rejects.toThrow()
  })
})

describe("what can't be used of a certificate or its key", () => {
  it.each([
    ["missing.crt", "good.key", "HOLDFAST_GATEWAY_TLS_CERT", "missing.crt", "can't be read"],
    ["good.crt", "missing.key", "HOLDFAST_GATEWAY_TLS_KEY", "missing.key", "can't be read"],
    ["text.pem", "good.key", "HOLDFAST_GATEWAY_TLS_CERT", "text.pem", "no certificate"],
    ["good.crt", "text.pem", "HOLDFAST_GATEWAY_TLS_KEY", "text.pem", "no private key"],
    ["good.key", "good.crt", "HOLDFAST_GATEWAY_TLS_CERT", "good.key", "no certificate"],
    ["good.crt", "early.key", "HOLDFAST_GATEWAY_TLS_KEY", "early.key", "not the key"],
    ["expired.crt", "expired.key", "HOLDFAST_GATEWAY_TLS_CERT", "expired.crt", "expired at"],
    ["early.crt", "early.key", "HOLDFAST_GATEWAY_TLS_CERT", "early.crt", "not valid before"],
  ])("is named: %s with %s", async (cert, key, setting, file, what) => {
    const failure = await Effect.runPromise(Effect.flip(read(cert, key)))
    expect(failure).toMatchObject({ _tag: "CommandFailed", code: 2 })
    expect(failure.message.startsWith(`${setting}: `)).toBe(true)
    expect(failure.message).toContain(at(file))
    expect(failure.message).toContain(what)
    expect(failure.message).not.toContain("secret")
  })

  it("is nothing where none is named", async () => {
    expect(await Effect.runPromise(readTls({ tls: null }))).toBeNull()
  })
})
