import { useId, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { networkText } from '../../text/network.ts'
import { sayFailure } from '../../text/reasons.ts'

/** Connects to a peer or relay by its address. */
export const Connect = () => {
  const errorId = useId()
  const { connect } = useCommands()
  const [address, setAddress] = useState('')
  const [state, setState] = useState<'idle' | 'connecting'>('idle')
  const [error, setError] = useState<string>()
  const submit = async (): Promise<void> => {
    const wanted = address.trim()
    if (wanted === '' || state === 'connecting') return
    setState('connecting')
    setError(undefined)
    const failure = await connect(wanted)
    setState('idle')
    if (failure === undefined) setAddress('')
    else setError(sayFailure(failure))
  }
  return (
    <section className="panel">
      <h2>{networkText.connectTitle}</h2>
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <label className="field">
          <span>{networkText.address}</span>
          <input
            aria-describedby={errorId}
            aria-invalid={error === undefined ? undefined : true}
            autoComplete="off"
            onChange={(event) => setAddress(event.target.value)}
            placeholder={networkText.addressExample}
            spellCheck={false}
            value={address}
          />
        </label>
        <Button disabled={state === 'connecting'} type="submit">
          {state === 'connecting' ? networkText.connecting : networkText.connect}
        </Button>
      </form>
      <p className="field-error" id={errorId} role="alert">
        {error}
      </p>
    </section>
  )
}
