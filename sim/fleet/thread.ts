/**
 * A thread of the fleet: takes a job, does it, hands back what came of it, takes the next. It holds nothing from one job to another.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { parentPort } from "node:worker_threads"
import { type Job, perform } from "./job.ts"

parentPort?.on("message", (job: Job) => parentPort?.postMessage(perform(job)))
