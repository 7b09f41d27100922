import type { ComponentLogger, Logger } from '@libp2p/interface'

const log: Logger = Object.assign(() => {}, { error() {}, trace() {}, enabled: false, newScope: () => log })

/**
 * A logger without output. libp2p creates a logger for each stream and determines its colour and whether it is enabled, a
 * good part of the cost of a short stream. In a worker it could not be enabled anyway, which takes `localStorage`.
 */
export const silentLogger: ComponentLogger = { forComponent: () => log }
