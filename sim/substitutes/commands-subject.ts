/**
 * How the server stores the subject of a command: what the `subject_transform` of the commands stream of the release before does, with the server's own hash.
 *
 * The token is hashed as it is spelled, canonical or not: whether it is, is the engine's to judge.
 */
import { tokenHash } from "../../src/domain/names.ts"

const encoder = new TextEncoder()
const plain = /^[ -~]*$/

/** The subject under which a sender of the release before publishes what one of this release publishes under `subject`: it names no kind. Any other subject stays as it is. */
export const formerCommandSubject = (subject: string): string => subject.replace(/^(hf\.cmd\.[^.]+\.[^.]+)\.sku\./, "$1.")

/** `hf.cmd.<sender>.<class>.<token>` as `hf.p.<partition>.<sender>.<class>.<token>`. Any other subject stays as it is. */
export const storedCommandSubject =
  (partitions: number) =>
  (subject: string): string => {
    const tokens = subject.split(".")
    const [hf, cmd, sender, commandClass, token] = tokens
    if (tokens.length !== 5 || hf !== "hf" || cmd !== "cmd" || token === undefined) return subject
    // The server hashes bytes: those beyond ASCII are hashed one by one.
    const hashed = plain.test(token) ? token : String.fromCharCode(...encoder.encode(token))
    return `hf.p.${tokenHash(hashed) % partitions}.${sender}.${commandClass}.${token}`
  }
