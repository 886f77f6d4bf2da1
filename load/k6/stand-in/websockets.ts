/** Stands in for `k6/websockets`: Node's own has the same interface, as far as the scripts here use it. */
const { WebSocket: Socket } = globalThis

export { Socket as WebSocket }
