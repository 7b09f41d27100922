import { Component, type ReactNode } from 'react'
import { controlText } from '../text/controls.ts'
import { drawingFailureText } from '../text/drawing-failures.ts'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'

interface Props {
  /** From `drawingFailureText`. Without a name, a failed part leaves nothing. */
  name?: string
  /** Data that the part draws. A new value is tried again after a failure. */
  of?: unknown
  /** Element around the failure text, to stay valid inside a list or a table with this number of columns. */
  as?: 'div' | 'li' | { columns: number }
  /** Adds a close button, for dialogs. */
  onClose?: () => void
  children: ReactNode
}

/**
 * Error boundary around one part of a page. If a record, a stored row or a file holds something unforeseen, only this
 * part is replaced; the rest of the page stays usable.
 */
export class Part extends Component<Props, { failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true }
  }

  override componentDidUpdate(before: Props): void {
    if (this.state.failed && !Object.is(before.of, this.props.of)) this.setState({ failed: false })
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children
    const { name, as = 'div', onClose } = this.props
    if (name === undefined) return null
    const sentence = (
      <>
        <Icon name="warning" />
        <span>{drawingFailureText.part({ part: name })}</span>
        <Button look="quiet" onClick={() => this.setState({ failed: false })}>
          {controlText.tryAgain}
        </Button>
        {onClose === undefined ? null : (
          <Button look="quiet" onClick={onClose}>
            {controlText.close}
          </Button>
        )}
      </>
    )
    if (as === 'li') return <li className="part-failed">{sentence}</li>
    if (as === 'div') return <div className="part-failed">{sentence}</div>
    return (
      <tr>
        <td colSpan={as.columns}>
          <div className="part-failed">{sentence}</div>
        </td>
      </tr>
    )
  }
}
