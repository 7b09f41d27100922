import { Component, type ReactNode } from 'react'
import { controlText } from '../text/controls.ts'
import { drawingFailureText } from '../text/drawing-failures.ts'
import { Button } from './button.tsx'
import { EmptyState } from './empty-state.tsx'

interface Props {
  /** Where the way out leads. */
  home: string
  children: ReactNode
}

/** Catches what a page throws while it is drawn, says so, and offers two ways on. The engine is not touched by it. */
export class ErrorBoundary extends Component<Props, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined }

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === undefined) return this.props.children
    const didNotLoad = /preload|import/i.test(error.message)
    return (
      <EmptyState
        actions={
          <>
            <Button
              look="primary"
              // A part that did not load is not asked for again before the page is loaded anew.
              onClick={() => (didNotLoad ? location.reload() : this.setState({ error: undefined }))}
            >
              {controlText.tryAgain}
            </Button>
            <a className="button button-plain" href={this.props.home}>
              {drawingFailureText.reloadAndBrowse}
            </a>
          </>
        }
        icon="error"
        level={1}
        title={drawingFailureText.pageTitle}
      >
        <p>
          {didNotLoad ? drawingFailureText.notLoaded : drawingFailureText.notDrawn} {drawingFailureText.unaffected}
        </p>
        <pre className="empty-details">{error.message}</pre>
      </EmptyState>
    )
  }
}
