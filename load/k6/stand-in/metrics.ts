/** Stands in for `k6/metrics`: counters, rates and trends, as far as the scripts here use them. */
import { metricNamed } from "./state.ts"

class Metric {
  readonly #values: Array<number>
  constructor(name: string, kind: "counter" | "rate" | "trend") {
    this.#values = metricNamed(name, kind).values
  }
  add(value: number | boolean): void {
    this.#values.push(Number(value))
  }
}

export class Counter extends Metric {
  constructor(name: string) {
    super(name, "counter")
  }
}
export class Rate extends Metric {
  constructor(name: string) {
    super(name, "rate")
  }
}
export class Trend extends Metric {
  constructor(name: string, _isTime?: boolean) {
    super(name, "trend")
  }
}
