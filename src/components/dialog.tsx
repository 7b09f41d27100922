import * as Radix from '@radix-ui/react-dialog'
import { type ReactNode, useRef } from 'react'
import { controlText } from '../text/controls.ts'
import { Button, IconButton } from './button.tsx'

/** Modal dialog: traps focus and restores it; Escape and the close button close it. */
export const Dialog = ({
  title,
  description,
  onClose,
  children,
  actions,
}: {
  title: string
  description?: ReactNode
  onClose: () => void
  children?: ReactNode
  actions: ReactNode
}) => {
  const opener = useRef(document.activeElement)
  return (
    <Radix.Root onOpenChange={(open) => open || onClose()} open>
      <Radix.Portal>
        <Radix.Overlay className="dialog-overlay" />
        <Radix.Content
          className="dialog"
          onCloseAutoFocus={() => giveFocusBack(opener.current)}
          onInteractOutside={(event) => {
            // Dismissing a toast must not close the dialog.
            if (event.target instanceof Element && event.target.closest('.toasts') !== null) event.preventDefault()
          }}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
        >
          <header className="dialog-head">
            <Radix.Title className="dialog-title">{title}</Radix.Title>
            <IconButton icon="close" label={controlText.close} onClick={onClose} />
          </header>
          <div className="dialog-body">
            {description === undefined ? null : (
              <Radix.Description asChild>
                <div>{description}</div>
              </Radix.Description>
            )}
            {children}
          </div>
          <footer className="dialog-actions">{actions}</footer>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** To the element that opened the dialog, or to the page if that is gone, like the install button after an install. */
const giveFocusBack = (opener: Element | null): void => {
  const target = opener?.isConnected ? opener : document.querySelector('main')
  if (target instanceof HTMLElement) target.focus({ preventScroll: true })
}

/** Asks before an action that cannot be undone. */
export const ConfirmDialog = ({
  title,
  children,
  confirm,
  onConfirm,
  onClose,
}: {
  title: string
  children: ReactNode
  /** Label of the confirming button: the action itself. */
  confirm: string
  onConfirm: () => void
  onClose: () => void
}) => (
  <Dialog
    actions={
      <>
        <Button onClick={onClose}>{controlText.cancel}</Button>
        <Button
          look="danger"
          onClick={() => {
            onConfirm()
            onClose()
          }}
        >
          {confirm}
        </Button>
      </>
    }
    description={children}
    onClose={onClose}
    title={title}
  />
)
