/** Certificates for servers on a private network: an authority, and what it signs. Made with openssl, which has to be there. */
import { execFileSync } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"

/** Files of an authority, in PEM. Whoever has the key can sign anything. */
export interface Authority {
  readonly key: string
  readonly certificate: string
}

const days = 825
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

/** Throws with what it said on standard error. */
const openssl = (...args: ReadonlyArray<string>): void => {
  execFileSync("openssl", [...args], { stdio: ["ignore", "ignore", "pipe"] })
}

export const makeAuthority = ({ key, certificate }: Authority, name: string): void =>
  openssl("req", "-x509", ...newKey, "-keyout", key, "-out", certificate, "-days", String(days), "-subj", `/CN=${name}`)

/** `path`-key.pem and `path`.pem: a private key, and a certificate for these names and addresses, as server and as client. */
export const certify = ({ key, certificate }: Authority, path: string, name: string, names: ReadonlyArray<string>): void => {
  const alternatives = names.map((one) => (/^[0-9.]+$/.test(one) ? `IP:${one}` : `DNS:${one}`)).join(",")
  openssl("req", ...newKey, "-keyout", `${path}-key.pem`, "-out", `${path}.csr`, "-subj", `/CN=${name}`)
  writeFileSync(`${path}.ext`, `subjectAltName=${alternatives}\nextendedKeyUsage=serverAuth,clientAuth\n`)
  const serial = ["-CAserial", `${key}.srl`, "-CAcreateserial"]
  const signed = ["-in", `${path}.csr`, "-CA", certificate, "-CAkey", key, ...serial, "-extfile", `${path}.ext`, "-out", `${path}.pem`]
  openssl("x509", "-req", "-days", String(days), ...signed)
  for (const ending of [".csr", ".ext"]) rmSync(`${path}${ending}`)
}
