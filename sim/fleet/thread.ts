/**
 * A thread of the fleet: takes a job, does it, hands back what came of it, takes the next. It holds nothing from one job to another.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { parentPort } from "node:worker_threads"
import { type Job, perform } from "./job.ts"

// A job that rejects ends the thread, and with it the job without a result, but with what was thrown as its cause.
parentPort?.on("message", async (job: Job) => parentPort?.postMessage(await perform(job)))
