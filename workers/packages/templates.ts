/** Returns whether a package contains templates, for the facet of that name. */
export const hasTemplates = (files: readonly { path: string }[]): boolean =>
  files.some(({ path }) =>
    /(?:^|\/)templates\/|\.(?:tmpl|tera|hbs|handlebars|mustache|j2|jinja2?|liquid|ejs|njk)$/i.test(path),
  )
