/**
 * An archive in a folder, as the port `Archive`: `<kind>/partition-<N>/<incarnation>/` with a manifest, segments and a snapshot. docs/ARCHIVE.md describes the files.
 *
 * The manifest says what counts, and is replaced last and in one step. Whatever it doesn't name is a leftover of somebody who was killed, and is
 * removed by the next who writes. A file counts only after it was synced and read back from the disk.
 */

import { copyFile, readdir, readFile, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { promisify } from "node:util"
import { gunzip, gzip } from "node:zlib"
import { Effect, Layer, type Scope, Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { StoredRecord } from "../engine/records.ts"
import { makeFolder } from "../make-folder.ts"
import { Archive, type ArchivedJournal, type SegmentDraft, type WholeSnapshot } from "../ports/archive.ts"
import { ArchiveFailed } from "../ports/errors.ts"
import {
  type ArchivedSegment,
  type ArchivedSnapshot,
  type ArchiveManifest,
  decodeArchivedSnapshot,
  decodeArchiveManifest,
  decodeSegment,
  encodeArchivedSnapshot,
  encodeArchiveManifest,
  encodeSegment,
  type NotRead,
} from "../wire/archive.ts"
import { sha256 } from "../wire/hash.ts"
import { publishDraft, syncFolder, writeDraft } from "./durable-files.ts"
import { FolderTaken, takeFolder } from "./lock.ts"

const pack = promisify(gzip)
const unpack = promisify(gunzip)
/** Fast rather than small: records shrink to a tenth either way. */
const packLevel = 1
/** Bytes one file may unpack to: a damaged one must not fill the memory. */
const unpackedBytesMax = 1_073_741_824
const manifestName = "manifest.json"
/** Digits of a sequence in a file's name, so that names sort as their records do. */
const seqDigits = 12

/** The moments of a write, in order: a test ends the process, or fails, at each. */
export const ArchiveMoment = [
  "draft written",
  "draft read back",
  "file named",
  "manifest written",
  "manifest named",
  "leftover removed",
] as const
export type ArchiveMoment = (typeof ArchiveMoment)[number]

/** What an archive's folder is opened with. */
export interface FolderOptions {
  readonly folder: string
  /** Whose journals: each kind has a folder of its own there. */
  readonly kind: Kind
  /** Told of each moment of a write. For tests. */
  readonly onMoment?: (moment: ArchiveMoment) => void
}

/** Something is wrong with what lies there, or with putting something there. */
class FolderProblem extends Error {
  override readonly name = "FolderProblem"
  readonly remedy: string
  constructor(cause: string, remedy: string) {
    super(cause)
    this.remedy = remedy
  }
}

const damaged = (path: string, cause: string) =>
  new FolderProblem(
    `${path} is damaged: ${cause}`,
    "Bring the file back from a copy of the archive. Until then nothing is purged, and what the journal still holds can be read without it",
  )

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT"

const attempt = <A>(operation: string, act: () => Promise<A>): Effect.Effect<A, ArchiveFailed> =>
  Effect.tryPromise({
    try: act,
    catch: (error) =>
      new ArchiveFailed({
        operation,
        cause: error instanceof Error ? error.message : String(error),
        remedy:
          error instanceof FolderProblem
            ? error.remedy
            : error instanceof FolderTaken
              ? "Wait for it, or remove that file if it is gone for good"
              : "Look at the folder's disk and permissions",
      }),
  })

/** The folder of one kind's journals in an archive. One archiver at a time writes there. */
const rootOf = ({ folder, kind }: Pick<FolderOptions, "folder" | "kind">): string => join(folder, kind)

const folderOf = (root: string, { partition, incarnation }: ArchivedJournal): string => join(root, `partition-${partition}`, incarnation)
const segmentName = (from: number, to: number): string =>
  `${String(from).padStart(seqDigits, "0")}-${String(to).padStart(seqDigits, "0")}.ndjson.gz`

/** What some bytes say, where they can be read. */
const known = <A extends { readonly _tag: string }>(path: string, found: A | NotRead): A => {
  if (found._tag === "Newer" && "version" in found)
    throw new FolderProblem(`${path} has version ${found.version}`, "A newer release wrote it: use that release")
  if (found._tag === "Unreadable" && "cause" in found) throw damaged(path, found.cause)
  return found as A
}

const readManifest = async (folder: string): Promise<ArchiveManifest | null> => {
  const path = join(folder, manifestName)
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
  return bytes === null ? null : known(path, decodeArchiveManifest(bytes)).manifest
}

/** The unpacked bytes of a file that the manifest names. */
const readFileOf = async (
  folder: string,
  { file, fileHash }: { readonly file: string; readonly fileHash: string },
): Promise<Uint8Array> => {
  const path = join(folder, file)
  const packed = await readFile(path).catch((error: unknown) => {
    throw isMissing(error) ? new FolderProblem(`${path} is missing`, "Bring the file back from a copy of the archive") : error
  })
  if (sha256(packed) !== fileHash) throw damaged(path, "its hash is another than the manifest says")
  return unpack(packed, { maxOutputLength: unpackedBytesMax }).catch((error: unknown) => {
    throw damaged(path, error instanceof Error ? error.message : String(error))
  })
}

const readSegment = async (folder: string, segment: ArchivedSegment): Promise<ReadonlyArray<StoredRecord>> => {
  const path = join(folder, segment.file)
  const { head, records } = known(path, decodeSegment(await readFileOf(folder, segment)))
  if (head.from !== segment.from || head.to !== segment.to || head.prevHash !== segment.prevHash)
    throw damaged(path, "it begins or ends elsewhere than the manifest says")
  const last = records.at(-1)
  if (last === undefined || sha256(last.bytes) !== segment.lastHash) throw damaged(path, "its last record is another")
  return records
}

/** Names of the folders in one; none where it isn't there. */
const foldersIn = async (folder: string): Promise<ReadonlyArray<string>> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

class Folder {
  readonly #root: string
  readonly #moment: (moment: ArchiveMoment) => void
  readonly #writes: boolean
  /** Journals whose leftovers were removed by this process. */
  readonly #tidied = new Set<string>()

  constructor({ onMoment, ...where }: FolderOptions, writes: boolean) {
    this.#root = rootOf(where)
    this.#writes = writes
    this.#moment = onMoment ?? (() => undefined)
  }

  async manifest(journal: ArchivedJournal): Promise<ArchiveManifest | null> {
    return readManifest(this.#writes ? await this.#prepare(journal) : folderOf(this.#root, journal))
  }

  async journals(): Promise<ReadonlyArray<ArchivedJournal>> {
    const found: Array<ArchivedJournal> = []
    for (const name of await foldersIn(this.#root)) {
      const partition = /^partition-(0|[1-9][0-9]{0,5})$/.exec(name)?.[1]
      if (partition === undefined) continue
      for (const incarnation of await foldersIn(join(this.#root, name))) {
        const journal = { partition: Number(partition), incarnation }
        if ((await readManifest(folderOf(this.#root, journal))) !== null) found.push(journal)
      }
    }
    return found.sort((a, b) => a.partition - b.partition)
  }

  async addSegment(before: ArchiveManifest, draft: SegmentDraft): Promise<ArchiveManifest> {
    const { records, ...of } = draft
    const from = records[0]?.seq ?? 0
    const to = records.at(-1)?.seq ?? 0
    const { partition, incarnation } = before
    const bytes = encodeSegment({ partition, incarnation, from, to, prevHash: of.prevHash }, records)
    const written = await this.#writeFile(before, segmentName(from, to), bytes, (file) => {
      return readSegment(folderOf(this.#root, before), { ...file, from, to, recordBytes: 0, ...of })
    })
    const recordBytes = records.reduce((sum, record) => sum + record.bytes.length, 0)
    return this.#replace({ ...before, segments: [...before.segments, { ...written, from, to, recordBytes, ...of }] })
  }

  async putSnapshot(
    before: ArchiveManifest,
    { manifest, chunks }: WholeSnapshot,
    found: Pick<ArchivedSnapshot, "atMs" | "stateHash">,
  ): Promise<ArchiveManifest> {
    const { version: _, ...head } = manifest
    const { partition: _partition, incarnation: _incarnation, ...of } = head
    // Another owner's may end at the same record: what the manifest names is never written over.
    const name = `snapshot-${String(of.endSeq).padStart(seqDigits, "0")}-${sha256(of.id).slice(0, 8)}.ndjson.gz`
    const written = await this.#writeFile(before, name, encodeArchivedSnapshot(head, chunks), async (file) => {
      const path = join(folderOf(this.#root, before), file.file)
      const read = known(path, decodeArchivedSnapshot(await readFileOf(folderOf(this.#root, before), file)))
      if (!read.chunks.every((chunk, index) => Buffer.compare(chunk, chunks[index] ?? new Uint8Array()) === 0))
        throw damaged(path, "a chunk reads back as another")
    })
    const after = await this.#replace({ ...before, snapshot: { ...written, ...of, ...found } })
    if (before.snapshot !== null && before.snapshot.file !== name) {
      await rm(join(folderOf(this.#root, before), before.snapshot.file), { force: true })
      this.#moment("leftover removed")
    }
    return after
  }

  /** What is cut off is copied first: the next who writes removes what the manifest doesn't name. */
  async cutAfter(before: ArchiveManifest, seq: number, rest: SegmentDraft | null): Promise<ArchiveManifest> {
    const { partition, incarnation } = before
    const folder = await this.#prepare(before)
    const aside = join(dirname(this.#root), "set-aside", basename(this.#root), `partition-${partition}`, incarnation)
    const beyond = before.segments.filter(({ to }) => to > seq)
    const isSnapshotBeyond = before.snapshot !== null && before.snapshot.endSeq > seq
    await makeFolder(aside, 0o700)
    for (const { file } of [...beyond, ...(isSnapshotBeyond && before.snapshot !== null ? [before.snapshot] : [])])
      await copyFile(join(folder, file), join(aside, file))
    await syncFolder(aside)
    const segments = before.segments.filter(({ to }) => to <= seq)
    const kept = { ...before, segments, snapshot: isSnapshotBeyond ? null : before.snapshot }
    return rest === null ? this.#replace(kept) : this.addSegment(kept, rest)
  }

  notePurged(before: ArchiveManifest, belowSeq: number): Promise<ArchiveManifest> {
    return this.#replace({ ...before, purgedBelow: belowSeq })
  }

  segment(manifest: ArchiveManifest, segment: ArchivedSegment): Promise<ReadonlyArray<StoredRecord>> {
    return readSegment(folderOf(this.#root, manifest), segment)
  }

  async snapshot(manifest: ArchiveManifest): Promise<WholeSnapshot | null> {
    const { snapshot, partition, incarnation } = manifest
    if (snapshot === null) return null
    const folder = folderOf(this.#root, manifest)
    const { head, chunks } = known(join(folder, snapshot.file), decodeArchivedSnapshot(await readFileOf(folder, snapshot)))
    return { manifest: { version: 1, ...head, partition, incarnation }, chunks }
  }

  /** Writes a file that counts once a manifest names it. `readBack` rejects where what lies on the disk isn't what was meant. */
  async #writeFile(
    before: ArchiveManifest,
    file: string,
    bytes: Uint8Array,
    readBack: (file: Pick<ArchivedSegment, "file" | "fileBytes" | "fileHash">) => Promise<unknown>,
  ): Promise<Pick<ArchivedSegment, "file" | "fileBytes" | "fileHash">> {
    const folder = await this.#prepare(before)
    const packed = await pack(bytes, { level: packLevel })
    const written = { file, fileBytes: packed.length, fileHash: sha256(packed) }
    const draft = await writeDraft(join(folder, file), packed)
    this.#moment("draft written")
    await readBack({ ...written, file: draft.slice(folder.length + 1) })
    this.#moment("draft read back")
    await publishDraft(join(folder, file))
    this.#moment("file named")
    return written
  }

  async #replace(manifest: ArchiveManifest): Promise<ArchiveManifest> {
    const path = join(await this.#prepare(manifest), manifestName)
    await writeDraft(path, encodeArchiveManifest(manifest))
    this.#moment("manifest written")
    await publishDraft(path)
    this.#moment("manifest named")
    return manifest
  }

  /** The journal's folder, made and rid of what no manifest names. */
  async #prepare(journal: ArchivedJournal): Promise<string> {
    const folder = folderOf(this.#root, journal)
    if (this.#tidied.has(folder)) return folder
    await makeFolder(folder, 0o700)
    await syncFolder(this.#root)
    await syncFolder(join(this.#root, `partition-${journal.partition}`))
    const manifest = await readManifest(folder)
    const named = new Set([manifestName, manifest?.snapshot?.file, ...(manifest?.segments ?? []).map(({ file }) => file)])
    for (const file of await readdir(folder)) {
      if (named.has(file)) continue
      await rm(join(folder, file), { force: true })
      this.#moment("leftover removed")
    }
    this.#tidied.add(folder)
    return folder
  }
}

const serviceOf = (folder: Folder): Archive["Service"] => ({
  journals: attempt("look what is archived", () => folder.journals()),
  manifest: (journal) => attempt(`read the archive of partition ${journal.partition}`, () => folder.manifest(journal)),
  addSegment: (before, draft) => attempt(`archive records of partition ${before.partition}`, () => folder.addSegment(before, draft)),
  putSnapshot: (before, snapshot, found) =>
    attempt(`archive the snapshot of partition ${before.partition}`, () => folder.putSnapshot(before, snapshot, found)),
  cutAfter: (before, seq, rest) => attempt(`cut the archive of partition ${before.partition}`, () => folder.cutAfter(before, seq, rest)),
  notePurged: (before, belowSeq) => attempt(`note the purge of partition ${before.partition}`, () => folder.notePurged(before, belowSeq)),
  read: (manifest, fromSeq, toSeq) =>
    Stream.fromIterable(manifest.segments.filter(({ from, to }) => to >= fromSeq && from <= toSeq)).pipe(
      Stream.mapEffect((segment) =>
        attempt(`read the archive of partition ${manifest.partition}`, () => folder.segment(manifest, segment)),
      ),
      Stream.map((records) => records.filter(({ seq }) => seq >= fromSeq && seq <= toSeq)),
    ),
  snapshot: (manifest) => attempt(`read the archived snapshot of partition ${manifest.partition}`, () => folder.snapshot(manifest)),
})

const openFolder = (options: FolderOptions): Effect.Effect<Archive["Service"], ArchiveFailed, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(`open the archive ${options.folder} for writing`, async () => {
      await makeFolder(rootOf(options), 0o700)
      return takeFolder(rootOf(options))
    }),
    (leave) => Effect.promise(() => leave().catch(() => undefined)),
  ).pipe(Effect.map(() => serviceOf(new Folder(options, true))))

/** The archive in this folder, for the one who writes to it as long as the scope lives. */
export const folderArchiveLayer = (options: FolderOptions): Layer.Layer<Archive, ArchiveFailed> =>
  Layer.effect(Archive, openFolder(options))

/** The archive in this folder, for whoever only reads. Writing through it is a mistake of ours. */
export const folderArchiveReader = (where: Pick<FolderOptions, "folder" | "kind">): Layer.Layer<Archive> =>
  Layer.succeed(Archive, serviceOf(new Folder(where, false)))
