/** The defects that the core had and that a simulated world can show, each with what takes its remedy out again. */
import { halt } from "../../src/engine/ending.ts"
import type { SkuEngineCodec, SkuOutput, SkuStep } from "../../src/kinds/sku/types.ts"
import { sealOf } from "../../src/wire/sealed.ts"
import type { Defect } from "./defect.ts"

const takeover = "src/engine/takeover.ts"
const publishing = "src/engine/publishing.ts"
const cursorCheck = "src/engine/cursor-check.ts"

/** Reads a record whatever its checksum says. */
const unsealed = (codec: SkuEngineCodec): SkuEngineCodec => ({
  ...codec,
  decodeRecord: (bytes) => {
    const decoded = codec.decodeRecord(bytes)
    if (decoded._tag === "Record" || !decoded.cause.startsWith("damaged")) return decoded
    const sealBytes = sealOf(bytes, 1).length
    const whole = bytes.slice()
    whole.set(new TextEncoder().encode(sealOf(whole, whole.length - sealBytes)), whole.length - sealBytes)
    return codec.decodeRecord(whole)
  },
})

/** Halts for everybody where it can only not read on itself. */
const haltAtNewer =
  (step: SkuStep): SkuStep =>
  (partition, input) =>
    step(partition, input).flatMap((output) =>
      output._tag === "SteppedDown" && output.reason === "NewerRelease"
        ? (halt(partition, "ChainBroken", output.detail.replace(/^partition \d+: /, ""), input.nowMs) as ReadonlyArray<SkuOutput>)
        : [output],
    )

/** Opens a broken reading of commands again where it was, as if nothing could have happened to the stream. */
const readOnUntold =
  (step: SkuStep): SkuStep =>
  (partition, input) =>
    input._tag === "ReadingBroke" && partition.phase === "serving" && partition.reign.reading
      ? [{ _tag: "ReadCommands", fromSeq: partition.reign.arrivedSeq + 1 }]
      : step(partition, input)

