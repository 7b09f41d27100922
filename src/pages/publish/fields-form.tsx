import { type ReactNode, useId, useState } from 'react'
import type { ManifestFields, PackageCheck } from '../../../workers/contract/views.ts'
import { useCommands } from '../../hooks/use-app.ts'
import { sayFailure } from '../../text/reasons.ts'

/** Longer descriptions are cut where they are shown in lists (specification §1). */
const DESCRIPTION_CHARACTERS = 300

type TextName = {
  [Name in keyof ManifestFields]: ManifestFields[Name] extends string ? Name : never
}[keyof ManifestFields]
type ListName = Exclude<keyof ManifestFields, TextName>

/** Findings that are about a field, so that the field says so too. */
const fieldByFinding: Record<string, keyof ManifestFields> = {
  NameMissing: 'slug',
  NameInvalid: 'slug',
  VersionMissing: 'version',
  VersionInvalid: 'version',
  VersionExists: 'version',
}

/** The fields as they were read, to be typed over. The manifest in the package stays as it is. */
export const FieldsForm = ({ check, typed }: { check: PackageCheck; typed: Partial<ManifestFields> }) => {
  const { typeField } = useCommands()
  const { fields, findings } = check
  const errorOf = (name: keyof ManifestFields): string | undefined => {
    const error = findings.find((finding) => finding.level === 'error' && fieldByFinding[finding.name] === name)
    return error === undefined ? undefined : sayFailure(error)
  }
  const text = (name: TextName, label: string, hint?: string) => (
    <Field error={errorOf(name)} hint={hint} label={label}>
      {(attributes) => (
        <input
          {...attributes}
          autoCapitalize="off"
          autoComplete="off"
          onChange={(event) => typeField(name, event.target.value)}
          spellCheck={false}
          value={typed[name] ?? fields[name]}
        />
      )}
    </Field>
  )
  const list = (name: ListName, label: string, hint: string) => (
    <ListField
      hint={hint}
      items={typed[name] ?? fields[name]}
      label={label}
      onChange={(items) => typeField(name, items)}
    />
  )
  const description = typed.description ?? fields.description
  return (
    <form className="fields" onSubmit={(event) => event.preventDefault()}>
      {text('slug', 'Name', 'Lower-case letters, digits, dots, hyphens and underscores.')}
      {text('version', 'Version', 'Three numbers, as 1.0.0.')}
      {text('displayName', 'Display name')}
      {text('category', 'Category')}
      <div className="fields-wide">
        <Field
          error={undefined}
          hint={`${description.length} of ${DESCRIPTION_CHARACTERS} characters.`}
          label="Description"
        >
          {(attributes) => (
            <textarea
              {...attributes}
              onChange={(event) => typeField('description', event.target.value)}
              rows={3}
              value={description}
            />
          )}
        </Field>
      </div>
      {text('license', 'Licence', 'As an SPDX name, such as MIT.')}
      {text('repository', 'Repository')}
      {list('tags', 'Tags', 'Separated by commas.')}
      {list('keywords', 'Keywords', 'Separated by commas.')}
      {list('authors', 'Authors', 'Separated by commas.')}
    </form>
  )
}

interface FieldAttributes {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': true | undefined
}

const Field = ({
  label,
  hint,
  error,
  children,
}: {
  label: string
  hint: string | undefined
  error: string | undefined
  children: (attributes: FieldAttributes) => ReactNode
}) => {
  const id = useId()
  const note = error ?? hint
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': note === undefined ? undefined : `${id}-note`,
        'aria-invalid': error === undefined ? undefined : true,
      })}
      {note === undefined ? null : (
        <p className={error === undefined ? 'field-hint' : 'field-error'} id={`${id}-note`}>
          {note}
        </p>
      )}
    </div>
  )
}

/** Keeps the text as it is typed: a comma at its end is no item yet. */
const ListField = ({
  label,
  hint,
  items,
  onChange,
}: {
  label: string
  hint: string
  items: readonly string[]
  onChange: (items: string[]) => void
}) => {
  const [text, setText] = useState<string>()
  return (
    <Field error={undefined} hint={hint} label={label}>
      {(attributes) => (
        <input
          {...attributes}
          autoComplete="off"
          onBlur={() => setText(undefined)}
          onChange={({ target: { value } }) => {
            setText(value)
            onChange(toItems(value))
          }}
          value={text ?? items.join(', ')}
        />
      )}
    </Field>
  )
}

const toItems = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  ),
]
