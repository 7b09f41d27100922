/** Internals that a fake gossipsub must have although the test does not use them. */
export const gossipsubInternals = () => ({
  createInboundStream() {},
  async createOutboundStream() {},
  async pipePeerReadStream() {},
  async handleReceivedRpc() {},
  sendRpc: () => true,
  getMeshPeers: () => [],
  msgIdFn: () => new Uint8Array(),
  msgIdToStrFn: () => '',
  streamsOutbound: new Map<string, unknown>(),
  seenCache: { entries: new Map<string, unknown>() },
  score: { rejectInvalidMessage() {} },
})
