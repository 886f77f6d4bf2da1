/** Stands in for `k6/http`: requests that are answered later, as far as the scripts here use them. */
import { metricNamed } from "./state.ts"

const duration = metricNamed("http_req_duration", "trend")
const failed = metricNamed("http_req_failed", "rate")

interface Params {
  readonly headers?: Readonly<Record<string, string>>
}

const asyncRequest = async (method: string, url: string, body: string | null, { headers = {} }: Params = {}) => {
  const startMs = performance.now()
  const answer = await fetch(url, { method, body, headers }).then(
    async (response) => ({ status: response.status, error: "", text: await response.text() }),
    (error: unknown) => ({ status: 0, error: String(error), text: "" }),
  )
  duration.values.push(performance.now() - startMs)
  failed.values.push(answer.status >= 200 && answer.status < 400 ? 0 : 1)
  return { status: answer.status, error: answer.error, body: answer.text, json: (): unknown => JSON.parse(answer.text) }
}

export default { asyncRequest }
