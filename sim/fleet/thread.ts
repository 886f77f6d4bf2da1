/**
 * A thread of the fleet: takes a job, does it, hands back what came of it, takes the next. From one job to another it holds only the file that all of them play.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { parentPort, workerData } from "node:worker_threads"
import { type Job, perform } from "./job.ts"
import type { PlayedFile } from "./played-file.ts"

const file = workerData as PlayedFile | null

// A job that rejects ends the thread, and with it the job without a result, but with what was thrown as its cause.
parentPort?.on("message", async (job: Job) => parentPort?.postMessage(await perform(job, file)))
