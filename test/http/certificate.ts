/** Certificates that a test makes for itself, signed by their own key: X.509 as far as a server on the loopback interface needs it. */
import { generateKeyPairSync, sign } from "node:crypto"

/** One value of DER: its tag, its length, what is in it. */
const der = (tag: number, ...inside: ReadonlyArray<Uint8Array>): Buffer => {
  const content = Buffer.concat(inside)
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}
const sequence = (...inside: ReadonlyArray<Uint8Array>): Buffer => der(0x30, ...inside)
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"))
const integer = (value: number): Buffer => der(0x02, Buffer.from([value]))
const bits = (content: Uint8Array): Buffer => der(0x03, Buffer.from([0]), content)

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"))
const name = sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from("holdfast test")))))
/** Of 127.0.0.1. */
const altNames = sequence(oid("551d11"), der(0x04, sequence(der(0x87, Buffer.from([127, 0, 0, 1])))))
const time = (ms: number): Buffer => der(0x18, Buffer.from(new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "")))

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString("base64").replaceAll(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`

/** A certificate of 127.0.0.1 and its key, in PEM, valid between two times. */
export const certificateOf = (fromMs: number, toMs: number): { readonly cert: string; readonly key: string } => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const signed = sequence(
    der(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    name,
    sequence(time(fromMs), time(toMs)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(altNames)),
  )
  return {
    cert: pem("CERTIFICATE", sequence(signed, ecdsaWithSha256, bits(sign("sha256", signed, privateKey)))),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  }
}
