import { type ReactNode, useId, useState } from 'react'
import type { ManifestFields, PackageCheck } from '../../../workers/contract/views.ts'
import { useCommands } from '../../hooks/use-app.ts'
import { publishText } from '../../text/publish.ts'
import { sayFailure } from '../../text/reasons.ts'

/** Lists cut longer descriptions. */
const DESCRIPTION_CHARACTERS = 300

type TextName = {
  [Name in keyof ManifestFields]: ManifestFields[Name] extends string ? Name : never
}[keyof ManifestFields]
type ListName = Exclude<keyof ManifestFields, TextName>

/** Findings that concern a field, shown at the field too. */
const fieldByFinding: Record<string, keyof ManifestFields> = {
  NameMissing: 'slug',
  NameInvalid: 'slug',
  VersionMissing: 'version',
  VersionInvalid: 'version',
  VersionExists: 'version',
}

/** Editable fields, filled from the manifest. The manifest in the package is not changed. */
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
      {text('slug', publishText.slug, publishText.slugHint)}
      {text('version', publishText.version, publishText.versionHint)}
      {text('displayName', publishText.displayName)}
      {text('category', publishText.category)}
      <div className="fields-wide">
        <Field
          error={undefined}
          hint={publishText.descriptionHint({ used: description.length, limit: DESCRIPTION_CHARACTERS })}
          label={publishText.description}
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
      {text('license', publishText.license, publishText.licenseHint)}
      {text('repository', publishText.repository)}
      {list('tags', publishText.tags, publishText.listHint)}
      {list('keywords', publishText.keywords, publishText.listHint)}
      {list('authors', publishText.authors, publishText.listHint)}
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

/** Keeps the raw text while typing: a trailing comma does not add an item yet. */
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
