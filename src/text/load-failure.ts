/** Shown when the script of the page did not load. Outside the catalogue, because the catalogue is in that script. */
export const loadFailure = 'The page did not load completely. Check your connection, then reload it.'
