import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Mends faults of libp2p's packages, slowness among them, that cannot be worked round from outside. Runs after each
 * install; plain JavaScript, because the system's Node may be 20. Ends with 1 where a new version no longer looks as
 * expected.
 */
const mends = [
  {
    // `lpStream` reads the length of a message byte by byte and takes the error for a length of more than ten bytes as
    // “not all here yet”: 10 MB of 0xff cost seconds of CPU and hundreds of MB, before any handshake.
    file: '@libp2p/utils/dist/src/stream-utils.js',
    fault: 'if (err instanceof RangeError) {',
    remedy: 'if (err instanceof RangeError && lengthBuffer.byteLength < (opts?.maxLengthLength ?? 8)) {',
  },
  {
    // A stream opened while its connection breaks announces itself in a microtask, where its error reaches nobody but
    // the process: it would end the relay.
    file: '@libp2p/yamux/dist/src/muxer.js',
    fault: 'stream.sendWindowUpdate();\n        });',
    remedy: 'try { stream.sendWindowUpdate(); } catch (err) { stream.abort(err); }\n        });',
  },
  {
    // The length of a data frame, up to 4 GiB, was held against the stream's window when all of it had come and was in
    // memory. Here and in the next, what does not fit the window ends the connection with its header.
    file: '@libp2p/yamux/dist/src/muxer.js',
    fault: 'this.decoder = new Decoder();',
    remedy:
      'this.decoder = new Decoder();\n        this.decoder.windowOf = (id) => this.streams.find(s => s.streamId === id)?.recvWindowCapacity ?? this.streamOptions?.maxStreamWindowSize ?? defaultConfig.streamOptions.maxStreamWindowSize;',
  },
  {
    file: '@libp2p/yamux/dist/src/decode.js',
    fault: 'frameSize += header.length;',
    remedy:
      "if (header.length > (this.windowOf?.(header.streamID) ?? Infinity)) { throw new InvalidFrameError('The frame is longer than the window'); }\n            frameSize += header.length;",
  },
  {
    // Each data frame was answered by a window update, encrypted and sent by itself: half of all frames while peers
    // connect. As in rust-yamux and go-yamux, half of the window is used up first.
    file: '@libp2p/yamux/dist/src/stream.js',
    fault: '        // If the stream has already been established\n',
    remedy:
      '        if (flags === 0 && this.recvWindow - this.recvWindowCapacity < this.recvWindow / 2) { return; }\n        // If the stream has been established\n',
  },
  {
    // A reservation ends at a time by the relay's clock, and was counted down by ours: with clocks three hours apart it
    // had ended before it began (“Tag ttl must be between 0 and Number.MAX_VALUE”: no reservation), or was refreshed hours
    // after the relay had let it go. Counted is the time from its arrival, by a clock that nobody sets, within what relays
    // give: an hour (go-libp2p) or two (js-libp2p), and no less than is of use.
    file: '@libp2p/circuit-relay-v2/dist/src/transport/reservation-store.js',
    fault: '            return response.reservation;\n',
    remedy:
      '            response.reservation.keptUntil = performance.now() + Math.min(Math.max(getExpirationMilliseconds(response.reservation.expire), 600000), 3600000);\n            return response.reservation;\n',
  },
  {
    file: '@libp2p/circuit-relay-v2/dist/src/transport/reservation-store.js',
    fault: 'getExpirationMilliseconds(existingReservation.reservation.expire) > REFRESH_WINDOW',
    remedy: 'existingReservation.reservation.keptUntil - performance.now() > REFRESH_WINDOW',
  },
  {
    file: '@libp2p/circuit-relay-v2/dist/src/transport/reservation-store.js',
    fault: 'const expiration = getExpirationMilliseconds(reservation.expire);',
    remedy: 'const expiration = Math.ceil(reservation.keptUntil - performance.now());',
  },
  {
    // A peer numbers the records of its addresses by its clock. One that was set back since, as when a wrong one was put
    // right, was not believed: others kept its old addresses until the clock had caught up. The peer itself has just sent
    // the record, so an older number is only a message that was overtaken, which is a matter of seconds.
    file: '@libp2p/identify/dist/src/utils.js',
    fault: 'if (storedRecord.seqNumber >= peerRecord.seqNumber) {',
    remedy:
      'if (storedRecord.seqNumber >= peerRecord.seqNumber && storedRecord.seqNumber - peerRecord.seqNumber < 60000n) {',
  },
  {
    // A text was taken for bytes: `new Uint8Array('2000000000')` takes 2 GB, and what it throws reaches nobody but the
    // process.
    file: '@libp2p/webrtc/dist/src/stream.js',
    fault: 'if (data === null || data.byteLength === 0) {',
    remedy:
      "if (!(data instanceof ArrayBuffer)) { this.onMalformed(new Error('A message is no bytes')); return; }\n            if (data.byteLength === 0) {",
  },
  {
    // One unfinished frame held 4 MiB.
    file: '@libp2p/webrtc/dist/src/stream.js',
    fault: 'lengthPrefixed.decode(this.incomingData)',
    remedy: 'lengthPrefixed.decode(this.incomingData, { maxDataLength: 262_144 })',
  },
  {
    // After a frame that cannot be decoded the stream stayed open, and what came from then on piled up in memory,
    // read by nobody.
    file: '@libp2p/webrtc/dist/src/stream.js',
    fault: "this.log.error('error processing incoming data channel messages - %e', err);",
    remedy:
      "this.log.error('error processing incoming data channel messages - %e', err);\n            this.onMalformed(err);",
  },
  {
    file: '@libp2p/webrtc/dist/src/stream.js',
    fault: '    sendNewStream() {',
    remedy:
      '    onMalformed(err) {\n        this.incomingData.end();\n        this.abort(err);\n        this.endConnection?.(err);\n    }\n    sendNewStream() {',
  },
  {
    // Whoever sends what cannot be decoded loses the connection, as with yamux.
    file: '@libp2p/webrtc/dist/src/muxer.js',
    fault: '        // replay any messages',
    remedy: '        stream.endConnection = (err) => this.maConn.abort(err);\n        // replay any messages',
  },
  {
    file: '@libp2p/webrtc/dist/src/muxer.js',
    fault: '        return stream;\n',
    remedy: '        stream.endConnection = (err) => this.maConn.abort(err);\n        return stream;\n',
  },
]

for (const { file, fault, remedy } of mends) {
  const url = new URL(`../node_modules/${file}`, import.meta.url)
  const source = readFileSync(url, 'utf8')
  if (source.includes(remedy)) continue
  if (source.split(fault).length !== 2) {
    console.error(
      `${url.pathname} is not as expected: see whether its new version still needs scripts/patch-libp2p.mjs.`,
    )
    process.exit(1)
  }
  writeFileSync(
    url,
    source.replace(fault, () => remedy),
  )
}
