/**
 * The pure ingress as the runtime runs it: a service, so that a test or the simulator can run the very same shell around one with a rule left out.
 */
import { Buffer } from "node:buffer"
import { Context, Layer } from "effect"
import { emptyIngress, type Ingress, type IngressOptions } from "../ingress/ingress.ts"
import type { IngressInput, IngressOutput } from "../ingress/protocol.ts"
import { makeIngressStep } from "../ingress/step.ts"
import { engineCodec, orderCodec } from "../wire/codec.ts"
import { isReplySuffix } from "../wire/subjects.ts"
import { encodeBatch } from "../wire/taken.ts"

const codecs = { sku: engineCodec, order: orderCodec } as const

/** The step function of an ingress that the runtime runs. */
export class IngressEngine extends Context.Service<
  IngressEngine,
  {
    readonly empty: (options: IngressOptions) => Ingress
    /** Changes the ingress in place. */
    readonly step: (ingress: Ingress, input: IngressInput) => ReadonlyArray<IngressOutput>
  }
>()("holdfast/runtime/IngressEngine") {
  static readonly layer = Layer.sync(IngressEngine, () => ({
    empty: emptyIngress,
    step: makeIngressStep({
      decodeBody: (body, kind, sender) => codecs[kind].decodeBodyFrom(body, sender),
      encodeBatch,
      textBytes: (text) => Buffer.byteLength(text),
      isReplySuffix,
    }),
  }))
}