export const defects: ReadonlyArray<Defect> = [
  {
    name: "damaged-newest-record",
    cause:
      "A claimant believed the newest record as it was read: the chain vouches for a record only through the one after it, and the newest has none.",
    remedy: "Every record ends with a checksum of its own, and who reads a damaged one halts.",
    foundBy: "seeds in step mode",
    expected: ["chain", "state-is-fold", "halts"],
    profile: "last-unit",
    families: ["jitter", "corrupt-records", "handovers"],
    drawn: { orders: 8, partitions: 1, skus: 1, batchMessagesMax: 1, workers: 2, faultChance: 100, leaseTtlMs: 1_000, windowMs: 8_000 },
    recoded: unsealed,
  },
  {
    name: "damaged-when-said-again",
    cause:
      "A new owner passed over a record that it could not read when it said again what its predecessor had decided, and its replies were never said.",
    remedy: "It halts: what such a record decided could never be said again.",
    foundBy: "reading",
    expected: ["replies-said"],
    profile: "last-unit",
    families: ["jitter", "corrupt-records", "crash-points"],
    drawn: { orders: 12, partitions: 1, skus: 1, batchMessagesMax: 1, workers: 2, crashPoints: 4_000, leaseTtlMs: 1_000, windowMs: 15_000 },
    substituted: [
      {
        module: publishing,
        pattern: `if (decoded._tag === "Unreadable") return halt(partition, "ChainBroken", \`record \${stored.seq}: \${decoded.cause}\`, nowMs)`,
        replacement: `if (decoded._tag === "Unreadable" && expected++ > 0) continue`,
      },
    ],
  },
  {
    name: "missing-when-said-again",
    cause: "A new owner passed over a record that was missing from what it read to say again what its predecessor had decided.",
    remedy: "It halts where what is to be said again does not follow one upon the other.",
    foundBy: "seeds in step mode",
    expected: ["replies-said"],
    profile: "last-unit",
    families: ["jitter", "corrupt-records", "crash-points"],
    drawn: { orders: 8, partitions: 1, skus: 1, batchMessagesMax: 1, workers: 2, crashPoints: 3_000, leaseTtlMs: 1_000, windowMs: 10_000 },
    substituted: [
      { module: publishing, pattern: `if (stored.seq !== expected) return halt`, replacement: `if (stored.seq < 0) return halt` },
    ],
  },
  {
    name: "stale-feed-between-reigns",
    cause:
      "A former owner's last words could be stored in the feed after newer ones while nobody watched it, and a new owner looked only at what came later.",
    remedy:
      "A new owner begins with what the feed stored since its predecessor was last heard of, repairs by the value, and says its first words to every channel.",
    foundBy: "seeds in step mode",
    expected: ["feed-keeps-newest", "feed-converges"],
    profile: "last-unit",
    families: ["jitter", "crashes", "spikes", "duplicates"],
    drawn: {
      orders: 20,
      skus: 2,
      partitions: 1,
      workers: 2,
      faultChance: 60,
      leaseTtlMs: 1_000,
      duplicates: 2_000,
      spikes: 300,
      spikeMs: 12_000,
      windowMs: 20_000,
      batchMessagesMax: 1,
    },
    untilMs: 40_000,
    substituted: [
      { module: publishing, pattern: `why.forced || actor.saidVersion === 0,`, replacement: `why.forced,` },
      { module: publishing, pattern: `!(isOlder || isOutdated(partition, given, actor, seen))`, replacement: `!isOlder` },
      { module: takeover, pattern: `sinceMs: Math.max(0, owner.atMs - feedLookBackMs)`, replacement: `sinceMs: nowMs` },
    ],
  },
  {
    name: "halted-by-an-older-release",
    cause:
      "A standby of an older release halted the partition at the first record of a newer one, and a halt is shared: it stopped the healthy owner.",
    remedy: "It steps aside with a reason of its own, and halts nobody.",
    foundBy: "reading",
    expected: ["halts"],
    profile: "last-unit",
    families: ["jitter", "releases"],
    drawn: { faultChance: 25 },
    bent: haltAtNewer,
  },
  {
    name: "read-on-untold",
    cause:
      "A broken reading of commands was opened again behind its last message without a word to the partition, past what had taken the place of a lost tail.",
    remedy: "The partition is told that its reading broke, and looks at its cursor before it asks for more.",
    foundBy: "small worlds",
    expected: ["messages-decided"],
    profile: "last-unit",
    families: ["jitter", "lost-commands"],
    drawn: { faultChance: 60 },
    bent: readOnUntold,
  },
  {
    name: "trusted-before-it-arrived",
    cause:
      "A look at the cursor was taken as good for the reading that it let begin, and between the two the stream could lose its tail unheard.",
    remedy: "The cursor is looked at once more after the first message of a reading has arrived, before any of them is decided.",
    foundBy: "small worlds",
    expected: ["messages-decided"],
    profile: "last-unit",
    families: ["jitter", "lost-commands", "spikes", "elections"],
    drawn: {
      orders: 20,
      skus: 1,
      partitions: 1,
      workers: 2,
      faultChance: 300,
      spikes: 1_000,
      spikeMs: 1_000,
      batchMessagesMax: 1,
      windowMs: 8_000,
    },
    substituted: [
      {
        module: cursorCheck,
        pattern: `  partition.reign.provenSeq = 0`,
        replacement: `  partition.reign.provenSeq = partition.cursor.seq === 0 ? 0 : Number.MAX_SAFE_INTEGER`,
      },
    ],
  },
  {
    name: "drop-over-a-decision",
    cause:
      "An operator's drop of a quarantined command was applied without looking whether a retry of that command had been decided meanwhile.",
    remedy: "A decision made meanwhile stands, whatever the operator wants.",
    foundBy: "seeds in step mode",
    expected: ["one-answer", "one-effect", "replies"],
    profile: "last-unit",
    families: ["jitter", "poison", "spikes"],
    drawn: {
      orders: 40,
      skus: 1,
      partitions: 1,
      workers: 2,
      duplicates: 1_000,
      retryPercent: 20,
      retryMs: 500,
      spikes: 1_000,
      spikeMs: 3_000,
      windowMs: 8_000,
    },
    substituted: [
      {
        module: "src/engine/decide-command.ts",
        pattern: `  const original = quarantined.command
  const hash`,
        replacement: `  if (command.type === "DropQuarantined") return { _tag: "Settled", quarantined, decision: { _tag: "Dropped", reason: command.reason } }
  const original = quarantined.command
  const hash`,
      },
    ],
  },
  {
    name: "followed-beyond-the-end",
    cause:
      "A claimant that followed a still writing owner compared the journal's end with what it had read since it asked for that end, and took it for a lost tail.",
    remedy: "Only what was known when the end was asked for has to be in it.",
    foundBy: "small worlds",
    expected: ["halts"],
    profile: "last-unit",
    families: ["jitter", "leases", "spikes"],
    drawn: { orders: 60, skus: 1, partitions: 1, workers: 2, leaseTtlMs: 1_000, faultChance: 100, spikes: 300, spikeMs: 500 },
    substituted: [
      { module: takeover, pattern: `Math.max(partition.claiming.knownSeq, `, replacement: `Math.max(partition.confirmedSeq, ` },
      // A short end was believed at once then: asked again, the journal would be found whole.
      {
        module: "src/engine/short-end.ts",
        pattern: `  believesShortEnd(askedAtMs - sinceMs)`,
        replacement: `  believesShortEnd(askedAtMs - sinceMs) || bites()`,
      },
    ],
  },
  {
    name: "gap-after-a-lost-claim",
    cause:
      "Records that came while a claim was in flight were passed over, and once the claim was lost the next one looked like a gap in the journal.",
    remedy: "After a lost claim the journal is followed anew.",
    foundBy: "small worlds",
    expected: ["halts"],
    profile: "last-unit",
    families: ["jitter", "leases", "spikes"],
    drawn: {
      orders: 8,
      skus: 1,
      partitions: 1,
      workers: 2,
      leaseTtlMs: 1_000,
      faultChance: 200,
      spikes: 500,
      spikeMs: 500,
      batchMessagesMax: 1,
      windowMs: 6_000,
    },
    substituted: [
      {
        module: takeover,
        pattern: `return [followAnew(partition), ...(claiming.givenUp === null ? askBasis(partition, claiming) : endClaim(partition, claiming.givenUp))]`,
        replacement: `return askBasis(partition, claiming)`,
      },
    ],
  },
  {
    name: "clock-set-back",
    cause:
      "Pauses between attempts are counted on the wall clock, and after one that was wrong had been set back an owner waited for as long as it had been wrong.",
    remedy: "They are counted on a clock that never steps; and what lies further ahead than its pause is long is due at once.",
    foundBy: "shell mode",
    expected: ["convergence", "one-answer"],
    profile: "last-unit",
    families: ["jitter", "clocks", "elections", "outages"],
    drawn: { orders: 6, skus: 1, partitions: 1, workers: 2, leaseTtlMs: 3_000, faultChance: 100, windowMs: 30_000, retryMs: 500 },
    substituted: [
      { module: "src/engine/due.ts", pattern: `nowMs >= atMs || atMs - nowMs > pauseMs`, replacement: `nowMs >= atMs` },
      {
        module: "src/engine/step.ts",
        pattern: `onTick(partition, given, nowMs, input.wallMs)`,
        replacement: `onTick(partition, given, input.wallMs, input.wallMs)`,
      },
    ],
  },
]
