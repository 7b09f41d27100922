import { globSync, readFileSync } from 'node:fs'
import { parseSync } from 'vite'
import { expect, test } from 'vitest'

/**
 * Keeps visible text in the catalogue. A heuristic over the syntax tree: text between tags, text in attributes that are
 * read or shown, and any string of several words or one capitalised word. Errors for developers and class names pass.
 */

test('no visible text is written outside the catalogue', () => {
  const files = globSync('src/**/*.{ts,tsx}').filter((file) => !/\.test\.|^src\/(text|testing|engine)\//.test(file))
  expect(files.length).toBeGreaterThan(50)
  expect(files.flatMap((file) => hardCodedText(file, readFileSync(file, 'utf8')))).toEqual([])
})

test.each([
  '<p>Hello</p>',
  '<p>{name} files</p>',
  '<p>{ok ? shellText.ok : "failed"}</p>',
  `<p>{ok && \`\${name} failed\`}</p>`,
  '<input aria-label="Search" />',
  `<img alt={\`picture of \${name}\`} />`,
  '<Part name="this page" />',
  'notify("error", "The copy failed.")',
  'const titles = { tag: "Tag" }',
  `const why = \`\${asked} peers\``,
  'show(error, "Stopped")',
])('%s is found', (source) => {
  expect(hardCodedText('x.tsx', source)).toHaveLength(1)
})

test.each([
  '<p className="mark mark-ok">{shellText.ok} · {name}/</p>',
  '<p>{names.join(", ")}</p>',
  '<Icon name="working" />',
  '<time dateTime={time} title={formatDate(at)} />',
  'if (failure.name === "Cancelled") throw new Error("There is no context.")',
  'if (isFailure(error, "Stopped")) throw error',
])('%s passes', (source) => {
  expect(hardCodedText('x.tsx', source)).toEqual([])
})

type Node = { readonly type: string; readonly start: number } & Readonly<Record<string, unknown>>

/** Attributes that a person reads or hears. */
const shownAttributes = /^(aria-(label|description|valuetext|placeholder)|title|placeholder|alt|label|confirm|hint)$/

/** Attributes that hold several words and are not shown. */
const hiddenAttributes = /^(className|rel|accept)$/

/** Several words, or one that begins like a sentence. */
const readsAsText = /\p{L}{2,}\s+\p{L}{2,}|\p{L}\s+$|^\s+\p{L}{2,}[\s.,:…]?$|^\p{Lu}\p{Ll}+[.…]?$/u

function hardCodedText(file: string, source: string): string[] {
  const found = new Map<number, string>()
  const report = (node: Node, text: string): void => {
    const line = source.slice(0, node.start).split('\n').length
    found.set(node.start, `${file}:${line}: ${text.trim()}`)
  }

  /** `shown`: any letter counts, because the value is displayed as it is. */
  const visit = (node: Node, shown: boolean): void => {
    const text = textOf(node)
    if (text !== undefined) {
      if (shown || node.type === 'JSXText' ? /\p{L}/u.test(text) : readsAsText.test(text)) report(node, text)
      return
    }
    for (const [child, isShown] of childrenOf(node, shown)) visit(child, isShown)
  }
  visit(parseSync(file, source).program as unknown as Node, false)
  return [...found.values()]
}

const textOf = (node: Node): string | undefined => {
  if (node.type === 'JSXText') return String(node['value'])
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value']
  if (node.type === 'TemplateElement') return (node['value'] as { cooked: string }).cooked
  return undefined
}

/** The parts of a node that can hold text, each with whether it is displayed as it is. */
const childrenOf = (node: Node, shown: boolean): [Node, boolean][] => {
  const all = Object.values(node).flat().filter(isNode)
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
      return all.filter(({ type }) => type !== 'Literal').map((child) => [child, false])
    // Types and names of events, states and failures.
    case 'TSLiteralType':
    case 'BinaryExpression':
    case 'SwitchCase':
      return all.filter(({ type }) => type !== 'Literal').map((child) => [child, false])
    case 'CallExpression':
      return all
        .filter(({ type }) => type !== 'Literal' || !isNamed(node['callee'], 'isFailure'))
        .map((child) => [child, false])
    case 'NewExpression':
      return (node['callee'] as Node)['name'] === 'Error' ? [] : all.map((child) => [child, false])
    case 'AssignmentExpression':
      return isNamed((node['left'] as Node)['property'], 'rel') ? [] : all.map((child) => [child, false])
    case 'Property':
      return isNamed(node['key'], 'name') ? [] : all.map((child) => [child, false])
    case 'JSXElement':
      return all.map((child) => [child, child.type === 'JSXExpressionContainer'])
    case 'JSXOpeningElement': {
      const element = String((node['name'] as Node)['name'])
      const namesPart = element !== 'Icon' && /^[A-Z]/.test(element)
      return (node['attributes'] as Node[]).flatMap((attribute): [Node, boolean][] => {
        const value = attribute['value']
        if (attribute.type !== 'JSXAttribute') return [[attribute, false]]
        const name = String((attribute['name'] as Node)['name'])
        if (!isNode(value) || hiddenAttributes.test(name)) return []
        return [[value, shownAttributes.test(name) || (name === 'name' && namesPart)]]
      })
    }
    case 'JSXExpressionContainer':
    case 'TemplateLiteral':
    case 'LogicalExpression':
      return all.map((child) => [child, shown])
    case 'ConditionalExpression':
      return all.map((child) => [child, shown && child !== node['test']])
    default:
      return all.map((child) => [child, false])
  }
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value

const isNamed = (key: unknown, name: string): boolean => isNode(key) && key['name'] === name
