import { type KeyboardEvent, useMemo, useRef, useState } from 'react'
import type { SpanView } from '../../../workers/contract/telemetry-views.ts'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { formatDuration } from '../../text/format.ts'
import { sayAttribute, sayAttributeValue, sayStep, tracesText } from '../../text/traces.ts'
import { isPeerId, PeerLink } from './peer-link.tsx'
import { nodesBelow, type SpanNode, shownNodes, startCollapsed } from './span-tree.ts'
import { stepByKey } from './tree-keys.ts'

/**
 * The steps of a trace as a tree with a bar for each, and the details of one of them. Arrow keys walk it, as in any tree
 * (WAI-ARIA): only the chosen step is in the tab order.
 */
export const Waterfall = ({
  root,
  awaited,
  first,
}: {
  root: SpanNode
  /** The steps that were waited for. */
  awaited: ReadonlyMap<SpanNode, number>
  /** The step that is chosen at first. */
  first: SpanView
}) => {
  const tree = useRef<HTMLDivElement>(null)
  const firstNode = useMemo(() => nodesBelow(root).find(({ span }) => span === first) ?? root, [root, first])
  const [collapsed, setCollapsed] = useState(() => startCollapsed(root, firstNode))
  const [chosenKey, setChosenKey] = useState(firstNode.key)
  const shown = shownNodes(root, collapsed)
  // What hides the chosen step by closing becomes the chosen one.
  const chosen = shown.find(({ key }) => key === chosenKey) ?? root
  const wholeMs = Math.max(root.endMs - root.startMs, Number.MIN_VALUE)

  const choose = (node: SpanNode): void => {
    setChosenKey(node.key)
    tree.current?.querySelector<HTMLElement>(`[data-key="${node.key}"]`)?.focus()
  }
  const setOpen = (node: SpanNode, open: boolean): void => {
    const next = new Set(collapsed)
    if (open) next.delete(node.key)
    else next.add(node.key)
    setCollapsed(next)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const step = stepByKey(event.key, { shown, collapsed, chosen })
    if (step === undefined) return
    event.preventDefault()
    if (step.kind === 'choose') choose(step.node)
    else setOpen(chosen, step.kind === 'open')
  }
  const isAnyClosed = shown.some(({ key, children }) => children.length > 0 && collapsed.has(key))
  const setAll = (): void => setCollapsed(isAnyClosed ? new Set() : new Set(root.children.map(({ key }) => key)))

  return (
    <div className="trace-body">
      <section>
        <div className="waterfall-head">
          <h2>{tracesText.waterfall}</h2>
          <Button disabled={root.children.every(({ children }) => children.length === 0)} look="quiet" onClick={setAll}>
            {isAnyClosed ? tracesText.expand : tracesText.collapse}
          </Button>
        </div>
        <div className="waterfall">
          <Axis wholeMs={root.endMs - root.startMs} />
          <div aria-label={tracesText.waterfallHint} onKeyDown={onKeyDown} ref={tree} role="tree">
            {shown.map((node) => (
              <Step
                isAwaited={awaited.has(node)}
                isChosen={node === chosen}
                isOpen={!collapsed.has(node.key)}
                key={node.key}
                node={node}
                onChoose={() => choose(node)}
                onToggle={() => setOpen(node, collapsed.has(node.key))}
                originMs={root.startMs}
                wholeMs={wholeMs}
              />
            ))}
          </div>
        </div>
        <p className="hint">{tracesText.waterfallHint}</p>
      </section>
      <Details span={chosen.span} />
    </div>
  )
}

const Axis = ({ wholeMs }: { wholeMs: number }) => (
  <div aria-hidden="true" className="waterfall-axis">
    <span />
    <span className="waterfall-ticks">
      {[0, 0.5, 1].map((share) => (
        <span key={share}>{share === 0 ? tracesText.start : formatDuration(wholeMs * share)}</span>
      ))}
    </span>
    <span />
  </div>
)

const indentPx = 14

/** Deeper steps are indented no further: their names must stay readable. */
const maxIndents = 8

const Step = ({
  node,
  isChosen,
  isOpen,
  isAwaited,
  onChoose,
  onToggle,
  originMs,
  wholeMs,
}: {
  node: SpanNode
  isChosen: boolean
  isOpen: boolean
  isAwaited: boolean
  onChoose: () => void
  onToggle: () => void
  originMs: number
  wholeMs: number
}) => {
  const { key, span, depth, startMs, endMs, children } = node
  const isParent = children.length > 0
  const left = share((startMs - originMs) / wholeMs)
  const width = share((endMs - originMs) / wholeMs) - left
  const look = span.failed ? ' step-bar-failed' : isAwaited ? ' step-bar-awaited' : ''
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it handles the keys
    <div
      aria-expanded={isParent ? isOpen : undefined}
      aria-level={depth}
      aria-selected={isChosen}
      className="step-row"
      data-key={key}
      onClick={onChoose}
      onDoubleClick={isParent ? onToggle : undefined}
      role="treeitem"
      tabIndex={isChosen ? 0 : -1}
    >
      <span className="step-name" style={{ paddingInlineStart: Math.min(depth - 1, maxIndents) * indentPx }}>
        {isParent ? (
          // biome-ignore lint/a11y/noStaticElementInteractions: for the pointer; the arrow keys do the same
          // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it handles the keys
          <span
            className="step-twist"
            onClick={(event) => {
              event.stopPropagation()
              onToggle()
            }}
          >
            <Icon className={isOpen ? 'turn turned' : 'turn'} name="chevron" />
          </span>
        ) : (
          <span className="step-twist" />
        )}
        <span>{sayStep(span.name)}</span>
        {span.failed ? (
          <>
            <Icon className="step-failed-icon" name="error" />
            <span className="step-failed-word">{tracesText.failedMark}</span>
          </>
        ) : null}
      </span>
      <span aria-hidden="true" className="step-lane">
        <span className={`step-bar${look}`} style={{ insetInlineStart: `${left * 100}%`, width: `${width * 100}%` }} />
      </span>
      <span className="step-ms">{formatDuration(endMs - startMs)}</span>
    </div>
  )
}

const share = (value: number): number => Math.min(Math.max(value, 0), 1)

const Details = ({ span }: { span: SpanView }) => {
  const attributes = Object.entries(span.attributes)
  return (
    <section aria-label={tracesText.details} className="step-details">
      <h2>{sayStep(span.name)}</h2>
      <p className="hint">
        {tracesText.after({ start: formatDuration(span.startMs), duration: formatDuration(span.durationMs) })}
      </p>
      {attributes.length === 0 ? (
        <p className="hint">{tracesText.noDetails}</p>
      ) : (
        <dl className="fact-list">
          {attributes.map(([name, value]) => (
            <div key={name}>
              <dt>{sayAttribute(name)}</dt>
              <dd>{isPeerId(value) ? <PeerLink peer={value} /> : sayAttributeValue(name, value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  )
}
