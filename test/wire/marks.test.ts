/** What outlives a process outside journals and chunks: every form goes there and back, says its version, and what is not of ours is told apart. */
import { describe, expect, it } from "vitest"
import type { Halt, SnapshotManifest } from "../../src/engine/protocol.ts"
import {
  decodeHalt,
  decodeManifest,
  decodeMember,
  decodeWitness,
  encodeHalt,
  encodeManifest,
  encodeMember,
  encodeWitness,
  haltOf,
} from "../../src/wire/marks.ts"

const witness = { seq: 7, hash: "h7" }
const halt: Halt = { reason: "JournalLostTail", detail: "expected 7", atMs: 1_700_000_000_000, resume: { by: "ops", reason: "seen" } }
const progress = { partition: 1, epoch: 2, confirmedSeq: 3, oldestMs: null, stalledMs: 0 }
const member = { worker: "w", address: "here", unreadable: [3], serving: [progress], caughtUp: [1] }
const manifest: SnapshotManifest = {
  version: 1,
  id: "s-1",
  partition: 0,
  incarnation: "i",
  startSeq: 4,
  startHash: "a",
  endSeq: 9,
  endHash: "b",
  chunks: 2,
}

const forms = [
  { name: "a witness", value: witness, text: encodeWitness(witness), decode: decodeWitness, field: "seq" },
  { name: "a halt", value: halt, text: encodeHalt(halt), decode: decodeHalt, field: "atMs" },
  { name: "a manifest", value: manifest, text: encodeManifest(manifest), decode: decodeManifest, field: "chunks" },
] as const

const withField = (text: string, field: string, value: unknown): string =>
  JSON.stringify({ ...(JSON.parse(text) as object), [field]: value })
const without = (text: string, field: string): string => withField(text, field, undefined)

for (const { name, value, text, decode, field } of forms)
  describe(name, () => {
    it("goes there and back, and says its version", () => {
      expect(decode(text)).toEqual({ _tag: "Known", value })
      expect(JSON.parse(text)).toMatchObject({ version: 1 })
    })

    it("of a newer release is told apart from a damaged one, which names the field", () => {
      expect(decode(withField(text, "version", 2))).toEqual({ _tag: "Newer", version: 2 })
      expect(decode(withField(without(text, field), "version", 2))).toEqual({ _tag: "Newer", version: 2 })
      for (const bad of [withField(text, field, "x"), without(text, field)])
        expect(decode(bad)).toEqual({ _tag: "Unreadable", cause: expect.stringContaining(`${field}: `) as unknown })
      for (const version of ["2", 0, 1.5, {}]) expect(decode(withField(text, "version", version))).toMatchObject({ _tag: "Unreadable" })
      for (const bad of ["", "{", "[]", "null", "7"]) expect(decode(bad)).toMatchObject({ _tag: "Unreadable" })
    })
  })

it("what earlier releases wrote, without a version, is of version 1", () => {
  expect(decodeWitness(without(encodeWitness(witness), "version"))).toEqual({ _tag: "Known", value: witness })
  expect(decodeHalt(without(encodeHalt(halt), "version"))).toEqual({ _tag: "Known", value: halt })
  const oldest = JSON.stringify({ worker: "w", address: "here", unreadable: [] })
  expect(decodeMember("w", oldest)).toEqual({ worker: "w", address: "here", unreadable: [], serving: null, caughtUp: null })
})

it("a halt halts whatever it says: for a reason of a later release, of a later version, or unreadable", () => {
  expect(haltOf(withField(encodeHalt(halt), "reason", "Eclipse"))).toMatchObject({
    reason: "InvariantBroken",
    detail: expect.stringContaining("Eclipse") as unknown,
    resume: halt.resume,
  })
  for (const text of [withField(encodeHalt(halt), "version", 2), "{"])
    expect(haltOf(text)).toMatchObject({ reason: "InvariantBroken", resume: null })
})

it("a worker of a newer release lives, whatever it says of itself; what no worker says is nobody", () => {
  expect(decodeMember("w", encodeMember(member))).toEqual(member)
  const newer = JSON.stringify({ version: 2, name: "otherwise" })
  expect(decodeMember("w", newer)).toEqual({ worker: "w", address: "", unreadable: [], serving: null, caughtUp: null })
  expect(decodeMember("w", "{}")).toBeNull()
})
