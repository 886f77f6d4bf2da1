/** What shoppers send, and what they hear of it, however it travels. Types alone, so that k6 can be told of them too. */

/** A command as shoppers send it: fields of its type beside these. */
export interface Wanted {
  readonly type: "Reserve" | "Confirm" | "Release" | "PlaceOrder" | "ConfirmOrder" | "CancelOrder" | "SetPolicy" | "ReceiveStock" | "Fulfil"
  readonly id: string
  readonly [field: string]: unknown
}

/** What was heard of it. `why`: a refusal's reason, or what went wrong. `decision`: the same for the same decision, whichever way it came; "" if none was heard. `cutOff`: this process closed the way while it was asked, so that it says nothing of whoever should have answered. */
export interface Heard {
  readonly outcome: "accepted" | "refused" | "busy" | "undecided" | "error" | "cutOff"
  readonly why: string
  readonly decision: string
}
