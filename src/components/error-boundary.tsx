import { Component, type ReactNode } from 'react'
import { controlText } from '../text/controls.ts'
import { drawingFailureText } from '../text/drawing-failures.ts'
import { Button } from './button.tsx'
import { EmptyState } from './empty-state.tsx'

interface Props {
  /** Address of the browse page. */
  home: string
  children: ReactNode
}

/** Error boundary around a page, with two ways to continue. The engine is unaffected. */
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
              // The browser does not request a failed module again before a reload.
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
