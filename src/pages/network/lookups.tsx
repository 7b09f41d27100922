import { useAppState } from '../../hooks/use-app.ts'
import { lookupLines } from '../../store/selectors.ts'
import { networkText } from '../../text/network.ts'

/** What the cache answered; hidden before the first request. */
export const Lookups = () => {
  const cache = useAppState((state) => state.cache)
  if (cache === undefined) return null
  return (
    <section className="panel">
      <h2>{networkText.lookups}</h2>
      {lookupLines(cache).map((line) => (
        <p className="calm-note" key={line}>
          {line}
        </p>
      ))}
    </section>
  )
}
