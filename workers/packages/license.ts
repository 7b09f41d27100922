/**
 * Returns whether a licence is an SPDX expression of known licences (https://spdx.org/licenses). The list contains the
 * licences in common use for code, data and text; others are kept with a warning.
 */
export const isKnownLicense = (expression: string): boolean => {
  const tokens = expression.replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g) ?? []
  let depth = 0
  let expectsLicense = true
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? ''
    if (token === '(') {
      if (!expectsLicense) return false
      depth++
    } else if (token === ')') {
      if (expectsLicense || depth === 0) return false
      depth--
    } else if (expectsLicense) {
      if (!isLicenseId(token)) return false
      expectsLicense = false
    } else if (/^with$/i.test(token)) {
      i++
      if (!/^[\w.-]+-exception(?:-[\w.-]+)?$/i.test(tokens[i] ?? '')) return false
    } else if (/^(?:and|or)$/i.test(token)) {
      expectsLicense = true
    } else {
      return false
    }
  }
  return !expectsLicense && depth === 0
}

const isLicenseId = (token: string): boolean =>
  /^(?:DocumentRef-[\w.-]+:)?LicenseRef-[\w.-]+$/.test(token) || licenseIds.has(token.replace(/\+$/, '').toLowerCase())

const licenseIds: ReadonlySet<string> = new Set(
  `0bsd aal afl-3.0 agpl-1.0 agpl-3.0 agpl-3.0-only agpl-3.0-or-later apache-1.0 apache-1.1 apache-2.0 apsl-2.0
  artistic-1.0 artistic-2.0 blessing blueoak-1.0.0 bsd-1-clause bsd-2-clause bsd-2-clause-patent bsd-3-clause
  bsd-3-clause-clear bsd-4-clause bsl-1.0 busl-1.1 bzip2-1.0.6 cc-by-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0
  cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-3.0 cc-by-nd-4.0
  cc-by-sa-2.0 cc-by-sa-2.5 cc-by-sa-3.0 cc-by-sa-4.0 cc-pddc cc0-1.0 cddl-1.0 cddl-1.1 cdla-permissive-1.0
  cdla-permissive-2.0 cdla-sharing-1.0 cecill-2.1 cecill-b cecill-c cern-ohl-p-2.0 cern-ohl-s-2.0 cern-ohl-w-2.0
  cpal-1.0 cpl-1.0 curl ecl-2.0 efl-2.0 elastic-2.0 epl-1.0 epl-2.0 eudatagrid eupl-1.1 eupl-1.2 fsfap ftl gfdl-1.2
  gfdl-1.3 gfdl-1.3-only gfdl-1.3-or-later gpl-1.0 gpl-2.0 gpl-2.0-only gpl-2.0-or-later gpl-3.0 gpl-3.0-only
  gpl-3.0-or-later hpnd ibm-pibs icu ijg imagemagick ipl-1.0 isc jam json lgpl-2.0 lgpl-2.0-only lgpl-2.0-or-later
  lgpl-2.1 lgpl-2.1-only lgpl-2.1-or-later lgpl-3.0 lgpl-3.0-only lgpl-3.0-or-later libpng libpng-2.0 liliq-p-1.1
  linux-openib lppl-1.3c mit mit-0 mit-cmu mit-modern-variant mpl-1.0 mpl-1.1 mpl-2.0 mpl-2.0-no-copyleft-exception
  ms-pl ms-rl mulanpsl-2.0 naist-2003 ncsa nist-pd ntp oasis odbl-1.0 odc-by-1.0 ofl-1.0 ofl-1.1 ogl-uk-3.0 oldap-2.8
  openssl osl-3.0 parity-7.0.0 pddl-1.0 php-3.0 php-3.01 polyform-noncommercial-1.0.0 polyform-small-business-1.0.0
  postgresql psf-2.0 python-2.0 qpl-1.0 ruby saxpath sgi-b-2.0 simpl-2.0 sissl sleepycat spl-1.0 sspl-1.0 tcl tcp-wrappers
  unicode-3.0 unicode-dfs-2015 unicode-dfs-2016 unlicense upl-1.0 vim w3c w3c-20150513 wtfpl x11 xnet zend-2.0 zlib
  zlib-acknowledgement zpl-2.1`.split(/\s+/),
)
