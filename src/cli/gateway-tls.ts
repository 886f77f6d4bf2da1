/**
 * The certificate and the key of a gateway that ends TLS itself, read once at its start and looked at before it listens: what is wrong with them would otherwise be seen by its clients alone.
 *
 * Nothing of a file's content is repeated where it can't be used: one of both is a secret.
 */
import { createPrivateKey, X509Certificate } from "node:crypto"
import { createSecureContext } from "node:tls"
import { Clock, Effect } from "effect"
import { type GatewaySettings, gatewaySettings } from "../config.ts"
import type { Tls } from "../http/server.ts"
import type { CommandFailed } from "./exit-codes.ts"
import { isoTime } from "./print.ts"
import { fileText, messageOf, usage } from "./setting-files.ts"

const certName = gatewaySettings.tlsCert.name
const keyName = gatewaySettings.tlsKey.name

const orWhy = <A>(make: () => A, why: string): Effect.Effect<A, CommandFailed> =>
  Effect.try({ try: make, catch: (error) => usage(`${why} (${messageOf(error)})`) })

/** The certificate and key that the settings name; null: they name none. */
export const readTls = ({ tls }: Pick<GatewaySettings, "tls">): Effect.Effect<Tls | null, CommandFailed> =>
  Effect.gen(function* () {
    if (tls === null) return null
    const { certFile, keyFile } = tls
    const cert = yield* fileText(certFile, certName)
    const key = yield* fileText(keyFile, keyName)
    const read = yield* orWhy(() => new X509Certificate(cert), `${certName}: ${certFile} is no certificate in PEM`)
    const secret = yield* orWhy(() => createPrivateKey(key), `${keyName}: ${keyFile} is no private key in PEM without a passphrase`)
    if (!read.checkPrivateKey(secret))
      return yield* usage(
        `${keyName}: ${keyFile} is not the key of the certificate in ${certFile} (${certName}): name two that belong together`,
      )
    const nowMs = yield* Clock.currentTimeMillis
    const [fromMs, toMs] = [read.validFromDate.getTime(), read.validToDate.getTime()]
    if (nowMs > toMs)
      return yield* usage(`${certName}: the certificate in ${certFile} expired at ${isoTime(toMs)}: no client takes it. Name a newer one`)
    if (nowMs < fromMs)
      return yield* usage(
        `${certName}: the certificate in ${certFile} is not valid before ${isoTime(fromMs)}: name another, or set this clock`,
      )
    yield* orWhy(() => createSecureContext({ cert, key }), `${certName}, ${keyName}: ${certFile} and ${keyFile} can't be used`)
    return { cert, key }
  })
