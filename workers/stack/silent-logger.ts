import type { ComponentLogger, Logger } from '@libp2p/interface'

const log: Logger = Object.assign(() => {}, { error() {}, trace() {}, enabled: false, newScope: () => log })

/**
 * A logger that says nothing. libp2p makes a logger for each stream and looks up its colour and whether it is wanted,
 * which is a good part of what a short stream costs. In a worker nothing could ask for its lines anyway: they are
 * switched on by `localStorage`.
 */
export const silentLogger: ComponentLogger = { forComponent: () => log }
