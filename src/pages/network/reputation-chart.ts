import { peerOfColumn, reputationColumn } from '../../../workers/contract/sample-columns.ts'
import type { ChartDefinition, Hue, SeriesDefinition } from '../../charts/chart-definition.ts'
import { column, columnNamed } from '../../charts/read-columns.ts'
import { assignSlots } from '../../charts/slots.ts'
import type { SampleWindow } from '../../charts/window.ts'
import { shortened } from '../../lib/names.ts'
import { chartText, formatScore } from '../../text/charts.ts'
import { tame } from '../../text/words.ts'

/** Lines of the best and of the worst peers. */
const hues = { best: ['3', '1', '2', '6'], worst: ['5', '4', 'grey', '6'] } as const satisfies Record<string, Hue[]>

/** One line a peer for the best and the worst, and the average of all. */
export const createReputationChart = (): ChartDefinition => {
  const places = { best: none(hues.best.length), worst: none(hues.worst.length) }
  let known = 0
  const line = (group: 'best' | 'worst', at: number): SeriesDefinition => {
    const peer = (): string | undefined => places[group][at]
    return {
      label: () => {
        const name = peer()
        return name === undefined ? undefined : shortened(tame(name), 5)
      },
      hue: hues[group][at] ?? 'grey',
      isDashed: group === 'worst' && at === hues.worst.length - 1,
      read: columnNamed(() => {
        const name = peer()
        return name === undefined ? undefined : reputationColumn(name)
      }),
      summary: 'last',
    }
  }
  return {
    key: 'peer-reputation',
    title: chartText.reputation,
    scale: 'linear',
    atLeast: [0, 1],
    format: formatScore,
    series: [
      { label: chartText.averageScore, hue: 'ink', read: column('reputation_avg'), summary: 'last', isDashed: true },
      ...hues.best.map((_hue, at) => line('best', at)),
      ...hues.worst.map((_hue, at) => line('worst', at)),
    ],
    prepare(window) {
      const ranked = rankedPeers(window)
      known = ranked.length
      const best = ranked.slice(0, hues.best.length)
      const worst = ranked.slice(best.length).slice(-hues.worst.length)
      places.best = assignSlots(places.best, best)
      places.worst = assignSlots(places.worst, worst)
    },
    caption: () => (known === 0 ? '' : chartText.bestAndWorst(known)),
  }
}

/** Peers by their last score, best first; equal scores by name, so that no line changes its place without a reason. */
const rankedPeers = ({ columns }: SampleWindow): string[] =>
  [...columns]
    .flatMap(([name, scores]) => {
      const peer = peerOfColumn(name)
      const score = peer === undefined ? undefined : scores.findLast((value) => !Number.isNaN(value))
      return peer === undefined || score === undefined ? [] : [{ peer, score }]
    })
    .sort((a, b) => b.score - a.score || (a.peer < b.peer ? -1 : 1))
    .map(({ peer }) => peer)

const none = (length: number): (string | undefined)[] => new Array(length).fill(undefined)
